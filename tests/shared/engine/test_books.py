"""A live book against a plain dictionary, and the book the engine keeps from snapshots, changes and tick sizes."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.messages import BookChange, MarketListed, TickSizeChanged
from shared.domain.money import ONE
from shared.domain.order import Side
from shared.engine.books import NO_ASK, NO_BID, Book
from tests.shared.engine.builders import NOON, House, book, market

PRICES = st.integers(1, 12).map(lambda n: n * 50_000)
SIZES = st.sampled_from([0, 1, 5 * ONE, 7_250_000])
CHANGES = st.lists(st.tuples(st.sampled_from(Side), PRICES, SIZES), max_size=60)
LEVELS = st.dictionaries(PRICES, SIZES.filter(bool), max_size=8)


def test_an_empty_book_has_no_best_price_and_is_not_crossed() -> None:
    empty = Book((), (), NOON)
    assert (empty.best_bid, empty.best_ask, empty.crossed, empty.two_sided) == (NO_BID, NO_ASK, False, False)


@given(LEVELS, LEVELS, CHANGES)
def test_any_changes_leave_what_a_plain_dictionary_holds(
    bids: dict[int, int], asks: dict[int, int], changes: list[tuple[Side, int, int]]
) -> None:
    kept = Book(bids.items(), asks.items(), NOON)
    plain = {Side.BUY: dict(bids), Side.SELL: dict(asks)}
    for number, (side, price, size) in enumerate(changes, start=1):
        kept.change(side, price, size, NOON + number)
        plain[side][price] = size
        plain[side] = {at: of for at, of in plain[side].items() if of}
        assert kept.bids_down() == sorted(plain[Side.BUY].items(), reverse=True)
        assert kept.asks_up() == sorted(plain[Side.SELL].items())
        assert kept.best_bid == max(plain[Side.BUY], default=NO_BID)
        assert kept.best_ask == min(plain[Side.SELL], default=NO_ASK)
        assert kept.crossed == (kept.best_bid >= kept.best_ask)
        assert kept.at == NOON + number


def test_a_book_says_what_it_holds_best_level_first() -> None:
    kept = Book([(400_000, 1), (450_000, 2)], [(550_000, 3), (500_000, 4)], NOON)
    said = kept.snapshot("m", "m:yes")
    assert (said.bids, said.asks) == (((450_000, 2), (400_000, 1)), ((500_000, 4), (550_000, 3)))


def test_a_confirmed_book_is_as_young_as_its_confirmation() -> None:
    kept = Book((), (), NOON)
    kept.confirmed(NOON + 5)
    assert kept.at == NOON + 5


@given(LEVELS, LEVELS, st.sampled_from(Side), PRICES, st.integers(1, 60 * ONE))
def test_an_order_that_takes_finds_what_a_plain_walk_finds(
    bids: dict[int, int], asks: dict[int, int], side: Side, limit: int, size: int
) -> None:
    levels = sorted(asks.items()) if side is Side.BUY else sorted(bids.items(), reverse=True)
    found, paid = 0, 0
    for price, there in levels:
        if (price <= limit) if side is Side.BUY else (price >= limit):
            taken = min(there, size - found)
            found, paid = found + taken, paid + taken * price
    average = paid // found if found else 0
    assert Book(bids, asks, NOON).walked(side, limit, size) == (found, average)


def test_the_engine_moves_a_book_by_its_changes() -> None:
    house = House()
    house.give(book())
    house.give(BookChange("m", "m:yes", Side.SELL, 495_000, ONE), after=7)
    kept = house.engine.filters.books["m:yes"]
    assert (kept.best_ask, kept.at) == (495_000, NOON + 7)


def test_a_later_snapshot_replaces_everything() -> None:
    house = House()
    house.give(book())
    house.give(BookChange("m", "m:yes", Side.BUY, 480_000, ONE))
    house.give(book(bid=300_000, ask=400_000))
    kept = house.engine.filters.books["m:yes"]
    assert (kept.bids_down(), kept.best_ask) == ([(300_000, 10_000 * ONE)], 400_000)


def test_a_change_of_a_book_never_shown_makes_no_book() -> None:
    house = House()
    house.give(BookChange("m", "m:yes", Side.BUY, 480_000, ONE))
    assert house.engine.filters.books == {}


def test_after_a_new_tick_size_the_book_is_unknown_and_the_market_has_the_tick() -> None:
    house = House()
    house.give(MarketListed(market()))
    house.give(book())
    house.give(TickSizeChanged("m", "m:yes", 1_000))
    assert house.engine.filters.books == {}
    assert house.engine.markets["m"].tick == 1_000


def test_a_tick_size_of_a_market_not_listed_is_left_for_its_listing() -> None:
    house = House()
    house.give(TickSizeChanged("m", "m:yes", 1_000))
    assert house.engine.markets == {}
