"""Charts of results and of markets: what they draw of their rows."""

from typing import Any

import pytest

from dashboard.charts import POINTS_MAX
from dashboard.inks import INK
from dashboard.market_results import Bet, calibration, result_rows
from dashboard.money_charts import day_bars, hour_bars, part_bars, underwater, win_line
from dashboard.performance import Result, Sum, hourly, shares_of
from dashboard.result_charts import belief_chart, calibration_chart, heat_map, result_bars
from dashboard.state import Point
from shared.domain.instants import DAY, HOUR, MINUTE
from shared.domain.money import ONE, dollars
from tests.dashboard.fakes import NOW


def marks_of(spec: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in spec["layer"]]


def test_the_drawdown_hangs_from_zero_in_utc_and_keeps_its_depth_however_many_points() -> None:
    points = [Point(NOW + n * MINUTE, dollars(100)) for n in range(5_000)]
    points[1_234] = Point(points[1_234].at, dollars(60))
    spec = underwater(points)
    values = spec["data"]["values"]
    assert len(values) <= POINTS_MAX
    assert min(row["share"] for row in values) == -0.4
    assert spec["encoding"]["x"]["scale"]["type"] == "utc"
    assert [row["label"] for row in values if row["share"]] == ["-40.00%"]


@pytest.mark.parametrize(("span", "clock"), [(DAY, "%H:%M"), (7 * DAY, "%d %b")])
def test_long_spans_name_the_day(span: int, clock: str) -> None:
    spec = underwater([Point(NOW - span, dollars(1)), Point(NOW, dollars(1))])
    assert spec["encoding"]["x"]["axis"]["format"] == clock
    line = win_line([(NOW - span, 0.5), (NOW, 0.6)]).to_dict()
    assert line["layer"][1]["encoding"]["x"]["axis"]["format"] == clock


def test_few_days_carry_their_numbers_and_many_do_not() -> None:
    days = [Result(NOW + n * DAY, (n - 1) * ONE, dollars(100)) for n in range(40)]
    few = day_bars(days[:3], "dark").to_dict()
    assert marks_of(few) == ["bar", "text", "text"]
    assert few["layer"][1]["mark"]["color"] == INK["dark"]
    values = few["layer"][0]["data"]["values"] if "data" in few["layer"][0] else few["data"]["values"]
    assert [(row["day"], row["label"], row["kind"]) for row in values][:2] == [
        ("2026-03-22", "-$1.00", "Loss"),
        ("2026-03-23", "$0.00", "Gain"),
    ]
    assert marks_of(day_bars(days).to_dict()) == ["bar"]


def test_the_win_line_ends_with_the_last_rate_and_marks_the_half() -> None:
    rates = [(NOW + n * HOUR, n / 5_000) for n in range(5_000)]
    spec = win_line(rates).to_dict()
    assert marks_of(spec) == ["rule", "line", "point"]
    values = spec["layer"][1]["data"]["values"] if "data" in spec["layer"][1] else spec["datasets"]
    assert len(values) <= POINTS_MAX + 1
    assert values[-1]["rate"] == rates[-1][1]


def test_parts_carry_their_amount_and_share() -> None:
    spec = part_bars(shares_of([("Free cash", 9_000 * ONE), ("Positions", 1_000 * ONE)], 5)).to_dict()
    assert "$9,000  (90.0%)" in str(spec)
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["Free cash", "Positions"]


def test_hours_are_stacked_by_side_and_told_in_utc() -> None:
    spec = hour_bars(hourly([], NOW)).to_dict()
    assert spec["encoding"]["x"]["scale"]["type"] == "utc"
    assert spec["encoding"]["color"]["scale"]["domain"] == ["Bought", "Sold"]


def test_results_stand_on_top_of_each_other_beside_their_sum() -> None:
    rows = result_rows([("A", Sum("A", 5 * ONE, -2 * ONE)), ("B", Sum("B"))])
    spec = result_bars(rows).to_dict()
    assert marks_of(spec) == ["bar", "rule", "text"]
    words = spec["layer"][2]["data"]["values"]
    assert [(row["total"], row["up"], row["down"]) for row in words] == [("+$3.00", 5.0, -2.0), ("$0.00", 0.0, 0.0)]


@pytest.mark.parametrize(("hours", "marks"), [(2, ["rect", "text"]), (13, ["rect"])])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_cells_carry_their_numbers_where_there_is_room(hours: int, marks: list[str], theme: str) -> None:
    cells = [
        {"market": "m", "full": "m", "hour": f"03-22 {n:02d}h", "value": float(n), "label": str(n), "count": 1}
        for n in range(hours)
    ]
    assert marks_of(heat_map(cells, "Whale flow", theme).to_dict()) == marks


@pytest.mark.parametrize(("least", "scale"), [(0.0, "sqrt"), (-1.0, "linear")])
def test_only_what_is_never_negative_is_coloured_by_its_root(least: float, scale: str) -> None:
    cells = [{"market": "m", "full": "m", "hour": "h", "value": least, "label": "", "count": 1}]
    spec = heat_map(cells, "Our slippage").to_dict()
    assert spec["layer"][0]["encoding"]["color"]["scale"]["type"] == scale


def test_calibration_draws_the_line_on_which_prices_come_true() -> None:
    spec = calibration_chart(calibration([Bet(0.4, won=True)])).to_dict()
    assert marks_of(spec) == ["line", "rule", "point"]
    assert spec["layer"][2]["encoding"]["size"]["field"] == "bets"
    assert spec["layer"][0]["data"]["values"] == [{"price": 0, "rate": 0}, {"price": 1, "rate": 1}]


def test_beliefs_are_told_apart_by_shape_and_not_by_colour_alone() -> None:
    rows = [{"price": 0.4, "p_win": 0.5, "kind": "copied", "reason": "", "market": "", "when": ""}]
    dots = belief_chart(rows).to_dict()["layer"][1]["encoding"]
    assert dots["shape"]["scale"]["range"] == ["circle", "cross"]
    assert dots["color"]["scale"]["domain"] == ["copied", "not copied"]


@pytest.mark.parametrize(("theme", "border"), [("light", 49.0), ("dark", 25.0)])
def test_words_in_cells_change_their_colour_where_the_ramp_is_strong(theme: str, border: float) -> None:
    cells = [
        {"market": "m", "full": "m", "hour": f"{n}h", "value": value, "label": "", "count": 1}
        for n, value in enumerate((0.0, 100.0))
    ]
    test = heat_map(cells, "Whale flow", theme).to_dict()["layer"][1]["encoding"]["color"]["condition"]["test"]
    assert float(test.rpartition(" ")[2]) == pytest.approx(border)
