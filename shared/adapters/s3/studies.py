"""Studies as they are kept: the report of a replay, a probe or a score, with what it was made from, by whom it can be
read again and compared.

``studies/<kind>/<UTC time>-<name>.json`` is the report as the command writes it with ``--json``; beside it stands a
small manifest (``.manifest.json``), written after it, so that a study without one is not complete. Both are written
once and never change.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import iso

STUDIES = "studies"
KINDS = ("replay", "probe", "score")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
REPORT_BYTES_MAX = 4_000_000
"""A page reads it whole."""
_REPORT, _MANIFEST = ".json", ".manifest.json"
_PIECE = 1 << 20


class Input(Struct, frozen=True):
    """One file a study was made from; ``name`` without its folder."""

    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What a study is: ``at`` in nanoseconds UTC, ``command`` as it was typed, ``code`` the digest of what computed it.

    ``synthetic``: it was made from an invented world. ``figures``: what it says in few numbers, units in their names.
    """

    kind: str
    name: str
    at: int
    command: str
    code: str
    synthetic: bool
    inputs: tuple[Input, ...] = ()
    figures: dict[str, float | None] = {}

    @property
    def data(self) -> str:
        """One digest for all inputs, whatever their names and order: two studies that share it saw the same data."""
        return hashlib.sha256("".join(sorted(one.sha256 for one in self.inputs)).encode()).hexdigest()


class Shelf(Protocol):
    """A bucket in which every object is written once (``archive.vault.Vault``)."""

    def put_once(self, name: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; whether it was written now."""

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix, sorted."""

    def read(self, name: str) -> bytes:
        """The content of an object."""


def checked_name(text: str) -> str:
    """A study's name; ``BadInput`` for anything but lower-case letters, digits and hyphens."""
    if not NAME.fullmatch(text):
        raise BadInput(f"the name of a study is up to 40 of a-z, 0-9 and -, beginning with no hyphen, not {text!r}")
    return text


def inputs_of(paths: Sequence[Path]) -> tuple[Input, ...]:
    """Size and SHA-256 of every file; of a folder, of the Parquet files in it."""
    files = [file for path in paths for file in (sorted(path.glob("*.parquet")) if path.is_dir() else [path])]
    return tuple(Input(file.name, file.stat().st_size, _digest(file)) for file in files)


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def publish(shelf: Shelf, manifest: Manifest, report: object) -> str:
    """Keep a study and say under which name; ``BadInput`` for a report that is too large or one kept already."""
    body = json.dumps(msgspec.to_builtins(report), indent=2).encode()
    if len(body) > REPORT_BYTES_MAX:
        raise BadInput(f"the report has {len(body):,} bytes, the most is {REPORT_BYTES_MAX:,}")
    moment = iso(manifest.at)[:19].replace(":", "")
    study = f"{STUDIES}/{manifest.kind}/{moment}Z-{manifest.name}"
    if not shelf.put_once(study + _REPORT, body):
        raise BadInput(f"there is a study {study} already: give it another name")
    shelf.put_once(study + _MANIFEST, msgspec.json.encode(manifest))
    return study


def studies(shelf: Shelf) -> list[str]:
    """Every complete study, the latest first."""
    found = [name.removesuffix(_MANIFEST) for name in shelf.names(f"{STUDIES}/") if name.endswith(_MANIFEST)]
    return sorted(found, key=lambda study: study.rpartition("/")[2], reverse=True)


def manifest_of(shelf: Shelf, study: str) -> Manifest:
    """What a study is; ``BadInput`` when that cannot be read."""
    try:
        return msgspec.json.decode(shelf.read(study + _MANIFEST), type=Manifest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput(f"{study}{_MANIFEST} cannot be read: {error}") from None


def report_of(shelf: Shelf, study: str) -> dict[str, Any]:
    """A study's report; ``BadInput`` when it cannot be read."""
    try:
        return msgspec.json.decode(shelf.read(study + _REPORT), type=dict[str, Any])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadInput(f"{study}{_REPORT} cannot be read: {error}") from None
