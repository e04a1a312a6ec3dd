"""A day of the books: what was executed, settled, planned, taken back and put in."""

from msgspec.structs import replace

from dashboard.deals import DayBook, standing
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.ledger import PostingKind, SettlementStatus, posting
from shared.domain.money import ONE, dollars
from shared.domain.order import Purpose, Side
from tests.dashboard.fakes import NOW, WALLET
from tests.dashboard.trading_fakes import TODAY, after, books_of, bought, settled, sold, traded


def test_an_execution_tells_what_was_paid_for_which_order_and_whale() -> None:
    (deal,) = standing([books_of(*bought(7))[TODAY]])
    assert (deal.market, deal.token, deal.side, deal.purpose) == ("0xm7", "7yes", Side.BUY, Purpose.ENTRY)
    assert (deal.price, deal.size, deal.fee, deal.reference) == (400_000, 10 * ONE, 10_000, 400_000)
    assert (deal.at, deal.venue_at, deal.planned_at) == (NOW - HOUR + SECOND, NOW - HOUR, NOW - HOUR)
    assert (deal.source, deal.strategy, deal.order_key, deal.trade_id) == (WALLET, "whale_copy", "o7.1", "t7")


def test_a_settlement_tells_shares_and_what_was_paid_for_them_even_if_nothing() -> None:
    held = after(bought(1))
    for payout, paid in ((ONE, 10 * ONE), (0, 0)):
        (ended,) = books_of(settled(held, NOW, payout))[TODAY].ended.values()
        assert (ended.token, ended.sleeve, ended.size, ended.paid) == ("1yes", held.sleeve, 10 * ONE, paid)


def test_what_is_read_twice_counts_once() -> None:
    plan, fill = bought(1)
    assert plan.posting is not None
    assert fill.posting is not None
    book = DayBook(TODAY)
    for _ in range(2):
        book.add([plan.posting, fill.posting], [fill])
    assert len(book.deals) == 1
    assert book.planned == {"o1.1": NOW - HOUR}


def test_an_execution_that_failed_to_settle_is_left_out_even_if_that_was_told_on_another_day() -> None:
    books = books_of(*bought(1), *bought(2))
    made = posting(PostingKind.REVERSE, "t1/o1.1", NOW + DAY, (), "o1.1")
    later = DayBook(TODAY + 1)
    later.add([made], [])
    assert [deal.trade_id for deal in standing([books[TODAY], later])] == ["t2"]
    assert [deal.trade_id for deal in standing([books[TODAY]])] == ["t1", "t2"]


def test_records_that_are_no_fills_of_an_order_are_no_deals() -> None:
    plan, fill = bought(1)
    book = DayBook(TODAY)
    book.add([], [plan, replace(fill, order=None, status=SettlementStatus.CONFIRMED)])
    assert not book.deals


def test_money_put_in_is_told_apart_from_what_the_venue_gave_back() -> None:
    books = traded().money.books
    first = books[min(books)]
    assert first.total(PostingKind.DEPOSIT) == dollars(10_000)
    assert first.total(PostingKind.REBATE) == 0


def test_sales_by_rule_name_the_rule() -> None:
    (deal,) = standing([books_of(sold(after(bought(3)), NOW, 300_000))[TODAY]])
    assert (deal.side, deal.purpose, deal.rule) == (Side.SELL, Purpose.EXIT, "stop_loss")
