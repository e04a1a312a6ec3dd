#!/bin/sh
# Known weaknesses of every locked version (dev.txt contains what runs; image.txt what the functions' image adds), and fails
# on any. Advisories come from the package index; where it has none, that is said in one sentence: nothing was checked then.
set -eu
cd "$(dirname "$0")/.."
venv=build/audit
stamp=$venv/.installed-$(cksum <requirements/audit.txt | cut -d ' ' -f 1)
if [ ! -f "$stamp" ]; then
    mkdir -p build
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python "$venv"
    .venv/bin/uv pip install --quiet --require-hashes --python "$venv/bin/python" --requirement requirements/audit.txt
    touch "$stamp"
fi
for lock in dev image; do
    found=build/audit-$lock.json
    "$venv/bin/pip-audit" --requirement "requirements/$lock.txt" --require-hashes --disable-pip --timeout 30 \
        --progress-spinner off --format json --output "$found" 2>build/audit.log || [ -s "$found" ] || {
        echo "audit: requirements/$lock.txt was not checked: $(tail -n 1 build/audit.log)" >&2
        continue
    }
    .venv/bin/python -m tests.house.audited "requirements/$lock.txt" "$found"
done
