"""Does a ranking made on the first part of a recording say who is worth following in the rest?

Walk-forward: wallets are ranked with what was known at the split; a follower of every trade is measured in the markets
that the wallet entered after it. For each way to rank: the follower's result on the first third of the wallets, and the
rank correlation with the follower's mean return, each with a 95% interval from resampling whole windows (markets that
end together are one draw; a market without a window is its own). A random order stands beside them. No result is asked
for: where an interval covers zero the conclusion says that no edge is shown.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy  # its parts load when they are used: half a second that importing this module should not cost
from numpy.typing import NDArray

from shared.analytics.follower import Rules, follower_markets
from shared.analytics.scorecard import score_wallets
from shared.analytics.scoring import ScoringRules
from shared.domain.errors import BadInput

Floats = NDArray[np.float64]

RESAMPLES = 2000
RANDOM_ORDERS = 2000
MARKETS_MIN = 3
"""Fewest markets that a follower must have had after the split for a wallet to be measured."""
ORDERS: dict[str, str] = {
    "lower bound (published)": "sharpe_low",
    "score": "score",
    "total P&L": "pnl_usd",
    "volume": "volume_usd",
    "win rate": "win_rate",
    "return on purchases": "roi",
}


@dataclass(frozen=True)
class Selection:
    """``table``: one row per ranking with its figures and intervals. ``wallets``: how many are measured."""

    table: pl.DataFrame
    wallets: int
    eligible: int
    windows: int
    split_s: int


def select_walk_forward(
    fills: pl.DataFrame, resolutions: pl.DataFrame, split_s: int, rules: ScoringRules | None = None, seed: int = 0
) -> Selection:
    """Rank at ``split_s`` (Unix seconds), measure after it; ``BadInput`` when nobody can be measured on both sides."""
    limits = rules or ScoringRules()
    card = score_wallets(fills, resolutions, split_s, limits)
    later = _later(fills, resolutions, split_s, limits)
    measured = later.group_by("wallet").agg(markets=pl.len()).filter(pl.col("markets") >= MARKETS_MIN)
    ranked = card.detail.join(measured, on="wallet").sort("wallet")
    if ranked.height < 2:
        raise BadInput(f"only {ranked.height} wallet(s) can be ranked before {split_s} and followed after it")
    names = ranked["wallet"].to_list()
    profit, paid, n, returns = _window_sums(later, names)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, profit.shape[1], (RESAMPLES, profit.shape[1]))
    weights = np.stack([np.bincount(draw, minlength=profit.shape[1]) for draw in draws]).astype(np.float64)
    rows = []
    for label, column in ORDERS.items():
        values = ranked[column].cast(pl.Float64).fill_null(-np.inf).fill_nan(-np.inf).to_numpy()
        rows.append({"ranking": label, **_figures(values, profit, paid, n, returns, weights)})
    rows.append({"ranking": "random order", **_random(profit, n, returns, rng)})
    eligible = int(ranked["eligible"].sum())
    return Selection(pl.DataFrame(rows), ranked.height, eligible, profit.shape[1], split_s)


def _later(fills: pl.DataFrame, resolutions: pl.DataFrame, split_s: int, limits: ScoringRules) -> pl.DataFrame:
    """What a follower made in the markets that a wallet entered after the split."""
    entered = fills.group_by("wallet", "market").agg(first=pl.col("ts_s").min()).filter(pl.col("first") > split_s)
    followed = follower_markets(fills.filter(pl.col("ts_s") > split_s), resolutions, Rules(delay_s=limits.delay_s))
    return (
        followed.join(entered.select("wallet", "market"), on=["wallet", "market"], how="semi")
        .filter(pl.col("follower_ret").is_not_null())
        .with_columns(window=pl.coalesce(pl.col("end_ts").cast(pl.String), pl.col("market")))
        .sort("wallet", "window", "market")
    )


def _window_sums(later: pl.DataFrame, names: list[str]) -> tuple[Floats, Floats, Floats, Floats]:
    """Per wallet and window: the follower's profit and money paid (dollars), number of markets, sum of returns."""
    kept = later.filter(pl.col("wallet").is_in(names))
    windows = kept["window"].unique().sort().to_list()
    row = {name: place for place, name in enumerate(names)}
    column = {name: place for place, name in enumerate(windows)}
    sums = [np.zeros((len(names), len(windows))) for _ in range(4)]
    paid = (kept["follower_cost_micro"] + kept["follower_fees_micro"]).to_list()
    columns = (kept["wallet"], kept["window"], kept["follower_pnl_micro"], paid, kept["follower_ret"])
    for wallet, window, pnl, spent, ret in zip(*columns, strict=True):
        at = (row[wallet], column[window])
        for table, value in zip(sums, (pnl / 1e6, spent / 1e6, 1.0, ret), strict=True):
            table[at] += value
    return sums[0], sums[1], sums[2], sums[3]


