"""Worlds in which the truth is known: which ranking finds the wallets that have an edge?

A world has 2,000 wallets that bet on markets of their own at prices drawn evenly from 0.20 to 0.92. 5% of them win more
often than they pay for, by up to 5 points: 0.05 x 4p(1-p), most where the outcome is most open, none where it is sure.
Stakes differ between wallets by their wealth (log-normal, sigma 1.5) and say nothing about skill, as in life.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shared.analytics.scoring import ScoringRules, score_bets

Floats = NDArray[np.float64]

WALLETS = 2000
SKILLED_SHARE = 0.05
EDGE_MAX = 0.05
PRICES = (0.20, 0.92)
WEALTH_SIGMA = 1.5
TOP = 20
LENGTHS: tuple[tuple[int, int], ...] = ((1000, 1000), (250, 250), (20, 1000))
"""Bets per wallet, from and to."""
NAIVE = ("total P&L", "volume", "win rate", "return on stakes", "Sharpe ratio", "score", "random")


@dataclass(frozen=True)
class PlantedWorld:
    """``bets`` and ``facts`` as ``score_bets`` wants them; ``skilled`` and ``stakes`` (dollars per bet) per wallet."""

    bets: pl.DataFrame
    facts: pl.DataFrame
    skilled: NDArray[np.bool_]
    stakes: Floats


def planted_world(seed: int, shortest: int, longest: int, wallets: int = WALLETS) -> PlantedWorld:
    """One world; the number of bets of a wallet lies evenly between ``shortest`` and ``longest``."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(shortest, longest + 1, wallets)
    owner = np.repeat(np.arange(wallets), lengths)
    skilled = np.zeros(wallets, bool)
    skilled[rng.choice(wallets, round(wallets * SKILLED_SHARE), replace=False)] = True
    prices = rng.uniform(*PRICES, len(owner))
    edge = np.where(skilled[owner], EDGE_MAX * 4.0 * prices * (1.0 - prices), 0.0)
    won = (rng.random(len(owner)) < prices + edge).astype(np.float64)
    stakes = rng.lognormal(0.0, WEALTH_SIGMA, wallets)
    returns = won / prices - 1.0
    order = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    bets = pl.DataFrame(
        {
            "wallet": owner,
            "market": order,
            "order_ts": order,
            "ret": returns,
            "pnl": stakes[owner] * returns,
            "age_days": (longest - order) / 24.0,
            "entry_price": prices,
            "entry_won": won,
        }
    )
    no = pl.lit(value=False)
    facts = pl.DataFrame({"wallet": np.arange(wallets)}).with_columns(
        incomplete_history=no, market_maker=no, wash_trading=no, basis_known=pl.lit(value=True)
    )
    return PlantedWorld(bets, facts, skilled, stakes)


def precision(world: PlantedWorld, rules: ScoringRules | None = None, top: int = TOP) -> dict[str, float]:
    """Share of true edges among the first ``top`` of each ranking: the published one ("lower bound") and naive ones."""
    scored = score_bets(world.bets, world.facts, rules).sort("wallet")
    stakes = world.stakes
    n, mean = scored["n_ranked"].to_numpy(), scored["mean_return"].to_numpy()
    orders: dict[str, Floats] = {
        "lower bound": np.where(scored["eligible"].to_numpy(), scored["sharpe_low"].to_numpy(), -np.inf),
        "total P&L": stakes * n * mean,
        "volume": stakes * n,
        "win rate": scored["win_rate"].to_numpy(),
        "return on stakes": mean,
        "Sharpe ratio": np.nan_to_num(scored["sharpe"].to_numpy().astype(np.float64), nan=-np.inf),
        "score": np.nan_to_num(scored["score"].to_numpy().astype(np.float64), nan=-np.inf),
        "random": np.random.default_rng(0).permutation(len(n)).astype(np.float64),
    }
    found = {}
    for name, order in orders.items():
        first = np.argsort(-order, kind="stable")[:top]
        found[name] = float(world.skilled[first].mean())
    return found


def planted_table(worlds: int = 10, rules: ScoringRules | None = None, wallets: int = WALLETS) -> pl.DataFrame:
    """Mean precision over seeded worlds: one row per ranking, one column per number of bets."""
    columns: dict[str, dict[str, float]] = {}
    for shortest, longest in LENGTHS:
        seen = [precision(planted_world(seed, shortest, longest, wallets), rules) for seed in range(worlds)]
        name = f"n = {longest:,}" if shortest == longest else f"n = {shortest}-{longest:,}"
        columns[name] = {order: float(np.mean([one[order] for one in seen])) for order in seen[0]}
    orders = list(next(iter(columns.values())))
    return pl.DataFrame({"ranking": orders} | {name: [found[o] for o in orders] for name, found in columns.items()})
