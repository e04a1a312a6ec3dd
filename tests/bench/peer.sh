#!/bin/sh
# usage: tests/bench/peer.sh
# Makes build/nautilus-venv with nautilus_trader, which `make bench` then measures beside us. For comparison only: no part
# of the project needs it. PYTHON=/path/to/python3.12 chooses the interpreter; version 1.231.0 needs 3.12 or newer, on
# 3.11 the last version for it is taken.
set -eu
cd "$(dirname "$0")/../.."
venv=build/nautilus-venv

find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "peer: no Python 3.11 or newer with its venv module was found; set PYTHON=/path/to/python3.12." >&2
    exit 1
}

python=$(find_python)
if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
    version=1.231.0
else
    version=1.221.0
fi
mkdir -p build
rm -rf "$venv"
"$python" -m venv "$venv"
if ! "$venv/bin/python" -m pip install --quiet --only-binary :all: "nautilus_trader==$version" >"$venv/setup.log" 2>&1; then
    echo "peer: nautilus_trader $version could not be installed: $(grep -v '^ *$' "$venv/setup.log" | tail -n 1)" >&2
    rm -rf "$venv"
    exit 1
fi
echo "peer: nautilus_trader $version is in $venv ($("$venv/bin/python" --version)); make bench measures it"
