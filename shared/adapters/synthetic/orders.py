"""The columnar table of executed taker orders that every kind of trader adds to."""

from dataclasses import dataclass, fields

import numpy as np

from shared.adapters.synthetic.world import UNITS_PER_SHARE, FloatArray, IntArray

BUY, SELL = 0, 1
MIN_USD = 1.0
"""The venue refuses marketable buys below one dollar."""
CHEAP = 0.25
FREE_SHARES = 500.0
"""Purchases of more shares than this count each share as at least CHEAP dollars: books of cheap tokens are not deep in
dollars, and without it a whale on a one-cent token would buy millions of shares."""
NOBODY = -1


@dataclass(frozen=True)
class Orders:
    """Taker orders that were filled, one row each; ``maker`` is NOBODY where a market maker is still to be drawn."""

    at: FloatArray
    market: IntArray
    wallet: IntArray
    token: IntArray
    side: IntArray
    units: IntArray
    cents: IntArray
    maker: IntArray

    def __len__(self) -> int:
        """Number of orders."""
        return len(self.at)

    def take(self, rows: IntArray) -> "Orders":
        """The given rows, in the given order."""
        return Orders(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def join(tables: list[Orders]) -> Orders:
    """All tables below each other."""
    return Orders(
        **{field.name: np.concatenate([getattr(table, field.name) for table in tables]) for field in fields(Orders)}
    )


def buys(
    at: FloatArray, market: IntArray, wallet: IntArray, token: IntArray, usd: FloatArray, cents: IntArray
) -> Orders:
    """Purchases of about ``usd`` dollars each (at least the venue's minimum) at ``cents`` a share."""
    spent = np.maximum(usd, MIN_USD)
    shares = np.minimum(spent * 100.0 / cents, np.maximum(spent / CHEAP, FREE_SHARES))
    return Orders(
        at=at,
        market=market,
        wallet=wallet,
        token=token,
        side=np.full(len(at), BUY, dtype=np.int64),
        units=np.ceil(shares * UNITS_PER_SHARE).astype(np.int64),
        cents=cents,
        maker=np.full(len(at), NOBODY, dtype=np.int64),
    )


def spread_bursts(
    rng: np.random.Generator, lengths: IntArray, gap_s: float, at: FloatArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """Repeat each decision ``lengths`` times, seconds apart: (row of the decision, instant, place in the burst)."""
    parent = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.cumsum(lengths) - lengths
    place = np.arange(len(parent)) - begins[parent]
    gaps = np.where(place == 0, 0.0, rng.exponential(gap_s, len(parent)))
    elapsed = np.cumsum(gaps)
    if len(parent):
        elapsed = elapsed - elapsed[begins[parent]]
    return parent, at[parent] + elapsed, place
