"""A venue that tells the truth when it is heard. Losing what it says is the world's part.

It keeps its own account of the shares in the wallet, so that it knows what can be sold, whatever we believe.
"""

from shared.domain.ledger import SETTLED_FOR_GOOD, Fill, FillKey, SettlementStatus
from shared.domain.messages import FillStatus, Merged, MergeReverted, OrderFilled, OrderRejected, OrderReport, Payload
from shared.domain.money import Price, Shares, taker_fee
from shared.domain.order import FINAL, Order, OrderState, Side

NEXT = {SettlementStatus.MATCHED: SettlementStatus.MINED, SettlementStatus.MINED: SettlementStatus.CONFIRMED}


class Taken:
    """An order as the exchange knows it. ``late``: it was filled after the exchange had called it ended."""

    __slots__ = ("fills", "late", "left", "order", "state")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.state = OrderState.LIVE
        self.left = int(order.size)
        self.fills: list[Fill] = []
        self.late = False

    def filled(self) -> Shares:
        """Shares executed so far."""
        return Shares(self.order.size - self.left)


class Exchange:
    """Orders by key. What was refused once is refused for good.

    ``settles``: it says of each execution how far it has come on the chain. ``settled``: how far that is; the shares of
    a purchase are in the wallet from MINED on, those of a sale are gone at once and back if it fails.
    """

    def __init__(self, settles: bool) -> None:
        self.settles = settles
        self.orders: dict[str, Taken] = {}
        self.live: dict[str, Taken] = {}
        self.refused: dict[str, str] = {}
        self.settled: dict[FillKey, SettlementStatus] = {}
        self.unsettled: dict[FillKey, Taken] = {}
        self.merged: dict[str, Merged] = {}
        self.wallet: dict[str, int] = {}
        self.reorganised = False
        self.trades = 0

    # ------------------------------------------------------------------ orders

    def submit(self, order: Order) -> bool:
        """Takes an order it has neither seen nor refused; whether it did."""
        if order.order_key in self.orders or order.order_key in self.refused:
            return False
        self.orders[order.order_key] = self.live[order.order_key] = Taken(order)
        return True

    def can_sell(self, order: Order) -> bool:
        """Whether the shares of a sale are in the wallet, and in no other open sale."""
        return self.free(order.token) >= order.size

    def free(self, token: str) -> int:
        """Shares in the wallet that no open sale may still take."""
        offered = sum(t.left for t in self.live.values() if t.order.side is Side.SELL and t.order.token == token)
        return self.wallet.get(token, 0) - offered

    def refuse(self, order_key: str, reason: str) -> OrderRejected:
        """From now on this key is not taken."""
        self.refused[order_key] = reason
        return OrderRejected(order_key, reason)

    def fill(self, taken: Taken, size: int, price: int, at: int) -> OrderFilled:
        """An execution; a late one of an ended order is the exchange's right."""
        order = taken.order
        self.trades += 1
        fee = taker_fee(Shares(size), Price(price), order.fee_rate)
        made = Fill(f"trade-{self.trades}", order.order_key, price, Shares(size), fee, at, settles=self.settles)
        taken.fills.append(made)
        taken.left -= size
        taken.late = taken.late or taken.state in FINAL
        if taken.left == 0:
            self._end(taken, OrderState.FILLED)
        elif taken.state is OrderState.LIVE:
            taken.state = OrderState.PARTIAL
        if order.side is Side.SELL:
            self._move(order.token, -size)
        elif not self.settles:
            self._move(order.token, size)
        if self.settles:
            key = (made.trade_id, made.order_key)
            self.settled[key] = SettlementStatus.MATCHED
            self.unsettled[key] = taken
        return OrderFilled(made)

    def _move(self, token: str, size: int) -> None:
        self.wallet[token] = self.wallet.get(token, 0) + size

    def _end(self, taken: Taken, state: OrderState) -> None:
        taken.state = state
        self.live.pop(taken.order.order_key, None)

    def end(self, taken: Taken, state: OrderState) -> OrderReport:
        """Cancelled or expired, unless it had ended already."""
        if taken.state not in FINAL:
            self._end(taken, state)
        return self.report(taken)

    def report(self, taken: Taken) -> OrderReport:
        """The statement on an order as it stands."""
        return OrderReport(taken.order.order_key, taken.state, taken.filled())

    def query(self, order_key: str) -> list[Payload]:
        """Every fill, how far each has settled, then the statement; an order it never saw is refused for good."""
        taken = self.orders.get(order_key)
        if taken is None:
            return [self.refuse(order_key, self.refused.get(order_key, "never arrived"))]
        told: list[Payload] = [OrderFilled(fill) for fill in taken.fills]
        return [*told, *self.statuses(taken), self.report(taken)]

    # ------------------------------------------------------------------ the chain

    def statuses(self, taken: Taken) -> list[Payload]:
        """How far each execution of an order has settled, where that is more than a match."""
        told: list[Payload] = []
        for fill in taken.fills:
            status = self.settled.get((fill.trade_id, fill.order_key), SettlementStatus.MATCHED)
            if status is not SettlementStatus.MATCHED:
                told.append(FillStatus(fill.trade_id, fill.order_key, status))
        return told

    def settle(self, key: FillKey, fails: bool) -> FillStatus:
        """An execution comes one step further on the chain, or fails: then it never happened.

        A mined purchase fails only while its shares are still there.
        """
        taken, before = self.unsettled[key], self.settled[key]
        order = taken.order
        size = next(fill.size for fill in taken.fills if fill.trade_id == key[0])
        mined = before is SettlementStatus.MINED
        if fails and mined and order.side is Side.BUY and self.free(order.token) < size:
            fails = False
        status = SettlementStatus.FAILED if fails else NEXT[before]
        self.settled[key] = status
        if order.side is Side.SELL:
            self._move(order.token, size if fails else 0)
        elif fails:
            self._move(order.token, -size if mined else 0)
        elif not mined:
            self._move(order.token, size)
        self.reorganised = self.reorganised or (fails and mined)
        if status in SETTLED_FOR_GOOD:
            del self.unsettled[key]
        return FillStatus(key[0], key[1], status)

    def merge(self, market: str, size: int, ref: str) -> Merged | MergeReverted:
        """As many shares of each outcome become dollars, once per ``ref``; it reverts where they are not there."""
        if ref not in self.merged:
            tokens = [f"{market}:{outcome}" for outcome in ("yes", "no")]
            if any(self.wallet.get(token, 0) < size for token in tokens):
                return MergeReverted(market, ref)
            self.merged[ref] = Merged(market, Shares(size), ref)
            for token in tokens:
                self._move(token, -size)
        return self.merged[ref]
