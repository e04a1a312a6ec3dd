#!/bin/sh
# usage: tests/image/base.sh FOLDER
# Makes what the image is built from without any image registry: FOLDER/base.tar, a minimal Debian with Python, and
# FOLDER/wheels with everything that requirements/image.txt locks. What is there already stays.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:?usage: tests/image/base.sh FOLDER}
for tool in buildah mmdebstrap; do
    command -v "$tool" >/dev/null || { echo "image: $tool is not installed" >&2; exit 2; }
done
mkdir -p "$folder/wheels"
if [ ! -f "$folder/base.tar" ]; then
    echo "image: making a minimal Debian with Python"
    mmdebstrap --quiet --variant=apt --include=python3,python3-venv,ca-certificates bookworm "$folder/base.part.tar"
    mv "$folder/base.part.tar" "$folder/base.tar"
fi
lock=$(cksum <requirements/image.txt | cut -d ' ' -f 1)
if [ ! -f "$folder/wheels/.complete-$lock" ]; then
    echo "image: fetching what requirements/image.txt locks"
    .venv/bin/python -m pip download --quiet --no-deps --require-hashes --only-binary :all: \
        --requirement requirements/image.txt --dest "$folder/wheels"
    touch "$folder/wheels/.complete-$lock"
fi
