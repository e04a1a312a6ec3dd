"""Snapshots of the order book around the public quote, consistent with the prices takers pay at that instant."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.adapters.synthetic.markets import Markets
from shared.adapters.synthetic.prices import Prices
from shared.adapters.synthetic.world import BASE_TS, FloatArray, IntArray, Scale

DEPTH = 5
SECOND_NS = 1_000_000_000
CHUNK = 50_000
Number = TypeVar("Number", np.int64, np.float64)
_LEVEL = pa.struct([("price", pa.float64()), ("size", pa.float64())])
SCHEMA = pa.schema(
    [
        ("ts_ns", pa.int64()),
        ("conditionId", pa.string()),
        ("asset", pa.string()),
        ("bids", pa.list_(_LEVEL)),
        ("asks", pa.list_(_LEVEL)),
    ]
)


def book_tables(rng: np.random.Generator, markets: Markets, prices: Prices, scale: Scale) -> Iterator[pa.Table]:
    """Tables of snapshots in order of time; each snapshot is a row for each of the market's two tokens."""
    market, at = _schedule(rng, markets, scale)
    conditions = pa.array(markets.condition_id)
    tokens = pa.array([token for pair in markets.token_ids for token in pair])
    for begin in range(0, len(market), CHUNK):
        here, when = market[begin : begin + CHUNK], at[begin : begin + CHUNK]
        bid, ask = prices.quote_cents(here, when)
        bid_sizes, ask_sizes = _sizes(rng, len(here)), _sizes(rng, len(here))
        twice = np.repeat(here, 2)
        # The second token's book is the first one's mirror: who bids p for one offers the other at 1 - p.
        bids = _levels(_interleave(bid, 100 - ask), _interleave(bid_sizes, ask_sizes), -1)
        asks = _levels(_interleave(ask, 100 - bid), _interleave(ask_sizes, bid_sizes), +1)
        yield pa.table(
            {
                "ts_ns": pa.array(np.repeat(BASE_TS * SECOND_NS + np.round(when * 1e3).astype(np.int64) * 10**6, 2)),
                "conditionId": conditions.take(pa.array(twice)),
                "asset": tokens.take(pa.array(2 * twice + np.tile([0, 1], len(here)))),
                "bids": bids,
                "asks": asks,
            },
            schema=SCHEMA,
        )


def _schedule(rng: np.random.Generator, markets: Markets, scale: Scale) -> tuple[IntArray, FloatArray]:
    """Which market is snapshotted when: at a steady pace from its opening to its close."""
    pace = np.where(markets.is_event, scale.book_every_event_s, scale.book_every_crypto_s)
    number = np.maximum(0, (markets.close_s - markets.open_s) // pace)
    market = np.repeat(np.arange(markets.count), number)
    nth = np.arange(len(market)) - (np.cumsum(number) - number)[market]
    at = markets.open_s[market] + (nth + rng.uniform(0.05, 0.95, len(market))) * pace[market]
    order = np.argsort(at, kind="stable")
    return market[order], at[order]


def _sizes(rng: np.random.Generator, rows: int) -> FloatArray:
    """Shares resting at each of the levels, more of them away from the best price."""
    typical = np.log(np.array([90.0, 160.0, 220.0, 260.0, 300.0]))
    return np.asarray(np.round(np.maximum(rng.lognormal(typical, 0.9, (rows, DEPTH)), 5.0), 2), dtype=np.float64)


def _interleave(first: NDArray[Number], second: NDArray[Number]) -> NDArray[Number]:
    """Rows of two arrays by turns."""
    return np.stack([first, second], axis=1).reshape(-1, *first.shape[1:])


def _levels(best: IntArray, sizes: FloatArray, step: int) -> pa.ListArray:
    """Levels from the best price outwards, one tick apart, as far as prices of 1 to 99 cents reach."""
    cents = best[:, None] + step * np.arange(DEPTH)
    valid = (cents >= 1) & (cents <= 99)
    offsets = np.concatenate(([0], np.cumsum(valid.sum(axis=1)))).astype(np.int32)
    levels = pa.StructArray.from_arrays([pa.array(cents[valid] / 100.0), pa.array(sizes[valid])], fields=list(_LEVEL))
    return pa.ListArray.from_arrays(pa.array(offsets), levels)
