"""The numbers behind the charts of a day, and the charts."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.machinery import (
    BUCKETS,
    decisions,
    delays,
    figure,
    latest_words,
    loop,
    machine,
    memory_words,
    rows_of,
    worst,
)
from dashboard.machinery_charts import day_chart
from dashboard.running import Moment
from dashboard.state import SourceShare
from dashboard.words import stamp
from shared.domain.instants import MINUTE, SECOND
from tests.dashboard.fakes import NOW


def moment(n: int, p99: float | None = 4.2) -> Moment:
    sources = {
        "rtds": SourceShare(9, 10, SECOND, 2 * SECOND, 3 * SECOND),
        "fast": SourceShare(9, 10, 1, 2, 3),
        "gamma": SourceShare(),
    }
    return Moment(NOW + n * MINUTE, (0.4, 1.9, p99), (0.2, 3.1), 4.0, sources, 250_000, 400_000_000, 2_000_000_000)


def test_each_line_is_named_and_in_its_unit() -> None:
    day = [moment(0), moment(1)]
    assert {name: line[-1][1] for name, line in decisions(day).items()} == {"p50": 0.4, "p95": 1.9, "p99": 4.2}
    assert {name: line[-1][1] for name, line in loop(day).items()} == {
        "Loop p50": 0.2,
        "Loop p99": 3.1,
        "Store p50": 4.0,
    }
    assert delays(day) == {"Real-time stream": [(NOW, 2.0), (NOW + MINUTE, 2.0)]}
    assert {name: line[-1][1] for name, line in machine(day).items()} == {"Processor": 25.0, "Memory": 20.0}


def test_what_was_not_measured_has_no_line() -> None:
    bare = [Moment(NOW)]
    assert [decisions(bare), loop(bare), delays(bare), machine(bare)] == [{}, {}, {}, {}]
    assert machine([Moment(NOW, cpu=1, memory=5, memory_of=0)]) == {"Processor": [(NOW, 0.0001)]}


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=600), st.integers(2, 60))
def test_a_long_line_keeps_its_worst_and_its_last_and_stays_in_order(values: list[float | None], most: int) -> None:
    day = [moment(n, value) for n, value in enumerate(values)]
    line = worst(day, lambda one: one.decided_ms[2], most)
    told = [(one.at, one.decided_ms[2]) for one in day if one.decided_ms[2] is not None]
    assert len(line) <= max(most, 0)
    assert line == sorted(line)
    assert set(line) <= set(told)
    if told:
        assert line[-1] == told[-1]
        before = [number for _, number in told[:-1]]
        if len(told) <= most:
            assert line == told
        elif before and max(before) > told[-1][1]:
            latest = max(n for n, number in enumerate(before) if number == max(before))
            last_stretch = (told[latest][0] - told[0][0]) * most // (told[-1][0] - told[0][0] + 1) == most - 1
            assert last_stretch or max(number for _, number in line) == max(before)


def test_a_day_is_thinned_to_what_a_screen_shows() -> None:
    day = [moment(n, float(n % 7)) for n in range(1440)]
    assert len(decisions(day)["p99"]) <= BUCKETS


def test_the_latest_numbers_are_told_in_words() -> None:
    lines = {"p50": [(NOW, 0.444)], "p99": [(NOW, 1.0), (NOW + 1, 1234.6)]}
    assert latest_words(lines, "ms") == "p50 0.44 ms, p99 1,235 ms"
    assert latest_words({}, "ms") == "–"
    assert [figure(n) for n in (0.001, 1.26, 99.94, 100.4)] == ["0.00", "1.3", "99.9", "100"]


def test_memory_is_told_in_megabytes() -> None:
    assert memory_words([moment(0), Moment(NOW)]) == "400 MB of 2,000 MB"
    assert memory_words([Moment(NOW, memory=5_000_000)]) == "5 MB"
    assert memory_words([Moment(NOW)]) == "–"


def test_every_line_has_a_colour_and_a_dash_of_its_own_and_every_point_its_words() -> None:
    lines = decisions([moment(0), moment(1)])
    spec = day_chart(lines, "ms", "dark")
    drawn = spec["layer"][0]["encoding"]
    for channel in ("color", "strokeDash"):
        scale = drawn[channel]["scale"]
        assert scale["domain"] == ["p50", "p95", "p99"]
        assert len({str(one) for one in scale["range"]}) == 3
    rows = spec["layer"][1]["data"]["values"]
    assert rows == rows_of(lines, "ms", stamp)
    assert rows[0] == {
        "at": NOW // 1_000_000,
        "value": 0.4,
        "line": "p50",
        "label": "0.40 ms",
        "when": "2026-03-22 22:00:00",
    }


def test_more_lines_than_colours_start_over_without_an_error() -> None:
    lines = {f"line {n}": [(NOW, 1.0), (NOW + 1, 2.0)] for n in range(9)}
    assert len(day_chart(lines, "s")["layer"][0]["encoding"]["color"]["scale"]["range"]) == 9
