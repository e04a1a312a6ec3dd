"""How a position is left: what each step sells at, when the next one follows, and what is told at the end."""

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.money import ONE, Fraction, Price, Shares, Usd
from shared.domain.order import OrderType
from shared.engine.books import Book
from shared.engine.leaving import Slip, Step, sellable_bid
from tests.shared.engine.builders import NOON, market
from tests.shared.engine.exits_builders import (
    ALL,
    FINE,
    KEY,
    LEVELS,
    TOKEN,
    at_second,
    bid_at,
    bids,
    position,
    sell,
    step,
    stopped,
    watching,
)

RETRY = LEVELS.retry_first_ns


# ---------------------------------------------------------------------- which bid is a price


def test_the_best_bid_of_a_sound_book_is_a_price() -> None:
    assert sellable_bid(bid_at(420_000), NOON, 1) == 420_000


@pytest.mark.parametrize(("age", "price"), [(10 * SECOND, 420_000), (10 * SECOND + 1, 0)])
def test_a_book_is_believed_to_its_largest_age_and_not_longer(age: int, price: int) -> None:
    assert sellable_bid(bid_at(420_000), NOON + age, 10 * SECOND) == price


def test_without_a_largest_age_any_book_is_believed() -> None:
    assert sellable_bid(bid_at(420_000), NOON + 3_600 * SECOND, 0) == 420_000


@pytest.mark.parametrize("book", [None, bids(), bids((420_000, ONE), asks=((420_000, ONE),))])
def test_no_book_an_empty_side_and_a_crossed_book_tell_no_price(book: Book | None) -> None:
    assert sellable_bid(book, NOON, 0) == 0


def test_a_book_without_asks_still_has_a_price_to_sell_at() -> None:
    assert sellable_bid(bids((420_000, ONE), asks=()), NOON, 0) == 420_000


# ---------------------------------------------------------------------- steps on a book


def test_the_first_step_takes_the_bids_down_to_two_percent_at_once() -> None:
    assert step(stopped(), bid_at(420_000)) == Step(Price(410_000), ALL, OrderType.FAK, 0, 1)


def test_each_step_of_time_may_sell_further_below_the_bid_of_its_moment_and_the_last_at_any_price() -> None:
    exits = stopped()
    limits = []
    for number, bid in enumerate((420_000, 410_000, 400_000, 400_000, 400_000)):
        made = step(exits, bid_at(bid, at_second(3 * number)), at_second(3 * number))
        assert made is not None
        assert made.number == number + 1
        limits.append(made.limit)
    assert limits == [410_000, 380_000, 360_000, 300_000, 10_000]


def test_a_limit_is_never_below_one_tick() -> None:
    made = step(stopped(10_000), bid_at(10_000), at_second(3))
    assert made is not None
    assert made.limit == 10_000


def test_an_order_that_met_nobody_is_followed_soon_by_a_dearer_one_but_never_by_any_price() -> None:
    exits = stopped()
    slips = []
    for number in range(4):
        at = NOON + number * RETRY
        assert number == 0 or step(exits, bid_at(400_000, at), at - 1) is None
        made = step(exits, bid_at(400_000, at), at)
        slips.append(made and made.limit)
    assert slips == [390_000, 380_000, 360_000, 300_000]
    again = NOON + 3 * RETRY + LEVELS.exit_step_ns
    assert step(exits, bid_at(400_000, again), again - 1) is None
    made = step(exits, bid_at(400_000, again), again)
    assert made is not None
    assert made.limit == 300_000


def test_an_order_that_sold_something_is_followed_soon_by_one_of_the_same_step() -> None:
    exits = stopped()
    step(exits, bid_at(420_000))
    assert sell(exits, 420_000, 30 * ONE, 70 * ONE) is None
    assert step(exits, bid_at(410_000), NOON + RETRY - 1, 70 * ONE) is None
    assert step(exits, bid_at(410_000), NOON + RETRY, 70 * ONE) == Step(
        Price(400_000), Shares(70 * ONE), OrderType.FAK, 0, 2
    )


def test_what_an_earlier_order_sold_does_not_excuse_one_that_met_nobody() -> None:
    exits = stopped()
    step(exits, bid_at(420_000))
    sell(exits, 420_000, 30 * ONE, 70 * ONE)
    step(exits, bid_at(420_000), NOON + RETRY, 70 * ONE)
    made = step(exits, bid_at(400_000), NOON + RETRY + RETRY, 70 * ONE)
    assert made is not None
    assert made.limit == 380_000


