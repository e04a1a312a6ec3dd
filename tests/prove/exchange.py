"""A venue that tells the truth when it is heard. Losing what it says is the world's part."""

from shared.domain.ledger import Fill
from shared.domain.messages import OrderFilled, OrderRejected, OrderReport, Payload
from shared.domain.money import Price, Shares, taker_fee
from shared.domain.order import FINAL, Order, OrderState


class Taken:
    """An order as the exchange knows it."""

    __slots__ = ("fills", "left", "order", "state")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.state = OrderState.LIVE
        self.left = int(order.size)
        self.fills: list[Fill] = []

    def filled(self) -> Shares:
        """Shares executed so far."""
        return Shares(self.order.size - self.left)


class Exchange:
    """Orders by key. What was refused once is refused for good."""

    def __init__(self) -> None:
        self.orders: dict[str, Taken] = {}
        self.refused: dict[str, str] = {}
        self.trades = 0

    def submit(self, order: Order) -> bool:
        """Takes an order it has neither seen nor refused; whether it did."""
        if order.order_key in self.orders or order.order_key in self.refused:
            return False
        self.orders[order.order_key] = Taken(order)
        return True

    def refuse(self, order_key: str, reason: str) -> OrderRejected:
        """From now on this key is not taken."""
        self.refused[order_key] = reason
        return OrderRejected(order_key, reason)

    def fill(self, taken: Taken, size: int, price: int, at: int) -> OrderFilled:
        """An execution; a late one of an ended order is the exchange's right."""
        order = taken.order
        self.trades += 1
        fee = taker_fee(Shares(size), Price(price), order.fee_rate)
        made = Fill(f"trade-{self.trades}", order.order_key, price, Shares(size), fee, at)
        taken.fills.append(made)
        taken.left -= size
        if taken.left == 0:
            taken.state = OrderState.FILLED
        elif taken.state is OrderState.LIVE:
            taken.state = OrderState.PARTIAL
        return OrderFilled(made)

    def end(self, taken: Taken, state: OrderState) -> OrderReport:
        """Cancelled or expired, unless it had ended already."""
        if taken.state not in FINAL:
            taken.state = state
        return self.report(taken)

    def report(self, taken: Taken) -> OrderReport:
        """The statement on an order as it stands."""
        return OrderReport(taken.order.order_key, taken.state, taken.filled())

    def query(self, order_key: str) -> list[Payload]:
        """Every fill, then the statement; an order it never saw is refused for good."""
        taken = self.orders.get(order_key)
        if taken is None:
            return [self.refuse(order_key, self.refused.get(order_key, "never arrived"))]
        return [*(OrderFilled(fill) for fill in taken.fills), self.report(taken)]
