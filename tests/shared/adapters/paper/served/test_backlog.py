"""What a venue that was away is shown when it is back: the newest of every book, and every trade, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.paper.served import backlog as module
from shared.adapters.paper.served.backlog import Backlog
from shared.adapters.paper.served.wire import Show
from shared.domain.messages import BookChange, BookSnapshot, MarketResolved, PublicTrade, TickSizeChanged
from shared.domain.money import ONE
from shared.domain.order import Side
from shared.engine.books import Book
from shared.ports import Batch, Shown
from tests.shared.engine.builders import NOON, market

TOKENS = ("m:yes", "m:no")


def printed(tx: str) -> PublicTrade:
    return PublicTrade("m", "m:yes", Side.SELL, 480_000, ONE, tx, 0)


def snapshot(token: str, *cents: int) -> BookSnapshot:
    return BookSnapshot("m", token, tuple((one * 10_000, ONE) for one in cents), ((990_000, ONE),))


def change(token: str, cents: int, size: int) -> BookChange:
    return BookChange("m", token, Side.BUY, cents * 10_000, size)


class Shop:
    """Whoever is shown: the books as they are displayed there, and the trades seen."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.trades: list[str] = []
        self.until = 0

    def see(self, show: Show) -> None:
        self.until = max(self.until, show.until)
        for at, payload in show.batch:
            match payload:
                case BookSnapshot(token=token) if payload.bids or payload.asks:
                    self.books[token] = Book(payload.bids, payload.asks, at)
                case BookSnapshot(token=token):
                    self.books.pop(token, None)
                case BookChange(token=token) if token in self.books:
                    self.books[token].change(payload.side, payload.price, payload.size, at)
                case TickSizeChanged(token=token):
                    self.books.pop(token, None)
                case MarketResolved():
                    for token in payload.payouts:
                        self.books.pop(token, None)
                case PublicTrade():
                    self.trades.append(payload.tx)
                case _:
                    pass

    def displayed(self) -> dict[str, tuple[dict[int, int], dict[int, int]]]:
        return {token: (book.bids, book.asks) for token, book in self.books.items() if book.bids or book.asks}


facts = st.one_of(
    st.builds(snapshot, st.sampled_from(TOKENS), st.integers(1, 5), st.integers(6, 9)),
    st.builds(lambda token: BookSnapshot("m", token, (), ()), st.sampled_from(TOKENS)),
    st.builds(change, st.sampled_from(TOKENS), st.integers(1, 5), st.integers(0, 3)),
    st.builds(lambda token: TickSizeChanged("m", token, 1_000), st.sampled_from(TOKENS)),
    st.builds(lambda: MarketResolved("m", dict.fromkeys(TOKENS, 0))),
    st.builds(printed, st.just("")),
)
steps = st.lists(st.one_of(facts, st.sampled_from(["shown", "lost", "died"])), max_size=60)


@given(steps, st.integers(1, 12), st.integers(1, 6))
def test_the_venue_ends_with_the_books_of_the_world_and_every_trade_once(
    told: list[Shown | str], kept: int, shown: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_KEPT", kept)
        patch.setattr(module, "MOST_SHOWN", shown)
        world, venue, backlog = Shop(), Shop(), Backlog()
        backlog.know(market())
        on_its_way: list[Show] = []
        for n, step in enumerate(told):
            at = NOON + n
            match step:
                case "shown" | "lost":
                    if not on_its_way and backlog:
                        on_its_way = [backlog.take()]
                    if step == "shown":
                        for show in on_its_way:
                            venue.see(show)
                        on_its_way = []
                case "died":
                    venue.books = {}
                    backlog.again(on_its_way)
                    on_its_way = []
                case PublicTrade():
                    fact: Shown = printed(str(n))
                    world.see(Show([(at, fact)], at))
                    backlog.add([(at, fact)], at)
                case str():
                    pass
                case _:
                    world.see(Show([(at, step)], at))
                    backlog.add([(at, step)], at)
        for show in on_its_way:
            venue.see(show)
        while backlog:
            venue.see(backlog.take())
        assert venue.displayed() == world.displayed()
        assert venue.trades == world.trades
        assert venue.until == world.until


def test_a_batch_goes_through_as_it_is_while_the_venue_answers() -> None:
    backlog = Backlog()
    batch: Batch = [(NOON, snapshot("m:yes", 48)), (NOON + 1, change("m:yes", 48, 0)), (NOON + 2, printed("p"))]
    backlog.add(batch, NOON + 5)
    assert backlog.take() == Show(batch, NOON + 5)
    assert not backlog


def test_a_long_batch_is_shown_in_parts_of_which_only_the_last_moves_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 5)
    backlog = Backlog()
    backlog.add([(NOON + n, snapshot("m:yes", 47, 48)) for n in range(3)], NOON + 9)
    assert [(len(show.batch), show.until) for show in (backlog.take(), backlog.take(), backlog.take())] == [
        (1, 0),
        (1, 0),
        (1, NOON + 9),
    ]
    assert not backlog


def test_an_empty_batch_still_lets_time_pass() -> None:
    backlog = Backlog()
    backlog.add([], NOON)
    assert backlog
    assert backlog.take() == Show([], NOON)


def test_of_too_many_trades_the_oldest_are_dropped_and_counted_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 5)
    monkeypatch.setattr(module, "MOST_PRINTS", 8)
    backlog = Backlog()
    resolved = MarketResolved("n", {"n:yes": 0})
    backlog.add([(NOON, resolved)], NOON)
    for n in range(9):
        backlog.add([(NOON + n, printed(str(n)))], NOON + n)
    assert backlog.dropped == 5
    batch = backlog.take().batch
    assert [payload.tx for _, payload in batch if isinstance(payload, PublicTrade)] == ["5", "6", "7", "8"]
    assert batch[0][1] == resolved


def test_what_has_resolved_is_not_told_again() -> None:
    backlog = Backlog()
    backlog.know(market())
    backlog.add([(NOON, snapshot("m:yes", 48)), (NOON + 1, MarketResolved("m", {"m:yes": 0, "m:no": ONE}))], NOON + 1)
    backlog.take()
    backlog.again([])
    assert backlog.markets == {}
    assert backlog.take() == Show([], NOON + 1)


def test_a_book_that_was_reduced_is_shown_once_at_the_end_and_no_older_than_what_the_venue_has_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    backlog = Backlog()
    backlog.add([(NOON + n, change("m:yes", 48, n)) for n in range(3)], NOON + 5)  # of a book never shown
    backlog.add([(NOON + 6, snapshot("m:yes", 48))], NOON + 6)
    backlog.add([(NOON + 7, change("m:yes", 48, 2 * ONE)), (NOON + 8, printed("p"))], NOON + 9)
    newest = BookSnapshot("m", "m:yes", ((480_000, 2 * ONE),), ((990_000, ONE),))
    assert backlog.take() == Show([(NOON + 8, printed("p")), (NOON + 9, newest)], NOON + 9)
    backlog.add([], NOON + 20)
    backlog.take()
    backlog.again([])
    assert backlog.take() == Show([(NOON + 20, newest)], NOON + 20)
