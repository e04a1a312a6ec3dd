"""Recorded order books (Parquet) as events in the order of the file.

Two forms are known. *Snapshots as deltas* (columns recv_ts, slug, asset_id, ts_ms, hash, kind, side, price, size):
every row but those of an asset's first snapshot sets one level, 0 removes it; rows of one snapshot share recv_ts, asset
and hash; a row without a side is a snapshot in which nothing changed. *Messages* (columns market_slug, asset_id,
event_type, side, price, size, hash, ts_ms): ``book`` rows are a whole book, ``price_change`` rows set levels.

The market's id is the slug where the file has no other.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from shared.domain.errors import BadInput
from shared.domain.instants import MICROSECOND, MILLISECOND
from shared.domain.messages import BookChange, BookSnapshot, Event
from shared.domain.money import MICRO_MAX, ONE, micro_of_float
from shared.domain.order import Side

SOURCE = "market"
Row = tuple[Any, ...]
_DELTAS = ("recv_ts", "slug", "asset_id", "ts_ms", "hash", "kind", "side", "price", "size")
_MESSAGES = ("market_slug", "asset_id", "ts_ms", "hash", "event_type", "side", "price", "size")
_BIDS = ("B", "BUY", "bid")
_ROWS_AT_ONCE = 200_000


class BookRecording:
    """A file of books. ``events`` may be called again; ``refused`` counts rows left out of the last reading."""

    def __init__(self, path: Path) -> None:
        self.refused = 0
        self.sentences: list[str] = []
        self._path = path
        try:
            columns = pl.read_parquet_schema(path)
        except (PolarsError, OSError) as error:
            first = str(error).splitlines()[0][:120]
            raise BadInput(f"recording {path} is not a readable Parquet file: {first}") from None
        self.as_deltas = all(name in columns for name in _DELTAS)
        if not self.as_deltas and not all(name in columns for name in _MESSAGES):
            raise BadInput(f"recording {path} has neither the columns {', '.join(_DELTAS)} nor {', '.join(_MESSAGES)}")

    def events(self) -> Iterator[Event]:
        """Snapshots and changes, each observed no earlier than the one before it."""
        self.refused = 0
        self.sentences = []
        latest = 0
        facts = self._deltas() if self.as_deltas else self._messages()
        for seq, (received_at, venue_at, payload) in enumerate(facts):
            latest = max(latest, received_at)
            yield Event(seq, latest, venue_at, SOURCE, payload)

    def _rows(self, names: tuple[str, ...]) -> Iterator[Row]:
        """Rows as tuples in file order; a part of the file at a time."""
        table = pl.scan_parquet(self._path).select(
            pl.col(name).cast(pl.String) if name not in ("recv_ts", "ts_ms", "price", "size") else pl.col(name)
            for name in names
        )
        height = table.select(pl.len()).collect().item()
        for start in range(0, height, _ROWS_AT_ONCE):
            yield from table.slice(start, _ROWS_AT_ONCE).collect().iter_rows()

    def _deltas(self) -> Iterator[tuple[int, int, BookSnapshot | BookChange]]:
        begun: dict[str, None] = {}
        for (recv_ts, slug, token, ts_ms, _), group in groupby(self._rows(_DELTAS), key=itemgetter(0, 1, 2, 3, 4)):
            rows = list(group)
            received_at = round(recv_ts * ONE) * MICROSECOND
            venue_at = ts_ms * MILLISECOND
            if token not in begun:
                begun[token] = None
                yield received_at, venue_at, self._snapshot(slug, token, [row[6:9] for row in rows])
                continue
            for row in rows:
                if row[6] is not None:
                    for change in self._changes(slug, token, row[6:9]):
                        yield received_at, venue_at, change

    def _messages(self) -> Iterator[tuple[int, int, BookSnapshot | BookChange]]:
        for (slug, token, ts_ms, _, kind), group in groupby(self._rows(_MESSAGES), key=itemgetter(0, 1, 2, 3, 4)):
            at = ts_ms * MILLISECOND
            levels = [row[5:8] for row in group]
            if kind == "book":
                yield at, at, self._snapshot(slug, token, levels)
                continue
            for level in levels:
                for change in self._changes(slug, token, level):
                    yield at, at, change

    def _snapshot(self, slug: str, token: str, levels: list[Row]) -> BookSnapshot:
        sides: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        for level in levels:
            for change in self._changes(slug, token, level):
                if change.size:
                    sides[change.side][change.price] = change.size
        bids, asks = sorted(sides[Side.BUY].items(), reverse=True), sorted(sides[Side.SELL].items())
        return BookSnapshot(slug, token, tuple(bids), tuple(asks))

    def _changes(self, slug: str, token: str, level: Row) -> list[BookChange]:
        """The level as a change; none, and a sentence, when it cannot be one."""
        name, price, size = level
        if name is None:
            return []
        try:
            at, total = micro_of_float(price), micro_of_float(size)
        except (BadInput, TypeError):
            at, total = 0, 0
        if not 0 < at < ONE or not 0 <= total <= MICRO_MAX:
            self.refused += 1
            if len(self.sentences) < 20:
                self.sentences.append(f"{token}: price {price!r} or size {size!r} is not usable")
            return []
        return [BookChange(slug, token, Side.BUY if name in _BIDS else Side.SELL, at, total)]
