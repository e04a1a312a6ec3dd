import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import instants

AT = 1_774_213_200 * instants.SECOND
INSTANTS = st.integers(0, 10**19)


def test_an_instant_is_written_as_iso_utc_with_microseconds() -> None:
    assert instants.iso(AT + 1_999) == "2026-03-22T21:00:00.000001Z"
    assert instants.iso_day(AT) == "2026-03-22"


@pytest.mark.parametrize(("count", "expected"), [(1, 10**9), (0.5, 5 * 10**8), (0, 0)])
def test_seconds_are_nanoseconds(count: float, expected: int) -> None:
    assert instants.seconds(count) == expected


@given(INSTANTS)
def test_a_day_ends_at_the_next_midnight_and_belongs_to_the_next_day(at: int) -> None:
    end = instants.end_of_day(at)
    assert at < end <= at + instants.DAY
    assert end % instants.DAY == 0
    assert instants.day_of(end) == instants.day_of(at) + 1 == instants.day_of(end - 1) + 1


@given(INSTANTS)
def test_a_week_ends_on_the_next_monday_at_midnight(at: int) -> None:
    end = instants.end_of_week(at)
    assert at < end <= at + 7 * instants.DAY
    assert end % instants.DAY == 0
    assert (end // instants.DAY + 3) % 7 == 0  # day 0, 1970-01-01, was a Thursday: three days after a Monday


def test_sunday_ends_the_week_that_monday_began() -> None:
    monday = instants.end_of_week(AT)  # AT is a Sunday
    assert instants.iso(monday) == "2026-03-23T00:00:00.000000Z"
    assert instants.end_of_week(monday) == monday + 7 * instants.DAY


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (7 * instants.DAY, "7 days"),
        (instants.DAY, "1 day"),
        (instants.HOUR, "1 h"),
        (15 * instants.MINUTE, "15 min"),
        (90 * instants.SECOND, "90 s"),
        (1_500 * instants.MILLISECOND, "1500 ms"),
        (7, "7 ns"),
        (0, "0 ns"),
    ],
)
def test_a_span_is_written_in_the_largest_unit_it_is_whole_in(ns: int, text: str) -> None:
    assert instants.format_span(ns) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ms"),
        (-instants.MICROSECOND, "0 ms"),
        (-350 * instants.MILLISECOND, "-350 ms"),
        (instants.SECOND, "1 s"),
        (instants.MINUTE - 1, "59 s"),
        (59 * instants.MINUTE, "59 min"),
        (2 * instants.HOUR + 5 * instants.MINUTE, "2 h 5 min"),
        (-3 * instants.DAY - 4 * instants.HOUR, "-3 d 4 h"),
    ],
)
def test_a_span_is_told_in_one_or_two_units(ns: int, text: str) -> None:
    assert instants.rough_span(ns) == text
