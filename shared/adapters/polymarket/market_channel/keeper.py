"""What the stream says, applied to the books, and checked: order in time, best prices, crossed books, hashes."""

from shared.adapters.polymarket.market_channel.hashes import hash_agrees
from shared.adapters.polymarket.market_channel.kept import Kept, Waiting
from shared.adapters.polymarket.market_channel.levels import levels_of
from shared.adapters.polymarket.market_channel.messages import (
    BestMessage,
    Change,
    Changes,
    LastTradeMessage,
    TickSizeMessage,
)
from shared.adapters.polymarket.market_channel.messages import (
    Book as WireBook,
)
from shared.adapters.polymarket.market_channel.numbers import BEST_ASKS, BEST_BIDS, NOT_TOLD, PRICES, SIZES, TICKS
from shared.adapters.polymarket.market_channel.shelf import FEED, Shelf
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import BookChange, PublicTrade, TickSizeChanged
from shared.domain.money import format_micro, shares
from shared.domain.order import Side
from shared.engine.books import Book
from shared.ports import Heard

SKEW_MS = 1_000
"""A ``book`` was recorded 5 ms older than the change before it; one older than this tells of the past."""
_BUY = Side.BUY
HASH_EVERY_NS = SECOND
"""A hash costs as much as the book itself, so of a token's books one a second is checked."""
_PRICES, _SIZES, _BIDS, _ASKS = PRICES.known, SIZES.known, BEST_BIDS.known, BEST_ASKS.known


