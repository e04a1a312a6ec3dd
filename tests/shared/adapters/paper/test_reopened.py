"""A venue opened again over its own log: what it has shown an order before is not shown again."""

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.venue import PaperVenue, VenueSettings
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import OrderFilled
from shared.domain.money import ONE
from shared.domain.order import OrderType
from tests.shared.engine.builders import NOON, book, order, trade


def test_a_print_is_used_once_though_the_venue_was_opened_again() -> None:
    log = MemoryPaperLog()
    first = PaperVenue(0, log)
    first.submit(order(), NOON)
    seen = trade(wallet="crowd", tx="tx2", size=40_000_000)
    assert len(first.on_print(seen, NOON + SECOND)) == 1
    again = PaperVenue(0, log)
    assert again.on_print(seen, NOON + SECOND) == []
    (answer,) = again.on_print(trade(wallet="crowd", tx="tx3", size=40_000_000), NOON + 2 * SECOND)
    assert isinstance(answer.payload, OrderFilled)
    assert answer.payload.fill.size == 40_000_000


def test_a_print_another_order_used_up_is_not_given_to_a_second_one_after_a_restart() -> None:
    log = MemoryPaperLog()
    first = PaperVenue(0, log)
    first.submit(order(), NOON)
    first.submit(order(order_key="other.1", intent_id="other"), NOON)
    print_of_100 = trade(wallet="crowd", tx="tx2", size=100_000_000)
    assert len(first.on_print(print_of_100, NOON + SECOND)) == 1
    assert PaperVenue(0, log).on_print(print_of_100, NOON + SECOND) == []


def test_displayed_size_that_was_taken_is_not_taken_again_by_whatever_comes_after_a_restart() -> None:
    log, books = MemoryPaperLog(), VenueSettings(books=True)
    first = PaperVenue(0, log, settings=books)
    thin = book(size=30 * ONE)
    first.on_book(thin, NOON)
    first.submit(order(), NOON)
    first.advance(NOON + SECOND)
    again = PaperVenue(0, log, settings=books)
    assert again.on_book(thin, NOON + SECOND) == []
    again.submit(order(order_key="other.1", order_type=OrderType.FAK), NOON + SECOND)
    again.advance(NOON + 2 * SECOND)
    assert {paper.order.order_key: paper.filled for paper in log.load()} == {"intent.1": 30 * ONE, "other.1": 0}
    much_later = PaperVenue(0, log, settings=books)
    (answer,) = much_later.on_book(thin, NOON + 6 * MINUTE)
    assert isinstance(answer.payload, OrderFilled)
