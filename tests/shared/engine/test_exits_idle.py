"""The cheap answer that an exit without a book has nothing to do: it changes nothing but the time it takes."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.instants import SECOND
from shared.domain.money import ONE, Shares, Usd
from shared.engine.exits import Exits
from shared.engine.leaving import Slip, Step
from tests.shared.engine.builders import NOON, RATIO, House, market, trade
from tests.shared.engine.exits_builders import ALL, KEY, LEVELS, at_second, bid_at, bids, position, sell, step, stopped
from tests.shared.engine.leaving_houses import RULES, done
from tests.shared.engine.leaving_houses import exits as exits_of

LEAST = market().min_size
LAST = 400_000


def waits(exits: Exits, at: int) -> bool:
    """Whether the exit is idle at this time, in a market that takes orders."""
    return exits.idle(KEY, market(), at)


# ---------------------------------------------------------------------- when there is nothing to do


def test_an_exit_that_has_not_sent_any_order_is_not_idle() -> None:
    assert not waits(stopped(), NOON)


def test_between_two_orders_an_exit_is_idle_until_the_next_one_is_due() -> None:
    exits = stopped()
    assert step(exits, None, last=LAST)
    assert waits(exits, NOON + LEVELS.exit_step_ns - 1)
    assert not waits(exits, NOON + LEVELS.exit_step_ns)


def test_after_a_sale_an_exit_is_idle_for_the_short_wait_only() -> None:
    exits = stopped()
    assert step(exits, None, last=LAST)
    sell(exits, LAST, 50 * ONE, left=50 * ONE)
    assert waits(exits, NOON + LEVELS.retry_first_ns - 1)
    assert not waits(exits, NOON + LEVELS.retry_first_ns)


@pytest.mark.parametrize(("left", "idle"), [(LEAST - 1, True), (LEAST, False)])
def test_less_than_the_smallest_resting_order_is_idle_however_long_it_takes(left: int, idle: bool) -> None:
    exits = stopped()
    assert step(exits, None, last=LAST)
    sell(exits, LAST, ALL - left, left=left)
    assert waits(exits, at_second(3_600)) is idle


def test_an_exit_that_is_done_is_not_idle_because_its_end_is_to_be_told() -> None:
    exits = stopped()
    exits.sold(KEY, LAST, ALL)
    exits.reposition(replace(position(), size=Shares(0), cost=Usd(0)), market())
    assert not waits(exits, NOON)


def test_in_a_market_that_takes_no_orders_an_exit_is_not_idle_because_its_clock_stands_still() -> None:
    exits = stopped()
    assert step(exits, None, last=LAST)
    assert not exits.idle(KEY, market(accepting=False), NOON + 1)


def test_an_exit_that_waits_for_a_hole_to_close_is_not_idle() -> None:
    exits = stopped()
    assert step(exits, bid_at(420_000))
    assert step(exits, bid_at(100_000, at_second(1)), at_second(1)) is None
    assert not waits(exits, at_second(1) + 1)


def test_a_position_that_no_rule_is_leaving_is_not_idle() -> None:
    assert not Exits(LEVELS).idle(KEY, market(), NOON)


# ---------------------------------------------------------------------- asked or not, the same orders follow


class Moment(NamedTuple):
    """What happens next: the time that passes, the bid shown (0: no book), what is sold, if orders are taken."""

    after: int
    bid: int
    sold: int
    accepting: bool


MOMENTS = st.builds(
    Moment,
    st.sampled_from((1, SECOND // 2, SECOND, 3 * SECOND, 30 * SECOND)),
    st.sampled_from((0, 0, 0, 0, 420_000, 400_000, 100_000)),
    st.sampled_from((0, 0, 0, ONE, 40 * ONE, 58 * ONE, 99_999_000)),
    st.sampled_from((True, True, True, False)),
)


class Life:
    """One exit over a row of moments, and what came of it. ``asks``: whether it is asked first if it is idle."""

    def __init__(self, asks: bool) -> None:
        self.steps: list[Step | None] = []
        self.ends: list[Slip | None] = []
        self.idle = 0
        self._asks = asks
        self._exits = stopped()
        self._at = NOON
        self._left = int(ALL)

    def happens(self, moment: Moment) -> None:
        """Something is sold, time passes, and the next order is looked for, as the engine does it."""
        self._at += moment.after
        size = min(moment.sold, self._left)
        if size:
            self._left -= size
            self._exits.sold(KEY, LAST, Shares(size))
            left = replace(position(), size=Shares(self._left), cost=Usd(self._left // 2))
            self._exits.reposition(left, market())
        of = market(accepting=moment.accepting)
        if self._asks and not moment.bid and self._exits.idle(KEY, of, self._at):
            self.idle += 1
            self.ends.append(None)
            self.steps.append(None)
            return
        self.ends.append(self._exits.ended(KEY))
        book = bids((moment.bid, 10 * ONE), at=self._at) if moment.bid else None
        self.steps.append(self._exits.step(KEY, book, LAST, Shares(self._left), of, self._at))


@given(st.lists(MOMENTS, max_size=40))
def test_who_asks_first_sends_the_same_orders_and_tells_the_same_end(moments: list[Moment]) -> None:
    asking, plain = Life(asks=True), Life(asks=False)
    for moment in moments:
        asking.happens(moment)
        plain.happens(moment)
    assert asking.steps == plain.steps
    assert asking.ends == plain.ends


def test_such_lives_are_idle_at_times() -> None:
    life = Life(asks=True)
    for _ in range(10):
        life.happens(Moment(SECOND, 0, 0, accepting=True))
    assert life.idle > 5


# ---------------------------------------------------------------------- in the house


def test_without_a_book_what_is_too_small_to_rest_lies_until_somebody_bids() -> None:
    house = House(RULES, RATIO).ready("whale", "other")
    bought = house.bought()
    house.give(trade(wallet="somebody", price=430_000, tx="low"), SECOND)
    done(house, size=bought.filled - 2 * ONE)
    sent = len(exits_of(house))
    for n in range(20):
        house.give(trade(wallet="somebody", price=420_000 - n, tx=f"later {n}"), 30 * SECOND)
    assert len(exits_of(house)) == sent
    house.show(400_000, after=SECOND)
    assert [one.size for one in exits_of(house)[sent:]] == [2 * ONE]
