"""Book snapshots: best first, never crossed, mirrored between the two tokens, and dense where there is trading."""

import polars as pl

from tests.shared.adapters.synthetic.day import Day


def best(day: Day) -> pl.DataFrame:
    return day.books.with_columns(
        bid=pl.col("bids").list.first().struct.field("price"), ask=pl.col("asks").list.first().struct.field("price")
    )


def test_levels_stand_best_first_one_tick_apart(short_day: Day) -> None:
    for side, step in (("bids", -0.01), ("asks", 0.01)):
        prices = short_day.books.get_column(side).list.eval(pl.element().struct.field("price"))
        steps = prices.list.diff(null_behavior="drop").explode().drop_nulls()
        assert ((steps - step).abs() < 1e-9).all()
        assert prices.list.len().max() == 5
        assert prices.explode().drop_nulls().is_between(0.01, 0.99).all()
        sizes = short_day.books.get_column(side).list.eval(pl.element().struct.field("size")).explode().drop_nulls()
        assert (sizes >= 5).all()


def test_books_are_in_order_of_time_and_never_crossed(house_day: Day) -> None:
    assert house_day.books.get_column("ts_ns").is_sorted()
    spread = best(house_day).select((pl.col("ask") - pl.col("bid")).alias("spread")).drop_nulls().get_column("spread")
    assert spread.is_between(0.0099, 0.0401).all()


def test_the_second_token_mirrors_the_first(short_day: Day) -> None:
    both = best(short_day).group_by("ts_ns", "conditionId").agg(pl.len(), bid=pl.col("bid"), ask=pl.col("ask"))
    pairs = both.filter(pl.col("len") == 2)
    assert pairs.height > 0.99 * both.height
    mirrored = pairs.get_column("bid").list.first() + pairs.get_column("ask").list.last()
    assert ((mirrored.drop_nulls() - 1.0).abs() < 1e-9).all()


def test_active_tokens_are_seen_about_every_ten_seconds(short_day: Day) -> None:
    window = short_day.markets.filter(pl.col("kind") == "crypto_updown").row(0, named=True)
    seen = short_day.books.filter(pl.col("asset") == window["token_ids"][0])
    assert 25 <= seen.height <= 30


def test_takers_pay_near_the_last_book(short_day: Day) -> None:
    quoted = best(short_day).select("asset", "bid", "ask", timestamp=pl.col("ts_ns") // 1_000_000_000)
    prints = short_day.prints.select("asset", "timestamp", "price").sort("timestamp")
    near = prints.join_asof(quoted.sort("timestamp"), on="timestamp", by="asset", tolerance=10).drop_nulls()
    off = (near.get_column("price") - (near.get_column("bid") + near.get_column("ask")) / 2).abs()
    assert near.height > 1_000
    assert float(off.quantile(0.5) or 1.0) < 0.03
