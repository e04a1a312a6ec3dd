"""Rounds of reconciliation, as both drivers run them: when one is due, how far back it looks, what is remembered until
the next, and what follows from it. What is compared, and how, is ``shared.engine.reconciliation``.

A round is due at a start, every five minutes of event time, and again within seconds while a difference may still clear
by itself. Entries wait until one was equal, and wait again when none has been for a quarter of an hour.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Protocol

from msgspec.structs import replace

from shared.domain.command import Command
from shared.domain.effects import Alert
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import CASH, BookedFill, FillKey, Record, RecordKind, SettlementStatus
from shared.domain.messages import (
    FeedHealth,
    FillStatus,
    Merged,
    MergeReverted,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    Payload,
    RebatePaid,
    Redeemed,
)
from shared.domain.order import FINAL
from shared.domain.reports import Reports
from shared.engine.reconciliation import (
    HALTING,
    Belief,
    Difference,
    Evidence,
    Finding,
    Patience,
    Reconciliation,
    reconcile,
)

VENUE = "venue"
"""The feed whose health says whether our books are known to equal the venue's."""
SOURCE = "reconciliation"
"""The source of the facts that a round tells the engine."""
EVERY_NS = 5 * MINUTE
SOON_NS = 3 * SECOND
UNPROVEN_NS = 15 * MINUTE
"""Entries stop when no round was equal for this long: two rounds may fail, the third should not."""
BACK_NS = 15 * MINUTE
"""How far before the last equal round the next one looks: longer than anything takes to settle."""
LATE_NS = MINUTE
"""How long a due round waits for a moment in which no answer of the venue is on its way."""
_CLEARS = (Difference.IN_FLIGHT, Difference.IN_DOUBT, Difference.UNREAD)
_FINAL_STATUS = (SettlementStatus.CONFIRMED, SettlementStatus.FAILED)
_PATIENCE = Patience()

MOVES = (Redeemed, Merged, RebatePaid)
"""What the venue says of money that no execution moved: between its happening and our hearing, no report is equal."""
ANSWERS = (OrderAccepted, OrderFilled, OrderInDoubt, OrderRejected, OrderReport, FillStatus, MergeReverted, *MOVES)
CHANGES = (*MOVES, Command)
"""Facts after which reports asked for before them are of the past (a command may be a deposit)."""


class Believing(Protocol):
    """An engine, as far as a round needs it."""

    def belief(self) -> Belief:
        """What the books say now."""


class Transit:
    """Answers of the venue on their way to the engine: a round now would tell it what it is about to hear anyway."""

    def __init__(self) -> None:
        self._answers = 0
        self._moves = 0

    @property
    def quiet(self) -> bool:
        """Nothing is on its way."""
        return not self._answers

    @property
    def moving(self) -> bool:
        """Word of money that moved is on its way: reports and books cannot agree."""
        return self._moves > 0

    def sent(self, payload: Payload) -> None:
        """The venue has said it."""
        self._count(payload, 1)

    def heard(self, payload: Payload) -> None:
        """The engine has it."""
        self._count(payload, -1)

    def _count(self, payload: Payload, way: int) -> None:
        if type(payload) in ANSWERS:
            self._answers += way
            if type(payload) in MOVES:
                self._moves += way


