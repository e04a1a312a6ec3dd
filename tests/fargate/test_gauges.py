"""The metrics of a deployed trader: ten of them at most, a point a minute, as lines of embedded metric format."""

import json

import pytest

from fargate.boards import gauges_of
from fargate.gauges import GAUGES, Gauges, Since
from shared.domain.instants import MINUTE, SECOND
from shared.observability import make_metrics
from tests.fargate.fakes import NOON, Life
from tests.shared.engine.builders import House


def test_there_are_ten_and_the_table_says_what_each_is() -> None:
    assert [gauge.name for gauge in GAUGES] == [
        "heartbeat",
        "trading_pnl_total",
        "trading_positions_open",
        "trading_orders_submitted",
        "websocket_events_total",
        "feeds_down",
        "loop_lag_ms",
        "decision_ms_p95",
        "orders_in_doubt",
        "store_latency_ms",
    ]
    assert all(gauge.meaning for gauge in GAUGES)


def test_a_point_is_one_line_and_leaves_out_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    Gauges(make_metrics("trader")).write({"heartbeat": 1, "loop_lag_ms": 2.5, "decision_ms_p95": None})
    (line,) = capsys.readouterr().out.splitlines()
    point = json.loads(line)
    (declared,) = point["_aws"]["CloudWatchMetrics"]
    assert (declared["Namespace"], declared["Dimensions"]) == ("House", [["service"]])
    assert declared["Metrics"] == [
        {"Name": "heartbeat", "Unit": "Count"},
        {"Name": "loop_lag_ms", "Unit": "Milliseconds"},
    ]
    assert (point["service"], point["heartbeat"], point["loop_lag_ms"]) == ("trader", [1.0], [2.5])


def test_a_point_is_due_once_a_minute() -> None:
    gauges = Gauges(make_metrics("trader"))
    assert [gauges.due(NOON + at * SECOND) for at in (0, 59, 60, 61, 119, 120)] == [
        True,
        False,
        True,
        False,
        False,
        True,
    ]
    assert gauges.due(NOON + 10 * MINUTE)


def test_a_counter_is_told_as_its_growth() -> None:
    counted = iter((5, 9, 9, 12))
    since = Since(lambda: next(counted))
    assert [since(), since(), since()] == [4, 0, 3]


def test_an_engine_is_measured_in_dollars_and_counts() -> None:
    house = House().ready()
    assert gauges_of(house.engine, 2) == {
        "heartbeat": 1,
        "trading_pnl_total": 0.0,
        "trading_positions_open": 0,
        "feeds_down": 2,
        "orders_in_doubt": 0,
    }


def test_a_trader_writes_a_point_a_minute_while_it_ticks_and_none_where_nobody_measures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    life = Life().begun()
    life.trader.tick(NOON)
    assert capsys.readouterr().out == ""
    life.trader.gauges = Gauges(make_metrics("trader"))
    life.trader.measured = lambda: {"websocket_events_total": 7, "feeds_down": 3}
    for _ in range(62):
        life.trader.tick(life.clock.now())
        life.clock.turn(1)
    points = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(point["heartbeat"], point["websocket_events_total"]) for point in points] == [([1.0], [7.0])] * 2
