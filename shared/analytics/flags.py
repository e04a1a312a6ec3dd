"""Wallets that are not worth copying whatever they earned: market makers, and volume without a counterparty.

A market maker earns the spread and the rebates, which a follower pays. A wash trader's volume and record say nothing.
Both are recognised from public fills alone, so each flag comes with the numbers behind it.
"""

from dataclasses import dataclass

import polars as pl

from shared.domain.errors import BadInput

FILL_COLUMNS = ("ts_s", "wallet", "market", "outcome", "side", "price_micro", "size_micro", "tx", "type")
ROUND_TRIP_S = 60
"""A purchase and a sale of as many shares of one token within this time and one cent are a round trip."""
ROUND_TRIP_MICRO = 10_000
REVERSALS = 3
"""Changes of direction inside one market from which a wallet quotes both ways rather than holds an opinion."""


@dataclass(frozen=True)
class FlagRules:
    """``two_way_min``: share of markets with ``REVERSALS``. ``hedged_min``: share of the shares bought that is paired
    with the other outcome of the same market. ``self_share_max``, ``ring_share_max``, ``round_trip_max``: share of a
    wallet's volume (dollars).
    """

    markets_min: int = 5
    both_sides_min: float = 0.5
    hedged_min: float = 0.5
    two_way_min: float = 0.5
    rebates_min: int = 3
    fills_min: int = 10
    self_share_max: float = 0.05
    ring_share_max: float = 0.3
    ring_trades_min: int = 10
    round_trip_max: float = 0.5


def flag_wallets(fills: pl.DataFrame, rules: FlagRules | None = None) -> pl.DataFrame:
    """One row per wallet: ``market_maker`` and ``wash_trading`` (booleans), the measures behind them, and ``evidence``.

    ``fills``: ts_s (Unix seconds), wallet, market, outcome, side (BUY, SELL or empty), price_micro, size_micro
    (millionths), tx (null or empty: unknown), type (TRADE, MAKER_REBATE, ...). Raises BadInput for a missing column.
    """
    for column in FILL_COLUMNS:
        if column not in fills.columns:
            raise BadInput(f"fills lacks the column {column!r}; it has {', '.join(fills.columns) or 'none'}.")
    limits = rules or FlagRules()
    trades = fills.filter((pl.col("type") == "TRADE") & pl.col("side").is_in(["BUY", "SELL"])).with_columns(
        # Whole micro-dollars: sums that do not depend on the order of the rows.
        value=(pl.col("price_micro").cast(pl.Float64) * pl.col("size_micro") / 1e6).round().cast(pl.Int64)
    )
    wallets = fills.select("wallet").unique()
    measured = wallets
    for part in (_making(trades), _rebates(fills), _self_trades(trades), _rings(trades), _round_trips(trades)):
        measured = measured.join(part, on="wallet", how="left")
    return _judged(measured.with_columns(pl.col(pl.Float64, pl.Int64, pl.UInt32).fill_null(0)), limits).sort("wallet")


def _making(trades: pl.DataFrame) -> pl.DataFrame:
    """How much is bought on both sides of a market, and in how many markets the wallet keeps changing direction."""
    size = pl.col("size_micro")
    per_outcome = trades.group_by("wallet", "market", "outcome").agg(
        bought=size.filter(pl.col("side") == "BUY").sum(), value=pl.col("value").sum(), fills=pl.len()
    )
    per_market = (
        per_outcome.group_by("wallet", "market")
        .agg(
            bought=pl.col("bought").sum(),
            paired=pl.when((pl.col("bought") > 0).sum() > 1).then(2 * _second_largest("bought")).otherwise(0),
            value=pl.col("value").sum(),
            fills=pl.col("fills").sum(),
        )
        .join(_reversals(trades), on=["wallet", "market"], how="left")
    )
    return per_market.group_by("wallet").agg(
        n_trades=pl.col("fills").sum().cast(pl.Int64),
        flag_markets=pl.len().cast(pl.Int64),
        both_sides=(pl.col("paired") > 0.2 * pl.col("bought")).mean(),
        hedged=_share(pl.col("paired").sum(), pl.col("bought").sum()),
        two_way=(pl.col("reversals") >= REVERSALS).fill_null(value=False).mean(),
        value=pl.col("value").sum(),
    )


