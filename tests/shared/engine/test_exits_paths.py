"""Positions being left over whole paths of books: with gaps, empty sides, crossed moments, holes and fast falls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.market import Market
from shared.domain.money import ONE, Price, Shares, floor_tick
from shared.domain.order import OrderType
from shared.engine.books import Book
from shared.engine.leaving import sellable_bid
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON, market
from tests.shared.engine.exits_builders import KEY, LEVELS, Floor, at_second, bids, cents, position

TENTH = 100 * MILLISECOND


class Moment(Struct, frozen=True):
    """What is displayed for ``lasts`` tenths of a second: bids at and below a price, or what nobody can trade on."""

    shown: str
    bid: int
    depth: int
    lasts: int


SHOWN = st.sampled_from(["bids", "bids", "bids", "gaps", "none", "no bids", "crossed", "old"])
MOMENTS = st.lists(
    st.builds(
        Moment, SHOWN, st.integers(1, 98), st.sampled_from([3_333_333, 20 * ONE, 1_000 * ONE]), st.integers(1, 80)
    ),
    min_size=1,
    max_size=25,
)
TICKS = st.sampled_from([10_000, 1_000])


def displayed(moment: Moment, tick: int, at: int) -> Book | None:
    """The book of a moment."""
    best = floor_tick(moment.bid * 10_000 - 3 * tick, tick)
    apart = 10 * tick if moment.shown == "gaps" else tick
    levels = tuple((best - n * apart, moment.depth) for n in range(5) if best - n * apart > 0)
    match moment.shown:
        case "none":
            return None
        case "no bids":
            return bids(at=at)
        case "crossed":
            return bids(*levels, at=at, asks=((best, ONE),))
        case "old":
            return bids(*levels, at=at - 11 * SECOND)
    return bids(*levels, at=at)


@given(MOMENTS, TICKS, st.integers(1, 400).map(lambda n: n * 333_333), st.sampled_from([Limits(), LEVELS]))
def test_whatever_the_book_does_an_exit_is_flat_or_was_tried_within_two_steps(
    moments: list[Moment], tick: int, size: int, limits: Limits
) -> None:
    of = market(tick=Price(tick))
    floor = Floor(limits, position(size), of)
    floor.last = 500_000
    clock = Clock(floor, of)
    for moment in moments:
        for _ in range(moment.lasts):
            book = displayed(moment, tick, clock.at)
            clock.show(book)
    if not floor.triggers:
        return
    assert len(floor.triggers) == 1
    sold = sum(part for _, _, part in floor.fills)
    assert floor.held.size == size - sold >= 0
    assert len(floor.slips) == (1 if KEY not in floor.exits.leaving("m:yes") else 0)
    for slip in floor.slips:
        assert slip.left == floor.held.size
        assert slip.size == sold
        assert slip.steps == len(floor.sent)
    assert [step.number for _, step in floor.sent] == list(range(1, len(floor.sent) + 1))


class Clock:
    """Shows a book each tenth of a second and looks whether what is being left was tried."""

    def __init__(self, floor: Floor, of: Market) -> None:
        self.floor = floor
        self.market = of
        self.at = NOON
        self.tried_at = NOON
        self.high: list[int] = []

    def show(self, book: Book | None) -> None:
        """A tenth of a second passes."""
        before = len(self.floor.sent)
        self.floor.show(book, self.at)
        bid = sellable_bid(book, self.at, self.floor.limits.book_max_age_ns)
        self.high = [*self.high[-60:], bid]
        leaving = self.floor.exits.leaving("m:yes")
        if len(self.floor.sent) > before or self.floor.open or not leaving or not self._possible(bid):
            self.tried_at = self.at
        assert self.at - self.tried_at <= 2 * self.floor.limits.exit_step_ns
        self.at += TENTH

    def _possible(self, bid: int) -> bool:
        """Whether an order could carry what is left: enough to rest, or a bid that stands above a hole."""
        return self.floor.free >= self.market.min_size or (bid > 0 and bid * 4 >= max(self.high) * 3)


# ---------------------------------------------------------------------- fast falls


@pytest.mark.parametrize("latency", [100, 300, 500])
@pytest.mark.parametrize("depth", [1_000 * ONE, 40 * ONE])
def test_a_stop_sells_within_ten_percent_of_its_trigger_while_the_price_falls_five_percent_a_second(
    latency: int, depth: int
) -> None:
    limits = Limits()
    floor = Floor(limits, position(), market(tick=Price(1_000)), latency * MILLISECOND)
    price = 550_000
    for number in range(120):
        best = floor_tick(price, 1_000)
        floor.last = best
        floor.show(
            bids(*((best - n * 1_000, depth) for n in range(3)), at=at_second(number / 10)), at_second(number / 10)
        )
        price = price * 994 // 1_000  # 5.8% a second
    (trigger,) = floor.triggers
    (slip,) = floor.slips
    assert trigger.rule is Reason.STOP_LOSS
    assert slip.left == 0
    assert slip.average >= trigger.price * 90 // 100
    assert slip.slipped == (slip.average < trigger.price * 98 // 100)


def test_makers_who_step_aside_for_two_seconds_do_not_make_a_stop_sell_at_a_cent() -> None:
    floor = Floor(LEVELS, position(), market())
    for number in range(100):
        gone = 20 <= number < 40
        best = cents(1) if gone else cents(49)
        floor.show(bids((best, 1_000 * ONE), at=at_second(number / 10)), at_second(number / 10))
    assert [trigger.price for trigger in floor.triggers] == [10_000]
    (slip,) = floor.slips
    assert slip.average >= cents(48)


def test_a_collapse_that_stands_is_sold_into() -> None:
    floor = Floor(LEVELS, position(), market())
    for number in range(100):
        best = cents(49) if number < 20 else cents(20)
        floor.show(bids((best, 1_000 * ONE), at=at_second(number / 10)), at_second(number / 10))
    (slip,) = floor.slips
    assert slip.average == cents(20)
    assert floor.fills[-1][0] <= at_second(2) + LEVELS.exit_step_ns + SECOND


def test_without_books_a_stop_rests_below_the_prints_until_one_meets_it() -> None:
    floor = Floor(LEVELS, position(), market())
    floor.last = 420_000
    floor.triggers += floor.exits.marked("m:yes", 420_000, NOON)
    for number in range(70):
        floor.show(None, at_second(number / 10))
    assert [step.order_type for _, step in floor.sent] == [OrderType.GTC] * 3
    assert [step.limit for _, step in floor.sent] == [410_000, 390_000, 370_000]
    assert floor.held.size == Shares(100 * ONE)
