"""A book that is empty for a moment is not sold into; a fall that stands is."""

from copy import deepcopy

import pytest

from shared.domain.instants import SECOND
from shared.domain.money import ONE, Fraction, Price
from shared.domain.order import OrderType
from shared.engine.leaving import Step
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON
from tests.shared.engine.exits_builders import ALL, LEVELS, TOKEN, at_second, bid_at, bids, step, watching


def test_a_book_that_is_empty_for_a_moment_is_not_sold_into() -> None:
    exits = watching()
    exits.marked(TOKEN, 500_000, NOON - 60 * SECOND)
    assert exits.marked(TOKEN, 10_000, NOON)
    made = step(exits, bid_at(10_000))
    assert made == Step(Price(490_000), ALL, OrderType.GTC, LEVELS.exit_step_ns, 1)


@pytest.mark.parametrize(("bid", "believed"), [(375_000, True), (374_999, False)])
def test_a_fall_by_the_dearest_slip_is_believed_at_once_and_a_deeper_one_is_not(bid: int, believed: bool) -> None:
    exits = watching()
    exits.marked(TOKEN, 500_000, NOON - 60 * SECOND)
    exits.marked(TOKEN, bid, NOON)
    made = step(exits, bid_at(bid))
    assert made is not None
    assert (made.order_type is OrderType.FAK) == believed


@pytest.mark.parametrize(("after", "believed"), [(3 * SECOND, True), (3 * SECOND - 1, False)])
def test_a_deep_fall_that_stands_for_a_step_is_believed(after: int, believed: bool) -> None:
    exits = watching()
    exits.marked(TOKEN, 500_000, NOON - 60 * SECOND)
    exits.marked(TOKEN, 200_000, NOON)
    step(exits, bid_at(200_000), free=ONE)  # too little to rest
    made = step(exits, bid_at(200_000, NOON + after), NOON + after)
    assert made is not None
    assert (made.order_type is OrderType.FAK) == believed


def test_a_hole_is_remembered_while_nobody_bids_at_all() -> None:
    exits = watching()
    exits.marked(TOKEN, 500_000, NOON - 60 * SECOND)
    exits.marked(TOKEN, 10_000, NOON)
    step(exits, bid_at(10_000), free=ONE)
    made = step(exits, bids(at=at_second(2)), at_second(2), last=400_000)
    assert made is not None
    assert made.limit == 490_000
    later = step(exits, bids(at=at_second(5)), at_second(5), last=400_000)
    assert later is not None
    assert later.limit == 380_000


def test_a_fall_over_seconds_is_no_hole() -> None:
    exits = watching()
    for number, price in enumerate((500_000, 400_000, 310_000)):
        exits.marked(TOKEN, price, at_second(2 * number))
    made = step(exits, bid_at(310_000, at_second(5)), at_second(5))
    assert made is not None
    assert made.order_type is OrderType.FAK


def test_a_hole_that_closes_and_opens_again_has_to_stand_anew() -> None:
    exits = watching()
    exits.marked(TOKEN, 500_000, NOON - 60 * SECOND)
    for number, bid in enumerate((200_000, 495_000, 200_000)):
        at = at_second(number)
        exits.marked(TOKEN, bid, at)
        step(exits, bid_at(bid, at), at, free=ONE)
    made = step(exits, bid_at(200_000, at_second(4)), at_second(4))
    assert made is not None
    assert made.limit > 400_000


@pytest.mark.parametrize(
    ("told", "asked", "lately"),
    [
        (((0, 500_000), (1, 200_000)), 2.9, 500_000),  # within the window of the high price
        (((0, 500_000), (1, 200_000), (4, 210_000)), 6.9, 500_000),  # in the window after it
        (((0, 500_000), (1, 200_000), (4, 210_000), (7, 205_000)), 7, 210_000),  # two windows later it is forgotten
        (((0, 500_000), (1, 200_000)), 3, 500_000),  # the window is over, and nothing was told since
        (((0, 500_000), (1, 200_000)), 6, 200_000),  # nothing was told for longer: the last price has stood
        (((0, 500_000), (20, 200_000)), 20, 500_000),  # it stood until the moment of the fall
        (((0, 500_000), (1, 200_000), (20, 190_000)), 20, 200_000),
        (((0, 200_000), (1, 500_000), (2, 0), (2, 300_000)), 2, 500_000),  # no price changes nothing
        ((), 5, 0),
    ],
)
def test_what_could_be_had_lately_is_the_highest_price_of_this_window_and_the_one_before(
    told: tuple[tuple[float, int], ...], asked: float, lately: int
) -> None:
    off = Fraction(0)
    windows = 3 * SECOND
    exits = watching(Limits(stop_loss=off, take_profit=off, trailing_stop=off, retry_first_ns=windows))
    for second, price in told:
        exits.marked(TOKEN, price, at_second(second))
    exits.flatten(at_second(asked))
    believed = lately * 75 // 100
    doubted = step(deepcopy(exits), bid_at(max(believed - 1, 1), at_second(asked)), at_second(asked))
    made = step(exits, bid_at(max(believed, 1), at_second(asked)), at_second(asked))
    assert made is not None
    assert doubted is not None
    assert made.order_type is OrderType.FAK
    assert doubted.order_type is (OrderType.GTC if lately else OrderType.FAK)
