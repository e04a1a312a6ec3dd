import pytest

from shared.adapters.synthetic.displayed import BEFORE_NS, SLICE_NS, DisplayedBooks
from shared.domain.instants import MINUTE
from shared.domain.money import micro_of_float
from tests.shared.adapters.synthetic.day import Day


@pytest.fixture
def books(short_day: Day) -> DisplayedBooks:
    return DisplayedBooks(short_day.summary.out / "books.parquet")


def test_a_book_is_the_latest_snapshot_of_its_token(books: DisplayedBooks, short_day: Day) -> None:
    token = short_day.books["asset"][0]
    mine = short_day.books.filter(short_day.books["asset"] == token)
    first, second = mine["ts_ns"][0], mine["ts_ns"][1]
    assert books.book(token, first - 1) is None
    for at, row in ((first, 0), (second - 1, 0), (second, 1)):
        book = books.book(token, at)
        assert book is not None
        assert book.bids == {micro_of_float(one["price"]): micro_of_float(one["size"]) for one in mine["bids"][row]}
        assert book.asks == {micro_of_float(one["price"]): micro_of_float(one["size"]) for one in mine["asks"][row]}
        assert book.at == at


def test_a_token_that_was_never_displayed_has_no_book(books: DisplayedBooks, short_day: Day) -> None:
    assert books.book("unknown", short_day.books["ts_ns"][0]) is None


def test_books_go_on_over_the_end_of_a_slice_until_they_are_old(books: DisplayedBooks, short_day: Day) -> None:
    start = short_day.books["ts_ns"][0] // SLICE_NS * SLICE_NS + SLICE_NS
    earlier = short_day.books.filter(short_day.books["ts_ns"].is_between(start - 2 * MINUTE, start - 1))
    token, at = earlier["asset"][0], earlier["ts_ns"][0]
    before, after = books.book(token, at), books.book(token, start)
    assert before is not None
    assert after is not None
    assert books.book(token, at + SLICE_NS + BEFORE_NS) is None
    again = books.book(token, at)
    assert again is not None
    assert (again.bids, again.asks) == (before.bids, before.asks)
