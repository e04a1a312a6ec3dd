import polars as pl
import pytest

from shared.analytics.categories import OTHER, category_expr, category_mix, category_of


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("btc-updown-5m-1773722100", "crypto_updown"),
        ("Bitcoin Up or Down - March 17", "crypto_updown"),
        ("will-bitcoin-hit-100k", "crypto"),
        ("georgia_senate", "politics"),
        ("pa_08_house", "politics"),
        ("nba-lal-bos-2026-01-08", "sports"),
        ("fed-rate-cut-in-march", "economy"),
        ("highest-temperature-in-london", "weather"),
        ("will-it-happen", "event"),
        ("", "event"),
    ],
)
def test_the_category_is_told_from_the_name(name: str, category: str) -> None:
    assert pl.DataFrame({"slug": [name]}).select(category_expr(pl.col("slug"))).item() == category
    assert category_of(name) == ("" if category == OTHER else category)


def test_the_mix_counts_markets_largest_first() -> None:
    table = pl.DataFrame({"wallet": ["a"] * 4 + ["b"], "category": ["x", "y", "x", "x", "y"]})
    rows = {row["wallet"]: row for row in category_mix(table).iter_rows(named=True)}
    assert rows["a"]["category_mix"] == "x 75%, y 25%"
    assert (rows["b"]["category"], rows["b"]["category_share"]) == ("y", 1.0)
