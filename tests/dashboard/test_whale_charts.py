from typing import Any

import pytest

from dashboard.inks import AMBER, INK, TEAL
from dashboard.whale_charts import own_and_follower, ratio_interval, wins_and_price


def rows(layer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = layer["data"]["values"]
    return found


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.5), (-0.2, 0.3), (-0.5, -0.1), (0.2, 0.2)])
def test_zero_and_the_whole_interval_are_on_the_axis(low: float, high: float) -> None:
    zero, whisker, dot, words = ratio_interval(low, high, "dark").to_dict()["layer"]
    first, last = whisker["encoding"]["x"]["scale"]["domain"]
    assert first <= min(low, 0.0) <= max(high, 0.0) <= last
    assert rows(zero) == [{"low": 0}]
    assert rows(dot)[0]["middle"] == (low + high) / 2
    assert rows(words)[0]["label"] == f"{low:+.3f} to {high:+.3f}"
    assert words["mark"]["color"] == INK["dark"]


@pytest.mark.parametrize(("paid", "ink"), [(0.49, TEAL), (0.7, AMBER)])
def test_wins_and_price_share_one_axis_and_colour_tells_which_is_larger(paid: float, ink: str) -> None:
    whisker, bar, dot, _, _ = wins_and_price(0.63, 0.55, paid).to_dict()["layer"]
    first, last = whisker["encoding"]["x"]["scale"]["domain"]
    assert first < 0.55 < last
    assert first < paid < last
    assert dot["mark"]["color"] == ink
    assert rows(bar)[0]["label"] == f"pays {100 * paid:.0f} ¢"


def test_without_a_lower_bound_the_whisker_has_no_length() -> None:
    whisker = wins_and_price(1.0, None, 0.9).to_dict()["layer"][0]
    assert rows(whisker)[0]["low"] == 1.0
    assert whisker["encoding"]["x"]["scale"]["domain"][1] == 1.0


@pytest.mark.parametrize(("own", "follower"), [(800.0, 500.0), (800.0, -40.0), (-3.0, -9.0), (0.0, 0.0)])
def test_both_results_start_at_zero_and_carry_their_amounts(own: float, follower: float) -> None:
    spec = own_and_follower(own, follower).to_dict()
    first, last = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert first <= min(0.0, own, follower) <= max(0.0, own, follower) <= last
    assert [row["who"] for row in rows(spec)] == ["The wallet", "A follower"]
    assert rows(spec)[0]["label"] == f"{'-' if own < 0 else '+'}${abs(own):,.0f}"


def test_an_unknown_follower_is_not_drawn() -> None:
    assert [row["who"] for row in rows(own_and_follower(5.0, None).to_dict())] == ["The wallet"]
