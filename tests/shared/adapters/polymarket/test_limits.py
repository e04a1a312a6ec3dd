"""The sliding window: never more than the limit in any window, and never a wait that is not needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.limits import DOCUMENTED, RateLimits, SlidingWindow


@given(
    st.integers(min_value=1, max_value=7),
    st.integers(min_value=1, max_value=50),
    st.lists(st.integers(min_value=0, max_value=30), max_size=80),
)
def test_no_window_holds_more_than_the_limit(limit: int, window: int, gaps: list[int]) -> None:
    limiter, now, starts = SlidingWindow(limit, window), 0, list[int]()
    for gap in gaps:
        now += gap
        starts.append(now + limiter.reserve(now))
    assert starts == sorted(starts)
    for first, later in zip(starts, starts[limit:], strict=False):
        assert later - first >= window


def test_a_free_window_costs_no_wait_and_a_full_one_only_the_rest_of_it() -> None:
    limiter = SlidingWindow(2, 100)
    assert [limiter.reserve(0), limiter.reserve(10), limiter.reserve(20), limiter.reserve(300)] == [0, 0, 80, 0]


@pytest.mark.parametrize(("limit", "window"), [(0, 10), (1, 0)])
def test_a_window_without_room_is_refused(limit: int, window: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        SlidingWindow(limit, window)


def test_a_request_counts_on_its_route_and_on_its_service() -> None:
    limits = RateLimits({"data": 3, "data/v2/trades": 2}, margin_percent=100)
    second = 10**9
    assert limits.reserve("data", "/v2/trades", 0) == 0
    assert limits.reserve("data", "/v2/trades", 1 * second) == 0
    assert limits.reserve("data", "/v2/trades", 2 * second) == 8 * second
    assert limits.reserve("data", "/v2/other", 3 * second) == 7 * second
    assert limits.reserve("elsewhere", "/x", 3 * second) == 0


def test_the_defaults_stay_under_the_documented_numbers() -> None:
    limits = RateLimits()
    free = 0
    while limits.reserve("data", "/v2/activity", 0) == 0:
        free += 1
    assert free < DOCUMENTED["data/v2/activity"] == 200
