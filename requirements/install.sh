#!/bin/sh
# usage: requirements/install.sh run|dev
# Makes .venv hold at least what requirements/<name>.txt locks. Does nothing when it already does (dev includes run).
# Every failure is one sentence on stderr; the installer's own words are kept in .venv/setup.log.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:?usage: requirements/install.sh run|dev}
venv=.venv
log=$venv/setup.log

fail() {
    echo "set-up: $1" >&2
    exit 1
}

# A stamp names the interpreter and the content of the lock, so that touching or checking out files changes nothing.
stamp_of() {
    echo "$venv/.installed-$1-$("$venv/bin/python" -c '
import hashlib, pathlib, sys
digest = hashlib.sha256(pathlib.Path("requirements", sys.argv[1] + ".txt").read_bytes())
digest.update(repr(sys.version_info[:3]).encode())
print(digest.hexdigest()[:16])' "$1")"
}

is_installed() {
    "$venv/bin/python" -c '' 2>/dev/null || return 1
    [ -f "$(stamp_of dev)" ] && return 0
    [ "$wanted" = run ] && [ -f "$(stamp_of run)" ]
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    named=${PYTHON:-python3}
    found=$("$named" --version 2>/dev/null) || found="not there"
    fail "Python 3.11 or newer is needed and $named is $found; install a newer one or set PYTHON=/path/to/python3.11."
}

explain_failure() {
    if grep -q -i -E 'dns error|connection refused|timed out|name resolution|unreachable|error sending request|connect error|NewConnectionError|No matching distribution|proxy' "$log"; then
        fail "$1 could not be downloaded because the package index did not answer; check the network and run the same command again (details: $log)."
    fi
    fail "$1 could not be installed: $(grep -v '^ *$' "$log" | tail -n 1) (details: $log)."
}

create_venv() {
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$("$python" --version) has no venv module; install the package python3-venv."
    echo "set-up: creating $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "$python could not create $venv; check free space and permissions of this folder."
}

install() {
    if ! "$venv/bin/uv" --version >/dev/null 2>&1; then
        "$venv/bin/python" -m pip install --quiet --retries 1 --timeout 20 --require-hashes --only-binary :all: \
            --requirement requirements/uv.txt >"$log" 2>&1 || explain_failure "the installer uv"
    fi
    echo "set-up: installing requirements/$wanted.txt ($(grep -c '==' "requirements/$wanted.txt") packages, once)"
    UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-60} "$venv/bin/uv" pip install --quiet --require-hashes --python "$venv/bin/python" \
        --requirement "requirements/$wanted.txt" >"$log" 2>&1 || explain_failure "requirements/$wanted.txt"
}

case "$wanted" in run | dev) ;; *) fail "unknown set \"$wanted\"; it is run or dev." ;; esac
if is_installed; then
    exit 0
fi
# A set-up that was interrupted, or a .venv of an older Python, starts over.
"$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || create_venv
install
rm -f "$venv"/.installed-"$wanted"-*
touch "$(stamp_of "$wanted")"
echo "set-up: done"
