"""The ranking as the trader reads it: who is followed from now on, with the record that sizing starts from.

Two different things are published of a wallet. WHETHER it is followed comes from its followers' returns: the rank, the
gates and the capital it is given. HOW LARGE a copy is starts from its own edge, the mean over its resolved markets of
(payout - price paid) of the shares it bought: the engine adds the same measure as further markets resolve, shrinks it
towards none, and takes off what following costs (worst price, fee). A follower's edge here would pay that twice.

Capital shares (``allocation``) decide who is on the list and are shown; the engine bounds each wallet by its own limits
(30% of equity, the first tier's cap), not by its share.
"""

import math
from collections.abc import Mapping

import polars as pl

from shared.analytics.categories import OTHER
from shared.analytics.profile import DAYS_MIN
from shared.analytics.scorecard import Scorecard
from shared.analytics.voices import voices
from shared.domain.instants import SECOND
from shared.domain.money import micro_of_float
from shared.domain.tables import Voices
from shared.domain.whale import RankedWallet, Ranking

WATCHED_MAX = 100
SOURCE = "scored"
SHORT_SOURCE = "scored, short history"
SHORT_WATCHED_MAX = 30
"""The first two tiers of the specification (10 and 20 wallets): where there is too little history to give any of them
capital by the gates, more wallets would mean worse ones."""
SHORT_DAYS = DAYS_MIN
"""Fewer days of history than this cannot state an annualised Sharpe ratio, so no wallet can pass the gates."""
_CALLED = {"market": pl.String, "called": pl.String}


def ranking_of(card: Scorecard, watched_max: int = WATCHED_MAX) -> Ranking:
    """The watch list of a score table: the best ranked wallets that pass the gates and were given capital."""
    return _ranking(card, pl.col("allocation") > 0.0, watched_max, SOURCE)


def short_ranking_of(card: Scorecard, watched_max: int = SHORT_WATCHED_MAX) -> Ranking:
    """The watch list where the history is hours long: for replays only, never published.

    Eligible wallets whose followers gained on average, by the lower end of the interval. Eligibility is the same; of
    the gates only the sign of the mean remains, because quality and the annualised ratio need days that are not there,
    and wallets that move alike are not thinned out: on one day most of the informed do.
    """
    return _ranking(card, pl.col("eligible") & (pl.col("mean_return") > 0.0), watched_max, SHORT_SOURCE)


def why_nobody(card: Scorecard) -> str:
    """What keeps a table's wallets from being followed, the commonest first, in words for people."""
    barred = (
        card.detail.filter(pl.col("allocation") <= 0.0)
        .select(why=pl.when("eligible").then("gate").otherwise("reason"))
        .group_by("why")
        .len()
        .sort("len", "why", descending=[True, False])
    )
    return ", ".join(f"{n:,} {str(why).replace('_', ' ')}" for why, n in barred.iter_rows()) or "no wallets"


def voices_of(
    card: Scorecard, fills: pl.DataFrame, ranking: Ranking, categories: Mapping[str, str] | None = None
) -> Voices:
    """Which of a watch list's wallets are independent voices, from what its score table was made of.

    ``fills``: those the table was made from. ``categories``: market -> what its markets are called by those who trade
    on the table; others are called as scoring does. What fits no category is no field that one could specialise in.
    """
    clusters = card.detail.filter(pl.col("cluster").is_not_null()).select("wallet", "cluster")
    called = categories or {}
    known = pl.DataFrame({"market": list(called), "called": list(called.values())}, schema=_CALLED)
    category = pl.coalesce("called", pl.col("category").replace(OTHER, ""))
    records = card.records.join(known, on="market", how="left").with_columns(category=category)
    wallets = [one.wallet for one in ranking.wallets]
    return voices(fills, ranking.as_of, wallets, dict(clusters.iter_rows()), records)


def _ranking(card: Scorecard, wanted: pl.Expr, watched_max: int, source: str) -> Ranking:
    chosen = card.detail.filter(wanted).head(watched_max)
    wallets = tuple(_ranked(row, place) for place, row in enumerate(chosen.iter_rows(named=True), start=1))
    return Ranking(card.as_of_s * SECOND, source, wallets)


def _ranked(row: dict[str, object], place: int) -> RankedWallet:
    n = int(_number(row, "n_bought"))
    mean, ratio = _number(row, "mean_return"), _number(row, "sharpe")
    # The ratio's interval in units of the return: the deviation is the mean over the ratio.
    low = mean * _number(row, "sharpe_low") / ratio if ratio != 0.0 else 0.0
    return RankedWallet(
        wallet=str(row["wallet"]),
        rank=place,
        n_markets=n,
        edge_total=micro_of_float(_number(row, "buy_edge")) * n,
        mean_return=micro_of_float(mean),
        return_low=micro_of_float(low),
        volume=micro_of_float(_number(row, "volume_usd")),
    )


def _number(row: dict[str, object], name: str) -> float:
    value = row[name]
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
