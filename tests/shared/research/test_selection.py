import polars as pl
import pytest

from shared.analytics.scoring import ScoringRules
from shared.domain.errors import BadInput
from shared.research.planted import planted_table
from shared.research.selection import conclusion, leaderboard_persistence, select_walk_forward
from tests.shared.analytics.world import DAY, START, betting_world

FAST = ScoringRules(resamples=199)


def test_a_ranking_that_knows_finds_who_gains_later() -> None:
    fills, resolutions = betting_world(wallets=9, markets=120)
    found = select_walk_forward(fills, resolutions, START + 60 * DAY, FAST)
    published = found.table.row(0, named=True)
    assert found.wallets == 9
    assert found.eligible >= 9
    assert published["usd_low"] < published["first_third_usd"] < published["usd_high"]
    assert published["rank_correlation"] > 0.3
    assert found.table["ranking"].to_list()[-1] == "random order"


def test_the_conclusion_says_what_the_interval_allows() -> None:
    fills, resolutions = betting_world(wallets=9, markets=60)
    found = select_walk_forward(fills, resolutions, START + 30 * DAY, FAST)
    row = found.table.row(0, named=True)
    told = conclusion(found)
    assert ("No edge shown" in told) == (row["usd_low"] <= 0 <= row["usd_high"])
    assert f"{found.wallets} wallets" in told


def test_nobody_to_measure_is_said() -> None:
    fills, resolutions = betting_world(wallets=3, markets=20)
    with pytest.raises(BadInput, match="followed after it"):
        select_walk_forward(fills, resolutions, START + 90 * DAY, FAST)


def test_planted_worlds_show_every_ranking_side_by_side() -> None:
    table = planted_table(1, ScoringRules(resamples=49), wallets=100)
    assert table["ranking"][0] == "lower bound"
    assert table.columns == ["ranking", "n = 1,000", "n = 250", "n = 20-1,000"]
    shares = table.drop("ranking")
    assert shares.to_numpy().min() >= 0.0
    assert shares.to_numpy().max() <= 1.0


def test_the_leaderboards_first_day_is_held_against_what_followed() -> None:
    def poll(day: str, pnl: list[float]) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "day": [day] * 4,
                "timestamp_utc": [f"{day}T00:00:00"] * 4,
                "address": list("abcd"),
                "pnl": pnl,
                "rank_pnl": [1, 2, 3, 4],
            }
        )

    found = leaderboard_persistence(
        pl.concat([poll("2026-06-16", [40, 30, 20, 10]), poll("2026-06-27", [80, 60, 40, 20])])
    )
    assert found["wallets"] == 4
    assert found["rank_correlation"] == pytest.approx(1.0)
