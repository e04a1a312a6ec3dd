"""Who is followed in a walk-forward replay: the scored ranking, made from what was known at one instant.

A recording of ten days or more is held to the published gates. A shorter one cannot be: the annualised Sharpe ratio
needs days. There the eligible wallets whose followers gained are followed, best lower bounds first
(``short_ranking_of``), and the sentence says so. Only trades are read, not splits, merges or redemptions: a wallet that
sells sets it minted counts as one with an incomplete history and is not followed.
"""

import polars as pl
from msgspec import Struct

from shared.analytics.published import SHORT_DAYS, ranking_of, short_ranking_of, voices_of, why_nobody
from shared.analytics.scorecard import Scorecard, score_wallets
from shared.analytics.scoring import ScoringRules
from shared.domain.instants import DAY, SECOND, iso
from shared.domain.tables import Voices
from shared.domain.whale import Ranking


class Followed(Struct, frozen=True):
    """A watch list and one sentence for people: on what it rests, or why it is empty.

    ``voices``: which of its wallets speak for themselves; None where nothing was known of them.
    """

    ranking: Ranking
    sentence: str
    voices: Voices | None = None


def fills_of(prints: pl.DataFrame) -> pl.DataFrame:
    """A recording's trades (``Recording.trades``: ts_ns, wallet, market, token, outcome, side, price, size in
    millionths; slug and tx where known) as the fills that scoring reads. Cash is price times size, rounded down. Time
    and price stand for a transaction that is not named, whatever the order of the rows.
    """
    slug = pl.col("slug") if "slug" in prints.columns else pl.lit("")
    moment = pl.format("@{}:{}", pl.col("ts_ns") // SECOND, pl.col("price"))
    named = pl.col("tx").fill_null("") if "tx" in prints.columns else pl.lit("")
    return prints.select(
        ts_s=pl.col("ts_ns") // SECOND,
        wallet="wallet",
        market="market",
        slug=slug,
        token=pl.col("token"),
        outcome="outcome",
        side="side",
        price_micro=pl.col("price").cast(pl.Int64),
        size_micro=pl.col("size").cast(pl.Int64),
        cash_micro=(pl.col("price").cast(pl.Int128) * pl.col("size").cast(pl.Int128) // 1_000_000).cast(pl.Int64),
        tx=pl.when(named != "").then(named).otherwise(moment),
        type=pl.lit("TRADE"),
        inferred=pl.lit(value=False),
    )


def score_recording(
    prints: pl.DataFrame,
    resolutions: pl.DataFrame,
    markets: dict[str, str],
    as_of: int,
    rules: ScoringRules | None = None,
) -> Scorecard:
    """The score table at ``as_of`` (nanoseconds) of a recording's trades; ``markets``: market -> slug."""
    return score_wallets(_fills_by(prints, markets, as_of), resolutions, as_of // SECOND, rules)


def _fills_by(prints: pl.DataFrame, markets: dict[str, str], as_of: int) -> pl.DataFrame:
    """The fills up to ``as_of`` with their markets' slugs."""
    slugs = pl.DataFrame(
        {"market": list(markets), "slug": list(markets.values())}, schema_overrides={"slug": pl.String}
    )
    fills = fills_of(prints.filter(pl.col("ts_ns") <= as_of)).drop("slug").join(slugs, on="market", how="left")
    return fills.with_columns(pl.col("slug").fill_null(""))


def walk_forward(
    prints: pl.DataFrame,
    resolutions: pl.DataFrame,
    markets: dict[str, str],
    as_of: int,
    rules: ScoringRules | None = None,
    categories: dict[str, str] | None = None,
) -> Followed:
    """Who is followed from ``as_of`` (nanoseconds) on, from trades and resolutions known by then only.

    ``categories``: market -> category of those that name one; the others' is read from their slug.
    """
    known = prints.filter(pl.col("ts_ns") <= as_of)
    first = known["ts_ns"].min()
    if not isinstance(first, int):
        return Followed(Ranking(as_of, "scored", ()), "nobody traded before the recording's middle: nobody is followed")
    fills = _fills_by(known, markets, as_of)
    card = score_wallets(fills, resolutions, as_of // SECOND, rules)
    # The list begins where the recording was cut, to the nanosecond; the table knows whole seconds.
    days = (as_of - first) / DAY
    short = days < SHORT_DAYS
    found = short_ranking_of(card) if short else ranking_of(card)
    ranking = Ranking(as_of, found.source, found.wallets)
    table = voices_of(card, fills, ranking, categories) if ranking.wallets else None
    return Followed(ranking, _sentence(card, ranking, days, short=short), table)


def _sentence(card: Scorecard, ranking: Ranking, days: float, *, short: bool) -> str:
    eligible = int(card.table["eligible"].sum())
    known = f"what happened before {iso(ranking.as_of)[:19]}Z ({eligible:,} of {card.table.height:,} wallets eligible)"
    if not ranking.wallets:
        return f"nobody qualifies on {known}: {why_nobody(card)}"
    rule = "those that pass the published gates"
    if short:
        rule = (
            f"{days:.1f} days are too few for the published gates, which need {SHORT_DAYS}: the best lower bounds "
            "among the eligible whose followers gained"
        )
    return f"following {len(ranking.wallets)} wallets, ranked on {known}; {rule}"
