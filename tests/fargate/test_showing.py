"""What the paper venue is shown: in the order of its time, no sooner than it, and each thing once."""

from hypothesis import given
from hypothesis import strategies as st

from fargate.showing import Showing
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import VenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    MarketResolved,
    OrderAccepted,
    OrderFilled,
    OrderReport,
    Payload,
    PublicTrade,
)
from shared.domain.money import ONE
from shared.domain.order import OrderState, OrderType, Side
from shared.ports import Shown
from tests.shared.engine.builders import NOON, book, order


def ask(size: int) -> BookChange:
    return BookChange("m", "m:yes", Side.SELL, 500_000, size * ONE)


def printed(size: int = 50) -> PublicTrade:
    return PublicTrade("m", "m:yes", Side.SELL, 490_000, size * ONE, "p", 0)


def venue() -> PaperVenue:
    return PaperVenue(1, MemoryPaperLog(), settings=VenueSettings(books=True))


def said(house: PaperVenue, batch: list[tuple[int, Shown]], until: int) -> list[Payload]:
    return [answer.payload for answer in house.show(batch, until)]


def test_nothing_is_shown_before_its_time_and_nothing_twice() -> None:
    showing = Showing()
    showing.add(ask(2), NOON + 2)
    showing.add(ask(1), NOON + 1)
    assert showing.take(NOON) == []
    assert showing.take(NOON + 1) == [(NOON + 1, ask(1))]
    assert len(showing) == 1
    assert showing.take(NOON + 9) == [(NOON + 2, ask(2))]
    assert not showing


def test_a_book_that_comes_too_late_is_as_new_as_its_coming_and_a_trade_keeps_its_time() -> None:
    showing = Showing()
    showing.add(ask(1), NOON + 5)
    showing.take(NOON + 5)
    showing.add(ask(2), NOON + 3)
    showing.add(printed(), NOON + 4)
    assert showing.take(NOON + 6) == [(NOON + 5, ask(2)), (NOON + 4, printed())]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=40))
def test_everything_is_shown_once_and_books_never_go_back_in_time(heard: list[tuple[int, int]]) -> None:
    showing = Showing()
    given_out: list[tuple[int, Shown]] = []
    now = 0
    for n, (at, passed) in enumerate(heard):
        showing.add(ask(n), at)
        now += passed
        given_out += showing.take(now)
    given_out += showing.take(1_000)
    assert sorted(size for _, size in ((at, one.size) for at, one in given_out if isinstance(one, BookChange))) == [
        n * ONE for n in range(len(heard))
    ]
    instants = [at for at, _ in given_out]
    assert instants == sorted(instants)
    in_order = sorted(range(len(heard)), key=lambda n: (heard[n][0], n))
    if all(passed == 0 for _, passed in heard):
        assert [one.size for _, one in given_out if isinstance(one, BookChange)] == [n * ONE for n in in_order]


def test_an_order_meets_the_book_of_its_moment_though_newer_ones_are_in_the_same_batch() -> None:
    house = venue()
    house.submit(order(order_type=OrderType.FAK), NOON)
    batch: list[tuple[int, Shown]] = [(NOON, book()), (NOON + SECOND, book(bid=520_000, ask=530_000))]
    fills = [one.fill for one in said(house, batch, NOON + SECOND) if isinstance(one, OrderFilled)]
    assert [fill.price for fill in fills] == [500_000]


def test_a_lost_book_fills_nothing_and_orders_wait_for_the_next() -> None:
    house = venue()
    lost = BookSnapshot("m", "m:yes", (), ())
    house.submit(order(), NOON + SECOND)
    heard = said(house, [(NOON, book()), (NOON + 1, lost)], NOON + 2 * SECOND)
    assert [type(one) for one in heard] == [OrderAccepted]
    heard = said(house, [(NOON + 3 * SECOND, book())], NOON + 3 * SECOND)
    assert [type(one) for one in heard] == [OrderFilled]


def test_trades_and_resolutions_reach_the_venue_in_their_place() -> None:
    house = venue()
    house.submit(order(limit=490_000), NOON)
    resolved = MarketResolved("m", {"m:yes": ONE, "m:no": 0})
    batch: list[tuple[int, Shown]] = [
        (NOON, book(bid=480_000)),
        (NOON + SECOND, printed(30)),
        (NOON + 2 * SECOND, resolved),
        (NOON + 3 * SECOND, printed(30)),
    ]
    heard = said(house, batch, NOON + MINUTE)
    assert [one.fill.size for one in heard if isinstance(one, OrderFilled)] == [30 * ONE]
    assert any(isinstance(one, OrderReport) and one.state is OrderState.CANCELED for one in heard)
    house.redeem("m", NOON + MINUTE)
    assert [type(one).__name__ for one in said(house, [], NOON + 2 * MINUTE)] == ["Redeemed"]
