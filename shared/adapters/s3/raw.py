"""Raw frames as they came off the sockets, in compressed JSON lines of this machine's disk, within a budget of bytes.

One line is ``{"recv_ns":..., "source":..., "connection":..., "frame":...}``; a frame that is no UTF-8 stands as ``hex``
instead. Files are gzip with one member per write, so that what a kill leaves is readable to the last write. The oldest
files go when the budget is spent. A disk that takes no more costs frames, which are counted, and nothing else.
"""

import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.domain.errors import BadInput

MEGABYTE = 1_000_000
FILES_IN_BUDGET = 16
"""A file is closed at this part of the budget, so that deleting the oldest frees little at a time."""
FILE_MOST_BYTES = 64 * MEGABYTE
WAITING_MOST_BYTES = 32 * MEGABYTE
"""Frames kept in memory between two writes; beyond it frames are lost and counted."""
LEVEL = 1
"""Of gzip: frames are text that repeats itself, and speed is dear."""

Frame = tuple[int, str, int, bytes]
"""Received at (nanoseconds), source, connection, bytes."""


class RawLog:
    """``add`` is an append; ``put`` compresses and writes, and may be called from another thread.

    ``lost`` counts frames that were not kept. ``told`` hears in words when the disk stops taking them, once each time.
    """

    def __init__(self, folder: Path, megabytes: int, told: Callable[[str], None] = lambda _: None) -> None:
        self.folder = folder
        self.lost = 0
        self.written = 0
        self._budget = megabytes * MEGABYTE
        self._file_most = max(1, min(FILE_MOST_BYTES, self._budget // FILES_IN_BUDGET))
        self._told = told
        self._frames: list[Frame] = []
        self._bytes = 0
        self._full = False
        self._path: Path | None = None
        self._size = 0
        self._guard = threading.Lock()
        self._putting = threading.Lock()

    def add(self, received_at: int, source: str, connection: int, frame: bytes) -> None:
        """Keep a frame until the next put."""
        with self._guard:
            if self._bytes + len(frame) > WAITING_MOST_BYTES:
                self.lost += 1
                return
            self._bytes += len(frame)
            self._frames.append((received_at, source, connection, frame))

    def put(self) -> int:
        """Write what was added; how many frames that were. A full disk is told and counted, never raised."""
        with self._putting:
            with self._guard:
                frames, self._frames, self._bytes = self._frames, [], 0
            if not frames:
                return 0
            packed = gzip.compress(b"".join(map(_line, frames)), LEVEL)
            try:
                self._write(packed, frames[0][0])
            except OSError as error:
                self._path = None
                with self._guard:
                    self.lost += len(frames)
                if not self._full:
                    self._full = True
                    reason = error.strerror or str(error)
                    self._told(f"raw frames cannot be written to {self.folder}: {reason}; they are lost until it can")
                return 0
            if self._full:
                self._full = False
                self._told(f"raw frames are written to {self.folder} again ({self.lost} were lost)")
            self.written += len(frames)
            return len(frames)

    def _write(self, packed: bytes, first: int) -> None:
        if self._path is None or self._size + len(packed) > self._file_most:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._path, self._size = self.folder / f"raw-{first:020d}.jsonl.gz", 0
        self._make_room(len(packed))
        with self._path.open("ab") as file:
            file.write(packed)
        self._size += len(packed)

    def _make_room(self, more: int) -> None:
        """Delete the oldest files until what comes fits into the budget."""
        files = [(path, path.stat().st_size) for path in sorted(self.folder.glob("raw-*.jsonl.gz"))]
        total = sum(size for _, size in files)
        for path, size in files:
            if total + more <= self._budget or path == self._path:
                return
            path.unlink()
            total -= size


def _line(frame: Frame) -> bytes:
    received_at, source, connection, data = frame
    found: dict[str, object] = {"recv_ns": received_at, "source": source, "connection": connection}
    try:
        found["frame"] = data.decode()
    except UnicodeDecodeError:
        found["hex"] = data.hex()
    return json.dumps(found, ensure_ascii=False).encode() + b"\n"


def read_raw(folder: Path) -> Iterator[Frame]:
    """The frames kept in a folder, file by file; ``BadInput`` naming the file that cannot be read.

    A file whose end a kill has torn gives what was written before.
    """
    for path in sorted(folder.glob("raw-*.jsonl.gz")):
        try:
            with gzip.open(path, "rb") as file:
                for line in file:
                    found = json.loads(line)
                    data = found["frame"].encode() if "frame" in found else bytes.fromhex(found["hex"])
                    yield found["recv_ns"], found["source"], found["connection"], data
        except EOFError:
            continue
        except (OSError, ValueError, KeyError, zlib.error) as error:
            raise BadInput(f"{path} is no file of raw frames: {error}") from None