class Rounds:
    """See the module.

    ``due_at``: event time from which the next round is due. ``since``: the reports of the next one go back to it.
    ``doubts``: orders whose cancel is to be sent, and which are to be asked about, after the last round. ``findings``:
    of the last round; ``counts``: of all rounds, by kind.
    """

    def __init__(self, patience: Patience = _PATIENCE, every_ns: int = EVERY_NS, soon_ns: int = SOON_NS) -> None:
        self.due_at = 0
        self.since = 0
        self.equal_at = 0
        self.doubts: tuple[str, ...] = ()
        self.findings: tuple[Finding, ...] = ()
        self.counts: dict[str, int] = {}
        self.done = 0
        self._patience = patience
        self._every = every_ns
        self._soon = soon_ns
        self._evidence = Evidence()
        self._past = Past()
        self._healthy = True

    def opening(self) -> FeedHealth:
        """Nothing is known yet: said before anything may be traded, by a driver that cannot run a round at once."""
        self._healthy = False
        return FeedHealth(VENUE, healthy=False, reason="our books were not compared with the venue's yet")

    def waits(self, transit: Transit, at: int) -> bool:
        """Whether a round that is due had better wait. The first one of all waits for nothing but moved money."""
        if transit.moving:
            return True
        return self.done > 0 and not transit.quiet and at - self.due_at < LATE_NS

    def round(self, engine: Believing, reports: Reports) -> list[Payload]:
        """Compare, and say what the engine is to be told, in this order; the same reports twice tell nothing new."""
        belief = engine.belief()
        others = self._past.others(belief.fills, self.since)
        compared = _lately(belief, reports, self.since, others)
        result = reconcile(compared, reports, self._evidence, self._patience)
        self.done += 1
        self.findings, self._evidence = result.findings, result.evidence
        for finding in result.findings:
            self.counts[finding.kind.value] = self.counts.get(finding.kind.value, 0) + 1
        self.doubts = tuple(one.subject for one in result.findings if one.kind is Difference.IN_DOUBT)
        clears = any(finding.kind in _CLEARS for finding in result.findings)
        self.due_at = reports.as_of + (self._soon if clears else self._every)
        if result.equal:
            self.equal_at = reports.as_of
            self.since = _back_to(others, reports.as_of)
        return [*result.payloads, *self._health(result, reports.as_of)]

    def _health(self, result: Reconciliation, at: int) -> list[FeedHealth]:
        if result.equal:
            if self._healthy:
                return []
            self._healthy = True
            return [FeedHealth(VENUE, healthy=True, reason="our books equal the venue's")]
        if not self._healthy or (self.equal_at and at - self.equal_at < UNPROVEN_NS):
            return []
        self._healthy = False
        first = next(one for one in result.findings if one.kind not in (Difference.REPAIRED, Difference.SETTLING))
        return [FeedHealth(VENUE, healthy=False, reason=first.text)]

    def alerts(self) -> list[Alert]:
        """What people should read of the last round: what was repaired, and what halts."""
        severity = {Difference.REPAIRED: 3, **dict.fromkeys(HALTING, 1)}
        return [Alert(severity[one.kind], SOURCE, one.text) for one in self.findings if one.kind in severity]

    def figures(self) -> dict[str, object]:
        """Rounds run, when the last equal one was (nanoseconds, 0: none yet), findings by kind since the start."""
        return {"rounds": self.done, "equal_at": self.equal_at, "findings": dict(self.counts)}


class Past:
    """How many of the executions booked first are past: settled for good, and of the time before ``since``.

    Executions stay in the order in which they were booked, so those need not be looked at again.
    """

    def __init__(self) -> None:
        self._count = 0
        self._since = 0

    def others(self, fills: Mapping[FillKey, BookedFill], since: int) -> list[tuple[FillKey, BookedFill]]:
        """All executions but those."""
        if since < self._since:
            self._count = 0
        self._since = since
        others = list(islice(fills.items(), self._count, None))
        for place, (_, one) in enumerate(others):
            if one.fill.venue_at >= since or _settles(one):
                self._count += place
                return others[place:]
        self._count += len(others)
        return []


def _settles(one: BookedFill) -> bool:
    """Whether how the execution settles is not known yet."""
    return one.fill.settles and one.status not in _FINAL_STATUS


def _back_to(others: list[tuple[FillKey, BookedFill]], as_of: int) -> int:
    """After an equal round nothing older need be looked at again, but for executions that have not settled."""
    return max(0, min([as_of - BACK_NS, *(one.fill.venue_at for _, one in others if _settles(one))]))


def _lately(belief: Belief, reports: Reports, since: int, others: list[tuple[FillKey, BookedFill]]) -> Belief:
    """Belief without orders that ended, and executions that happened, before ``since``: they were compared when last
    all was equal. Whatever the reports name stays; where they name something else, everything is compared.
    """
    if not since:
        return belief
    names = _named(reports)
    if any(name not in belief.orders for name in names):
        return belief
    orders = {k: one for k, one in belief.orders.items() if one.changed_at >= since or one.state not in FINAL}
    orders.update({name: belief.orders[name] for name in names})
    fills = {key: one for key, one in others if one.fill.venue_at >= since}
    orders.update({key: belief.orders[key] for _, key in fills})
    return replace(belief, orders=orders, fills=fills)


def _named(reports: Reports) -> list[str]:
    """Every order that the reports speak of, by our key, or the venue's id where it names that alone."""
    named = [row.order_key or row.venue_order_id for row in reports.open_orders or ()]
    named += [row.fill.order_key or row.venue_order_id for row in reports.trades or ()]
    return [*named, *(row.order_key or row.venue_order_id for row in reports.statements)]


def deposit_of(record: Record) -> tuple[str, int] | None:
    """What a record brought into the wallet from outside: a name that never changes, and micro-dollars; else None."""
    if record.kind is not RecordKind.DEPOSITED or record.posting is None:
        return None
    return record.posting.posting_id, sum(one.amount for one in record.posting.entries if one.account == CASH)
