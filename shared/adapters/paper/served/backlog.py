"""What a served paper venue has not been shown yet, and what it must be shown and told again when it comes back.

While the venue answers, facts pass through one by one. While it does not, trades, resolutions and tick sizes are kept,
but of books only their newest state: what was displayed in between met nobody. A new life of the venue knows neither
markets nor books: it is told every market, and shown every book as it was last heard.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from shared.adapters.paper.served.wire import Show
from shared.domain.market import Market
from shared.domain.messages import BookChange, BookSnapshot, MarketResolved, PublicTrade, TickSizeChanged, WhaleTrade
from shared.domain.money import Price
from shared.engine.books import Book
from shared.ports import Batch, Shown

MOST_KEPT = 20_000
"""Facts kept as they came; of more, books are reduced to their newest state."""
MOST_PRINTS = 100_000
"""Trades kept for a venue that is away; of more, the oldest are dropped and counted."""
MOST_SHOWN = 20_000
"""Levels and other facts of one request: a few megabytes at most."""
_BOOKS = (BookChange, BookSnapshot)
_PRINTS = (PublicTrade, WhaleTrade)


class Backlog:
    """See the module. ``dropped``: trades that the venue was never shown."""

    def __init__(self) -> None:
        self.markets: dict[str, Market] = {}
        self.dropped = 0
        self._books: dict[str, tuple[str, Book]] = {}
        self._facts: Batch = []
        self._reduced: dict[str, None] = {}
        self._until = 0
        self._is_due = False

    def __bool__(self) -> bool:
        return self._is_due

    # ------------------------------------------------------------------ what happened

    def know(self, market: Market) -> None:
        """What is public of a market, from now on."""
        self.markets[market.market] = market

    def add(self, batch: Batch, until: int) -> None:
        """To be shown next, and time to pass until then."""
        reduced = self._reduced
        for at, payload in batch:
            self._see(at, payload)
            if not (reduced and isinstance(payload, _BOOKS) and payload.token in reduced):
                self._facts.append((at, payload))
        self._until = max(self._until, until)
        self._is_due = True
        if len(self._facts) > MOST_KEPT:
            self._reduce()

    def _see(self, at: int, payload: Shown) -> None:
        match payload:
            case BookChange():
                known = self._books.get(payload.token)
                if known is not None:
                    known[1].change(payload.side, payload.price, payload.size, at)
            case BookSnapshot():
                if payload.bids or payload.asks:
                    self._books[payload.token] = payload.market, Book(payload.bids, payload.asks, at)
                else:
                    self._books.pop(payload.token, None)
            case TickSizeChanged():
                self._books.pop(payload.token, None)
                market = self.markets.get(payload.market)
                if market is not None:
                    self.markets[market.market] = replace(market, tick=Price(payload.tick))
            case MarketResolved():
                self.markets.pop(payload.market, None)
                for token in payload.payouts:
                    self._books.pop(token, None)
            case _:
                pass

    # ------------------------------------------------------------------ the venue was away

    def _reduce(self) -> None:
        """Of books only which they are; their newest state is taken when they are shown."""
        for _, payload in self._facts:
            if isinstance(payload, _BOOKS):
                self._reduced[payload.token] = None
        kept = [fact for fact in self._facts if not isinstance(fact[1], _BOOKS)]
        prints = sum(isinstance(payload, _PRINTS) for _, payload in kept)
        if prints > MOST_PRINTS:
            too_many = prints - MOST_PRINTS // 2
            self.dropped += too_many
            kept = list(_without_first(kept, too_many))
        self._facts = kept

    def again(self, lost: list[Show]) -> None:
        """A new life of the venue: what was perhaps not shown, and every book, are to be shown to it."""
        self._facts[:0] = [fact for show in lost for fact in show.batch]
        self._until = max([self._until, *(show.until for show in lost)])
        self._reduce()
        self._reduced.update(dict.fromkeys(self._books))
        self._is_due = True

    # ------------------------------------------------------------------ what is shown next

    def take(self) -> Show:
        """The next part of what is due, as it came; books of which only the newest state is known come last."""
        if self._reduced:
            self._facts += [self._newest(token) for token in self._reduced]
            self._reduced = {}
        weight = count = 0
        for _, payload in self._facts:
            weight += len(payload.bids) + len(payload.asks) if type(payload) is BookSnapshot else 1
            if count and weight > MOST_SHOWN:
                break
            count += 1
        batch, self._facts = self._facts[:count], self._facts[count:]
        self._is_due = bool(self._facts)
        return Show(batch, 0 if self._facts else self._until)

    def _newest(self, token: str) -> tuple[int, Shown]:
        known = self._books.get(token)
        if known is None:  # lost meanwhile: nothing trades on it
            return self._until, BookSnapshot("", token, (), ())
        market, book = known
        # No earlier than what it has seen: an order must not meet a book that was displayed before it came.
        return max(book.at, self._until), BookSnapshot(market, token, tuple(book.bids_down()), tuple(book.asks_up()))


def _without_first(facts: Batch, prints: int) -> Iterator[tuple[int, Shown]]:
    for fact in facts:
        if prints and isinstance(fact[1], _PRINTS):
            prints -= 1
        else:
            yield fact
