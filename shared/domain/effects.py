"""What the engine asks of the world. A driver performs an effect and answers with events, nothing else."""

from msgspec import Struct

from shared.domain.decision import Decision
from shared.domain.ledger import Record
from shared.domain.messages import TimerKind
from shared.domain.order import Order


class Plan(Struct, frozen=True, tag=True):
    """Write this planned order in one transaction under its conditions; answer PlanCommitted or PlanRefused."""

    record: Record


class Submit(Struct, frozen=True, tag=True):
    """Send this committed order once; its ``signal_tx`` is never its own counterparty."""

    order: Order


class Cancel(Struct, frozen=True, gc=False, tag=True):
    """Ask the venue to cancel what is left of an order."""

    order_key: str


class Query(Struct, frozen=True, gc=False, tag=True):
    """Ask the venue what became of an order in doubt."""

    order_key: str


class Settle(Struct, frozen=True, gc=False, tag=True):
    """Redeem the shares of a resolved market at the venue."""

    market: str


class Merge(Struct, frozen=True, gc=False, tag=True):
    """Turn this many shares of each outcome of a market into dollars at the venue."""

    market: str
    size: int
    ref: str


class Write(Struct, frozen=True, tag=True):
    """Commit this money record (never refused for want of headroom: it is a fact)."""

    record: Record


class RecordDecision(Struct, frozen=True, tag=True):
    """Keep this decision for people to read."""

    decision: Decision


class WakeMeAt(Struct, frozen=True, gc=False, tag=True):
    """Deliver TimerFired at this instant."""

    at: int
    timer: TimerKind
    key: str


class SetSwitch(Struct, frozen=True, gc=False, tag=True):
    """Set (or clear) the durable kill switch; ``command_id`` is the command this answers.

    ``asked_at``: when it was asked for (nanoseconds; 0: not known); a stop that was set after that stands.
    """

    trading: bool
    reason: str
    command_id: str = ""
    asked_at: int = 0


class Alert(Struct, frozen=True, gc=False, tag=True):
    """Tell people. ``severity`` 1 halts and pages, 2 reduces, 3 logs."""

    severity: int
    name: str
    text: str


Effect = Plan | Submit | Cancel | Query | Settle | Merge | Write | RecordDecision | WakeMeAt | SetSwitch | Alert
