"""Returns of wallets per market, per trade and per day, from fills and resolutions.

One market is one bet: fills inside it are not independent. Amounts ending in ``_micro`` are exact integers of one
millionth; prices paid and returns are floats.
"""

import polars as pl

from shared.analytics.accounts import (
    INCOME,
    MERGE,
    OUTSIDE,
    REDEEM,
    SPLIT,
    TRADE,
    known_fills,
    market_facts,
    movements,
    position_table,
    realised,
)
from shared.domain.money import ONE

_HANDLED = (TRADE, SPLIT, MERGE, REDEEM, *INCOME, *OUTSIDE)
_KEY = ("wallet", "market")
_DAY_S = 86_400


def wallet_markets(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> pl.DataFrame:
    """One row per (wallet, market), sorted, knowing only what was known at ``as_of_s`` (Unix seconds; None: all).

    wallet, market, slug, category, first_ts, last_ts, end_ts (seconds; null: unknown), resolved, winner; n_fills,
    n_buys, n_sells, both_outcomes; buy_cost_micro (purchases and splits), sell_proceeds_micro (sales and merges),
    fees_micro, rebates_micro (income booked on the market), payout_micro (redeemed, and what is still held at the
    payout; 0 while open), volume_micro (cash of all trades), bought_shares_micro; pnl_micro (realised + settlement -
    fees + rebates; without the settlement while open), mark_micro (open shares at the last print less their cost; 0
    when resolved, null when some were redeemed without a known winner); unattributed_micro (redeemed in a market
    without a known winner: in no outcome's account and not in the P&L); price_paid (mean price of the bought shares),
    won (their mean payout, 0..1; null while unresolved), ret (P&L per dollar of purchases; null without one or while
    unresolved); incomplete_history: ever net short (fills are missing), or moved by something that is not a trade,
    split, merge or redemption.
    ``BadInput`` for a missing column, totals beyond Int64 or two winners of one market.
    """
    known = known_fills(fills, as_of_s)
    facts = market_facts(known, resolutions, as_of_s)
    table = position_table(realised(movements(known, facts)), facts)
    bought = _bought(known, facts)
    per_market = (
        _sums(known)
        .join(_of_positions(table), on=_KEY, how="left")
        .join(bought, on=_KEY, how="left")
        .join(facts.select("market", "end_ts", "winner", "resolved", "category"), on="market", how="left")
        .with_columns(
            pl.col("realised_micro", "settlement_micro", "open_mark_micro", "held_payout_micro").fill_null(0),
            pl.col("ever_short").fill_null(value=False),
            pl.col("bought_shares_micro", "bought_cash_micro", "won_shares_micro").fill_null(0),
        )
    )
    settled = pl.when("resolved").then(pl.col("settlement_micro")).otherwise(0)
    pnl = pl.col("realised_micro") + settled - pl.col("fees_micro") + pl.col("rebates_micro")
    redeemed = pl.when("resolved").then(pl.col("redeemed_micro")).otherwise(0)
    return per_market.with_columns(
        pnl.alias("pnl_micro"),
        (redeemed + pl.col("held_payout_micro")).alias("payout_micro"),
        pl.when("resolved")
        .then(0)
        .when(pl.col("redeemed_micro") == 0)
        .then(pl.col("open_mark_micro"))
        .alias("mark_micro"),
        pl.when("resolved").then(0).otherwise(pl.col("redeemed_micro")).alias("unattributed_micro"),
        _ratio(pl.col("bought_cash_micro"), pl.col("bought_shares_micro")).alias("price_paid"),
        pl.when("resolved").then(_ratio(pl.col("won_shares_micro"), pl.col("bought_shares_micro"))).alias("won"),
        (pl.col("ever_short") | pl.col("unhandled")).alias("incomplete_history"),
        pl.when("resolved").then(_ratio(pnl, pl.col("buy_cost_micro"))).alias("ret"),
    ).select(
        *_KEY, "slug", "category", "first_ts", "last_ts", "end_ts", "resolved", "winner", "n_fills", "n_buys",
        "n_sells", "both_outcomes", "buy_cost_micro", "sell_proceeds_micro", "fees_micro", "rebates_micro",
        "payout_micro", "pnl_micro", "mark_micro", "unattributed_micro", "volume_micro", "bought_shares_micro",
        "price_paid", "won", "ret", "incomplete_history",
    ).sort(_KEY)  # fmt: skip


def trade_pnl(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> pl.DataFrame:
    """Every move in accounting order: wallet, market, outcome, ts_s, kind (BUY, SELL, SPLIT, MERGE, REDEEM),
    shares_micro and cash_micro (signed), fee_micro, realised_micro, held_micro and open_cost_micro after it, and
    to_payout_micro: what it gained or lost against the payout (null while unresolved), whose sum is the market's P&L.

    ``BadInput`` as ``wallet_markets``.
    """
    known = known_fills(fills, as_of_s)
    facts = market_facts(known, resolutions, as_of_s)
    moves = realised(movements(known, facts)).join(facts.select("market", "winner"), on="market", how="left")
    wins = pl.col("winner").str.to_lowercase() == pl.col("outcome").str.to_lowercase()
    value = pl.when(wins).then(pl.col("shares_micro")).otherwise(0) + pl.col("cash_micro") - pl.col("fee_micro")
    return moves.with_columns(pl.when(pl.col("winner").is_not_null()).then(value).alias("to_payout_micro")).drop(
        "winner", "order"
    )


def daily_pnl(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> pl.DataFrame:
    """One row per (wallet, UTC day with any activity or settlement), sorted: day, pnl_micro, volume_micro.

    Exits count on their day, settlements on the day the market ended (but not before the wallet's last move in it;
    where the end is unknown, on the day of the last move), fees when paid, rebates and rewards when received. The days
    of a wallet add up to the P&L of its markets and its income outside markets. ``BadInput`` as ``wallet_markets``.
    """
    known = known_fills(fills, as_of_s)
    facts = market_facts(known, resolutions, as_of_s)
    moves = realised(movements(known, facts))
    volume = pl.when(pl.col("kind").is_in(["BUY", "SELL"])).then(pl.col("cash_micro").abs()).otherwise(0)
    traded = moves.select(
        "wallet",
        (pl.col("ts_s") // _DAY_S).alias("day"),
        (pl.col("realised_micro") - pl.col("fee_micro")).alias("pnl_micro"),
        volume.alias("volume_micro"),
    )
    last = moves.group_by(*_KEY).agg(pl.col("ts_s").max().alias("last_ts"))
    settled = (
        position_table(moves, facts)
        .filter("resolved")
        .join(last, on=_KEY)
        .join(facts.select("market", "end_ts"), on="market")
        .select(
            "wallet",
            (pl.max_horizontal("end_ts", "last_ts") // _DAY_S).alias("day"),
            pl.col("settlement_micro").alias("pnl_micro"),
            pl.lit(0, pl.Int64).alias("volume_micro"),
        )
    )
    income = known.filter(pl.col("type").is_in(INCOME)).select(
        "wallet",
        (pl.col("ts_s") // _DAY_S).alias("day"),
        pl.col("cash_micro").alias("pnl_micro"),
        pl.lit(0, pl.Int64).alias("volume_micro"),
    )
    every = pl.concat([traded, settled, income])
    days = every.group_by("wallet", "day").agg(pl.col("pnl_micro", "volume_micro").sum()).sort("wallet", "day")
    return days.with_columns(pl.col("day").cast(pl.Int32).cast(pl.Date))


def _ratio(amount: pl.Expr, base: pl.Expr) -> pl.Expr:
    """A float ratio, null where the base is not positive."""
    return pl.when(base > 0).then(amount.cast(pl.Float64) / base.cast(pl.Float64))


def _sums(known: pl.DataFrame) -> pl.DataFrame:
    """What needs no account: counts and sums of the rows themselves."""
    kind, cash, side = pl.col("type"), pl.col("cash_micro"), pl.col("side")
    trade, buy, sell = kind == TRADE, side == "BUY", side == "SELL"
    return (
        known.filter(pl.col("market") != "")
        .group_by(*_KEY)
        .agg(
            pl.col("slug").max(),
            pl.col("ts_s").min().alias("first_ts"),
            pl.col("ts_s").max().alias("last_ts"),
            trade.sum().cast(pl.Int64).alias("n_fills"),
            (trade & buy).sum().cast(pl.Int64).alias("n_buys"),
            (trade & sell).sum().cast(pl.Int64).alias("n_sells"),
            (pl.col("outcome").filter(trade).str.to_lowercase().n_unique() > 1).alias("both_outcomes"),
            cash.filter((trade & buy) | (kind == SPLIT)).sum().alias("buy_cost_micro"),
            cash.filter((trade & sell) | (kind == MERGE)).sum().alias("sell_proceeds_micro"),
            cash.filter(kind == REDEEM).sum().alias("redeemed_micro"),
            cash.filter(kind.is_in(INCOME)).sum().alias("rebates_micro"),
            cash.filter(trade).sum().alias("volume_micro"),
            pl.col("fee_micro").sum().alias("fees_micro"),
            (~kind.is_in(_HANDLED)).any().alias("unhandled"),
        )
    )


def _of_positions(table: pl.DataFrame) -> pl.DataFrame:
    """The accounts of a (wallet, market) together. Marks round down."""
    held = pl.col("net_shares_micro")
    at_mark = (held.cast(pl.Int128) * pl.col("mark_price_micro").fill_null(0) // ONE).cast(pl.Int64)
    return table.group_by(*_KEY).agg(
        pl.col("realised_micro").sum(),
        pl.col("settlement_micro").sum(),
        (at_mark - pl.col("open_cost_micro")).sum().alias("open_mark_micro"),
        held.filter(pl.col("payout_micro") == ONE).sum().alias("held_payout_micro"),
        pl.col("ever_short").any(),
    )


def _bought(known: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Shares bought in trades, what they cost and how many of them were of the winner."""
    wins = pl.col("outcome").str.to_lowercase() == pl.col("winner").str.to_lowercase()
    return (
        known.filter((pl.col("type") == TRADE) & (pl.col("side") == "BUY"))
        .join(facts.select("market", "winner"), on="market", how="left")
        .group_by(*_KEY)
        .agg(
            pl.col("size_micro").sum().alias("bought_shares_micro"),
            pl.col("cash_micro").sum().alias("bought_cash_micro"),
            pl.col("size_micro").filter(wins).sum().alias("won_shares_micro"),
        )
    )