def _with_direction(trades: pl.DataFrame) -> pl.DataFrame:
    """``up``: whether a trade bets on the market's first outcome by name: buying it is selling the other one."""
    return trades.with_columns(
        up=(pl.col("side") == "BUY") == (pl.col("outcome") == pl.col("outcome").min().over("market"))
    )


def _reversals(trades: pl.DataFrame) -> pl.DataFrame:
    """Changes of direction from one second to a later one; what nets out inside one second has no order."""
    moment = (
        _with_direction(trades)
        .with_columns(signed=pl.when("up").then(pl.col("size_micro")).otherwise(-pl.col("size_micro")))
        .group_by("wallet", "market", "ts_s")
        .agg(net=pl.col("signed").sum())
        .filter(pl.col("net") != 0)
        .sort("wallet", "market", "ts_s")
    )
    turned = (pl.col("net").sign() != pl.col("net").sign().shift(1).over("wallet", "market")).fill_null(value=False)
    return moment.with_columns(turned=turned).group_by("wallet", "market").agg(reversals=pl.col("turned").sum())


def _second_largest(name: str) -> pl.Expr:
    return pl.col(name).sort(descending=True).get(1, null_on_oob=True).fill_null(0)


def _rebates(fills: pl.DataFrame) -> pl.DataFrame:
    return fills.filter(pl.col("type") == "MAKER_REBATE").group_by("wallet").agg(rebates=pl.len().cast(pl.Int64))


def _known_tx(trades: pl.DataFrame) -> pl.DataFrame:
    return trades.filter(pl.col("tx").is_not_null() & (pl.col("tx") != ""))


def _self_trades(trades: pl.DataFrame) -> pl.DataFrame:
    """Dollars bought and sold by one wallet in one transaction in one token, as a share of its volume."""
    inside = (
        _known_tx(trades)
        .group_by("wallet", "tx", "market", "outcome")
        .agg(
            bought=pl.col("value").filter(pl.col("side") == "BUY").sum(),
            sold=pl.col("value").filter(pl.col("side") == "SELL").sum(),
        )
        .group_by("wallet")
        .agg(crossed=2 * pl.min_horizontal("bought", "sold").sum())
    )
    return _relative(inside, trades, "crossed", "self_share")


def _rings(trades: pl.DataFrame) -> pl.DataFrame:
    """The largest share of their volume that a wallet and one counterparty have with each other, in both directions.

    Only transactions with two wallets of the file that bet against each other are read this way (one may sell what
    the other buys, or both may buy: the outcomes then differ and a new pair of tokens is made for them).
    """
    key = ["tx", "market"]
    sides = (
        _with_direction(_known_tx(trades))
        .group_by(*key, "up", "wallet")
        .agg(value=pl.col("value").sum())
        .filter((pl.len().over(key) == 2) & (pl.col("wallet").n_unique().over(key) == 2))
    )
    pairs = sides.join(sides, on=key, suffix="_other").filter(
        (pl.col("wallet") != pl.col("wallet_other")) & (pl.col("up") != pl.col("up_other"))
    )
    whole = trades.group_by("wallet").agg(whole=pl.col("value").sum())
    facing = (
        pairs.group_by("wallet", "wallet_other")
        .agg(
            faced=pl.min_horizontal("value", "value_other").sum(),
            ring_trades=pl.len().cast(pl.Int64),
            both_ways=pl.col("up").n_unique() == 2,
        )
        .filter("both_ways")
        .join(whole, on="wallet")
        .join(whole.rename({"wallet": "wallet_other", "whole": "whole_other"}), on="wallet_other")
        # The larger volume counts: whoever trades with a market maker has one counterparty, the maker has many.
        .with_columns(ring_share=_share(pl.col("faced"), pl.max_horizontal("whole", "whole_other")).clip(0.0, 1.0))
        .sort(["wallet", "ring_share", "wallet_other"], descending=[False, True, False])
    )
    return (
        facing.group_by("wallet", maintain_order=True)
        .first()
        .select("wallet", "ring_share", "ring_trades", ring_with="wallet_other")
    )


