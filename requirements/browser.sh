#!/bin/sh
# What the browser tests drive: Chromium, Debian's own, and the packages of package-lock.json. Does nothing when both are
# there. What cannot be had is one sentence on stderr, and those tests are skipped; with REQUIRE_BROWSER=1 it is installed
# with apt, and failing that is a failure.
set -eu
cd "$(dirname "$0")/.."
required=${REQUIRE_BROWSER:-}

lacking() {
    echo "set-up: $1; the browser tests cannot run." >&2
    [ "$required" != 1 ] && exit 0
    exit 1
}

find_browser() {
    [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null
}

install_browser() {
    echo "set-up: installing Chromium"
    mkdir -p build
    apt-get update >build/apt.log 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium fonts-liberation >>build/apt.log 2>&1
}

if ! find_browser; then
    [ "$required" = 1 ] || lacking "there is no Chromium here (apt-get install chromium, or set CHROMIUM)"
    install_browser || lacking "Chromium could not be installed: $(grep -v '^ *$' build/apt.log | tail -n 1) (details: build/apt.log)"
fi
command -v npm >/dev/null || lacking "there is no Node.js with npm here"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
    npm ci --no-audit --no-fund --silent || lacking "the packages of package-lock.json could not be downloaded"
    touch node_modules
fi