def test_nothing_is_sold_twice_while_an_order_is_open() -> None:
    exits = stopped()
    step(exits, bid_at(420_000))
    assert step(exits, bid_at(420_000), at_second(30), free=0) is None
    assert step(exits, bid_at(420_000), at_second(30), free=9_999) is None
    assert exits.ended(KEY) is None


def test_a_recovering_price_takes_no_stop_back() -> None:
    exits = stopped()
    step(exits, None)
    assert step(exits, bid_at(600_000, at_second(3)), at_second(3)) is not None


def test_a_market_that_takes_no_orders_is_tried_again_from_the_first_step() -> None:
    exits = stopped()
    shut = market(accepting=False)
    assert exits.step(KEY, bid_at(420_000, at_second(20)), 0, ALL, shut, at_second(20)) is None
    made = step(exits, bid_at(420_000, at_second(22)), at_second(22))
    assert made is not None
    assert made.limit == 410_000


def test_a_position_that_is_not_being_left_has_no_step_and_no_report() -> None:
    exits = watching()
    assert step(exits, bid_at(420_000)) is None
    assert exits.ended(KEY) is None
    exits.sold(KEY, 420_000, ALL)
    assert exits.leaving("n:no") == []


# ---------------------------------------------------------------------- fine ticks


def test_at_a_fine_tick_a_size_is_what_the_venue_can_count() -> None:
    held = Shares(99_990_000)
    exits = stopped(423_000, of=FINE)
    made = step(exits, bid_at(423_000), free=held, of=FINE)
    assert made is not None
    assert (made.limit, made.size) == (414_000, 99_950_000)


def test_a_remainder_too_small_for_a_fine_tick_is_offered_at_the_whole_cent_below() -> None:
    made = step(stopped(423_000, of=FINE), bid_at(423_000), free=30_000, of=FINE)
    assert made is not None
    assert (made.limit, made.size) == (410_000, 30_000)


def test_a_remainder_that_no_order_can_carry_ends_the_exit_and_says_so() -> None:
    exits = stopped(9_000, of=FINE)
    late = at_second(30)
    exits.marked(TOKEN, 9_000, at_second(10))
    assert sell(exits, 9_000, 99_950_000, 50_000) is None
    assert step(exits, bid_at(9_000, late), late, free=40_000, of=FINE) is None
    assert exits.ended(KEY) is None
    assert step(exits, bid_at(9_000, late), late, free=50_000, of=FINE) is None
    slip = exits.ended(KEY)
    assert slip is not None
    assert (slip.left, slip.slipped) == (50_000, False)
    exits.reposition(replace(position(), size=Shares(50_000), cost=Usd(25_000)), FINE)
    assert exits.marked(TOKEN, 9_000, late) == exits.flatten(late) == []


# ---------------------------------------------------------------------- without a bid


@pytest.mark.parametrize("book", [None, bids(), bids((430_000, ONE), asks=((430_000, ONE),)), bid_at(1, NOON - 60**2)])
def test_without_a_price_a_resting_order_waits_below_the_last_print(book: Book | None) -> None:
    assert step(stopped(limits=replace(LEVELS, book_max_age_ns=1)), book, last=450_000) == Step(
        Price(440_000), ALL, OrderType.GTC, LEVELS.exit_step_ns, 1
    )


