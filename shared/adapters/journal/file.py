"""The journal of ``make run`` as a file: the money records of one account, and every change of its kill switch.

The embedded AWS forgets what it holds when it is killed; this file does not, and the books are rebuilt from it.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from shared.adapters.journal.entry import JournalEntry
from shared.adapters.journal.lines import LinesFile
from shared.domain.errors import Corrupt
from shared.domain.ledger import Record
from shared.ports import Switch


class RecordLine(msgspec.Struct, frozen=True, tag="record"):
    """A committed record under its key."""

    key: str
    record: Record


class SwitchLine(msgspec.Struct, frozen=True, tag="switch"):
    """The kill switch from then on."""

    switch: Switch


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RecordLine | SwitchLine).decode


class JournalFile:
    """See the module. Opening it cuts a torn end off; ``cut`` says how many bytes that were."""

    def __init__(self, path: Path) -> None:
        self._lines = LinesFile(path)
        self.path = path
        self.cut = self._lines.cut
        self.switch: Switch | None = None
        try:
            read = self.entries()
        except BaseException:
            self._lines.close()
            raise
        self._last = read[-1].key if read else ""

    @property
    def last_key(self) -> str:
        """The key of the last record; empty while there is none."""
        return self._last

    def entries(self) -> list[JournalEntry]:
        """Every record, oldest first; ``Corrupt`` when a line makes no sense or is out of order."""
        entries: list[JournalEntry] = []
        for number, data in enumerate(self._lines.read(), 1):
            try:
                line = _decode(data)
            except msgspec.DecodeError as error:
                raise Corrupt(f"{self.path}: line {number} is not a journal line: {error}") from None
            if isinstance(line, SwitchLine):
                self.switch = line.switch
                continue
            if entries and line.key <= entries[-1].key:
                raise Corrupt(f"{self.path}: line {number} has key {line.key} after {entries[-1].key}")
            entries.append(JournalEntry(line.key, line.record))
        return entries

    def append(self, entry: JournalEntry) -> None:
        """Add one committed record; returns once it is on the disk, ``Corrupt`` when it cannot be."""
        self.extend([entry])

    def extend(self, entries: Iterable[JournalEntry]) -> None:
        """Add committed records; returns once they are on the disk. ``Corrupt`` for a key that is not new."""
        last, lines = self._last, []
        for entry in entries:
            if entry.key <= last:
                raise Corrupt(f"{self.path}: key {entry.key} cannot follow {last}")
            last = entry.key
            lines.append(_encode(RecordLine(entry.key, entry.record)))
        self._lines.append(lines)
        self._last = last

    def note_switch(self, switch: Switch) -> None:
        """Keep a change of the kill switch; the same again is no change."""
        if switch == self.switch:
            return
        self._lines.append([_encode(SwitchLine(switch))])
        self.switch = switch

    def close(self) -> None:
        """Let go of the file, so that another run may use it."""
        self._lines.close()
