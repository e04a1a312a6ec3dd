"""Matching against public prints: how a paper order fills where there is no book.

A copy is filled only by later prints of the same token and side, in another transaction than the whale's, and each
print's volume is used once over all of our orders. It is filled at the print's price; but once the market was seen
beyond its limit, a real order would rest in the book and trade at its own price, so it is filled at its limit.
"""

from shared.domain.messages import PublicTrade, WhaleTrade
from shared.domain.money import Shares
from shared.domain.order import Order, Side


class Resting:
    """An order the paper venue holds: what is left of it, and from when it may fill (venue time, nanoseconds).

    On a book (see ``shared.adapters.paper.levels``) it also has a place in its price's queue: ``ahead`` is the size
    that goes first, None while no book has told; ``credit`` is how much of it left by what may turn out to be a trade.
    ``rests``: the market was seen beyond its limit since it came.
    """

    __slots__ = ("active_at", "ahead", "credit", "order", "remaining", "rests")

    def __init__(self, order: Order, active_at: int) -> None:
        self.order = order
        self.active_at = active_at
        self.remaining = order.size
        self.ahead: int | None = None
        self.credit = 0
        self.rests = False

    def price_of(self, trade: WhaleTrade | PublicTrade) -> int:
        """The price at which this print fills the order."""
        return self.order.limit if self.rests else trade.price

    def takes(self, trade: WhaleTrade | PublicTrade, venue_at: int) -> bool:
        """Whether this print may fill the order; one beyond its limit shows that it rests."""
        order = self.order
        if trade.side is not order.side or venue_at <= self.active_at or trade.tx == order.signal_tx:
            return False
        within = trade.price <= order.limit if order.side is Side.BUY else trade.price >= order.limit
        self.rests = self.rests or not within
        return within


class PrintMatcher:
    """Resting orders by token, in the order they arrived."""

    def __init__(self) -> None:
        self.by_token: dict[str, list[Resting]] = {}

    def add(self, resting: Resting) -> None:
        """Hold an order."""
        self.by_token.setdefault(resting.order.token, []).append(resting)

    def remove(self, resting: Resting) -> None:
        """Hold it no longer."""
        orders = self.by_token[resting.order.token]
        orders.remove(resting)
        if not orders:
            del self.by_token[resting.order.token]

    def match(self, trade: WhaleTrade | PublicTrade, venue_at: int) -> list[tuple[Resting, Shares]]:
        """Who is filled by this print and with how much; earlier orders first, together never more than the print."""
        fills: list[tuple[Resting, Shares]] = []
        left = trade.size
        for resting in self.by_token.get(trade.token, ()):
            if resting.takes(trade, venue_at) and left:
                size = Shares(min(left, resting.remaining))
                resting.remaining = Shares(resting.remaining - size)
                left -= size
                fills.append((resting, size))
        for resting, _ in fills:
            if resting.remaining == 0:
                self.remove(resting)
        return fills
