"""Sales that are told before the purchases they sold: a venue that calls an order ended may tell its last executions
later, and the shares of one order are sold by the next.

They wait here for what explains them. They are not written down: whoever asks the venue again is told of them again.
"""

from msgspec import Struct

from shared.domain.effects import Alert, Effect, WakeMeAt
from shared.domain.instants import MINUTE
from shared.domain.ledger import Fill, FillKey
from shared.domain.messages import TimerKind
from shared.domain.money import format_micro
from shared.domain.order import Order, Side

PATIENCE_NS = 10 * MINUTE
"""How long they wait: two rounds of reconciliation, each of which asks for every execution."""


class _Held(Struct, frozen=True, gc=False):
    """An execution that cannot be booked, of which position it sells, and since when it waits."""

    fill: Fill
    position: str
    since: int


class Unbooked:
    """See the module."""

    def __init__(self) -> None:
        self._held: dict[FillKey, _Held] = {}

    def hold(self, order: Order, fill: Fill, at: int) -> list[Effect]:
        """A sale of more than we know of waits; told again, it goes on waiting."""
        key = (fill.trade_id, fill.order_key)
        if key in self._held:
            return []
        self._held[key] = _Held(fill, f"{order.token}#{order.sleeve}", at)
        alert = Alert(2, "sale_held_back", f"{_told(fill)}, which we do not know to hold: it waits for the purchase")
        return [alert, WakeMeAt(at + PATIENCE_NS, TimerKind.UNBOOKED, fill.order_key)]

    def size_of(self, order_key: str) -> int:
        """Shares of the order's executions that wait: we have heard of them, and need not ask again."""
        return sum(held.fill.size for (_, key), held in self._held.items() if key == order_key)

    def of(self, filled: Order) -> list[Fill]:
        """Those of the position that a purchase was filled into: they may be booked now, or be held again."""
        if not self._held or filled.side is Side.SELL:
            return []
        position = f"{filled.token}#{filled.sleeve}"
        keys = [key for key, held in self._held.items() if held.position == position]
        return [self._held.pop(key).fill for key in keys]

    def overdue(self, order_key: str, at: int) -> str:
        """What a sale of the order has waited for in vain; empty when none has."""
        for held in self._held.values():
            if held.fill.order_key == order_key and at - held.since >= PATIENCE_NS:
                return f"{_told(held.fill)}, and nothing says that we ever bought them"
        return ""


def _told(fill: Fill) -> str:
    return f"trade {fill.trade_id} of order {fill.order_key} sold {format_micro(fill.size)} shares"
