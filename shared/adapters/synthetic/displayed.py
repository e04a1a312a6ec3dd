"""The books of a synthetic day for people to look at. Its trades meet prints, so no engine and no venue sees them."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from shared.domain.money import micro_of_float
from shared.engine.books import Book, Level

TOKENS_KEPT = 24
"""Those asked for last: twice as many as people look at."""


class _Shown(Struct, frozen=True):
    """The snapshots of a token in order of time."""

    times: list[int]
    bids: list[list[dict[str, float]]]
    asks: list[list[dict[str, float]]]


class DisplayedBooks:
    """Reads ``path`` (the day's books) token by token, when one is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, _Shown] = {}

    def book(self, token: str, at: int) -> Book | None:
        """The book of a token as it was displayed at an instant (nanoseconds); None before its first."""
        shown = self._kept.pop(token, None)
        if shown is None:
            shown = self._read(token)
            if len(self._kept) >= TOKENS_KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[token] = shown
        place = bisect_right(shown.times, at) - 1
        if place < 0:
            return None
        return Book(_levels(shown.bids[place]), _levels(shown.asks[place]), at)

    def _read(self, token: str) -> _Shown:
        rows: dict[str, list[Any]] = (
            pl.scan_parquet(self._path)
            .filter(pl.col("asset") == token)
            .select("ts_ns", "bids", "asks")
            .collect()
            .to_dict(as_series=False)
        )
        return _Shown(rows["ts_ns"], rows["bids"], rows["asks"])


def _levels(levels: Sequence[dict[str, float]]) -> list[Level]:
    return [(micro_of_float(level["price"]), micro_of_float(level["size"])) for level in levels]
