#!/bin/sh
# Compiles the lock files for Python 3.11 and newer on every platform: versions and hashes, no download addresses.
# Already locked versions stay; `make lock UPGRADE=1` takes the newest ones.
set -eu
cd "$(dirname "$0")"
uv=../.venv/bin/uv
options="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet"
[ -z "${UPGRADE:-}" ] || options="$options --upgrade"
# shellcheck disable=SC2086  # the options are words without spaces
{
    "$uv" pip compile $options uv.in --output-file uv.txt
    "$uv" pip compile $options audit.in --output-file audit.txt
    "$uv" pip compile $options dev.in --output-file dev.txt
    # run.txt is a subset of dev.txt and light.txt one of run.txt, so that either may be installed over the other.
    "$uv" pip compile $options --no-deps rie.in --output-file rie.txt
    "$uv" pip compile $options --constraints dev.txt run.in --output-file run.txt
    "$uv" pip compile $options --constraints run.txt light.in --output-file light.txt
    "$uv" pip compile $options --constraints dev.txt image.in --output-file image.txt
}
