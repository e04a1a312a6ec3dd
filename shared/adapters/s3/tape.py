"""The tape: everything handed to an engine or heard by a recorder, as Parquet by hour and source. Never money.

Adding is an append. ``seal`` sets aside what was added, which is as cheap; ``put`` encodes and writes it, which is
slow and may happen in another thread. A kill loses what was added since the last put began.
"""

import re
import threading
import time
from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct

from shared.adapters.s3.columns import place_of, rows_of, table_of
from shared.adapters.s3.lake import Objects
from shared.domain.instants import HOUR, SECOND, iso
from shared.domain.messages import Event
from shared.domain.tape import TapeRow

MOST_WAITING = 1_000_000
"""Rows kept while the lake does not answer; beyond it the oldest are dropped and counted."""
SEAL_EVERY_NS = 45 * SECOND
"""With the seconds a put takes, at most 60 s are lost by a kill."""
SEAL_ROWS = 50_000
"""So many rows are put at once, however soon they came."""

PLACED = 2_000
"""Rows filed between two pauses."""

_STEM = re.compile(r"/(\d{20})-(\d{6})\.parquet$")


def _breathe() -> None:
    """Let another thread have its turn: the event loop must not wait for a put that happens beside it."""
    time.sleep(0.0002)


class Batch:
    """Rows set aside to be put: its number within the life and the first row's."""

    def __init__(self, number: int, first: int, rows: list[TapeRow]) -> None:
        self.number = number
        self.first = first
        self.count = len(rows)
        self.rows = rows
        self.is_being_put = False