class Keeper:
    """Applies messages to the books of a shelf. Nothing here raises for what the venue says."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._kept = shelf.kept
        self._find = shelf.kept.get
        self._counts = shelf.counts

    # ------------------------------------------------------------------ changes

    def changes(self, message: Changes, received_at: int) -> None:
        """Levels that changed together. When one is unusable, every book the message is about is lost.

        The hot path: look-ups in plain dictionaries, and ``Book.change`` written out for the usual case (the call costs
        as much as what it does).
        """
        shelf, find = self.shelf, self._find
        changes, venue_ms = message.price_changes, message.timestamp
        merging = shelf.merging
        try:
            if venue_ms > shelf.latest_ms:
                shelf.date(venue_ms)
            for one in changes:
                try:
                    price, size = _PRICES[one.price], _SIZES[one.size]
                    bid, ask = _BIDS[one.best_bid], _ASKS[one.best_ask]
                except KeyError:  # a text not met before
                    price, size, bid, ask = _read(one)
                kept = find(one.asset_id)
                if kept is None:  # an order shows on both tokens of its market, and we may want one
                    self._counts.not_wanted += 1
                    continue
                book = kept.book
                if book is None or venue_ms < kept.venue_ms:
                    self._not_now(kept, (venue_ms, one.side, price, size), received_at)
                    continue
                kept.venue_ms = venue_ms
                if size and one.side is _BUY:
                    book.at = received_at
                    book.bids[price] = size
                    if price > book.best_bid:
                        book.best_bid = price
                elif size:
                    book.at = received_at
                    book.asks[price] = size
                    if price < book.best_ask:
                        book.best_ask = price
                else:
                    book.change(one.side, price, size, received_at)
                if bid != book.best_bid or ask != book.best_ask or bid >= ask:
                    fault = self._fault(book, bid, ask, one, changes)
                    if fault:
                        shelf.lose(kept, fault, received_at)
                        kept.waiting.append((venue_ms, one.side, price, size))
                        continue
                if not merging:
                    fact = BookChange(kept.market, one.asset_id, one.side, price, size)
                    shelf.hear(Heard(FEED, received_at, venue_ms * MILLISECOND, fact))
                elif not kept.dirty:
                    shelf.tell(kept, received_at)
        except BadInput as error:
            shelf.refuse(f"price_change: {error}", [one.asset_id for one in changes], received_at)

    def _not_now(self, kept: Kept, waiting: Waiting, received_at: int) -> None:
        """A change that cannot go onto the book, which is unknown or already past this message."""
        if kept.book is not None:
            self._counts.out_of_order += 1
            late_ms = kept.venue_ms - waiting[0]
            self.shelf.lose(kept, f"a change came {late_ms} ms out of order", received_at)
        kept.waiting.append(waiting)

    def _fault(self, book: Book, bid: int, ask: int, one: Change, changes: list[Change]) -> str:
        """What is wrong with a book after a change; "" when nothing is, or more changes of it are to come at once."""
        last = next(other for other in reversed(changes) if other.asset_id == one.asset_id)
        if last is not one:
            return ""
        if book.crossed:
            self._counts.crossed += 1
            return f"crossed: bid {format_micro(book.best_bid)}, ask {format_micro(book.best_ask)}"
        for name, told, ours in (("best_bid", bid, book.best_bid), ("best_ask", ask, book.best_ask)):
            if told not in (NOT_TOLD, ours):
                self._counts.best_differs += 1
                return f"{name} is {format_micro(told)} at the venue, {format_micro(ours)} here"
        return ""

    # ------------------------------------------------------------------ whole books

    def whole(self, message: WireBook, received_at: int) -> None:
        """A whole book of the stream; it replaces ours unless it tells of the past."""
        kept = self._kept.get(message.asset_id)
        if kept is None:
            self._counts.not_wanted += 1
            return
        try:
            bids, asks = levels_of("bids", message.bids), levels_of("asks", message.asks)
            self.shelf.date(message.timestamp)
            _learn(kept, message)
        except BadInput as error:
            self.shelf.refuse(f"book: {error}", [message.asset_id], received_at)
            return
        old = kept.book
        if old is not None:
            if message.timestamp < kept.venue_ms - SKEW_MS:
                self._counts.stale_books += 1
                self.shelf.doubt(kept, received_at)
                return
            self._compare(old, bids, asks)
        self._counts.books += 1
        kept.market = message.market
        kept.venue_ms = message.timestamp if old is None else max(message.timestamp, kept.venue_ms)
        if received_at - kept.hashed_at >= HASH_EVERY_NS:
            kept.hashed_at = received_at
            self._check_hash(message, kept)
        self.shelf.show(kept, Book(bids, asks, received_at), received_at)

    def _compare(self, old: Book, bids: dict[int, int], asks: dict[int, int]) -> None:
        """What the book says that no change announced: the venue's own resync, no fault."""
        if old.bids == bids and old.asks == asks:
            self._counts.books_equal += 1
            return
        self._counts.books_ahead += 1

    def _check_hash(self, message: WireBook, kept: Kept) -> None:
        agrees = hash_agrees(message, kept.facts)
        if agrees is None:
            self._counts.hash_unchecked += 1
        elif agrees:
            self._counts.hash_agreed += 1
        else:
            self._counts.hash_differed += 1

    # ------------------------------------------------------------------ other messages

    def best(self, message: BestMessage, received_at: int) -> None:
        """Best prices told apart: they may come before the change they belong to, so a difference is a doubt only."""
        kept = self._kept.get(message.asset_id)
        try:
            bid, ask = BEST_BIDS(message.best_bid), BEST_ASKS(message.best_ask)
        except BadInput as error:
            self.shelf.refuse(f"best_bid_ask: {error}", [], received_at)
            return
        if kept is None or kept.book is None:
            return
        if (bid, ask) != (kept.book.best_bid, kept.book.best_ask):
            self.shelf.doubt(kept, received_at)

    def traded(self, message: LastTradeMessage, connection: int, received_at: int) -> None:
        """A trade, told on; it moves its book, so one that has not moved for a second and does not soon is doubtful."""
        kept = self._kept.get(message.asset_id)
        if kept is None:
            self._counts.not_wanted += 1
            return
        try:
            price, size = PRICES(message.price), SIZES(message.size)
            shares(size)
            self.shelf.date(message.timestamp)
        except BadInput as error:
            self.shelf.refuse(f"last_trade_price: {error}", [], received_at)
            return
        self._counts.trades += 1
        kept.facts.last_trade_price = message.price
        kept.traded_ms = max(kept.traded_ms, message.timestamp)
        if kept.book is not None and received_at - kept.book.at > SECOND:
            self.shelf.doubt(kept, received_at)
        tx = (message.transaction_hash or "").lower()
        trade = PublicTrade(message.market, message.asset_id, message.side, price, size, tx, connection)
        self.shelf.say(trade, received_at, message.timestamp * MILLISECOND)

    def tick_size(self, message: TickSizeMessage, received_at: int) -> None:
        """The old book is in other steps: unknown until the next."""
        kept = self._kept.get(message.asset_id)
        if kept is None:
            self._counts.not_wanted += 1
            return
        try:
            tick = TICKS(message.new_tick_size)
            self.shelf.date(message.timestamp)
        except BadInput as error:
            self.shelf.refuse(f"tick_size_change: {error}", [message.asset_id], received_at)
            return
        kept.facts.tick_size = message.new_tick_size
        kept.market = message.market
        kept.venue_ms = max(message.timestamp, kept.venue_ms)
        self.shelf.forget(kept, received_at)
        fact = TickSizeChanged(message.market, message.asset_id, tick)
        self.shelf.say(fact, received_at, message.timestamp * MILLISECOND)


def _read(one: Change) -> tuple[int, int, int, int]:
    """Everything a change says, the slow way: price, size, best bid and best ask."""
    return PRICES(one.price), SIZES(one.size), BEST_BIDS(one.best_bid), BEST_ASKS(one.best_ask)


def _learn(kept: Kept, message: WireBook) -> None:
    """What a book's hash covers besides its levels; ``BadInput`` when it is unusable."""
    if message.last_trade_price:
        PRICES(message.last_trade_price)
        kept.facts.last_trade_price = message.last_trade_price
    if message.tick_size:
        TICKS(message.tick_size)
        kept.facts.tick_size = message.tick_size
    if message.min_order_size:
        SIZES(message.min_order_size)
        kept.facts.min_order_size = message.min_order_size
