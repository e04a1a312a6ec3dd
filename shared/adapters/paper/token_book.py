"""A token as the paper venue sees it: the displayed book, what of it is there for us, and our orders in it.

A marketable order walks the displayed book of its moment, level by level, at each level's price. A resting order fills
- from trades at its price that its place in the queue lets through, or in full size from trades beyond its price; or
- when the book has come through its price: something is displayed against it at its price or better, and nobody of its
  own side is displayed there any more (otherwise the displayed book, seen between two messages, contradicts itself);
always at its own price. Which side of a match a ``WhaleTrade`` was on is not told, so only a ``PublicTrade`` counts.
"""

from shared.adapters.paper.levels import Level, may_meet
from shared.domain.messages import BookChange, BookSnapshot, PublicTrade
from shared.domain.money import Shares
from shared.domain.order import Side
from shared.engine.books import Book
from shared.engine.matching import Resting

_BUY = Side.BUY
Filled = list[tuple[Resting, Shares]]


class TokenBook:
    """See the module. ``book`` is None while it is unknown; ``watched`` is False when nothing of ours is in it."""

    __slots__ = ("asks", "bids", "book", "resting", "waiting", "watched")

    def __init__(self) -> None:
        self.book: Book | None = None
        self.bids: dict[int, Level] = {}
        self.asks: dict[int, Level] = {}
        self.resting: list[Resting] = []
        self.waiting: list[Resting] = []
        self.watched = False

    # ------------------------------------------------------------------ the displayed book

    def replace(self, snapshot: BookSnapshot, at: int) -> None:
        """The whole book anew."""
        if self.book is None:
            self.book = Book(snapshot.bids, snapshot.asks, at)
        else:
            self.book.replace(snapshot.bids, snapshot.asks, at)
        for levels, shown in ((self.bids, self.book.bids), (self.asks, self.book.asks)):
            for price, level in levels.items():
                level.show(shown.get(price, 0), at)

    def change(self, change: BookChange, at: int) -> None:
        """One level has another size; not heard while the book is unknown."""
        if self.book is None:
            return
        self.book.change(change.side, change.price, change.size, at)
        level = (self.bids if change.side is _BUY else self.asks).get(change.price)
        if level is not None:
            level.show(change.size, at)

    def lose(self) -> None:
        """The book is unknown until the next snapshot; what we took of it and our places in it are not forgotten."""
        self.book = None

    # ------------------------------------------------------------------ taking

    def offers(self, side: Side, limit: int) -> list[tuple[int, int]]:
        """What a taker finds up to its limit: (price, size that is there for us), best first."""
        if self.book is None:
            return []
        if side is _BUY:
            if self.book.best_ask > limit:
                return []
            prices = sorted(price for price in self.book.asks if price <= limit)
            shown, levels = self.book.asks, self.asks
        else:
            if self.book.best_bid < limit:
                return []
            prices = sorted((price for price in self.book.bids if price >= limit), reverse=True)
            shown, levels = self.book.bids, self.bids
        found = ((price, levels[price].available if price in levels else shown[price]) for price in prices)
        return [(price, size) for price, size in found if size]

    def take(self, side: Side, limit: int, size: int, at: int) -> list[tuple[int, Shares]]:
        """Walk the book: (price, size) of what was taken, level by level; it is not there for us a second time."""
        taken: list[tuple[int, Shares]] = []
        for price, there in self.offers(side, limit):
            part = min(there, size)
            self._level(Side.SELL if side is _BUY else _BUY, price, at).take(part)
            taken.append((price, Shares(part)))
            size -= part
            if not size:
                break
        return taken

    def took(self, side: Side, price: int, size: int, at: int) -> None:
        """An order of that side took this much in an earlier life; it is not there for us a second time."""
        self._level(Side.SELL if side is _BUY else _BUY, price, at).take(size)

    def _level(self, side: Side, price: int, at: int) -> Level:
        """The memory of a level (``side`` is the side of the book it is on), made when first needed."""
        levels = self.bids if side is _BUY else self.asks
        level = levels.get(price)
        if level is None:
            shown = {} if self.book is None else self.book.bids if side is _BUY else self.book.asks
            level = levels[price] = Level(shown.get(price, 0), at)
            self.watched = True
        return level

    # ------------------------------------------------------------------ resting

    def rest(self, resting: Resting, at: int) -> None:
        """An order comes to rest at the end of its price's queue."""
        self.resting.append(resting)
        self._level(resting.order.side, resting.order.limit, at).join(resting, self.book is not None)
        self.watched = True

    def wait(self, resting: Resting) -> None:
        """An order has come that no book can answer yet: the next snapshot will."""
        self.waiting.append(resting)
        self.watched = True

    def leave(self, resting: Resting) -> None:
        """An order is here no longer."""
        if resting in self.waiting:
            self.waiting.remove(resting)
        elif resting in self.resting:
            self.resting.remove(resting)
            levels = self.bids if resting.order.side is _BUY else self.asks
            level = levels[resting.order.limit]
            level.queue.remove(resting)
            if level.idle:
                del levels[resting.order.limit]
        self.watched = bool(self.resting or self.waiting or self.bids or self.asks)

    def crossed(self, at: int) -> Filled:
        """Which resting orders the book has come through, and how much is displayed against them."""
        book = self.book
        fills: Filled = []
        if book is None:
            return fills
        for resting in self._by_price(self.resting):
            side, limit = resting.order.side, resting.order.limit
            through = (
                book.best_ask <= limit and book.best_bid < limit
                if side is _BUY
                else book.best_bid >= limit and book.best_ask > limit
            )
            if through:
                size = Shares(sum(part for _, part in self.take(side, limit, resting.remaining, at)))
                if size:
                    resting.remaining = Shares(resting.remaining - size)
                    fills.append((resting, size))
        return fills

    def printed(self, trade: PublicTrade, at: int) -> Filled:
        """Which resting orders a trade reaches: those beyond whose price it was first, then those at its price."""
        buying = trade.side is not _BUY  # the maker's side
        level = (self.bids if buying else self.asks).get(trade.price)
        if level is not None:
            level.trade(trade.size, at)
        left = trade.size
        fills: Filled = []
        for resting in self._by_price(self.resting):
            limit = resting.order.limit
            if (resting.order.side is _BUY) is not buying or not may_meet(resting, trade, at):
                continue
            if left and (limit > trade.price if buying else limit < trade.price):
                size = Shares(min(left, resting.remaining))
                resting.remaining = Shares(resting.remaining - size)
                left -= size
                fills.append((resting, size))
        if level is not None and left:
            fills += level.reach(trade, left, at)
        return fills

    @staticmethod
    def _by_price(orders: list[Resting]) -> list[Resting]:
        """The best prices first on each side, earlier orders first at a price."""
        if len(orders) == 1:
            return list(orders)
        return sorted(orders, key=lambda one: -one.order.limit if one.order.side is _BUY else one.order.limit)
