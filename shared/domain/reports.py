"""What a venue states when it is asked for everything: open orders, trades, positions, balance, as of one instant.

A query that failed is None. None is never "no orders", "no trades" or "flat": whatever it would have told is unknown.
"""

from collections.abc import Mapping

from msgspec import Struct

from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.money import Price, Shares
from shared.domain.order import OrderState, Side


class OpenOrder(Struct, frozen=True, gc=False):
    """An order the venue holds open. Named by our key, by the venue's id (the order hash), or by both."""

    order_key: str
    venue_order_id: str
    token: str
    side: Side
    limit: Price
    size: Shares
    filled: Shares


class TradeReport(Struct, frozen=True, gc=False):
    """One execution of an order of this wallet and how far it has settled.

    ``fill.order_key`` is empty where the venue names its own id only.
    """

    fill: Fill
    token: str
    side: Side
    status: SettlementStatus
    venue_order_id: str = ""


class OrderStatement(Struct, frozen=True, gc=False):
    """The answer to a question about one order: its state, what it has filled in total, and why it was rejected.

    ``state`` is LIVE, PARTIAL, or one of the final states. "Not found" is no statement.
    """

    order_key: str
    state: OrderState
    filled: Shares
    venue_order_id: str = ""
    reason: str = ""


class Reports(Struct, frozen=True):
    """Everything one round of questions brought, in any order.

    ``as_of`` is our clock just before the first question was sent (nanoseconds). ``trades`` holds every execution that
    happened at or after ``trades_since``. ``positions`` are shares by token (a token that a successful query does not
    name is 0), ``balance`` is the wallet's pUSD, both in millionths. ``cancels_answered``: orders, by our key or the
    venue's id, whose cancel-by-hash was answered, whatever the answer was.
    """

    as_of: int
    open_orders: tuple[OpenOrder, ...] | None
    trades: tuple[TradeReport, ...] | None
    positions: Mapping[str, int] | None
    balance: int | None
    trades_since: int = 0
    statements: tuple[OrderStatement, ...] = ()
    cancels_answered: tuple[str, ...] = ()
