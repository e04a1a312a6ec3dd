"""A further leg of an intent is a purchase like any other: what has changed meanwhile may deny it."""

import pytest
from msgspec.structs import replace

from shared.domain.instants import SECOND
from shared.domain.messages import (
    FiguresPublished,
    MarketListed,
    OrderRejected,
    OrderReport,
    TimerFired,
    TimerKind,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, Shares
from shared.domain.order import Order, OrderState, Side
from shared.domain.tables import Figures
from tests.shared.engine.builders import PLAIN, House, market, trade


def busy(house: House) -> Order:
    """A copied order that the venue has no time for: its next try waits."""
    order = house.copied()
    house.give(OrderRejected(order.order_key, "425 service not ready"))
    return order


def tried_again(house: House, order: Order) -> bool:
    """Whether the wait is followed by another leg."""
    plans = len(house.plans)
    house.give(TimerFired(TimerKind.NEXT_LEG, order.order_key), 1)
    return len(house.plans) > plans


@pytest.mark.parametrize(("places", "goes_on"), [(1, False), (2, True)])
def test_a_leg_that_would_open_one_position_too_many_is_not_planned(places: int, goes_on: bool) -> None:
    house = House(replace(PLAIN, positions_max=places)).ready("whale", "other")
    house.give(MarketListed(market("n")))
    order = busy(house)
    house.copied(trade("other", "n:yes", tx="tx2"))
    assert tried_again(house, order) is goes_on


def test_a_leg_in_a_position_that_is_held_needs_no_further_place() -> None:
    two = {"phase_life_ns": (SECOND, SECOND), "phase_step": (0, 10_000), "phase_cut": (Fraction(0), Fraction(0))}
    house = House(replace(PLAIN, positions_max=1, **two)).ready()
    order = house.copied()
    house.accept(order)
    house.fill(order, 10 * ONE)
    house.give(OrderReport(order.order_key, OrderState.CANCELED, Shares(10 * ONE)), SECOND)
    assert house.plans[-1].record.order is not None
    assert house.plans[-1].record.order.phase == 2


@pytest.mark.parametrize(("together", "goes_on"), [(PLAIN.topic_positions_max, False), (1, True)])
def test_a_leg_that_would_be_one_more_of_its_topic_is_not_planned(together: int, goes_on: bool) -> None:
    house = House().ready()
    order = busy(house)
    house.give(FiguresPublished(Figures(house.now, correlated={"m": together})))
    assert tried_again(house, order) is goes_on


def test_a_stranger_s_print_of_what_we_hold_counts_after_a_restart() -> None:
    house = House().ready()
    order = house.copied()
    house.accept(order)
    house.fill(order)
    life = house.restarted()
    life.give(WhaleTrade("stranger", "m", "m:yes", Side.SELL, 400_000, ONE, "tx9", 0))
    assert life.engine.desk.marks.held["m:yes"][1] == 400_000