def _ranks(values: Floats) -> Floats:
    """Average ranks along the last axis."""
    return np.asarray(scipy.stats.rankdata(values, axis=-1), dtype=np.float64)


def _correlation(a: Floats, b: Floats) -> Floats:
    """Rank correlation of ``a`` with each row of ``b``; 0 where nothing varies."""
    x, y = _ranks(a), _ranks(b)
    x, y = x - x.mean(), y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((x**2).sum() * (y**2).sum(axis=-1))
    return np.asarray(np.where(scale > 0, (y @ x) / np.where(scale > 0, scale, 1.0), 0.0), dtype=np.float64)


def _figures(
    values: Floats, profit: Floats, paid: Floats, n: Floats, returns: Floats, weights: Floats
) -> dict[str, float]:
    """Result of following the first third, and the rank correlation, each with its interval over windows."""
    first = np.argsort(-values, kind="stable")[: max(1, len(values) // 3)]
    totals = weights @ profit[first].sum(axis=0)
    means = (weights @ returns.T) / np.maximum(weights @ n.T, 1.0)
    correlations = _correlation(values, means)
    spent = paid[first].sum()
    low, high = np.quantile(totals, (0.025, 0.975))
    r_low, r_high = np.quantile(correlations, (0.025, 0.975))
    return {
        "first_third_usd": float(profit[first].sum()),
        "usd_low": float(low),
        "usd_high": float(high),
        "return": float(profit[first].sum() / spent) if spent else 0.0,
        "rank_correlation": float(_correlation(values, _means(n, returns))[0]),
        "correlation_low": float(r_low),
        "correlation_high": float(r_high),
    }


def _means(n: Floats, returns: Floats) -> Floats:
    return np.asarray((returns.sum(axis=1) / np.maximum(n.sum(axis=1), 1.0))[None, :], dtype=np.float64)


def _random(profit: Floats, n: Floats, returns: Floats, rng: np.random.Generator) -> dict[str, float]:
    """What orders without any information give: the mean and the middle 95% of many."""
    count = len(profit)
    orders = np.stack([rng.permutation(count) for _ in range(RANDOM_ORDERS)])
    totals = profit.sum(axis=1)[orders[:, : max(1, count // 3)]].sum(axis=1)
    correlations = np.concatenate([_correlation(order.astype(np.float64), _means(n, returns)) for order in orders])
    low, high = np.quantile(totals, (0.025, 0.975))
    r_low, r_high = np.quantile(correlations, (0.025, 0.975))
    return {
        "first_third_usd": float(totals.mean()),
        "usd_low": float(low),
        "usd_high": float(high),
        "return": float("nan"),
        "rank_correlation": float(correlations.mean()),
        "correlation_low": float(r_low),
        "correlation_high": float(r_high),
    }


def conclusion(selection: Selection) -> str:
    """What the intervals allow to say about the published ranking, in one sentence."""
    row = selection.table.row(0, named=True)
    low, high = row["usd_low"], row["usd_high"]
    bounds = (
        f"95% interval {low:+,.0f} to {high:+,.0f} dollars, {selection.wallets} wallets, {selection.windows} windows"
    )
    if low > 0:
        return f"Following the published ranking's first third gained money ({bounds})."
    if high < 0:
        return f"Following the published ranking's first third lost money ({bounds})."
    return f"No edge shown: the result of following the published ranking's first third covers zero ({bounds})."


def leaderboard_persistence(polls: pl.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, float]:
    """Whether the public leaderboard of the first part of its polls says who gains in the rest.

    ``polls``: day (ISO date), address, pnl (dollars), rank_pnl. The rank of the first day's last poll is held against
    the change of the reported P&L from then to the last day, for wallets on both. The leaderboard names no trades, so
    no follower can be measured, and wallets that fell off it are missing: the figure flatters it. The interval
    resamples wallets.
    """
    last = polls.filter(pl.col("pnl").is_finite()).sort("day", "timestamp_utc").group_by("day", "address").last()
    days = last["day"].unique().sort()
    before, after = (
        last.filter(pl.col("day") == day).select("address", "pnl", "rank_pnl") for day in (days[0], days[-1])
    )
    both = before.drop_nulls().join(after.drop_nulls(), on="address", suffix="_after").sort("address")
    if both.height < 3:
        raise BadInput(f"only {both.height} wallet(s) stand on the first and on the last leaderboard")
    order, gain = -both["rank_pnl"].to_numpy().astype(np.float64), (both["pnl_after"] - both["pnl"]).to_numpy()
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        drawn = rng.integers(0, both.height, both.height)
        found.append(float(_correlation(order[drawn], gain[drawn][None, :])[0]))
    low, high = np.quantile(found, (0.025, 0.975))
    point = float(_correlation(order, gain[None, :])[0])
    return {"wallets": float(both.height), "rank_correlation": point, "low": float(low), "high": float(high)}
