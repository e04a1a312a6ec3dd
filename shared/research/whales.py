"""The scored ranking in a walk-forward replay: the same signature as the simple one, the real thing behind it."""

import polars as pl

from shared.analytics.published import ranking_of
from shared.analytics.scorecard import Scorecard, score_wallets
from shared.analytics.scoring import ScoringRules
from shared.domain.instants import SECOND
from shared.domain.whale import Ranking


def fills_of(prints: pl.DataFrame) -> pl.DataFrame:
    """A recording's trades (``Recording.trades``: ts_ns, wallet, market, token, outcome, side, price, size in
    millionths; slug and tx where known) as the fills that scoring reads. Cash is price times size, rounded.
    """
    slug = pl.col("slug") if "slug" in prints.columns else pl.lit("")
    tx = pl.col("tx") if "tx" in prints.columns else pl.format("row-{}", pl.int_range(pl.len()))
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
        tx=tx,
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
    slugs = pl.DataFrame(
        {"market": list(markets), "slug": list(markets.values())}, schema_overrides={"slug": pl.String}
    )
    fills = fills_of(prints.filter(pl.col("ts_ns") <= as_of)).drop("slug").join(slugs, on="market", how="left")
    return score_wallets(fills.with_columns(pl.col("slug").fill_null("")), resolutions, as_of // SECOND, rules)


def walk_forward(prints: pl.DataFrame, resolutions: pl.DataFrame, markets: dict[str, str], as_of: int) -> Ranking:
    """The watch list at ``as_of`` (nanoseconds), from trades and resolutions known by then only."""
    return ranking_of(score_recording(prints, resolutions, markets, as_of))
