"""The zip of the light functions: their locked libraries for Lambda's machine, and our sources. No Docker needed.

It is collected once per lock and sources into build/light/<digest>: an unchanged tree collects nothing and needs no
network.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_

from cdk.constructs.image import ROOT
from cdk.settings import Bundle

RUNTIME = lambda_.Runtime.PYTHON_3_14
PYTHON = "3.14"
PLATFORM = "aarch64-manylinux_2_28"
LOCK = ROOT / "requirements" / "light.txt"
SOURCES = ("shared", "functions")
CACHE = ROOT / "build" / "light"


def light_code(bundle: Bundle) -> lambda_.Code:
    """The code of every light function; ``ValueError`` with one sentence when the libraries cannot be had."""
    folder = collected(bundle)
    return lambda_.Code.from_asset(
        str(folder), asset_hash=folder.name.partition(".")[0], asset_hash_type=AssetHashType.CUSTOM
    )


def collected(bundle: Bundle) -> Path:
    """The folder that becomes the zip, named after its content; made when it is not there yet."""
    done = CACHE / digest_of(bundle)
    if done.is_dir():
        return done
    growing = done.with_suffix(".growing")
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(parents=True)
    if bundle != "false":
        _install(bundle, growing)
    for path in _sources():
        target = growing / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    growing.rename(done)
    return done


def digest_of(bundle: Bundle) -> str:
    """SHA-256 of what goes in: for which machine, the lock, and the sources with their names."""
    digest = hashlib.sha256(f"{bundle} {PYTHON} {PLATFORM} {sys.version_info[:2] if bundle == 'here' else ''}".encode())
    for path in (LOCK, *_sources()):
        digest.update(f"\n{path.relative_to(ROOT).as_posix()} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for folder in SOURCES:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.is_file() and _is_source(path))


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)


def _install(bundle: Bundle, target: Path) -> None:
    machine = ["--python-platform", PLATFORM, "--python-version", PYTHON] if bundle == "lambda" else []
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", sys.executable]
    command += ["--target", str(target), "--only-binary", ":all:", "--require-hashes", *machine, "-r", str(LOCK)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except OSError as error:
        raise ValueError(f"the light functions' libraries: {command[0]} cannot be run: {error}") from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
        raise ValueError(f"the light functions' libraries in {LOCK.name} could not be installed: {said}")
    shutil.rmtree(target / "bin", ignore_errors=True)  # commands for a shell; nothing imports them
