"""Orders, their states, and the one table that says which state may follow which.

``PLANNED`` is written, perhaps sent. Settlement (provisional, confirmed, failed) is the fill's state, not the order's.
"""

from enum import Enum, StrEnum

from msgspec import Struct

from shared.domain.errors import Corrupt
from shared.domain.money import Fraction, Price, Shares, Usd


class Side(StrEnum):
    """Which way shares move, seen from the account."""

    __hash__ = str.__hash__  # Enum's own hash is Python code; sides are part of keys on the hot path

    BUY = "BUY"
    SELL = "SELL"


class Purpose(Enum):
    """Why an order exists: exits are judged by other rules than entries."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"


class OrderType(Enum):
    """How long an order lives: until cancelled, until a date; wholly now or not at all, as far as possible now."""

    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"


class OrderState(Enum):
    """Where an order stands, as far as proof goes."""

    PLANNED = "PLANNED"
    LIVE = "LIVE"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    IN_DOUBT = "IN_DOUBT"


class OrderCause(Enum):
    """A proven fact that may move an order to another state."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    DOUBT = "DOUBT"
    PARTLY_FILLED = "PARTLY_FILLED"
    WHOLLY_FILLED = "WHOLLY_FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    NEVER_SENT = "NEVER_SENT"


EMERGENCY = "emergency_exit"
"""The rule of an exit that a person asked for (``Reason.EMERGENCY_EXIT``)."""
FINAL = (OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELED, OrderState.EXPIRED)
"""States without a way out; late fills of a cancelled or expired order are still booked."""

_S, _C = OrderState, OrderCause
_FROM_DOUBT: dict[OrderCause, OrderState] = {
    _C.ACCEPTED: _S.LIVE,
    _C.REJECTED: _S.REJECTED,
    _C.DOUBT: _S.IN_DOUBT,
    _C.PARTLY_FILLED: _S.PARTIAL,
    _C.WHOLLY_FILLED: _S.FILLED,
    _C.CANCELED: _S.CANCELED,
    _C.EXPIRED: _S.EXPIRED,
}
_WHEN_OPEN: dict[OrderCause, OrderState] = {
    _C.DOUBT: _S.IN_DOUBT,
    _C.PARTLY_FILLED: _S.PARTIAL,
    _C.WHOLLY_FILLED: _S.FILLED,
    _C.CANCELED: _S.CANCELED,
    _C.EXPIRED: _S.EXPIRED,
}
TRANSITIONS: dict[OrderState, dict[OrderCause, OrderState]] = {
    # A report that implies acceptance (a fill, a cancel) also proves it: PLANNED takes what LIVE would take.
    _S.PLANNED: {**_WHEN_OPEN, _C.ACCEPTED: _S.LIVE, _C.REJECTED: _S.REJECTED, _C.NEVER_SENT: _S.CANCELED},
    _S.LIVE: {**_WHEN_OPEN, _C.ACCEPTED: _S.LIVE},
    _S.PARTIAL: {**_WHEN_OPEN, _C.ACCEPTED: _S.PARTIAL},
    _S.IN_DOUBT: _FROM_DOUBT,
    # Final states stay. Reports that arrive late or twice change nothing; late fills are booked all the same.
    _S.FILLED: dict.fromkeys((_C.ACCEPTED, _C.DOUBT, _C.CANCELED, _C.EXPIRED), _S.FILLED),
    # (That includes a rejection: an order given up as nowhere to be found may be told that it was never taken.)
    _S.CANCELED: {c: _S.CANCELED for c in _FROM_DOUBT if c is not _C.WHOLLY_FILLED},
    _S.EXPIRED: {c: _S.EXPIRED for c in _FROM_DOUBT if c is not _C.WHOLLY_FILLED},
    _S.REJECTED: dict.fromkeys((_C.REJECTED, _C.DOUBT), _S.REJECTED),
}
TRANSITIONS[_S.CANCELED][_C.WHOLLY_FILLED] = _S.FILLED
TRANSITIONS[_S.EXPIRED][_C.WHOLLY_FILLED] = _S.FILLED


def next_state(state: OrderState, cause: OrderCause) -> OrderState:
    """The state after a proven fact; ``Corrupt`` where the two contradict each other (a rejected order that fills)."""
    after = TRANSITIONS[state].get(cause)
    if after is None:
        raise Corrupt(f"order in state {state.value} cannot meet {cause.value}")
    return after


class Order(Struct, frozen=True, gc=False):
    """One order with every field it was planned with, and how far it has come.

    ``reserved`` is the cash still held for it (cost at the limit plus the largest fee), ``cost`` and ``fees`` what its
    fills took. ``signal_at`` and ``planned_at`` are event times in nanoseconds; ``venue_hash`` is known before sending.
    ``expires_at`` (GTD only, nanoseconds, else 0) is what is sent to the venue, which ends the order 60 s before it;
    a ``post_only`` order is refused where it would take.

    ``phase``: how far execution had to go for it (1: at the target price); ``attempt``: orders sent so far in this
    phase and slice, refused ones included; ``slice_no`` of ``slices``: its part of an order worked over time, of which
    ``later`` shares are still to come.
    ``target``: the price decided on, ``reference``: the best price displayed then (0: none), from which slippage is
    measured. ``p_win``: what the purchase believed. ``life_ns``: how long it may stay open (0: as the limits say).
    ``rule``: why a rule of ours sells (a Reason).
    ``dead``: it failed for good and is not tried again, which a person should look at.
    """

    order_key: str
    intent_id: str
    leg: int
    account: str
    strategy: str
    source: str
    market: str
    token: str
    side: Side
    purpose: Purpose
    limit: Price
    size: Shares
    fee_rate: Fraction
    signal_id: str
    signal_at: int
    signal_tx: str
    planned_at: int
    salt: int
    venue_hash: str = ""
    state: OrderState = OrderState.PLANNED
    filled: Shares = Shares(0)
    cost: Usd = Usd(0)
    fees: Usd = Usd(0)
    reserved: Usd = Usd(0)
    changed_at: int = 0
    note: str = ""
    v: int = 1
    order_type: OrderType = OrderType.GTC
    post_only: bool = False
    expires_at: int = 0
    phase: int = 1
    attempt: int = 1
    slice_no: int = 1
    slices: int = 1
    later: Shares = Shares(0)
    target: int = 0
    reference: int = 0
    life_ns: int = 0
    p_win: int = 0
    rule: str = ""
    dead: bool = False

    @property
    def remaining(self) -> Shares:
        """Shares not filled yet."""
        return Shares(self.size - self.filled)

    @property
    def sleeve(self) -> str:
        """The sleeve its position belongs to: (strategy, source)."""
        return f"{self.strategy}/{self.source}"


def told_to_sell(order: Order | None) -> bool:
    """Whether a person told us to sell (flatten): the only plan that the kill switch does not stop."""
    return order is not None and order.side is Side.SELL and order.rule == EMERGENCY
