from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import BARS_MAX, POINTS_MAX, breakdown_rows, decision_breakdown, equity_curve, thin
from dashboard.inks import INK
from dashboard.state import Point
from shared.domain.decision import Reason
from shared.domain.instants import DAY, MINUTE
from shared.domain.money import dollars
from tests.dashboard.fakes import NOW

CAPITAL = dollars(10_000)


def drawn(points: list[Point]) -> dict[str, Any]:
    return equity_curve(points, CAPITAL)


def test_the_curve_shows_every_point_in_utc_with_the_capital_as_a_line() -> None:
    spec = drawn([Point(NOW - MINUTE, dollars(10_010)), Point(NOW, dollars(10_030))])
    rule, line, _, words = spec["layer"]
    assert [row["equity"] for row in line["data"]["values"]] == [10_010.0, 10_030.0]
    assert line["encoding"]["x"]["scale"]["type"] == "utc"
    assert rule["data"]["values"][0]["equity"] == 10_000.0
    assert words["data"]["values"][0]["label"] == "Capital $10,000.00"


@pytest.mark.parametrize(
    ("first", "last", "end", "side"),
    [(40, 1, "left", "top"), (-40, 1, "left", "bottom"), (1, 40, "right", "top"), (1, -40, "right", "bottom")],
)
def test_the_label_of_the_capital_stands_where_the_curve_is_not(first: int, last: int, end: str, side: str) -> None:
    spec = drawn([Point(NOW - MINUTE, CAPITAL + first), Point(NOW, CAPITAL + last)])
    assert (spec["layer"][3]["mark"]["align"], spec["layer"][3]["mark"]["baseline"]) == (end, side)


def test_words_in_a_chart_are_readable_on_dark_and_light() -> None:
    assert decision_breakdown({"stale": 5}, "dark").to_dict()["layer"][1]["mark"]["color"] == INK["dark"]
    assert decision_breakdown({"stale": 5}).to_dict()["layer"][1]["mark"]["color"] == INK["light"]


@pytest.mark.parametrize(("span", "clock"), [(DAY, "%H:%M"), (7 * DAY, "%d %b %H:%M")])
def test_long_spans_name_the_day(span: int, clock: str) -> None:
    spec = drawn([Point(NOW - span, CAPITAL), Point(NOW, CAPITAL)])
    assert spec["layer"][1]["encoding"]["x"]["axis"]["format"] == clock


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=400), st.integers(2, 20).map(lambda n: 2 * n))
def test_thinning_keeps_order_ends_and_extremes(values: list[int], most: int) -> None:
    points = [Point(NOW + n * MINUTE, value) for n, value in enumerate(values)]
    kept = thin(points, most)
    assert len(kept) <= max(most, 1)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert [p.at for p in kept] == sorted({p.at for p in kept})
    assert max(p.equity for p in kept) == max(values)
    assert min(p.equity for p in kept) == min(values)


def test_a_week_of_points_is_thinned_for_the_screen() -> None:
    points = [Point(NOW + n * MINUTE, dollars(n % 50)) for n in range(10_000)]
    assert len(drawn(points)["layer"][1]["data"]["values"]) <= POINTS_MAX


def test_reasons_are_ordered_by_count_and_told_in_words() -> None:
    rows = breakdown_rows({"stale": 5, "copied": 15, "no_edge": 0})
    assert [(row["reason"], row["kind"]) for row in rows] == [("Copied", "copied"), ("Too late", "not copied")]
    assert rows[0]["text"] == "15  (75.0%)"


def test_many_reasons_are_summed_up_without_losing_any() -> None:
    counts = {reason.value: n + 1 for n, reason in enumerate(Reason)}
    rows = breakdown_rows(counts)
    assert len(rows) == BARS_MAX + 1
    assert sum(int(str(row["count"])) for row in rows) == sum(counts.values())
    assert rows[-1]["reason"] == f"Other reasons ({len(Reason) - BARS_MAX})"


def test_the_breakdown_draws_a_bar_and_a_number_for_each_reason() -> None:
    spec = decision_breakdown({"stale": 5, "copied": 15}).to_dict()
    bars, words = spec["layer"]
    assert bars["encoding"]["y"]["sort"] == ["Copied", "Too late"]
    assert words["encoding"]["text"]["field"] == "text"
