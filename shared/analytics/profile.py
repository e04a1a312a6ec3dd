"""What a wallet did, in sums: counts, money, time, drawdown, and which of its market records count."""

import numpy as np
import polars as pl

from shared.analytics.returns import daily_pnl
from shared.domain.instants import SECOND
from shared.domain.market import market_from_slug

DAYS_A_YEAR = 365.0
"""The venue trades every day."""
DAYS_MIN = 10
"""Fewest days with their own result for an annualised ratio to be stated."""
MICRO = 1e6


def usable_markets(markets: pl.DataFrame, fills: pl.DataFrame) -> pl.DataFrame:
    """``markets`` with ``left_out``: records that cannot be complete through no fault of the wallet.

    These are incomplete records in a market that had begun before the wallet's first row, or in which the file only
    guesses the kind of a row (``inferred``). Incomplete records elsewhere condemn the wallet.
    """
    slugs = fills.group_by("market").agg(slug=pl.col("slug").max())
    begun = [_start_s(market, slug) for market, slug in slugs.select("market", "slug").iter_rows()]
    starts = slugs.select("market").with_columns(started=pl.Series("started", begun, dtype=pl.Int64))
    guessed = fills.group_by("wallet", "market").agg(guessed=pl.col("inferred").fill_null(value=False).any())
    first = fills.group_by("wallet").agg(known_from=pl.col("ts_s").min())
    early = (pl.col("started") <= pl.col("known_from")).fill_null(value=False)
    return (
        markets.join(starts, on="market", how="left", maintain_order="left")
        .join(guessed, on=["wallet", "market"], how="left", maintain_order="left")
        .join(first, on="wallet", how="left", maintain_order="left")
        .with_columns(left_out=pl.col("incomplete_history") & (early | pl.col("guessed").fill_null(value=False)))
        .drop("started", "guessed", "known_from")
    )


def _start_s(market: str, slug: str | None) -> int | None:
    start = market_from_slug(market, slug or market).start_at
    return None if start is None else start // SECOND


def profiles(markets: pl.DataFrame, fills: pl.DataFrame, basis: str, now_s: int) -> pl.DataFrame:
    """One row per wallet of ``fills`` from its market records (with ``left_out`` and the follower's columns).

    n_trades, n_markets, n_resolved, n_left_out, volume_usd, pnl_usd (with income outside markets left out), fees_usd,
    roi (of what it bought), follower_pnl_usd and filled_share (null unless ``basis`` is "follower"), basis_known,
    incomplete_history, idle_days, hold_hours (mean), drawdown_usd (worst fall of the running result by market end),
    n_bought (resolved markets with purchases) and buy_edge (mean over these of the shares' payout less their price).
    """
    counted = markets.filter(~pl.col("left_out"))
    settled = pl.col("resolved")
    gained = (pl.col("won") - pl.col("price_paid")).filter(settled)
    summed = counted.group_by("wallet").agg(
        n_markets=pl.len().cast(pl.Int64),
        n_resolved=settled.sum().cast(pl.Int64),
        volume_usd=pl.col("volume_micro").sum() / MICRO,
        pnl_usd=pl.col("pnl_micro").sum() / MICRO,
        fees_usd=pl.col("fees_micro").sum() / MICRO,
        spent=pl.col("buy_cost_micro").sum() / MICRO,
        follower_pnl_usd=pl.col("follower_pnl_micro").filter(settled & pl.col("follower_ret").is_not_null()).sum()
        / MICRO,
        followed=pl.col("follower_ret").is_not_null().sum(),
        filled_share=pl.col("filled_share").sort().mean(),
        incomplete_history=pl.col("incomplete_history").any(),
        hold_hours=(pl.coalesce("end_ts", "last_ts") - pl.col("first_ts")).clip(0).mean() / 3600.0,
        n_bought=gained.is_not_null().sum().cast(pl.Int64),
        buy_edge=gained.sort().mean(),
    )
    known = (pl.col("followed") > 0) if basis == "follower" else pl.lit(value=True)
    shown = pl.lit(basis == "follower") & known
    return (
        _counts(fills, now_s)
        .join(
            markets.group_by("wallet").agg(n_left_out=pl.col("left_out").sum().cast(pl.Int64)), on="wallet", how="left"
        )
        .join(summed, on="wallet", how="left")
        .join(_drawdowns(counted), on="wallet", how="left")
        .with_columns(pl.col("n_markets", "n_resolved", "n_left_out", "n_bought").fill_null(0))
        .with_columns(pl.col("volume_usd", "pnl_usd", "fees_usd", "drawdown_usd").fill_null(0.0))
        .with_columns(
            roi=pl.when(pl.col("spent") > 0).then(pl.col("pnl_usd") / pl.col("spent")),
            basis_known=known.fill_null(value=False),
            follower_pnl_usd=pl.when(shown).then("follower_pnl_usd"),
            filled_share=pl.when(shown).then("filled_share"),
            incomplete_history=pl.col("incomplete_history").fill_null(value=False),
        )
        .drop("spent", "followed")
        .sort("wallet")
    )


def _counts(fills: pl.DataFrame, now_s: int) -> pl.DataFrame:
    trade = pl.col("type") == "TRADE"
    return fills.group_by("wallet").agg(
        n_trades=trade.sum().cast(pl.Int64), idle_days=((now_s - pl.col("ts_s").max()) / 86_400.0).clip(0.0)
    )


def _drawdowns(counted: pl.DataFrame) -> pl.DataFrame:
    """The worst fall of the running result, markets in the order they ended; whole micro-dollars until the end."""
    ordered = counted.filter("resolved").sort("wallet", pl.coalesce("end_ts", "last_ts"), "first_ts", "market")
    running = pl.col("pnl_micro").cum_sum().over("wallet")
    return (
        ordered.with_columns(running=running)
        .with_columns(peak=pl.max_horizontal(pl.col("running").cum_max().over("wallet"), 0))
        .group_by("wallet")
        .agg(drawdown_usd=(pl.col("peak") - pl.col("running")).max() / MICRO)
    )


def daily_sharpe(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None) -> pl.DataFrame:
    """Per wallet ``sharpe_annual``: mean / deviation of its daily result (days without one count as 0) x sqrt(365).

    Null with fewer than ten days or without variation. The result per day stands for the daily return on a constant
    capital, which cancels in the ratio.
    """
    days = daily_pnl(fills, resolutions, as_of_s)
    pnl = pl.col("pnl_micro").cast(pl.Float64) / MICRO
    day = pl.col("day").cast(pl.Int64)
    span = (day.max() - day.min() + 1).cast(pl.Float64)
    sums = (
        days.sort("wallet", "day")
        .group_by("wallet", maintain_order=True)
        .agg(n=span, active=pl.len(), total=pl.col("pnl_micro").sum() / MICRO, squares=(pnl**2).sum())
    )
    mean = pl.col("total") / pl.col("n")
    variance = (pl.col("squares") - pl.col("n") * mean**2) / (pl.col("n") - 1)
    enough = (pl.col("n") >= DAYS_MIN) & (variance > 0)
    ratio = pl.when(enough).then(mean / variance.sqrt() * float(np.sqrt(DAYS_A_YEAR)))
    return sums.select("wallet", sharpe_annual=ratio)
