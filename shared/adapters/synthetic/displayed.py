"""The books of a synthetic day for people to look at. Its trades meet prints, so no engine and no venue sees them."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from msgspec import Struct

from shared.domain.instants import HOUR, MINUTE
from shared.domain.money import micro_of_float
from shared.engine.books import Book, Level

SLICE_NS = HOUR
"""So much of the day is in memory at a time: about two megabytes."""
BEFORE_NS = 10 * MINUTE
"""A book that was displayed longer ago than this before the slice is not known."""


class _Shown(Struct, frozen=True):
    """The snapshots of a token in order of time."""

    times: list[int]
    rows: pl.DataFrame


class DisplayedBooks:
    """Reads ``path`` (the day's books) as far as somebody asks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._slice = -1
        self._tokens: dict[str, _Shown] = {}

    def book(self, token: str, at: int) -> Book | None:
        """The book of a token as it was displayed at an instant (nanoseconds); None before its first."""
        if at // SLICE_NS != self._slice:
            self._slice = at // SLICE_NS
            self._tokens = self._read(self._slice * SLICE_NS)
        shown = self._tokens.get(token)
        place = -1 if shown is None else bisect_right(shown.times, at) - 1
        if shown is None or place < 0:
            return None
        bids, asks = shown.rows.row(place)
        return Book(_levels(bids), _levels(asks), at)

    def _read(self, start: int) -> dict[str, _Shown]:
        within = pl.col("ts_ns").is_between(start - BEFORE_NS, start + SLICE_NS)
        rows = pl.scan_parquet(self._path).filter(within).select("asset", "ts_ns", "bids", "asks").collect()
        parts = rows.partition_by("asset", maintain_order=True)
        return {part["asset"][0]: _Shown(part["ts_ns"].to_list(), part.select("bids", "asks")) for part in parts}


def _levels(levels: Sequence[dict[str, float]]) -> list[Level]:
    return [(micro_of_float(level["price"]), micro_of_float(level["size"])) for level in levels]
