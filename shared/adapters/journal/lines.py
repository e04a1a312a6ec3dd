"""A file of lines that survives a crash: each carries its length and checksum and is on the disk before we go on.

A line is ``{"len":<bytes of data>,"crc":"<crc32, 8 hex digits>","data":<JSON>}``. A crash can only tear the end: bad
bytes at the end are cut off when the file is opened, bad bytes before a good line are ``Corrupt``.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import msgspec

from shared.domain.errors import BadInput, Corrupt


class _Line(msgspec.Struct, frozen=True):
    len: int
    crc: str
    data: msgspec.Raw


_decode = msgspec.json.Decoder(_Line).decode


def framed(data: bytes) -> bytes:
    """JSON as one protected line."""
    return b'{"len":%d,"crc":"%08x","data":%b}\n' % (len(data), crc32(data), data)


def unframed(line: bytes) -> bytes | None:
    """The JSON of a line without its end, or None when it is torn or altered."""
    try:
        found = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    data = bytes(found.data)
    return data if len(data) == found.len and f"{crc32(data):08x}" == found.crc else None


class LinesFile:
    """An append-only file held by one process. ``cut`` counts the bytes that opening it cut off its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        self._file = path.open("a+b", buffering=0)
        try:
            self._own()
            self._good, self.cut = self._check()
            if self.cut:
                self._file.truncate(self._good)
                os.fsync(self._file.fileno())
        except BaseException:
            self._file.close()
            raise
        if is_new:
            _sync_folder(path.parent)

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines of JSON; returns once they are on the disk.

        ``Corrupt`` when the disk does not take them: what follows must not happen then.
        """
        data = b"".join(framed(line) for line in lines)
        if not data:
            return
        try:
            written = self._file.write(data)
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            raise Corrupt(f"{self.path} cannot be written: {error}") from error
        if written != len(data):
            raise Corrupt(f"{self.path} took {written} of {len(data)} bytes: is the disk full?")
        self._good += len(data)

    def read(self) -> list[bytes]:
        """The JSON of every line, oldest first."""
        self._file.seek(0)
        found: list[bytes] = []
        for line in self._file.read(self._good).split(b"\n")[:-1]:
            data = unframed(line)
            if data is None:
                raise Corrupt(f"{self.path} changed while it was in use: line {len(found) + 1}")
            found.append(data)
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _own(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadInput(f"the file {self.path} is in use by another run of this program") from None

    def _check(self) -> tuple[int, int]:
        """Bytes of good lines from the start, and of the torn end behind them."""
        self._file.seek(0)
        content = self._file.read()
        good = torn_at = 0
        for number, line in enumerate(content.split(b"\n")[:-1], 1):
            whole = unframed(line) is not None
            if whole and torn_at:
                raise Corrupt(f"{self.path}: line {torn_at} is damaged, but line {number} after it is not")
            if whole:
                good += len(line) + 1
            else:
                torn_at = torn_at or number
        return good, len(content) - good


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
