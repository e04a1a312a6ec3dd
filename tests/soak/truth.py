"""What the followed wallets did, beside what the engine decided: nothing missing, nothing twice, why it was late.

A trade is told by what every source says alike: transaction, wallet, token, side and size. Several equal ones of a
transaction are as many fills.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from shared.domain.decision import Decision, Reason
from shared.domain.instants import SECOND

Key = tuple[str, str, str, str, int]
"""Transaction, wallet, token, side, size."""
BOUGHT = (Reason.COPIED, Reason.TOPPED_UP)
AGED_S = 60.0
"""Older than this at its observation, a trade is not copied (spec 3)."""


class Fill(Struct, frozen=True):
    """One execution of a followed wallet as the exchange knows it; when, in milliseconds."""

    key: Key
    at_ms: int


class Trouble(Struct):
    """A fault that was on, for whom, from when to when (seconds UTC)."""

    name: str
    servers: tuple[str, ...]
    began_s: float
    ended_s: float = float("inf")


class Late(Struct, frozen=True):
    """A trade that aged out: its transaction, its age when it was observed, and the faults on meanwhile."""

    tx: str
    age_s: float
    faults: tuple[str, ...]

    def line(self) -> str:
        """For people."""
        return f"{self.tx[:18]} was {self.age_s:.0f} s old: {', '.join(self.faults) or 'no fault was on'}"


class Compared(Struct, frozen=True):
    """``seen`` of ``of`` fills; those ``missing``; decisions beyond the truth; orders of one key decided twice."""

    of: int
    seen: int
    missing: tuple[Key, ...]
    doubles: tuple[Key, ...]
    orders: int
    orders_twice: tuple[str, ...]
    late: tuple[Late, ...]


def key_of(decision: Decision) -> Key:
    """The fill a decision was about."""
    return decision.tx, decision.wallet, decision.token, decision.side.value, decision.size


def compare(
    fills: Sequence[Fill], decisions: Iterable[Decision], troubles: Sequence[Trouble], before: Sequence[Fill] = ()
) -> Compared:
    """The truth beside what was decided. Decisions on anything else than these fills are doubles as well.

    ``before``: fills from before the run, which a fault tells late: they may be decided once, or not at all.
    """
    truth, earlier = Counter(fill.key for fill in fills), Counter(fill.key for fill in before)
    decided = list(decisions)
    found = Counter(key_of(one) for one in decided)
    orders = Counter(one.order_key for one in decided if one.reason in BOUGHT)
    late = [_late(one, troubles) for one in decided if one.reason is Reason.STALE]
    missing = truth - found
    return Compared(
        len(fills),
        len(fills) - missing.total(),
        tuple(missing),
        tuple(found - truth - earlier),
        orders.total(),
        tuple(key for key, n in orders.items() if n > 1),
        tuple(late),
    )


def _late(decision: Decision, troubles: Sequence[Trouble]) -> Late:
    happened_s, seen_s = decision.venue_at / SECOND, decision.at / SECOND
    meanwhile = [
        f"{one.name} on {'+'.join(one.servers)}"
        for one in troubles
        if one.began_s <= seen_s and one.ended_s >= happened_s
    ]
    return Late(decision.tx, seen_s - happened_s, tuple(meanwhile))
