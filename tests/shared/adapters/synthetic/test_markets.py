"""Markets: windows around the clock, events that end in the day and after it, ids and names."""

import polars as pl

from shared.adapters.synthetic import BASE_TS
from tests.shared.adapters.synthetic.day import Day


def test_windows_of_each_series_follow_each_other_without_a_gap(house_day: Day) -> None:
    windows = house_day.markets.filter(pl.col("kind") == "crypto_updown")
    assert windows.height == 2 * (288 + 96)
    for (_, length), group in windows.with_columns(
        symbol=pl.col("slug").str.slice(0, 3), length=pl.col("end_ts") - pl.col("start_ts")
    ).group_by("symbol", "length"):
        starts = group.get_column("start_ts").sort()
        assert starts[0] == BASE_TS
        assert (starts.diff(null_behavior="drop") == length).all()


def test_slugs_and_titles_are_those_of_the_venue(house_day: Day) -> None:
    first = house_day.markets.row(0, named=True)
    assert first["slug"] == f"btc-updown-5m-{BASE_TS}"
    assert first["question"] == "Bitcoin Up or Down - May 31, 8:00PM-8:05PM ET"
    assert first["outcomes"] == ["Up", "Down"]


def test_ids_slugs_and_questions_are_unique(house_day: Day) -> None:
    for column in ("slug", "conditionId", "question"):
        assert house_day.markets.get_column(column).is_unique().all()
    tokens = house_day.markets.get_column("token_ids").explode()
    assert tokens.len() == 2 * house_day.markets.height
    assert tokens.is_unique().all()


def test_fees_follow_the_kind_of_market(house_day: Day) -> None:
    rates = dict(house_day.markets.group_by("kind").agg(pl.col("fee_rate").unique().sort()).iter_rows())
    assert rates == {"crypto_updown": [0.07], "event": [0.0, 0.04, 0.05]}


def test_many_events_resolve_within_the_day_and_some_do_not(house_day: Day) -> None:
    events = house_day.resolutions.filter(pl.col("asset") == "event")
    open_still = events.filter(pl.col("winner").is_null())
    assert events.height == 60
    assert 5 <= open_still.height <= 30
    assert (open_still.get_column("end_ts") > BASE_TS + 86_400).all()
    assert open_still.get_column("confidence").unique().to_list() == ["none"]
    known = house_day.resolutions.filter(pl.col("winner").is_not_null())
    assert (known.get_column("end_ts") <= BASE_TS + 86_400).all()
    assert known.get_column("confidence").unique().to_list() == ["high"]
    assert set(known.get_column("winner")) == {"Up", "Down", "Yes", "No"}


def test_volume_is_the_notional_of_the_takers(house_day: Day) -> None:
    total = float(house_day.markets.get_column("volume_24h_usd").sum())
    assert abs(total - house_day.summary.volume_usd) < 0.01 * house_day.markets.height
