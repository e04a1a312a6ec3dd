"""Whether what a wallet redeemed and merged equals what its recorded fills brought it, and why where it does not."""

import polars as pl

from shared.analytics.accounts import MERGE, REDEEM, SPLIT, TRADE, known_fills, market_facts
from shared.domain.instants import SECOND
from shared.domain.market import market_from_slug
from shared.domain.money import ONE

REDEEMED_WITHIN_S = 600
"""Redemptions follow the end of an up/down window by 5-8 minutes; a recording that ends sooner misses them."""
SILENCE_S = 310
"""A wallet that trades every five-minute window is silent for at most one of them."""
FEE_STEP_MICRO = 10
"""Fees have five decimals (polymarket.md 1.8)."""
_KEY = ("wallet", "market")

EXACT = "exact"
NO_WINNER = "no winner known"
CAUSES = (
    EXACT,
    NO_WINNER,
    "rounding of one millionth",
    "history starts in or after the market",
    "recording ends before the redemption",
    "hole in the recording",
    "winner contradicted by the redemptions",
    "equal fill missing",
    "fills missing",
    "fee taken in shares",
    "shares not redeemed",
)


def reconcile(fills: pl.DataFrame, resolutions: pl.DataFrame) -> pl.DataFrame:
    """One row per (wallet, market) with the account of the winning side: bought_micro, sold_micro, split_micro,
    merged_micro, redeemed_micro, residual_micro = bought - sold + split - merged - redeemed (millionths of a share),
    exact, within_1pct (of the larger of what came in and what went out), cause and evidence (a sentence; empty when
    exact).

    Markets without a winner have cause ``NO_WINNER`` and null amounts: they are counted, never guessed. A redemption
    that really was a merge after the close takes as many winning shares, so the residual does not depend on the
    inference.
    ``BadInput`` as ``returns.wallet_markets``.
    """
    known = known_fills(fills, None).filter(pl.col("market") != "")
    facts = market_facts(known, resolutions)
    span = known.group_by("wallet").agg(
        pl.col("ts_s").min().alias("wallet_first"), pl.col("ts_s").max().alias("wallet_last")
    )
    table = (
        _amounts(known, facts)
        .join(_starts(facts), on="market")
        .join(span, on="wallet")
        .join(_twins(known, facts), on=_KEY, how="left")
    )
    table = table.join(_silences(known, table), on=_KEY, how="left")
    judged = table.with_columns(_cause().alias("cause"))
    residual = pl.col("residual_micro")
    largest = pl.max_horizontal(
        pl.col("bought_micro") + pl.col("split_micro"),
        pl.col("sold_micro") + pl.col("merged_micro") + pl.col("redeemed_micro"),
    )
    return judged.select(
        *_KEY, "winner", "end_ts", "bought_micro", "sold_micro", "split_micro", "merged_micro", "redeemed_micro",
        "residual_micro", (residual == 0).alias("exact"), (residual.abs() * 100 <= largest).alias("within_1pct"),
        "cause", _evidence().alias("evidence"),
    ).sort(_KEY)  # fmt: skip


def summary(table: pl.DataFrame) -> pl.DataFrame:
    """``reconcile``'s causes: cause, wallet_markets, share (of those with a winner; null for those without), in the
    order of ``CAUSES``.
    """
    judged = table.filter(pl.col("cause") != NO_WINNER).height
    counts = table.group_by("cause").agg(pl.len().cast(pl.Int64).alias("wallet_markets"))
    order = pl.DataFrame({"cause": list(CAUSES)}, schema={"cause": pl.String})
    share = pl.col("wallet_markets") / judged if judged else pl.lit(None, pl.Float64)
    return order.join(counts, on="cause", how="inner", maintain_order="left").with_columns(
        pl.when(pl.col("cause") != NO_WINNER).then(share).alias("share")
    )


