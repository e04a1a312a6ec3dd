"""Quality 0-100 of a wallet as a source to copy, and the gates it has to pass (specification, section 4).

Quality adds up six things that are each 0 to 1 and mean something by themselves; the weights are a judgement, written
down here and nowhere else. It says how good a source is to copy, not who is better: rank does that, by the interval.
"""

from dataclasses import dataclass

import polars as pl

WEIGHTS: dict[str, float] = {
    "evidence": 0.30,
    "edge": 0.20,
    "sample": 0.15,
    "payoff": 0.10,
    "copyable": 0.15,
    "recency": 0.10,
}
"""evidence: chance that the ratio is above zero, from 50% (nothing) to 100%. edge: shrunken wins less price paid, full
at 5 points. sample: n / (n + 60) resolved markets. payoff: profit factor from 1 (nothing) to 2. copyable: share of its
trades that a follower could fill, if the follower gained. recency: half for each 30 days without a trade.
"""
EDGE_FULL = 0.05
SAMPLE_HALF = 60.0
RECENCY_HALF_DAYS = 30.0


@dataclass(frozen=True)
class Gates:
    """What a wallet must reach to be copied, and to be tried (shadow, or the experimental tier).

    ``win_rate_min`` passes wallets without an edge nearly as often as those with one, because it ignores the price:
    whoever buys at 0.90 wins 90%. It is kept because it was asked for, and shown beside the price paid.
    """

    win_rate_min: float = 0.65
    sharpe_annual_min: float = 1.0
    quality_copy: float = 70.0
    quality_try: float = 50.0


def quality_of(wallets: pl.DataFrame) -> pl.DataFrame:
    """``wallets`` with the six components and ``quality``.

    Needs: p_positive (chance that the ratio is above 0), edge_shrunk (points of 1), n_ranked (markets behind the
    ratio), profit_factor, filled_share and follower_pnl_usd (null where unknown: half is granted), idle_days.
    """
    unit = {
        "evidence": 2.0 * pl.col("p_positive") - 1.0,
        "edge": pl.col("edge_shrunk") / EDGE_FULL,
        "sample": pl.col("n_ranked") / (pl.col("n_ranked") + SAMPLE_HALF),
        "payoff": pl.col("profit_factor") - 1.0,
        "copyable": pl.when(pl.col("follower_pnl_usd") > 0)
        .then(pl.col("filled_share"))
        .when(pl.col("follower_pnl_usd").is_null())
        .then(0.5)
        .otherwise(0.0),
        "recency": (-pl.col("idle_days").clip(0.0) / RECENCY_HALF_DAYS * 0.6931471805599453).exp(),
    }
    parts = wallets.with_columns(
        value.fill_nan(None).fill_null(0.0).clip(0.0, 1.0).alias(f"quality_{name}") for name, value in unit.items()
    )
    total = pl.sum_horizontal(weight * pl.col(f"quality_{name}") for name, weight in WEIGHTS.items())
    return parts.with_columns(quality=(100.0 * total).round(1))


def gate_of(wallets: pl.DataFrame, gates: Gates) -> pl.DataFrame:
    """``wallets`` with ``gate``: "copy", "try" (shadow or the 5% tier) or the first thing that is missing.

    Needs: eligible, quality, win_rate, sharpe_annual (null: unknown, not passed), mean_return.
    """
    shadow = pl.col("quality") >= gates.quality_try
    named = (
        pl.when(~pl.col("eligible"))
        .then(pl.lit("not_eligible"))
        .when(~(pl.col("mean_return").fill_null(0.0) > 0.0))
        .then(pl.lit("negative_edge"))
        .when(~shadow)
        .then(pl.lit("low_quality"))
        .when(
            (pl.col("quality") >= gates.quality_copy)
            & (pl.col("win_rate") >= gates.win_rate_min)
            & (pl.col("sharpe_annual") >= gates.sharpe_annual_min)
        )
        .then(pl.lit("copy"))
        .otherwise(pl.lit("try"))
    )
    return wallets.with_columns(gate=named)
