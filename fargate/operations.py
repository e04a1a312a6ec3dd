"""What those who run the house are shown besides money and risk: its parts, failed orders, known windows."""

from collections.abc import Mapping

from msgspec import to_builtins

from fargate.condition import Component
from shared.domain.updown import listed
from shared.engine.engine import Engine

DEAD_SHOWN = 100
TEXT_MAX = 160

Row = dict[str, object]


def operations_of(engine: Engine, parts: Mapping[str, Component], at: int) -> Row:
    """How the parts stand at event time ``at``; the keys of the latest orders that failed for good (``dead``, of
    ``dead_count``), the last one planned first; up/down markets by coin and window.
    """
    dead = [key for key, order in engine.desk.books.orders.items() if order.dead]
    return {
        "event_at": at,
        "parts": {name: {"ok": one.ok, "says": one.says[:TEXT_MAX]} for name, one in parts.items()},
        "dead": dead[: -DEAD_SHOWN - 1 : -1],
        "dead_count": len(dead),
        "updown": to_builtins(listed(list(engine.markets.values()), at)),
    }
