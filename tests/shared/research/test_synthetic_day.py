"""Naive copying against following the ranking, on days whose truth is known.

Luck moves a day's equity by several hundred dollars either way. Naive copying loses by more than that, so it is judged
by equity; following the ranking bets more on fewer wallets, so it is judged by what its fills were worth when they were
made: the true probability then, less price and fee.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shared.adapters.memory.store import MemoryStore
from shared.adapters.synthetic import BASE_TS, HOUSE, generate, world
from shared.adapters.synthetic.markets import make_markets
from shared.adapters.synthetic.prices import make_prices
from shared.domain.instants import SECOND
from shared.domain.ledger import Record, RecordKind
from shared.domain.order import Side
from shared.engine.limits import Limits
from shared.research.naive import WIDE
from shared.research.replay import ReplayOptions, run_replay

HOURS = 24.0


def worth(records: list[Record], day: Path, seed: int) -> float:
    """What the fills were worth when they were made, after fees, in dollars."""
    rngs = world.streams(seed)
    markets = make_markets(rngs["markets"], HOURS, HOUSE)
    prices = make_prices(rngs["prices"], markets, round(HOURS * 3600))
    tokens = pl.read_parquet(day / "markets.parquet")["token_ids"].to_list()
    place = {token: (market, side) for market, pair in enumerate(tokens) for side, token in enumerate(pair)}
    facts = [
        (
            *place[record.order.token],
            record.fill.venue_at / SECOND - BASE_TS,
            record.fill.size / 1e6 * (1 if record.order.side is Side.BUY else -1),
            record.fill.price / 1e6,
            record.fill.fee / 1e6,
        )
        for record in records
        if record.kind is RecordKind.FILLED and record.fill is not None and record.order is not None
    ]
    market, token, at, size, price, fee = (np.array(column) for column in zip(*facts, strict=True))
    fair = prices.value(prices.true, market, token, at)
    return float((size * (fair - price) - fee).sum())


def traded(day: Path, seed: int, whales: Path | None, sizing: str, limits: Limits | None = None) -> tuple[float, float]:
    """What the fills were worth, and the equity at the end."""
    store = MemoryStore(keep_decisions=False)
    report, _ = run_replay(ReplayOptions(day, whales=whales, sizing=sizing, limits=limits), store)
    return worth(store.records, day, seed), report.equity_usd


@pytest.mark.parametrize("seed", [1, 2])
def test_naive_copying_loses_and_following_the_ranking_gains(seed: int, tmp_path: Path) -> None:
    day = tmp_path / "day"
    generate(seed, HOURS, day)
    everyone = tmp_path / "everyone.parquet"
    pl.read_parquet(day / "trades.parquet", columns=["wallet"]).unique(maintain_order=True).write_parquet(everyone)
    naive, naive_equity = traded(day, seed, everyone, "ratio", WIDE)  # with the rules on, hardly anything is copied
    ranked, _ = traded(day, seed, None, "kelly")
    assert naive < 0 < ranked
    assert naive_equity < 10_000