def _round_trips(trades: pl.DataFrame) -> pl.DataFrame:
    """Volume that is undone within a minute at the same price and size, as a share of the wallet's volume."""
    key = ["wallet", "market", "outcome", "size_micro"]
    buys = (
        trades.filter(pl.col("side") == "BUY").select(*key, "ts_s", "price_micro", "value").sort("ts_s", "price_micro")
    )
    sells = (
        trades.filter(pl.col("side") == "SELL")
        .select(*key, "ts_s", sold_price="price_micro")
        .sort("ts_s", "sold_price")
    )
    if buys.height == 0 or sells.height == 0:
        return pl.DataFrame(schema={"wallet": trades.schema["wallet"], "round_trip": pl.Float64})
    met = buys.join_asof(
        sells.with_columns(sold_at="ts_s"),
        on="ts_s",
        by=key,
        strategy="nearest",
        tolerance=ROUND_TRIP_S,
        check_sortedness=False,
    )
    near = pl.col("sold_at").is_not_null() & ((pl.col("price_micro") - pl.col("sold_price")).abs() <= ROUND_TRIP_MICRO)
    undone = met.filter(near).group_by("wallet").agg(undone=2 * pl.col("value").sum())
    return _relative(undone, trades, "undone", "round_trip")


def _relative(part: pl.DataFrame, trades: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    whole = trades.group_by("wallet").agg(whole=pl.col("value").sum())
    joined = part.join(whole, on="wallet")
    return joined.select("wallet", _share(pl.col(column), pl.col("whole")).clip(0.0, 1.0).alias(name))


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole).otherwise(0.0)


def _judged(measured: pl.DataFrame, limits: FlagRules) -> pl.DataFrame:
    enough = pl.col("flag_markets") >= limits.markets_min
    busy = pl.col("n_trades") >= limits.fills_min
    two_sided = (pl.col("both_sides") >= limits.both_sides_min) & (pl.col("hedged") >= limits.hedged_min)
    turning = enough & (pl.col("two_way") >= limits.two_way_min)
    paired = enough & two_sided
    rebated = pl.col("rebates") >= limits.rebates_min
    ring = (pl.col("ring_share") >= limits.ring_share_max) & (pl.col("ring_trades") >= limits.ring_trades_min)
    crossed = pl.col("self_share") > limits.self_share_max
    undone = pl.col("round_trip") >= limits.round_trip_max

    def said(when: pl.Expr, text: pl.Expr) -> pl.Expr:
        return pl.when(when).then(text).otherwise(None)

    def percent(name: str) -> pl.Expr:
        return (100.0 * pl.col(name)).round(0, mode="half_away_from_zero").cast(pl.Int64)

    return measured.with_columns(
        market_maker=paired | turning | rebated,
        wash_trading=busy & (ring | crossed | undone),
        evidence=pl.concat_list(
            said(paired, pl.format("{}% of what it bought is paired with the other outcome", percent("hedged"))),
            said(turning, pl.format("in {}% of its markets it turns round three times or more", percent("two_way"))),
            said(rebated, pl.format("{} maker rebates", "rebates")),
            said(busy & ring, pl.format("{}% of its volume faces {}", percent("ring_share"), "ring_with")),
            said(busy & crossed, pl.format("{}% of its volume is with itself", percent("self_share"))),
            said(busy & undone, pl.format("{}% of its volume is undone within a minute", percent("round_trip"))),
        )
        .list.drop_nulls()
        .list.join("; "),
    )
