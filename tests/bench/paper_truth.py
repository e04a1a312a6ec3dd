"""`make bench`: paper against truth. Every trade of wallets that gained is copied naively, and what the copy lost is
split into delay, spread, fee and what was missed, in basis points of what the wallet traded.

Who is copied is decided by the wallets' own returns, never by the copy's: on the March recording every wallet that
gained in the markets whose winner and whose fills are known; on the synthetic day the skilled that gained most.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.adapters.synthetic import generate
from shared.analytics.returns import wallet_markets
from shared.domain.money import float_of_micro
from shared.research.decomposition import TERMS, Decomposition, together
from shared.research.naive import copy_all, read_history
from shared.research.replay import Prepared
from shared.research.whales import fills_of
from tests.bench.table import Row, row

TRADES, RESOLUTIONS = "wallet_activity_updown_2026-03.parquet", "resolutions_updown_2026-03.parquet"
SKILLED = 3
"""How many skilled wallets of the synthetic day are copied."""
Gained = dict[str, tuple[str, ...]]
"""Wallets that gained, those that gained most first, each with its markets."""


def rows() -> list[Row]:
    """Rows of `make bench`, measured in a process of its own."""
    run = subprocess.run([sys.executable, "-m", "tests.bench.paper_truth"], check=True, capture_output=True, text=True)
    found: list[Row] = json.loads(run.stdout)
    return found


def gained(markets: pl.DataFrame) -> Gained:
    """Who gained, by ``returns.wallet_markets``: in resolved markets of which every fill is there."""
    known = markets.filter(pl.col("resolved") & ~pl.col("incomplete_history"))
    table = known.group_by("wallet").agg(pl.col("pnl_micro").sum(), pl.col("market"))
    winners = table.filter(pl.col("pnl_micro") > 0).sort(["pnl_micro", "wallet"], descending=[True, False])
    return {wallet: tuple(sorted(names)) for wallet, names in winners.select("wallet", "market").iter_rows()}


def march(recordings: Path) -> tuple[Prepared, Gained]:
    """The March recording and its wallets that gained."""
    fills = read_activity([recordings / TRADES]).fills
    outcomes = read_outcomes([recordings / RESOLUTIONS])
    ready = read_history(recordings / TRADES, recordings / RESOLUTIONS)
    return ready, gained(wallet_markets(fills, outcomes))


def synthetic(day: Path) -> tuple[Prepared, Gained]:
    """A generated day and its skilled wallets that gained."""
    ready = read_history(day)
    recording = ready.recording
    slugs = pl.DataFrame({"market": list(recording.markets), "slug": list(recording.markets.values())})
    fills = fills_of(recording.trades(recording.span()[1])).drop("slug").join(slugs, on="market", how="left")
    skilled = pl.read_parquet(day / "truth.parquet").filter(pl.col("role") == "skilled")
    return ready, gained(wallet_markets(fills.join(skilled.select("wallet"), on="wallet"), ready.resolutions))


def split(ready: Prepared, wallets: Gained) -> dict[str, Decomposition]:
    """The split of each of these wallets."""
    return {wallet: copy_all(ready, wallet).decomposed(markets) for wallet, markets in wallets.items()}


def told(world: str, found: dict[str, Decomposition]) -> list[Row]:
    """All wallets together term by term, then each wallet's own profit and its copy's."""
    total = together(found.values())
    name = f"naive copies of {len(found)} wallets that gained, {world}"
    share = total.copied / total.notional if total.notional else 0.0
    lines = [_amount(f"{name}: own", total, "own")]
    lines += [_amount(f"{name}: {term}{_most(total) if term == 'missed' else ''}", total, term) for term in TERMS]
    lines += [_amount(f"{name}: copy ({share:.0%} of the notional copied)", total, "copy")]
    for wallet, one in found.items():
        lines += [_amount(f"  {wallet[:10]}, {term}", one, term) for term in ("own", "copy")]
    return lines


def _most(found: Decomposition) -> str:
    """The dearest reasons of what was missed."""
    worst = list(found.missed_by.items())[:3]
    return " (" + ", ".join(f"{why} ${float_of_micro(amount):,.0f}" for why, amount in worst) + ")" if worst else ""


def _amount(name: str, found: Decomposition, term: str) -> Row:
    dollars = float_of_micro(getattr(found, term))
    return row(name, round(found.bps(term), 1), "bp", dollars=dollars)


def measure() -> list[Row]:
    """Both worlds; the recorded one where there are recordings."""
    lines: list[Row] = []
    recordings = Path(os.environ.get("RECORDINGS", "../shared/data"))
    if (recordings / TRADES).exists():
        lines += told("March recording", split(*march(recordings)))
    with tempfile.TemporaryDirectory() as folder:
        generate(1, 24, Path(folder))
        ready, wallets = synthetic(Path(folder))
        lines += told("skilled, synthetic day", split(ready, dict(list(wallets.items())[:SKILLED])))
    return lines


if __name__ == "__main__":
    print(json.dumps(measure()))
