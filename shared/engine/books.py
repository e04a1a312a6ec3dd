"""A token's live book in integers: size by price on each side, the best of each side kept.

The engine judges entries on it, and the market channel keeps one per token from what the venue sends.
"""

from collections.abc import Iterable, Mapping

from shared.domain.messages import BookSnapshot
from shared.domain.money import ONE, average_price, weighted
from shared.domain.order import Side

Level = tuple[int, int]
"""(price in micro-dollars, size in millionths of a share)."""
Levels = Mapping[int, int] | Iterable[Level]
"""Size by price, or pairs of them; in any order, each with a positive size."""
NO_BID = 0
NO_ASK = ONE
"""What the best price of an empty side is; no order can rest at either, so comparisons need no special case."""

_BUY = Side.BUY
"""Looked up once: attributes of an Enum class are slow."""


class Book:
    """``bids`` and ``asks``: size by price, never 0. ``at``: when it was last known to be right (nanoseconds UTC)."""

    __slots__ = ("asks", "at", "best_ask", "best_bid", "bids")

    def __init__(self, bids: Levels, asks: Levels, at: int) -> None:
        self.replace(bids, asks, at)

    def replace(self, bids: Levels, asks: Levels, at: int) -> None:
        """The whole book anew."""
        self.bids = dict(bids)
        self.asks = dict(asks)
        self.best_bid = max(self.bids, default=NO_BID)
        self.best_ask = min(self.asks, default=NO_ASK)
        self.at = at

    def change(self, side: Side, price: int, size: int, at: int) -> None:
        """One level has this size in total now; 0 removes it."""
        self.at = at
        if side is _BUY:
            levels = self.bids
            if size:
                levels[price] = size
                if price > self.best_bid:
                    self.best_bid = price
            elif levels.pop(price, 0) and price == self.best_bid:
                self.best_bid = max(levels, default=NO_BID)
            return
        levels = self.asks
        if size:
            levels[price] = size
            if price < self.best_ask:
                self.best_ask = price
        elif levels.pop(price, 0) and price == self.best_ask:
            self.best_ask = min(levels, default=NO_ASK)

    def confirmed(self, at: int) -> None:
        """Nothing changed, and that is known: the book's age counts from here."""
        self.at = at

    @property
    def crossed(self) -> bool:
        """Whether a bid reaches an ask, which no book of a venue that matches orders can show."""
        return self.best_bid >= self.best_ask

    @property
    def two_sided(self) -> bool:
        """Whether both sides have an order; without, there is no spread to speak of."""
        return bool(self.bids) and bool(self.asks)

    def usable(self, at: int, max_age_ns: int) -> bool:
        """Whether one can act on it: two sides, not crossed, and known to be right at most ``max_age_ns`` ago."""
        return at - self.at <= max_age_ns and self.best_bid > NO_BID and self.best_bid < self.best_ask < NO_ASK

    def walked(self, side: Side, limit: int, size: int) -> tuple[int, int]:
        """What an order that takes would find now: shares up to its limit and size, their mean price (0 of none)."""
        found, paid = 0, 0
        for price, there in self.asks_up() if side is _BUY else self.bids_down():
            if found >= size or (price > limit if side is _BUY else price < limit):
                break
            part = min(there, size - found)
            found += part
            paid += weighted(price, part)
        return found, average_price(paid, found) if found else 0

    def bids_down(self) -> list[Level]:
        """Bids from the highest."""
        return sorted(self.bids.items(), reverse=True)

    def asks_up(self) -> list[Level]:
        """Asks from the lowest."""
        return sorted(self.asks.items())

    def snapshot(self, market: str, token: str) -> BookSnapshot:
        """The book as a fact, best level first."""
        return BookSnapshot(market, token, tuple(self.bids_down()), tuple(self.asks_up()))
