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
