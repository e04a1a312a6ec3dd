"""Average-cost accounts of wallets: what each (wallet, market, outcome) cost, brought in and still holds.

All amounts are integers of one millionth. Sums are Int64 (the input is refused before they could overflow); the product
of the average-cost rule runs in Python integers. Whatever the rounding of a partial exit, what is taken out of the cost
is what is realised against, so realised + settlement = net cash + net shares x payout holds to the micro-dollar.
"""

import polars as pl

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.market import is_crypto_updown, market_from_slug
from shared.domain.money import ONE

TRADE, SPLIT, MERGE, REDEEM = "TRADE", "SPLIT", "MERGE", "REDEEM"
INCOME = ("REWARD", "MAKER_REBATE", "TAKER_REBATE", "REFERRAL_REWARD", "YIELD")
"""Activity that is income without shares."""
OUTSIDE = ("DEPOSIT", "WITHDRAWAL", "TIP", "MIGRATION")
"""Money moved in or out: neither gain nor loss."""
FILL_COLUMNS = (
    "ts_s",
    "wallet",
    "market",
    "slug",
    "outcome",
    "side",
    "price_micro",
    "size_micro",
    "cash_micro",
    "type",
)
TOTAL_MAX = 2**61
"""Sum of all sizes, or of all cash, of one table: a quarter of what Int64 holds, two trillion dollars."""
_PAIRS = {"up": "Down", "down": "Up", "yes": "No", "no": "Yes"}
_POSITION = ("wallet", "market", "outcome")
_ORDER = {SPLIT: 0, "BUY": 1, "SELL": 2, MERGE: 3, REDEEM: 4}
"""Within one second the recording's order is unknown: what brings shares comes first, so no short is invented."""


def known_fills(fills: pl.DataFrame, as_of_s: int | None) -> pl.DataFrame:
    """The fills up to ``as_of_s`` (Unix seconds; None: all); ``BadInput`` for a missing column or absurd totals."""
    missing = [name for name in FILL_COLUMNS if name not in fills.columns]
    if missing:
        raise BadInput(f"fills lack the column {missing[0]!r}; they have {', '.join(fills.columns) or 'none'}")
    for name in ("size_micro", "cash_micro"):
        total = fills.select(pl.col(name).cast(pl.Float64).abs().sum()).item()
        if total > TOTAL_MAX:
            raise BadInput(f"fills.{name} adds up to {total:.3g}, more than {TOTAL_MAX:.3g}: not a usable recording")
    if "fee_micro" not in fills.columns:
        fills = fills.with_columns(pl.lit(0, pl.Int64).alias("fee_micro"))
    return fills if as_of_s is None else fills.filter(pl.col("ts_s") <= as_of_s)