def test_a_resting_order_is_renewed_each_step_but_never_offered_at_any_price() -> None:
    exits = stopped()
    limits, lives = [], []
    at = 0
    for number in range(12):
        assert number == 0 or step(exits, None, at_second(at) - 1, last=400_000) is None
        made = step(exits, None, at_second(at), last=400_000)
        assert made is not None
        limits.append(made.limit)
        lives.append(made.life_ns // SECOND)
        at += lives[-1]
    assert limits == [390_000, 380_000, 360_000, *[300_000] * 9]
    assert lives == [3, 3, 3, 3, 6, 12, 24, 48, 96, 96, 96, 96]


def test_a_buyer_who_appears_is_sold_to_although_the_pace_had_slowed_down() -> None:
    exits = stopped()
    at = 0
    while (made := step(exits, None, at_second(at), last=400_000)) is not None and at < 200:
        at += made.life_ns // SECOND
    assert step(exits, bid_at(395_000, at_second(at)), at_second(at) + 3 * SECOND) is not None


def test_without_a_print_it_waits_below_the_price_that_was_last_to_be_had() -> None:
    exits = stopped()
    exits.marked(TOKEN, 400_000, at_second(1))
    made = step(exits, None, at_second(1))
    assert made is not None
    assert made.limit == 390_000


def test_without_any_price_it_waits_below_the_trigger() -> None:
    exits = watching()
    exits.resume(position(), Reason.STOP_LOSS, 400_000, NOON)
    made = step(exits, None)
    assert made is not None
    assert made.limit == 390_000


def test_where_no_price_is_known_at_all_nothing_is_offered_until_there_is_one() -> None:
    exits = watching()
    assert exits.flatten(NOON)[0].price == 0
    assert step(exits, None) is None
    assert step(exits, bid_at(400_000), at_second(1)) is not None
    slip = sell(exits, 380_000, ALL, 0)
    assert slip is not None
    assert (slip.trigger, slip.slipped) == (400_000, True)


def test_a_resting_price_stays_inside_the_market() -> None:
    exits = watching(replace(LEVELS, exit_slip=(Fraction(0),)), position(price=980_000))
    exits.flatten(NOON)
    made = step(exits, None, last=ONE)
    assert made is not None
    assert made.limit == 990_000


@pytest.mark.parametrize(("free", "rests"), [(5 * ONE, True), (5 * ONE - 1, False)])
def test_less_than_the_smallest_resting_order_waits_for_a_bid(free: int, rests: bool) -> None:
    exits = stopped()
    assert (step(exits, None, free=free) is not None) == rests
    made = step(exits, bid_at(420_000, at_second(3)), at_second(3), free=free)
    assert made is not None
    assert made.order_type is OrderType.FAK


# ---------------------------------------------------------------------- the report


@pytest.mark.parametrize(("price", "slipped"), [(411_600, False), (411_599, True)])
def test_a_sale_two_percent_below_the_trigger_is_not_reported_and_a_worse_one_is(price: int, slipped: bool) -> None:
    exits = stopped()
    step(exits, bid_at(420_000))
    assert sell(exits, price, ALL, 0) == Slip(
        KEY, Reason.STOP_LOSS, 420_000, price, ALL, Shares(0), steps=1, slipped=slipped
    )
    assert exits.ended(KEY) is None
    assert exits.leaving(TOKEN) == []


def test_the_average_is_weighted_by_size() -> None:
    exits = stopped()
    step(exits, bid_at(420_000))
    sell(exits, 420_000, 75 * ONE, 25 * ONE)
    slip = sell(exits, 400_000, 25 * ONE, 0)
    assert slip is not None
    assert (slip.average, slip.size) == (415_000, ALL)


def test_a_target_that_sold_better_is_not_reported() -> None:
    exits = watching()
    assert exits.marked(TOKEN, 650_000, NOON)
    slip = sell(exits, 660_000, ALL, 0)
    assert slip is not None
    assert not slip.slipped


def test_dust_ends_the_exit_stays_for_the_resolution_and_triggers_nothing() -> None:
    exits = stopped()
    slip = sell(exits, 420_000, ALL - 9_000, 9_000)
    assert slip is not None
    assert (slip.left, slip.slipped) == (9_000, False)
    assert exits.marked(TOKEN, 1, at_second(1)) == []
    exits.reposition(replace(position(), size=Shares(9_000), cost=Usd(4_500)), market())
    assert exits.marked(TOKEN, 1, at_second(2)) == exits.flatten(NOON) == []
    exits.reposition(replace(position(), size=Shares(0), cost=Usd(0)), market())
    assert exits.leaving(TOKEN) == []


def test_dust_that_grows_again_is_watched_again() -> None:
    exits = stopped()
    sell(exits, 420_000, ALL - 9_000, 9_000)
    exits.reposition(position(), market())
    assert [trigger.rule for trigger in exits.marked(TOKEN, 420_000, at_second(1))] == [Reason.STOP_LOSS]


def test_what_an_entry_still_buys_while_its_position_is_left_is_left_too() -> None:
    exits = stopped(9_000, of=FINE)
    sell(exits, 9_000, 99_950_000, 50_000)
    step(exits, bid_at(9_000, at_second(30)), at_second(30), free=50_000, of=FINE)
    exits.reposition(position(10 * ONE), FINE)
    assert exits.ended(KEY) is None
    made = step(exits, bid_at(9_000, at_second(40)), at_second(40), free=10 * ONE, of=FINE)
    assert made is not None
    assert made.size == 10 * ONE


@pytest.mark.parametrize(("left", "unfinished"), [(ALL, True), (Shares(9_999), False)])
def test_a_resolution_ends_an_exit_and_reports_what_could_not_be_sold(left: Shares, unfinished: bool) -> None:
    exits = stopped()
    exits.reposition(replace(position(), size=left), market())
    assert exits.forget("m") == [
        Slip(KEY, Reason.STOP_LOSS, 420_000, 0, Shares(0), left, 0, slipped=False, unfinished=unfinished)
    ]
    assert step(exits, bid_at(420_000)) is None
