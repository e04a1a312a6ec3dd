"""Books and the reports that agree with them, until a test changes one."""

from typing import Any

from msgspec.structs import replace

from shared.domain.instants import MINUTE
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.messages import (
    ControlChanged,
)
from shared.domain.money import ONE, Shares, Usd, dollars
from shared.domain.order import Order, OrderState, Purpose, Side
from shared.domain.reports import OpenOrder, Reports, TradeReport
from shared.engine.ledger import Projection, deposit_record, fill_record, plan_record
from shared.engine.limits import Limits
from shared.engine.reconciliation import (
    Belief,
    BookedFill,
    Difference,
    Evidence,
    Reconciliation,
    Redemption,
    belief_of,
    reconcile,
)
from tests.shared.engine.builders import NOON, order

S = OrderState
D = Difference
STATUS = SettlementStatus
LIMITS = Limits()
LONG_AGO = NOON - 60 * MINUTE
KEY = "intent.1"
TEN = dollars(10)


class World:
    """Books with $1,000 and the orders given; reports that agree with them until a test changes one."""

    def __init__(self, *orders: Order) -> None:
        self.books = Projection()
        self.books.apply(deposit_record("test", dollars(1_000), LONG_AGO, "start"))
        for one in orders:
            self.books.apply(plan_record(replace(one, state=S.PLANNED), LIMITS))
            self.books.orders[one.order_key] = one
        self.fills: dict[tuple[str, str], BookedFill] = {}
        self.trading = True
        self.redemptions: tuple[Redemption, ...] = ()
        self.acknowledged: tuple[str, ...] = ()

    def booked(self, made: Fill, status: SettlementStatus = STATUS.CONFIRMED) -> "World":
        """The fill is in the books."""
        one = self.books.orders[made.order_key]
        position = self.books.positions.get(f"{one.token}#{one.sleeve}")
        self.books.apply(fill_record(one, position, made, NOON - 30 * MINUTE, LIMITS))
        self.fills[made.trade_id, made.order_key] = BookedFill(made, status)
        return self

    @property
    def belief(self) -> Belief:
        return belief_of(self.books, self.fills, self.trading, self.redemptions, self.acknowledged)

    def reports(self, **changes: Any) -> Reports:
        """What a venue says that agrees with the books, but for ``changes``."""
        positions: dict[str, int] = {}
        for one in self.books.positions.values():
            positions[one.token] = positions.get(one.token, 0) + one.size
        opened = [one for one in self.books.orders.values() if one.state in (S.LIVE, S.PARTIAL)]
        trades = [
            reported(booked.fill, self.books.orders[key], booked.status) for (_, key), booked in self.fills.items()
        ]
        fields: dict[str, Any] = {
            "as_of": NOON,
            "open_orders": tuple(held(one) for one in opened),
            "trades": tuple(trades),
            "positions": positions,
            "balance": self.belief.cash,
        }
        return Reports(**{**fields, **changes})

    def round(self, evidence: Evidence | None = None, /, **changes: Any) -> Reconciliation:
        return reconcile(self.belief, self.reports(**changes), evidence or Evidence())


def live(**changes: object) -> Order:
    """An order the venue took an hour ago."""
    return order(**{"state": S.LIVE, "planned_at": LONG_AGO, "changed_at": LONG_AGO, "venue_hash": "0xa", **changes})


def sale(**changes: object) -> Order:
    """A SELL of 100 shares by the same sleeve."""
    exit_fields = {"order_key": "exit.1", "side": Side.SELL, "purpose": Purpose.EXIT, "reserved": Usd(0)}
    return live(**{**exit_fields, "venue_hash": "0xb", **changes})


def doubtful() -> World:
    return World(live(state=S.IN_DOUBT))


def held(one: Order, **changes: Any) -> OpenOrder:
    fields = {
        "order_key": one.order_key,
        "venue_order_id": one.venue_hash,
        "token": one.token,
        "side": one.side,
        "limit": one.limit,
        "size": one.size,
        "filled": one.filled,
    }
    return OpenOrder(**{**fields, **changes})


def fill(trade_id: str = "t1", size: int = 40 * ONE, at: int = LONG_AGO, **changes: Any) -> Fill:
    """An execution of 40 shares at 0.50 an hour ago: $20 and a fee of half a dollar."""
    fields: dict[str, Any] = {"order_key": KEY, "price": 500_000, "fee": Usd(500_000), "venue_at": at, **changes}
    return Fill(trade_id=trade_id, size=Shares(size), **fields)


def reported(made: Fill, one: Order, status: SettlementStatus = STATUS.CONFIRMED, **changes: Any) -> TradeReport:
    return TradeReport(**{"fill": made, "token": one.token, "side": one.side, "status": status, **changes})


def kinds(result: Reconciliation) -> list[Difference]:
    return [finding.kind for finding in result.findings]


def only(result: Reconciliation) -> tuple[Difference, str]:
    """The one finding there is."""
    (finding,) = result.findings
    return finding.kind, finding.text


def halts(result: Reconciliation, about: str) -> None:
    """It stops trading, first of all, and says why."""
    assert about in result.halt
    assert result.payloads[0] == ControlChanged(trading=False, reason=result.halt)
    assert not result.equal
