"""The tape: every event the engine was handed, as Parquet by hour and source. It feeds backtests, never money."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from shared.adapters.s3.lake import Lake
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, iso
from shared.domain.messages import Event

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_WAITING = 1_000_000
"""Events kept while S3 does not answer; beyond it the oldest are dropped and counted."""
SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("observed_at", pa.int64()),
        ("venue_at", pa.int64()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("body", pa.string()),
    ]
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


class Tape:
    """Collects events; ``flush`` puts them. ``dropped`` counts events lost because S3 was away for too long."""

    def __init__(self, s3: "S3Client", bucket: str, prefix: str, most_waiting: int = MOST_WAITING) -> None:
        self.dropped = 0
        self._lake = Lake(s3, bucket)
        self._prefix = prefix.rstrip("/")
        self._most = most_waiting
        self._waiting: dict[tuple[int, str], list[Event]] = {}
        self._count = 0

    @property
    def waiting(self) -> int:
        """Events not put yet."""
        return self._count

    def add(self, event: Event) -> None:
        """Keep an event until the next flush."""
        self._waiting.setdefault((event.observed_at // HOUR, event.source), []).append(event)
        self._count += 1
        if self._count > self._most:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest = min(self._waiting)
        events = self._waiting[oldest]
        lost = max(1, len(events) // 10)  # some at a time, so that a full tape stays cheap to add to
        del events[:lost]
        if not events:
            del self._waiting[oldest]
        self._count -= lost
        self.dropped += lost

    def flush(self) -> int:
        """Put what is waiting, one object per hour and source; returns how many events that were.

        ``Temporary`` when S3 does not answer: what was not put yet waits for the next flush, nothing is put twice.
        """
        done = 0
        for key in sorted(self._waiting):
            events = self._waiting[key]
            self._lake.write(_name(self._prefix, events), _table(events))
            del self._waiting[key]
            self._count -= len(events)
            done += len(events)
        return done


def read_tape(s3: "S3Client", bucket: str, prefix: str, start: int = 0, end: int = 2**63 - 1) -> Iterator[Event]:
    """The events observed from ``start`` to before ``end`` (nanoseconds) in the order they were observed.

    One hour is in memory at a time. ``BadInput`` for an object that is no tape, ``Temporary`` when S3 does not answer.
    """
    lake = Lake(s3, bucket)
    root = f"{prefix.rstrip('/')}/"
    first, last = _hour_text(start), _hour_text(min(end, _LAST_INSTANT))
    named = [name for name in lake.names(root) if first <= _hour_of(name, root) <= last]
    for _, names in groupby(named, key=lambda name: _hour_of(name, root)):
        events = [event for name in names for event in _events(lake.read(name), name)]
        events.sort(key=lambda event: (event.observed_at, event.seq))
        yield from (event for event in events if start <= event.observed_at < end)


_LAST_INSTANT = 253_402_300_799_000_000_000  # 9999-12-31T23:59:59Z: the last hour that has a name


def _hour_text(at: int) -> str:
    text = iso(at)
    return f"date={text[:10]}/hour={text[11:13]}"


def _hour_of(name: str, root: str) -> str:
    return "/".join(name.removeprefix(root).split("/")[:2])


def _name(prefix: str, events: list[Event]) -> str:
    first = events[0]
    stem = f"{first.observed_at:020d}-{first.seq:012d}"
    return f"{prefix}/{_hour_text(first.observed_at)}/source={first.source}/{stem}.parquet"


def _table(events: list[Event]) -> pa.Table:
    return pa.table(
        {
            "seq": [event.seq for event in events],
            "observed_at": [event.observed_at for event in events],
            "venue_at": [event.venue_at for event in events],
            "source": [event.source for event in events],
            "kind": [type(event.payload).__name__ for event in events],
            "body": [_encode(event).decode() for event in events],
        },
        schema=SCHEMA,
    )


def _events(table: pa.Table, name: str) -> Iterator[Event]:
    if "body" not in table.column_names:
        raise BadInput(f"{name} has no column body, so it is no tape")
    for body in table["body"].to_pylist():
        try:
            yield _decode(body)
        except (msgspec.DecodeError, TypeError) as error:
            raise BadInput(f"{name} holds an event that cannot be read: {error}") from None
