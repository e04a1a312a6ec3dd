"""The inbox hands on everything while the trader keeps up, and the latest state of things when it does not."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.feeds.inbox import Inbox
from shared.domain.errors import Corrupt
from shared.domain.messages import BookChange, BookSnapshot, Payload, PublicTrade, SpotBook, SpotCandle, TickSizeChanged
from shared.domain.order import Side
from shared.ports import Heard


@dataclass
class Keeper:
    """The books as their source holds them."""

    books: dict[str, dict[int, int]] = field(default_factory=dict)
    lost: bool = False

    def book_of(self, token: str) -> BookSnapshot | None:
        if self.lost:
            return None
        return BookSnapshot("m", token, tuple(sorted(self.books.get(token, {}).items(), reverse=True)), ())

    def change(self, token: str, price: int, size: int) -> BookChange:
        self.books.setdefault(token, {})[price] = size
        return BookChange("m", token, Side.BUY, price, size)


def said(payload: Payload, at: int = 1) -> Heard:
    return Heard("market", at, at, payload)


def trade(n: int) -> PublicTrade:
    return PublicTrade("m", "t", Side.BUY, 500_000, 1_000_000, f"0x{n}", 1)


def all_of(inbox: Inbox) -> list[object]:
    found: list[object] = []
    while (heard := inbox.take()) is not None:
        found.append(heard.payload)
    return found


def test_facts_come_out_in_the_order_they_were_heard() -> None:
    keeper = Keeper()
    inbox = Inbox(keeper.book_of)
    facts: list[Payload] = [keeper.change("t", 1, 1), trade(1), keeper.change("t", 1, 2), trade(2)]
    for fact in facts:
        inbox.hear(said(fact))
    assert len(inbox) == 4
    assert all_of(inbox) == facts
    assert inbox.take() is None


def test_the_first_arrival_wakes_the_trader_and_later_ones_need_not() -> None:
    woken: list[int] = []
    inbox = Inbox(Keeper().book_of)
    inbox.woken = lambda: woken.append(len(inbox))
    inbox.hear(said(trade(1)))
    inbox.hear(said(trade(2)))
    assert woken == [1]


def test_a_lagging_trader_gets_the_book_as_it_stands_instead_of_every_change() -> None:
    keeper = Keeper()
    inbox = Inbox(keeper.book_of, lagging_at=2)
    first = [trade(1), trade(2)]
    for fact in first:
        inbox.hear(said(fact))
    for size in range(1, 6):
        inbox.hear(said(keeper.change("t", 400_000, size)))
    inbox.hear(said(trade(3)))
    assert all_of(inbox) == [*first, BookSnapshot("m", "t", ((400_000, 5),), ()), trade(3)]
    assert (inbox.merged.facts, inbox.merged.times) == (4, 1)


def test_a_book_its_source_lost_meanwhile_is_not_invented() -> None:
    keeper = Keeper()
    inbox = Inbox(keeper.book_of, lagging_at=1)
    inbox.hear(said(trade(1)))
    inbox.hear(said(keeper.change("t", 400_000, 1)))
    keeper.lost = True
    assert all_of(inbox) == [trade(1)]


def test_books_in_other_steps_are_not_merged_across_the_change_of_the_tick() -> None:
    keeper = Keeper()
    inbox = Inbox(keeper.book_of, lagging_at=1)
    ticks = TickSizeChanged("m", "t", 1_000)
    after = BookSnapshot("m", "t", ((1, 1),), ())
    for fact in (trade(1), keeper.change("t", 400_000, 1), ticks, after):
        inbox.hear(said(fact))
    assert all_of(inbox) == [trade(1), keeper.book_of("t"), ticks, after]


def test_tops_of_books_and_open_candles_are_merged_per_symbol_and_closed_candles_are_not() -> None:
    inbox = Inbox(Keeper().book_of, lagging_at=1)
    tops = [SpotBook("BTC", ((n, 1),), ()) for n in range(1, 4)]
    other = SpotBook("ETH", (), ())
    candle = [SpotCandle("BTC", 1, 0, 1, 1, 1, n, 1, 1, 1, closed) for n, closed in ((1, False), (2, False), (3, True))]
    facts: list[Payload] = [trade(1), *tops, other, *candle]
    for fact in facts:
        inbox.hear(said(fact))
    assert all_of(inbox) == [trade(1), tops[-1], other, candle[1], candle[2]]


def test_trades_that_overflow_stop_the_trader_in_one_sentence() -> None:
    inbox = Inbox(Keeper().book_of, lagging_at=1, most=3)
    for n in range(3):
        inbox.hear(said(trade(n)))
    with pytest.raises(Corrupt, match="3 facts wait for the trader, the most is 3"):
        inbox.hear(said(trade(3)))
    assert all_of(inbox) == [trade(0), trade(1), trade(2)]


@given(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(0, 5)))))
def test_whatever_is_merged_every_trade_arrives_once_and_the_last_book_is_the_true_one(
    steps: list[tuple[str, int, int] | None],
) -> None:
    keeper = Keeper()
    inbox = Inbox(keeper.book_of, lagging_at=2)
    seen: dict[str, dict[int, int]] = {}
    trades: list[object] = []
    for n, step in enumerate(steps):
        inbox.hear(said(trade(n) if step is None else keeper.change(*step)))
        if n % 5 == 4:
            apply(inbox.take(), seen, trades)
    while (heard := inbox.take()) is not None:
        apply(heard, seen, trades)
    assert seen == keeper.books
    assert trades == [trade(n) for n, step in enumerate(steps) if step is None]


def apply(heard: Heard | None, seen: dict[str, dict[int, int]], trades: list[object]) -> None:
    match None if heard is None else heard.payload:
        case BookSnapshot() as book:
            seen[book.token] = dict(book.bids)
        case BookChange() as change:
            seen.setdefault(change.token, {})[change.price] = change.size
        case PublicTrade() as found:
            trades.append(found)
        case _:
            pass
