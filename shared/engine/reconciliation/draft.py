"""Belief as it will stand once this round's payloads are applied, while they are being collected.

Every comparison is made against the draft, never against the old belief: so a second run over the same reports, after
the engine took the payloads, finds the same and has nothing left to tell.
"""

from msgspec.structs import replace

from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.messages import FillStatus, OrderFilled, Payload
from shared.domain.money import Price, Shares, cost, proceeds
from shared.domain.order import FINAL, Order, OrderState, Side
from shared.domain.reports import Reports
from shared.engine.reconciliation.belief import (
    Belief,
    BookedFill,
    Difference,
    Evidence,
    FillKey,
    Finding,
    Patience,
)


def moved(side: Side, fill: Fill) -> tuple[int, int]:
    """What an execution adds to our shares and to our pUSD (millionths), as the ledger books it."""
    price = Price(fill.price)
    if side is Side.BUY:
        return fill.size, -(cost(fill.size, price) + fill.fee)
    return -fill.size, proceeds(fill.size, price) - fill.fee


class Draft:
    """Collects payloads and findings. ``tokens``: shares by token; ``foreign``: what others moved, by asset."""

    def __init__(self, belief: Belief, reports: Reports, evidence: Evidence, patience: Patience) -> None:
        self.belief = belief
        self.reports = reports
        self.patience = patience
        self.evidence = evidence
        self.payloads: list[Payload] = []
        self.findings: list[Finding] = []
        self.since: dict[str, tuple[int, int]] = {}
        self.orders = dict(belief.orders)
        self.fills = dict(belief.fills)
        self.sleeves = {key: int(position.size) for key, position in belief.positions.items()}
        self.tokens: dict[str, int] = {}
        self.cash = belief.cash
        self.foreign: dict[str, int] = {}
        self._by_hash = {order.venue_hash: key for key, order in belief.orders.items() if order.venue_hash}
        for position in belief.positions.values():
            if position.size:
                self.tokens[position.token] = self.tokens.get(position.token, 0) + position.size

    # ------------------------------------------------------------------ asking

    def key_of(self, order_key: str, venue_order_id: str) -> str | None:
        """Our key of an order that a report names, or None when it is not ours."""
        if order_key in self.orders:
            return order_key
        return self._by_hash.get(venue_order_id) if venue_order_id else None

    def recent(self, order: Order) -> bool:
        """Whether the order changed so lately that reports may not show it."""
        return self.reports.as_of - order.changed_at < self.patience.grace_ns

    def bookable(self, order: Order, fill: Fill) -> bool:
        """Whether the ledger can take the execution: the order has room for it, a SELL also the sleeve's shares."""
        if order.state is OrderState.REJECTED or fill.size > order.remaining:
            return False
        return order.side is Side.BUY or fill.size <= self.in_sleeve(order)

    def in_sleeve(self, order: Order) -> int:
        """Shares of the order's token that its sleeve holds."""
        return self.sleeves.get(f"{order.token}#{order.sleeve}", 0)

    # ------------------------------------------------------------------ finding

    def find(self, kind: Difference, subject: str, text: str) -> None:
        """Note a difference."""
        self.findings.append(Finding(kind, subject, text))

    def lags(self, question: str, subject: str, difference: int, text: str) -> None:
        """A difference that may clear by itself: tolerated while young, unexplained when the same one is still there.

        As long as trades cannot be read it can neither clear nor be judged.
        """
        as_of, name = self.reports.as_of, f"{question} {subject}"
        known = self.evidence.since.get(name)
        first = known[1] if known is not None and known[0] == difference else as_of
        self.since[name] = (difference, first)
        old = as_of - first >= self.patience.grace_ns and self.reports.trades is not None
        self.find(Difference.UNEXPLAINED if old else Difference.IN_FLIGHT, subject, text)

    def unread(self, question: str) -> None:
        """A question failed: what earlier rounds tolerated in its answers is remembered as it was."""
        self.find(Difference.UNREAD, question, f"the venue's {question} could not be read")
        for name, held in self.evidence.since.items():
            if name.startswith(f"{question} "):
                self.since[name] = held

    # ------------------------------------------------------------------ telling

    def tell(self, payload: Payload, subject: str, text: str) -> None:
        """A fact the engine missed."""
        self.payloads.append(payload)
        self.find(Difference.REPAIRED, subject, text)

    def move(self, key: str, state: OrderState) -> None:
        """The order will stand like this."""
        self.orders[key] = replace(self.orders[key], state=state, changed_at=self.reports.as_of)

    def book(self, key: str, fill: Fill, status: SettlementStatus) -> None:
        """Tell a missed execution and how far it has settled."""
        order = self.orders[key]
        text = f"order {key}: trade {fill.trade_id} of {fill.size} at {fill.price} was not booked yet"
        self.tell(OrderFilled(fill), key, text)
        self.fills[fill.trade_id, key] = BookedFill(fill)
        filled = Shares(order.filled + fill.size)
        if filled == order.size:
            state = OrderState.FILLED
        else:
            state = order.state if order.state in FINAL else OrderState.PARTIAL
        self.orders[key] = replace(order, filled=filled, state=state, changed_at=self.reports.as_of)
        self._shift(order, fill, 1)
        if status is not SettlementStatus.MATCHED:
            self.settle((fill.trade_id, key), status)

    def settle(self, fill_key: FillKey, status: SettlementStatus) -> None:
        """Tell how far an execution has settled; a failed one comes back out of the books."""
        trade_id, key = fill_key
        fill = self.fills[fill_key].fill
        self.tell(FillStatus(trade_id, key, status), key, f"trade {trade_id} of order {key} is {status.value}")
        self.fills[fill_key] = BookedFill(fill, status)
        if status is SettlementStatus.FAILED:
            self._shift(self.orders[key], fill, -1)

    def _shift(self, order: Order, fill: Fill, sign: int) -> None:
        shares, money = moved(order.side, fill)
        if sign < 0:
            shares, money = -shares, -money
        sleeve = f"{order.token}#{order.sleeve}"
        self.sleeves[sleeve] = self.sleeves.get(sleeve, 0) + shares
        self.tokens[order.token] = self.tokens.get(order.token, 0) + shares
        self.cash += money
