"""Telling a new fill from one that is delivered again, against a reference that remembers everything."""

from random import Random
from time import perf_counter_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import ONE
from shared.engine.detection import DELIVERIES_KEPT, Deliveries, DetectionParams
from tests.shared.engine.builders import NOON, trade

WINDOW = 65 * SECOND
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["tx1", "tx2"]),
        st.sampled_from([100 * ONE, 200 * ONE]),
        st.sampled_from(["stream", "poll"]),
        st.integers(0, 2),
    ),
    max_size=40,
)


@given(ROWS)
def test_a_row_is_new_when_its_delivery_shows_more_equal_ones_than_any_delivery_before(
    rows: list[tuple[str, int, str, int]],
) -> None:
    deliveries = Deliveries(WINDOW)
    shown: dict[tuple[str, int], dict[tuple[str, int], int]] = {}
    for n, (tx, size, source, delivery) in enumerate(rows):
        counts = shown.setdefault((tx, size), {})
        most = max(counts.values(), default=0)
        counts[source, delivery] = counts.get((source, delivery), 0) + 1
        expected = counts[source, delivery] > most
        got = deliveries.is_new(trade(tx=tx, size=size, delivery=delivery), source, NOON + n * SECOND)
        assert got is expected, (n, tx, size, source, delivery)


@given(
    st.lists(st.integers(1_000 * ONE, 1_003 * ONE), min_size=1, max_size=5),
    st.lists(st.booleans(), max_size=5),
    st.randoms(use_true_random=False),
)
def test_sources_that_round_differently_never_make_more_fills_than_there_were(
    sizes: list[int], reversals: list[bool], chance: Random
) -> None:
    deliveries = Deliveries(WINDOW)
    for size in sizes:
        assert deliveries.is_new(trade(size=size), "stream", NOON)
    for delivery, backwards in enumerate(reversals, start=1):
        for size in reversed(sizes) if backwards else sizes:
            assert not deliveries.is_new(trade(size=size, delivery=delivery), "stream", NOON)
    order = list(sizes)
    chance.shuffle(order)
    coarse = [round(size, -6) for size in order]
    if max(sizes) - min(sizes) <= ONE // 2:  # then every size is within 0.1% of every other
        assert not any(deliveries.is_new(trade(size=size), "poll", NOON) for size in coarse)


@pytest.mark.parametrize(("size", "new"), [(1_001_000_000, False), (999_000_000, False), (1_002_000_000, True)])
def test_another_source_means_the_same_fill_within_a_tenth_of_a_percent(size: int, new: bool) -> None:
    deliveries = Deliveries(WINDOW)
    assert deliveries.is_new(trade(size=1_000_000_000), "stream", NOON)
    assert deliveries.is_new(trade(size=size), "poll", NOON) is new


def test_near_fills_of_one_source_are_all_taken_by_another_before_one_is_new() -> None:
    deliveries = Deliveries(WINDOW)
    for size in (1_000_000_000, 1_000_500_000):
        assert deliveries.is_new(trade(size=size), "stream", NOON)
    rows = [deliveries.is_new(trade(size=1_000_200_000), "poll", NOON) for _ in range(3)]
    assert rows == [False, False, True]


def test_one_source_never_mixes_up_two_sizes() -> None:
    deliveries = Deliveries(WINDOW)
    assert deliveries.is_new(trade(size=1_000_000_000), "stream", NOON)
    assert deliveries.is_new(trade(size=1_000_100_000), "stream", NOON)


def test_an_exact_size_of_another_source_is_known_although_a_near_one_came_first() -> None:
    deliveries = Deliveries(WINDOW)
    for size in (1_000_000_000, 1_000_500_000):
        assert deliveries.is_new(trade(size=size), "stream", NOON)
    for size in (1_000_500_000, 1_000_000_000):
        assert not deliveries.is_new(trade(size=size), "poll", NOON)


def test_a_third_fill_of_another_source_is_counted_once_for_all() -> None:
    deliveries = Deliveries(WINDOW)
    assert deliveries.is_new(trade(size=1_000_000_000), "stream", NOON)
    assert not deliveries.is_new(trade(size=1_000_100_000), "poll", NOON)
    assert deliveries.is_new(trade(size=1_000_100_000), "poll", NOON)
    assert not deliveries.is_new(trade(size=1_000_000_000), "stream", NOON + 1)
    assert not deliveries.is_new(trade(size=1_000_000_000, delivery=1), "stream", NOON + 2)
    assert not deliveries.is_new(trade(size=1_000_000_000, delivery=1), "stream", NOON + 2)


@given(st.integers(0, 3 * WINDOW), st.integers(0, WINDOW))
def test_a_fill_is_remembered_for_a_whole_window_wherever_it_falls(start: int, later: int) -> None:
    deliveries = Deliveries(WINDOW)
    assert deliveries.is_new(trade(tx="first"), "stream", NOON)
    assert deliveries.is_new(trade(), "stream", NOON + start)
    assert not deliveries.is_new(trade(delivery=1), "stream", NOON + start + later)


def test_a_fill_is_forgotten_after_two_windows_so_memory_stays_bounded() -> None:
    deliveries = Deliveries(WINDOW)
    assert deliveries.is_new(trade(), "stream", NOON)
    assert deliveries.is_new(trade(delivery=1), "stream", NOON + 2 * WINDOW)


def test_a_row_that_every_poll_repeats_for_a_day_does_not_grow() -> None:
    deliveries = Deliveries(WINDOW)
    news = [
        deliveries.is_new(trade(delivery=poll), "poll", NOON + poll * 10 * SECOND)
        for poll in range(8_640)
        for _ in range(2)
    ]
    assert sum(news) == 2
    (entry,) = deliveries._now[trade().tx, "whale", "m:yes", trade().side]
    assert entry.others is not None
    assert len(entry.others) <= DELIVERIES_KEPT


def test_a_look_up_in_a_window_of_200_000_fills_takes_less_than_a_millisecond() -> None:
    deliveries = Deliveries(WINDOW)
    for n in range(200_000):
        deliveries.is_new(trade(tx=f"tx{n}"), "stream", NOON + n)
    took = []
    for n in range(0, 200_000, 40):
        again = trade(tx=f"tx{n}", delivery=1)
        started = perf_counter_ns()
        deliveries.is_new(again, "stream", NOON + 200_000)
        took.append(perf_counter_ns() - started)
    took.sort()
    assert took[len(took) * 95 // 100] < 1_000_000, f"95% of look-ups took {took[len(took) * 95 // 100]} ns"


def test_a_window_shorter_than_what_may_still_be_copied_is_refused() -> None:
    with pytest.raises(BadInput, match="window_ns must not be below max_age_ns 60000000000, not 1"):
        DetectionParams(window_ns=1)
