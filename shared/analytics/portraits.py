"""What a page shows of the best ranked wallets and a score table does not hold: who moves with whom, and who gained
when and at what. Small tables, computed with the ranking and stored beside it; nothing decides by them.
"""

import polars as pl

from shared.analytics.returns import daily_pnl
from shared.analytics.scorecard import Scorecard
from shared.analytics.voices import voices
from shared.domain.instants import SECOND
from shared.domain.money import ONE

WALLETS_MAX = 60
"""Best ranked wallets that are shown: more rows and columns than these nobody can tell apart."""
DAYS_MAX = 30
TOGETHER_SCHEMA = {
    "wallet": pl.String,
    "other": pl.String,
    "correlation": pl.Float64,
    "overlap": pl.Float64,
    "one_voice": pl.Boolean,
}
RESULTS_SCHEMA = {"wallet": pl.String, "by": pl.String, "name": pl.String, "result": pl.Float64, "markets": pl.Int64}
DAY, CATEGORY = "day", "category"


def shown_wallets(card: Scorecard, most: int = WALLETS_MAX) -> list[str]:
    """The best ranked wallets, the best first."""
    ranked = card.table.filter(pl.col("rank").is_not_null()).sort("rank").head(most)
    return [str(wallet) for wallet in ranked["wallet"]]


def together_of(card: Scorecard, fills: pl.DataFrame, most: int = WALLETS_MAX) -> pl.DataFrame:
    """``TOGETHER_SCHEMA``, one row per pair of the best ranked that has anything in common, each pair once.

    ``correlation`` (-1..1, 0: unknown) and ``overlap`` (0..1) as decisions read them (voices.py); ``one_voice``: both
    are counted as one. ``fills``: those the table was made from.
    """
    named = shown_wallets(card, most)
    clusters = card.table.filter(pl.col("cluster").is_not_null()).select("wallet", "cluster")
    found = voices(fills, card.as_of_s * SECOND, named, dict(clusters.iter_rows()))
    rows = [
        (
            pair.wallet_a,
            pair.wallet_b,
            pair.correlation / ONE,
            pair.overlap / ONE,
            found.groups.get(pair.wallet_a, pair.wallet_a) == found.groups.get(pair.wallet_b, pair.wallet_b),
        )
        for pair in found.pairs
    ]
    return pl.DataFrame(rows, schema=TOGETHER_SCHEMA, orient="row")


def results_of(
    card: Scorecard, fills: pl.DataFrame, resolutions: pl.DataFrame, most: int = WALLETS_MAX
) -> pl.DataFrame:
    """``RESULTS_SCHEMA`` of the best ranked: ``by`` day, the wallet's own result in dollars on each of the last 30 UTC
    days on which it did anything (``markets`` null); ``by`` category, its mean ranked return per resolved market (a
    share of the money paid) and of how many ``markets``.
    """
    named = shown_wallets(card, most)
    its = fills.filter(pl.col("wallet").is_in(named))
    first = pl.from_epoch(pl.lit(card.as_of_s - DAYS_MAX * 86_400)).dt.date()
    days = (
        daily_pnl(its, resolutions, card.as_of_s)
        .filter(pl.col("day") > first)
        .select(
            "wallet",
            by=pl.lit(DAY),
            name=pl.col("day").cast(pl.String),
            result=pl.col("pnl_micro") / ONE,
            markets=pl.lit(None, pl.Int64),
        )
    )
    categories = (
        card.records.filter(pl.col("wallet").is_in(named))
        .group_by("wallet", "category")
        .agg(result=pl.col("ret").mean(), markets=pl.col("market").n_unique().cast(pl.Int64))
        .select("wallet", pl.lit(CATEGORY).alias("by"), pl.col("category").alias("name"), "result", "markets")
    )
    return pl.concat([days, categories]).select(*RESULTS_SCHEMA).sort("by", "wallet", "name")
