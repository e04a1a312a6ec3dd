"""A recording that is copied in part: one whale, a crowd whose prints fill our copies, markets that resolve."""

from pathlib import Path
from typing import Any

import polars as pl

from shared.adapters.memory.store import MemoryStore
from shared.research.executed import Noting
from shared.research.replay import ReplayOptions, ReplayReport, run_replay
from tests.shared.adapters.replay.files import OTHER, START_S, WALLET, Row, lines, row

MARKETS = 6
SPACING_S = 300


def slug(number: int) -> str:
    return f"btc-updown-5m-{START_S + number * SPACING_S}"


def small(markets: int = MARKETS) -> list[Row]:
    """In each market the whale buys 1,000 shares at 0.50; the crowd buys the same token 10, 20 and 30 s later; in
    every second market the whale sells half, and the crowd sells after it.
    """
    rows: list[Row] = []
    for market in range(markets):
        at, name = market * SPACING_S + 20, slug(market)

        def trade(after: int, market: int = market, at: int = at, name: str = name, **changes: Any) -> Row:
            return row(at + after, slug=name, transactionHash=f"0x{market:02x}{after:062x}", **changes)

        rows += [trade(0, size=1000.0)]
        rows += [trade(after, size=60.0, wallet=OTHER) for after in (10, 20, 30)]
        if market % 2:
            rows += [trade(120, side="SELL", size=500.0, price=0.6)]
            rows += [trade(after, side="SELL", size=100.0, price=0.6, wallet=OTHER) for after in (130, 140)]
    return rows


def resolutions(path: Path, winner: str = "Up", markets: int = MARKETS) -> Path:
    """All but the last market resolve, to ``winner``."""
    resolved = range(markets - 1)
    pl.DataFrame(
        {
            "slug": [slug(n) for n in resolved],
            "end_ts": [START_S + (n + 1) * SPACING_S for n in resolved],
            "winner": [winner for _ in resolved],
        }
    ).write_parquet(path)
    return path


def whales(path: Path, *wallets: str) -> Path:
    path.write_text("\n".join(wallets or (WALLET,)) + "\n", encoding="utf-8")
    return path


def options(folder: Path, rows: list[Row] | None = None, **changes: Any) -> ReplayOptions:
    """The small recording with its whale named, copied by ratio."""
    fields: dict[str, Any] = {
        "path": lines(folder / "rows.jsonl", small() if rows is None else rows),
        "resolutions": resolutions(folder / "resolutions.parquet"),
        "whales": whales(folder / "whales.txt"),
        "sizing": "ratio",
    }
    return ReplayOptions(**fields | changes)


def replayed(folder: Path, rows: list[Row] | None = None, **changes: Any) -> tuple[ReplayReport, Noting, MemoryStore]:
    """What came of it; small recordings keep every decision."""
    store = MemoryStore()
    report, driver = run_replay(options(folder, rows, **changes), store)
    return report, driver, store