def proven_winners(fills: pl.DataFrame) -> pl.DataFrame:
    """key, end_ts, winner of markets where a redemption proves the winner: a wallet that only ever traded one outcome
    and split nothing was paid. ``end_ts`` is the time of the first such redemption; it was not known before.

    Only redemptions stated by the venue count (not ``inferred`` ones); markets with contradicting ones are left out.
    """
    stated = known_fills(fills, None).filter(pl.col("market") != "")
    paid = (pl.col("type") == REDEEM) & (pl.col("cash_micro") > 0) & ~pl.col("inferred")
    held = pl.col("outcome").filter(pl.col("type") == TRADE).unique()
    one_sided = (
        stated.group_by(*_KEY)
        .agg(
            held.len().alias("sides"),
            held.first().alias("winner"),
            (pl.col("type") == SPLIT).any().alias("split"),
            pl.col("ts_s").filter(paid).min().alias("end_ts"),
        )
        .filter((pl.col("sides") == 1) & ~pl.col("split") & pl.col("end_ts").is_not_null())
    )
    return (
        one_sided.group_by("market")
        .agg(pl.col("end_ts").min(), pl.col("winner").unique().alias("winners"))
        .filter(pl.col("winners").list.len() == 1)
        .select(pl.col("market").alias("key"), "end_ts", pl.col("winners").list.first().alias("winner"))
        .sort("key")
    )