def market_facts(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> pl.DataFrame:
    """One row per market of ``fills``: market, slug, end_ts, winner, resolved, outcomes (labels), category.

    ``resolutions``: key (or market; a condition id, slug or market name), end_ts (Unix seconds), winner. A winner
    counts as known without ``as_of_s``, or when its market had ended by then; it is never guessed. ``end_ts`` falls
    back to what the slug tells. ``BadInput`` when a market has two winners.
    """
    markets = (
        fills.filter(pl.col("market") != "")
        .group_by("market")
        .agg(
            pl.col("slug").max(),
            pl.col("outcome").filter(pl.col("type") == TRADE).unique().sort().alias("outcomes"),
        )
        .sort("market")
    )
    known = _winners(resolutions)
    by_slug = known.rename({"key": "slug", "end_ts": "end_slug", "winner": "winner_slug"})
    joined = markets.join(known, left_on="market", right_on="key", how="left").join(by_slug, on="slug", how="left")
    joined = joined.with_columns(
        pl.coalesce("end_ts", "end_slug").alias("end_ts"), pl.coalesce("winner", "winner_slug").alias("winner")
    ).drop("end_slug", "winner_slug")
    names = pl.when(pl.col("slug") != "").then(pl.col("slug")).otherwise(pl.col("market"))
    slugs = joined.select(names.alias("name"))["name"].to_list()
    joined = joined.with_columns(
        pl.coalesce("end_ts", pl.Series([_slug_end(name) for name in slugs], dtype=pl.Int64)).alias("end_ts"),
        pl.Series("category", [_category(name) for name in slugs], dtype=pl.String),
    )
    resolved = pl.col("winner").is_not_null()
    if as_of_s is not None:
        resolved = resolved & (pl.col("end_ts") <= as_of_s).fill_null(value=False)
    joined = joined.with_columns(resolved.alias("resolved"))
    labels = [_labels(*row) for row in joined.select("outcomes", "winner", "category").iter_rows()]
    return joined.with_columns(
        pl.Series("outcomes", labels, dtype=pl.List(pl.String)),
        pl.when("resolved").then(pl.col("winner")).alias("winner"),
    )


def _winners(resolutions: pl.DataFrame) -> pl.DataFrame:
    key = "key" if "key" in resolutions.columns else "market"
    missing = [name for name in (key, "end_ts", "winner") if name not in resolutions.columns]
    if missing:
        raise BadInput(f"resolutions lack the column {missing[0]!r}; they have {', '.join(resolutions.columns)}")
    facts = resolutions.select(
        pl.col(key).cast(pl.String).alias("key"), pl.col("end_ts").cast(pl.Int64), pl.col("winner").cast(pl.String)
    )
    named = facts.group_by("key").agg(
        pl.col("end_ts").max(), pl.col("winner").drop_nulls().unique().sort().alias("winners")
    )
    twice = named.filter(pl.col("winners").list.len() > 1).sort("key")
    if twice.height:
        key_of, _, winners = twice.row(0)
        raise BadInput(f"resolutions name more than one winner for market {key_of!r}: {', '.join(winners)}")
    return named.filter(pl.col("key") != "").select("key", "end_ts", pl.col("winners").list.first().alias("winner"))


def _slug_end(name: str) -> int | None:
    end = market_from_slug(name, name).end_at
    return None if end is None else end // SECOND


def _category(name: str) -> str:
    return "crypto_updown" if is_crypto_updown(name) else "event"


def _labels(seen: list[str], winner: str | None, category: str) -> list[str]:
    """The complete set of outcomes: those traded, the winner, and the other half of a pair."""
    found: dict[str, str] = {}
    for label in seen:
        found.setdefault(label.lower(), label)
    if winner is not None:
        found.setdefault(winner.lower(), winner)
    if not found:
        found["up"] = "Up" if category == "crypto_updown" else "(first)"
    if len(found) == 1:
        (label,) = found.values()
        other = _PAIRS.get(label.lower(), "(other)")
        found[other.lower()] = other
    return sorted(found.values())


def movements(fills: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Every change of a (wallet, market, outcome), in accounting order: ts_s, kind, shares_micro and cash_micro (both
    signed, + is received), fee_micro, price_micro.

    ``fills`` as ``known_fills`` gives them, ``facts`` of ``market_facts``. A split buys every outcome of the market for
    equal parts of a dollar, a merge sells them so; a redemption sells the winner at a dollar. Redemptions in markets
    without a known winner belong to no outcome and are not here (``unattributed``).
    """
    labels = facts.select("market", pl.col("outcomes").alias("outcome")).explode("outcome")
    spelled = labels.with_columns(pl.col("outcome").str.to_lowercase().alias("lower")).rename({"outcome": "label"})
    base = fills.select(
        "ts_s", "wallet", "market", "outcome", "side", "type", "price_micro", "size_micro", "cash_micro", "fee_micro"
    )
    buy = pl.col("side") == "BUY"
    trades = (
        base.filter(pl.col("type") == TRADE)
        .with_columns(pl.col("outcome").str.to_lowercase().alias("lower"))
        .join(spelled, on=["market", "lower"], how="left")
        .select(
            "ts_s", "wallet", "market", pl.col("label").alias("outcome"), pl.col("side").alias("kind"),
            pl.when(buy).then(pl.col("size_micro")).otherwise(-pl.col("size_micro")).alias("shares_micro"),
            pl.when(buy).then(-pl.col("cash_micro")).otherwise(pl.col("cash_micro")).alias("cash_micro"),
            "fee_micro", "price_micro",
        )
    )  # fmt: skip
    winners = facts.select("market", pl.col("winner").alias("won_by"))
    winner_label = spelled.rename({"lower": "won_lower"})
    redeemed = (
        base.filter(pl.col("type") == REDEEM)
        .join(winners, on="market", how="inner")
        .filter(pl.col("won_by").is_not_null())
        .with_columns(pl.col("won_by").str.to_lowercase().alias("won_lower"))
        .join(winner_label, on=["market", "won_lower"], how="left")
        .select(
            "ts_s", "wallet", "market", pl.col("label").alias("outcome"), pl.col("type").alias("kind"),
            (-pl.col("cash_micro")).alias("shares_micro"), "cash_micro", "fee_micro",
            pl.lit(ONE, pl.Int64).alias("price_micro"),
        )
    )  # fmt: skip
    order = pl.col("kind").replace_strict(_ORDER, return_dtype=pl.Int8).alias("order")
    every = pl.concat([trades, _sets(base, facts), redeemed]).with_columns(order)
    return every.sort([*_POSITION, "ts_s", "order", "price_micro", "shares_micro", "cash_micro", "fee_micro"])


def _sets(base: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Splits and merges, one row per outcome. The dollar of a set is divided equally, odd millionths to the first."""
    parts = facts.select(
        "market", pl.col("outcomes").alias("outcome"), pl.col("outcomes").list.len().cast(pl.Int64).alias("k")
    )
    parts = parts.explode("outcome").with_columns(pl.int_range(pl.len()).over("market").alias("i"))
    sign = pl.when(pl.col("type") == SPLIT).then(1).otherwise(-1).cast(pl.Int64)
    cash = pl.col("cash_micro") // pl.col("k") + (pl.col("i") < pl.col("cash_micro") % pl.col("k")).cast(pl.Int64)
    first = pl.col("i") == 0
    return (
        base.filter(pl.col("type").is_in([SPLIT, MERGE]))
        .drop("outcome")
        .join(parts, on="market", how="inner")
        .select(
            "ts_s", "wallet", "market", "outcome", pl.col("type").alias("kind"),
            (sign * pl.col("size_micro")).alias("shares_micro"), (-sign * cash).alias("cash_micro"),
            pl.when(first).then(pl.col("fee_micro")).otherwise(0).alias("fee_micro"),
            pl.lit(ONE // 2, pl.Int64).alias("price_micro"),
        )
    )  # fmt: skip


def realised(moves: pl.DataFrame) -> pl.DataFrame:
    """``moves`` with realised_micro, held_micro and open_cost_micro after each move, at average cost.

    Selling more than is held opens a short: what came in for it is a negative cost, bought back or owed at the payout.
    Fees are not in it (they are a loss when paid).
    """
    new = moves.select(pl.struct(_POSITION) != pl.struct(_POSITION).shift(1)).to_series().fill_null(value=True)
    gains: list[int] = []
    holdings: list[int] = []
    costs: list[int] = []
    held = cost = 0
    for fresh, shares, cash in zip(
        new.to_list(), moves["shares_micro"].to_list(), moves["cash_micro"].to_list(), strict=True
    ):
        if fresh:
            held = cost = 0
        held, cost, gain = step(held, cost, shares, cash)
        gains.append(gain)
        holdings.append(held)
        costs.append(cost)
    return moves.with_columns(
        pl.Series("realised_micro", gains, dtype=pl.Int64),
        pl.Series("held_micro", holdings, dtype=pl.Int64),
        pl.Series("open_cost_micro", costs, dtype=pl.Int64),
    )


def step(held: int, cost: int, shares: int, cash: int) -> tuple[int, int, int]:
    """One move: shares held and their cost before -> after, and what it realised. ``shares`` and ``cash`` are signed, +
    is received. A partial exit takes its part of the cost, rounded down; the last one takes all that is left.
    """
    left = held + shares
    if left == 0:
        return 0, 0, cash - cost
    if held * shares >= 0:
        return left, cost - cash, 0
    if left * held > 0:
        removed = cost * abs(shares) // abs(held)
        return left, cost - removed, cash - removed
    closing = cash * abs(held) // abs(shares)
    return left, closing - cash, closing - cost


def positions(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> pl.DataFrame:
    """One row per (wallet, market, outcome): net_cash_micro, net_shares_micro, realised_micro, open_cost_micro,
    payout_micro (per share: 0 or one dollar, null while unresolved), settlement_micro (null while unresolved),
    mark_price_micro (last print), ever_short. realised + settlement = net cash + net shares x payout, exactly.

    ``BadInput`` as ``known_fills`` and ``market_facts``.
    """
    known = known_fills(fills, as_of_s)
    facts = market_facts(known, resolutions, as_of_s)
    return position_table(realised(movements(known, facts)), facts)


def position_table(moves: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """``positions`` from moves that are ``realised`` already."""
    marks = last_prints(moves)
    paid = pl.when(pl.col("winner").str.to_lowercase() == pl.col("outcome").str.to_lowercase()).then(ONE).otherwise(0)
    held = pl.col("net_shares_micro")
    return (
        moves.group_by(*_POSITION, maintain_order=True)
        .agg(
            pl.col("cash_micro").sum().alias("net_cash_micro"),
            pl.col("shares_micro").sum().alias("net_shares_micro"),
            pl.col("realised_micro").sum(),
            pl.col("open_cost_micro").last(),
            (pl.col("held_micro").min() < 0).alias("ever_short"),
        )
        .join(facts.select("market", "winner", "resolved"), on="market", how="left")
        .join(marks, on=["market", "outcome"], how="left")
        .with_columns(pl.when("resolved").then(paid.cast(pl.Int64)).alias("payout_micro"))
        .with_columns(
            pl.when(pl.col("payout_micro") == ONE)
            .then(held - pl.col("open_cost_micro"))
            .when(pl.col("payout_micro") == 0)
            .then(-pl.col("open_cost_micro"))
            .alias("settlement_micro")
        )
        .drop("winner")
    )


def last_prints(moves: pl.DataFrame) -> pl.DataFrame:
    """market, outcome, mark_price_micro: the price of the last trade of each outcome, over all wallets."""
    trades = moves.filter(pl.col("kind").is_in(["BUY", "SELL"]) & (pl.col("shares_micro") != 0))
    return (
        trades.sort("ts_s", "price_micro")
        .group_by("market", "outcome")
        .agg(pl.col("price_micro").last().alias("mark_price_micro"))
    )
