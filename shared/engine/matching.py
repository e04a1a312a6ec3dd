"""Matching against public prints: how a paper order fills where there is no book.

A copy is filled only by later prints of the same token and side, in another transaction than the whale's, at the
print's price, and each print's volume is used once over all of our orders.
"""

from shared.domain.messages import PublicTrade, WhaleTrade
from shared.domain.money import Shares
from shared.domain.order import Order, Side


class Resting:
    """An order the paper venue holds: what is left of it, and from when it may fill (venue time, nanoseconds).

    On a book (see ``shared.adapters.paper.levels``) it also has a place in its price's queue: ``ahead`` is the size
    that goes first, None while no book has told; ``credit`` is how much of it left by what may turn out to be a trade.
    """

    __slots__ = ("active_at", "ahead", "credit", "order", "remaining")

    def __init__(self, order: Order, active_at: int) -> None:
        self.order = order
        self.active_at = active_at
        self.remaining = order.size
        self.ahead: int | None = None
        self.credit = 0

    def takes(self, trade: WhaleTrade | PublicTrade, venue_at: int) -> bool:
        """Whether this print may fill the order."""
        order = self.order
        if trade.side is not order.side or venue_at <= self.active_at or trade.tx == order.signal_tx:
            return False
        return trade.price <= order.limit if order.side is Side.BUY else trade.price >= order.limit


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
            if left == 0:
                break
            if resting.takes(trade, venue_at):
                size = Shares(min(left, resting.remaining))
                resting.remaining = Shares(resting.remaining - size)
                left -= size
                fills.append((resting, size))
        for resting, _ in fills:
            if resting.remaining == 0:
                self.remove(resting)
        return fills
