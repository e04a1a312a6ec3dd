"""What kind of market a wallet trades. The venue's rows carry no category, so it is inferred from slug or title."""

import re

import polars as pl

CATEGORIES: tuple[tuple[str, str], ...] = (
    ("crypto_updown", r"updown|up-or-down|up or down"),
    ("crypto", r"bitcoin|ethereum|solana|dogecoin|\b(btc|eth|sol|xrp|doge|bnb)\b|crypto|token|airdrop"),
    (
        "politics",
        (
            r"election|president|senate|senator|governor|house|congress|mayor|minister|parliament|impeach"
            r"|democrat|republican|trump|biden|harris|nominee|cabinet|referendum"
        ),
    ),
    (
        "sports",
        (
            r"\b(nba|nfl|mlb|nhl|ufc|epl|ucl|fifa|atp|wta|ncaa\w*|cbb|cfb|f1|lol|cs2|dota)\b|dota|\bvs\b|cup|league"
            r"|champion|playoff|tournament|grand-prix|open-winner|spread|total-goals"
        ),
    ),
    ("economy", r"\b(fed|cpi|gdp|inflation|recession|rate-cut|rate-hike|jobs-report|unemployment)\b|interest rate"),
    ("weather", r"weather|temperature|hurricane|rain|snow|earthquake"),
)
"""Category and the pattern (case-insensitive, in slug or title) that makes it; the first that fits wins."""

OTHER = "event"
SPECIALIST_FROM = 0.8
"""Share of a wallet's markets in one category from which it is called a specialist of it."""


def category_of(name: str) -> str:
    """The category of one slug or title, as ``category_expr`` says it; "" where none fits."""
    text = name.lower().replace("_", "-")
    return next((category for category, pattern in CATEGORIES if re.search(pattern, text)), "")


def category_expr(name: pl.Expr) -> pl.Expr:
    """The category of a slug or title."""
    text = name.fill_null("").str.to_lowercase().str.replace_all("_", "-")
    chosen: pl.Expr = pl.lit(OTHER)
    for category, pattern in reversed(CATEGORIES):
        chosen = pl.when(text.str.contains(pattern)).then(pl.lit(category)).otherwise(chosen)
    return chosen


def category_mix(wallet_markets: pl.DataFrame) -> pl.DataFrame:
    """Per wallet: ``category`` (its largest by number of markets), its share ``category_share``, and ``category_mix``
    in words such as ``politics 80%, sports 20%``. ``wallet_markets``: one row per wallet and market, with ``category``.
    """
    return (
        wallet_markets.group_by("wallet", "category")
        .agg(n=pl.len())
        .sort(["wallet", "n", "category"], descending=[False, True, False])
        .with_columns(share=pl.col("n") / pl.col("n").sum().over("wallet"))
        .with_columns(percent=(100.0 * pl.col("share")).round(0, mode="half_away_from_zero").cast(pl.Int64))
        .with_columns(text=pl.format("{} {}%", "category", "percent"))
        .group_by("wallet", maintain_order=True)
        .agg(
            category=pl.col("category").first(),
            category_share=pl.col("share").first(),
            category_mix=pl.col("text").str.join(", "),
        )
    )