def _amounts(known: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Shares in and out of the winning and of the losing side."""
    size, kind, side = pl.col("size_micro"), pl.col("type"), pl.col("side")
    wins = pl.col("outcome").str.to_lowercase() == pl.col("winner").str.to_lowercase()
    amounts = {
        "bought": size.filter(wins & (side == "BUY")),
        "sold": size.filter(wins & (side == "SELL")),
        "split": size.filter(kind == SPLIT),
        "merged": size.filter(kind == MERGE),
        "redeemed": pl.col("cash_micro").filter(kind == REDEEM),
        "lost": pl.when(side == "BUY").then(size).otherwise(-size).filter((kind == TRADE) & ~wins),
    }
    table = (
        known.join(facts.select("market", "winner", "end_ts"), on="market")
        .group_by(*_KEY)
        .agg(
            pl.col("winner").first(),
            pl.col("end_ts").first(),
            pl.col("ts_s").min().alias("first_ts"),
            *(amount.sum().alias(f"{name}_micro") for name, amount in amounts.items()),
        )
        .with_columns(
            pl.when(pl.col("winner").is_not_null()).then(pl.col(f"{name}_micro")).alias(f"{name}_micro")
            for name in amounts
        )
    )
    out = pl.col("split_micro") - pl.col("merged_micro") - pl.col("redeemed_micro")
    return table.with_columns(
        (pl.col("bought_micro") - pl.col("sold_micro") + out).alias("residual_micro"),
        (pl.col("lost_micro") + out).alias("other_residual_micro"),
    )


def _starts(facts: pl.DataFrame) -> pl.DataFrame:
    """market, start_ts: when the window opened, where the slug tells."""
    starts = [market_from_slug(market, slug or market).start_at for market, slug in facts["market", "slug"].iter_rows()]
    seconds = [None if start is None else start // SECOND for start in starts]
    return facts.select("market", pl.Series("start_ts", seconds, dtype=pl.Int64))


def _silences(known: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """wallet, market, silence_s: the longest time without any row of the wallet that overlaps the market's window."""
    rows = known.select("wallet", pl.col("ts_s").alias("to_s")).unique().sort("wallet", "to_s")
    gaps = rows.with_columns(pl.col("to_s").shift(1).over("wallet").alias("from_s")).filter(
        pl.col("to_s") - pl.col("from_s") > SILENCE_S
    )
    odd = table.filter(pl.col("residual_micro") != 0).select(*_KEY, "start_ts", "end_ts")
    overlapping = odd.join(gaps, on="wallet").filter(
        (pl.col("from_s") < pl.col("end_ts")) & (pl.col("to_s") > pl.col("start_ts"))
    )
    return overlapping.group_by(*_KEY).agg((pl.col("to_s") - pl.col("from_s")).max().alias("silence_s"))


def _twins(known: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Sizes of the winning purchases of each (wallet, market): a missing fill often equals one that is there."""
    wins = pl.col("outcome").str.to_lowercase() == pl.col("winner").str.to_lowercase()
    return (
        known.filter((pl.col("type") == TRADE) & (pl.col("side") == "BUY"))
        .join(facts.select("market", "winner"), on="market")
        .filter(wins)
        .group_by(*_KEY)
        .agg(pl.col("size_micro").unique().alias("sizes"))
    )


def _cause() -> pl.Expr:
    """The first explanation that the rows themselves support."""
    residual, winner = pl.col("residual_micro"), pl.col("winner")
    starts_late = pl.col("wallet_first") > pl.col("start_ts")
    ends_early = pl.col("wallet_last") < pl.col("end_ts") + REDEEMED_WITHIN_S
    twin = pl.col("sizes").list.contains(-residual).fill_null(value=False)
    return (
        pl.when(winner.is_null())
        .then(pl.lit(NO_WINNER))
        .when(residual == 0)
        .then(pl.lit(EXACT))
        .when(residual.abs() <= 1)
        .then(pl.lit("rounding of one millionth"))
        .when(starts_late)
        .then(pl.lit("history starts in or after the market"))
        .when((residual > 0) & ends_early)
        .then(pl.lit("recording ends before the redemption"))
        .when(pl.col("silence_s") > SILENCE_S)
        .then(pl.lit("hole in the recording"))
        .when((pl.col("other_residual_micro") == 0) & (pl.col("redeemed_micro") > 0))
        .then(pl.lit("winner contradicted by the redemptions"))
        .when((residual < 0) & twin)
        .then(pl.lit("equal fill missing"))
        .when(residual < 0)
        .then(pl.lit("fills missing"))
        .when(
            (residual % FEE_STEP_MICRO == 0)
            & (residual * 50 <= pl.col("bought_micro"))
            & (pl.col("redeemed_micro") > 0)
        )
        .then(pl.lit("fee taken in shares"))
        .otherwise(pl.lit("shares not redeemed"))
    )


def _evidence() -> pl.Expr:
    """The cause in words, with its numbers."""
    micro = pl.col("residual_micro").abs()
    fraction = (micro % ONE).cast(pl.String).str.zfill(6)
    amount = pl.concat_str((micro // ONE).cast(pl.String), pl.lit("."), fraction)
    first, last, end = (pl.col(name).cast(pl.String) for name in ("wallet_first", "wallet_last", "end_ts"))
    silence = pl.col("silence_s").cast(pl.String)
    told: dict[str, tuple[pl.Expr | str, ...]] = {
        "rounding of one millionth": ("in and out differ by ", amount, " shares"),
        "history starts in or after the market": (
            *("the wallet's first row is from ", first, ", the market ended at ", end, "; "),
            *(amount, " shares do not balance"),
        ),
        "recording ends before the redemption": (
            *("the wallet's last row is from ", last, ", the market ended at ", end, "; "),
            *(amount, " shares were still held"),
        ),
        "hole in the recording": (
            *("no row of the wallet for ", silence, " s within the market's window; "),
            *(amount, " shares do not balance"),
        ),
        "winner contradicted by the redemptions": (
            "the other side balances exactly, this one lacks ",
            amount,
            " shares",
        ),
        "equal fill missing": (amount, " more shares left than came in, and a recorded fill has exactly this size"),
        "fills missing": (amount, " more shares left than came in"),
        "fee taken in shares": (amount, " shares less left than came in: a multiple of 0.00001, below 2% of purchases"),
        "shares not redeemed": (amount, " shares came in and never left"),
    }
    words = [
        pl.when(pl.col("cause") == cause).then(
            pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])
        )
        for cause, parts in told.items()
    ]
    return pl.coalesce(*words, pl.lit(""))
