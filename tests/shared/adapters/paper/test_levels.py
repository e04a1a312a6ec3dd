"""One level: what we took of it is not there twice, and our place in its queue moves by trades and by fair cancels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.paper.levels import REPLACED_AFTER_NS, SAME_MATCH_NS, Level
from shared.domain.messages import PublicTrade
from shared.domain.money import Price, Shares
from shared.domain.order import Side
from shared.engine.matching import Resting
from tests.shared.engine.builders import order

STEPS = st.one_of(
    st.tuples(st.just("show"), st.integers(0, 100)),
    st.tuples(st.just("trade"), st.integers(1, 100)),
    st.tuples(st.just("take"), st.integers(1, 100)),
)


def printed(size: int, tx: str = "p") -> PublicTrade:
    return PublicTrade("m", "m:yes", Side.SELL, 500_000, size, tx, 0)


def queued(level: Level, size: int = 1_000, key: str = "a") -> Resting:
    resting = Resting(order(order_key=key, size=Shares(size), limit=Price(500_000)), 0)
    level.join(resting, told=True)
    return resting


def sold(level: Level, size: int, at: int = 1) -> list[int]:
    """A trade at the price; what of it each of our orders got."""
    level.trade(size, at)
    return [filled for _, filled in level.reach(printed(size), size, at)]


@given(st.integers(0, 100), st.lists(STEPS, max_size=40), st.integers(0, 2 * SAME_MATCH_NS))
def test_what_we_take_is_never_more_than_what_is_displayed_and_was_traded(
    displayed: int, steps: list[tuple[str, int]], pause: int
) -> None:
    level, taken, traded = Level(displayed, 0), 0, 0
    for n, (what, size) in enumerate(steps):
        at = (n + 1) * pause
        if what == "show":
            level.show(size, at)
        elif what == "trade":
            level.trade(size, at)
            traded += size
        else:
            part = min(size, level.available)
            level.take(part)
            taken += part
            assert not part or taken <= level.displayed + traded
        assert 0 <= level.available <= level.displayed
        assert level.taken <= taken


@given(st.integers(1, 100), st.lists(STEPS, max_size=40))
def test_the_queue_ahead_never_grows_but_for_a_misread_trade_and_never_exceeds_what_is_displayed(
    displayed: int, steps: list[tuple[str, int]]
) -> None:
    level = Level(displayed, 0)
    resting = queued(level, 10**6)
    filled = traded = 0
    for n, (what, size) in enumerate(steps):
        before = resting.ahead
        assert before is not None
        if what == "show":
            level.show(size, n)
            assert resting.ahead is not None
            assert resting.ahead <= min(before, size)
        elif what == "trade":
            filled += sum(sold(level, size, n + 1))
            traded += size
            assert filled <= traded
            assert resting.remaining == 10**6 - filled
        assert resting.ahead is not None
        assert 0 <= resting.ahead <= max(level.displayed, 0)
        assert resting.credit >= 0


def test_what_was_taken_outlives_a_flicker_and_more_displayed_is_there_for_us() -> None:
    level = Level(40, 0)
    level.take(40)
    level.show(0, 1)
    level.show(40, 2)
    assert level.available == 0
    level.show(70, 3)
    assert level.available == 30


def test_a_level_absent_for_five_minutes_is_replaced_and_a_moment_less_is_not() -> None:
    for absent, there in ((REPLACED_AFTER_NS, 40), (REPLACED_AFTER_NS - 1, 0)):
        level = Level(40, 0)
        level.take(40)
        level.show(0, 7)
        level.show(40, 7 + absent)
        assert level.available == there


@pytest.mark.parametrize("print_first", [True, False])
def test_a_trade_takes_what_we_left_before_it_gives_back_what_we_took(print_first: bool) -> None:
    level = Level(100, 0)
    level.take(30)
    for size, shown in ((70, 30), (20, 10)):
        for step in ("trade", "show") if print_first else ("show", "trade"):
            if step == "trade":
                level.trade(size, 1)
            else:
                level.show(shown, 1)
        assert level.available == 0
    assert level.taken == 10
    level.show(60, 2)
    assert level.available == 50


def test_a_cancellation_gives_nothing_back() -> None:
    level = Level(100, 0)
    level.take(30)
    level.show(10, 1)
    level.show(100, 2)
    assert level.available == 70


def test_a_cancellation_moves_us_up_pro_rata_and_a_trade_by_all_of_it() -> None:
    level = Level(100, 0)
    resting = queued(level)
    level.show(150, 1)
    level.show(120, 2)
    assert resting.ahead == 80
    assert sold(level, 50, 2 + 2 * SAME_MATCH_NS) == []
    assert resting.ahead == 30
    level.show(70, 2 + 2 * SAME_MATCH_NS)
    assert resting.ahead == 30
    assert sold(level, 45, 3 + 2 * SAME_MATCH_NS) == [15]


def test_a_shrink_that_a_later_print_explains_was_no_cancellation() -> None:
    level = Level(100, 0)
    resting = queued(level)
    level.show(200, 1)
    level.show(140, 2)
    assert resting.ahead == 70
    assert sold(level, 60, 2 + SAME_MATCH_NS) == []
    assert resting.ahead == 40
    assert resting.credit == 0


def test_a_print_long_after_a_shrink_is_another_trade() -> None:
    level = Level(100, 0)
    resting = queued(level)
    level.show(200, 1)
    level.show(140, 2)
    sold(level, 60, 3 + SAME_MATCH_NS)
    assert resting.ahead == 10
    level.show(80, 4 + SAME_MATCH_NS)
    assert resting.ahead == 10


def test_orders_of_ours_at_one_price_share_a_trade_in_turn() -> None:
    level = Level(10, 0)
    queued(level, 5)
    level.show(20, 1)
    queued(level, 50, "b")
    assert sold(level, 12) == [2]
    assert sold(level, 11) == [3]
    assert sold(level, 10) == [8]


def test_an_order_whose_queue_nobody_told_waits_for_a_book() -> None:
    level = Level(0, 0)
    resting = Resting(order(size=Shares(10)), 0)
    level.join(resting, told=False)
    assert sold(level, 100) == []
    level.show(30, 1)
    assert resting.ahead == 30


def test_neither_the_whales_own_trade_nor_one_before_the_order_reaches_it() -> None:
    level = Level(0, 0)
    resting = Resting(order(size=Shares(10), signal_tx="whale"), 5)
    level.join(resting, told=True)
    assert level.reach(printed(10, "whale"), 10, 6) == []
    assert level.reach(printed(10), 10, 5) == []
    assert level.reach(printed(10), 10, 6) == [(resting, 10)]
