"""The store's latency: half of its last answers decide, and nothing is said before there are enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import MILLISECOND
from shared.domain.messages import FeedHealth
from shared.research.store_watch import StoreWatch

FAST, SLOW = 500 * MILLISECOND, 500 * MILLISECOND + 1


def test_nothing_is_said_of_a_few_answers_however_slow() -> None:
    watch = StoreWatch(last=20)
    assert [watch.add(SLOW) for _ in range(19)] == [None] * 19
    assert watch.add(SLOW) == FeedHealth("store", False, "half of the store's answers take 500 ms or more")
    assert watch.slow


def test_answers_of_exactly_half_a_second_are_in_time() -> None:
    watch = StoreWatch(last=4)
    assert [watch.add(FAST) for _ in range(8)] == [None] * 8


@pytest.mark.parametrize(("slow", "told"), [(9, False), (10, True)])
def test_half_of_the_last_answers_decide(slow: int, told: bool) -> None:
    watch = StoreWatch(last=20)
    for took in [FAST] * (20 - slow) + [SLOW] * slow:
        watch.add(took)
    assert watch.slow is told


def test_it_is_said_once_and_taken_back_once() -> None:
    watch = StoreWatch(last=4)
    said = [watch.add(took) for took in [SLOW] * 8 + [FAST] * 8]
    assert [one for one in said if one is not None] == [
        FeedHealth("store", False, "half of the store's answers take 500 ms or more"),
        FeedHealth("store", True, "the store answers in time again"),
    ]


def test_without_answers_there_is_no_median() -> None:
    assert StoreWatch().median == 0


@given(st.lists(st.integers(0, 2 * SLOW), min_size=5, max_size=40))
def test_it_is_slow_exactly_while_most_of_the_last_five_are(took: list[int]) -> None:
    watch = StoreWatch(last=5)
    for n, one in enumerate(took, 1):
        watch.add(one)
        assert watch.slow is (n >= 5 and sum(each > FAST for each in took[n - 5 : n]) >= 3)
