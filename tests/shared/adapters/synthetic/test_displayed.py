from shared.adapters.synthetic.displayed import TOKENS_KEPT, DisplayedBooks
from shared.domain.money import micro_of_float
from tests.shared.adapters.synthetic.day import Day


def test_a_book_is_the_latest_snapshot_of_its_token(short_day: Day) -> None:
    books = DisplayedBooks(short_day.summary.out / "books.parquet")
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


def test_a_token_that_was_never_displayed_has_no_book(short_day: Day) -> None:
    assert DisplayedBooks(short_day.summary.out / "books.parquet").book("unknown", 10**19) is None


def test_a_token_that_was_forgotten_is_read_again(short_day: Day) -> None:
    books = DisplayedBooks(short_day.summary.out / "books.parquet")
    tokens = short_day.books["asset"].unique(maintain_order=True).to_list()[: TOKENS_KEPT + 1]
    assert len(tokens) == TOKENS_KEPT + 1
    found = [books.book(token, 10**19) for token in (*tokens, tokens[0])]
    assert found[0] is not None
    assert found[-1] is not None
    assert (found[0].bids, found[0].asks) == (found[-1].bids, found[-1].asks)