class Tape:
    """Collects the rows of one life; ``life`` is the instant it began, in nanoseconds, and names it.

    ``dropped`` counts rows lost because the lake was away for too long.
    """

    def __init__(
        self,
        lake: Objects,
        prefix: str,
        life: int,
        most_waiting: int = MOST_WAITING,
        seal_every_ns: int = SEAL_EVERY_NS,
    ) -> None:
        self.dropped = 0
        self.life = life
        self._seal_every = seal_every_ns
        self._lake = lake
        self._prefix = prefix.strip("/")
        self._most = most_waiting
        self._rows: list[TapeRow] = []
        self._first = 0
        self._batches: list[Batch] = []
        self._sealed = 0
        self._sealed_rows = 0
        self._sealed_at = life
        self._guard = threading.Lock()
        self._putting = threading.Lock()

    @property
    def waiting(self) -> int:
        """Rows not put yet."""
        return len(self._rows) + self._sealed_rows

    @property
    def added(self) -> int:
        """Rows of this life so far, dropped ones included."""
        return self._first + len(self._rows)

    def add(self, row: TapeRow) -> None:
        """Keep a row until the next put; its number is its place in the order of adding."""
        with self._guard:  # sealing may happen in another thread; uncontended, a lock costs a tenth of a microsecond
            self._rows.append(row)
            if len(self._rows) + self._sealed_rows > self._most:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = next((batch for batch in self._batches if not batch.is_being_put), None)
        if oldest is not None:
            self._batches.remove(oldest)
            self._sealed_rows -= oldest.count
            self.dropped += oldest.count
            return
        lost = max(1, len(self._rows) // 10)  # some at a time, so that a full tape stays cheap to add to
        del self._rows[:lost]
        self._first += lost
        self.dropped += lost

    # ------------------------------------------------------------------ putting

    def due(self, now: int) -> bool:
        """Whether it is time to seal and put (``now`` in nanoseconds): by time, or by the number of rows."""
        return self.waiting > 0 and (now - self._sealed_at >= self._seal_every or len(self._rows) >= SEAL_ROWS)

    def seal(self, now: int = 0) -> list[Batch]:
        """Set aside what was added; every batch not put yet, oldest first."""
        self._sealed_at = max(self._sealed_at, now)
        with self._guard:
            if self._rows:
                self._sealed += 1
                self._batches.append(Batch(self._sealed, self._first, self._rows))
                self._sealed_rows += len(self._rows)
                self._first += len(self._rows)
                self._rows = []
            return list(self._batches)

    def put(self, batch: Batch) -> int:
        """Write a batch, one object per hour and source; how many rows that were. Any thread may call it.

        ``Temporary`` when the lake does not answer: the batch waits for the next call. Names follow from life and
        batch, so what is put again replaces itself.
        """
        with self._putting:
            with self._guard:
                if batch not in self._batches:
                    return 0  # put or dropped by now
                batch.is_being_put = True
            try:
                self._write(batch)
            except BaseException:
                batch.is_being_put = False
                raise
            with self._guard:
                self._batches.remove(batch)
                self._sealed_rows -= batch.count
            return batch.count

    def _write(self, batch: Batch) -> None:
        parts: dict[tuple[int, str], list[tuple[int, TapeRow]]] = {}
        for n, row in enumerate(batch.rows, batch.first):
            at, source = place_of(row)
            parts.setdefault((at // HOUR, source), []).append((n, row))
            if n % PLACED == 0:
                _breathe()
        for hour, source in sorted(parts):
            folder = f"{_hour_text(hour * HOUR)}/source={source}"
            name = f"{folder}/{self.life:020d}-{batch.number:06d}.parquet"
            self._lake.write(f"{self._prefix}/{name}".lstrip("/"), table_of(parts[hour, source], _breathe))

    def flush(self, now: int = 0) -> int:
        """Seal and put; how many rows that were. ``Temporary`` when the lake does not answer: the rest waits."""
        return sum(self.put(batch) for batch in self.seal(now))


# ---------------------------------------------------------------------- reading


class TapeEntry(Struct, frozen=True, gc=False):
    """A row as read: the batch it was put in, its number within the life, and itself."""

    batch: int
    n: int
    row: TapeRow


def read_tape(lake: Objects, prefix: str, start: int = 0, end: int = 2**63 - 1) -> Iterator[Event]:
    """The events observed from ``start`` to before ``end`` (nanoseconds) in the order they were observed.

    Events of one instant keep the order in which they were added. One hour is in memory at a time. ``BadInput`` for an
    object that is no tape, ``Temporary`` when the lake does not answer.
    """
    first, last = _hour_text(start), _hour_text(min(end, _LAST_INSTANT))
    named = [(hour, name) for name in lake.names(_root(prefix)) if first <= (hour := hour_of(name)) <= last]
    for _, group in groupby(sorted(named), key=lambda pair: pair[0]):
        found: list[tuple[int, int, int, Event]] = []
        for _, name in group:
            life, _ = _life_of(name)
            for n, row in rows_of(lake.read(name), name):
                if type(row) is Event and start <= row.observed_at < end:
                    found.append((row.observed_at, life, n, row))
        found.sort(key=lambda one: one[:3])
        for *_, event in found:
            yield event


def lives_of(lake: Objects, prefix: str) -> list[int]:
    """The lives on a tape, oldest first."""
    return sorted({life for name in lake.names(_root(prefix)) if (life := _life_of(name)[0])})


def read_life(lake: Objects, prefix: str, life: int) -> Iterator[TapeEntry]:
    """Every row of a life in the order of its numbers; one batch is in memory at a time. Raises as ``read_tape``."""
    named = [(batch, name) for name in lake.names(_root(prefix)) for one, batch in [_life_of(name)] if one == life]
    for batch, group in groupby(sorted(named), key=lambda pair: pair[0]):
        rows = [numbered for _, name in group for numbered in rows_of(lake.read(name), name)]
        rows.sort(key=lambda numbered: numbered[0])
        for n, row in rows:
            yield TapeEntry(batch, n, row)


_LAST_INSTANT = 253_402_300_799_000_000_000  # 9999-12-31T23:59:59Z: the last hour that has a name


def _root(prefix: str) -> str:
    return f"{prefix.strip('/')}/".lstrip("/")


def _hour_text(at: int) -> str:
    text = iso(at)
    return f"date={text[:10]}/hour={text[11:13]}"


def hour_of(name: str) -> str:
    """The ``date=.../hour=...`` part of an object's name; empty when it has none."""
    found = re.search(r"date=\d{4}-\d\d-\d\d/hour=\d\d", name)
    return found[0] if found else ""


def _life_of(name: str) -> tuple[int, int]:
    """Life and batch of an object; (0, 0) for objects of the first release, which knew neither."""
    found = _STEM.search(f"/{name}")
    return (int(found[1]), int(found[2])) if found else (0, 0)
