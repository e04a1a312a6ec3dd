"""The nouns of reconciliation: what we believe, how patient we are, what was found, and what is remembered between two
rounds.
"""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import CASH, PROVISIONAL, PUSD, RESERVED, BookedFill, FillKey, Position, Redemption
from shared.domain.messages import Payload
from shared.domain.order import Order
from shared.engine.projection import Projection, Underway

__all__ = [
    "HALTING",
    "OUR_CASH",
    "Belief",
    "BookedFill",
    "Difference",
    "EmptyReads",
    "Evidence",
    "FillKey",
    "Finding",
    "Patience",
    "Reconciliation",
    "Redemption",
    "belief_of",
]
OUR_CASH = (CASH, RESERVED, PROVISIONAL)
"""The ledger accounts whose pUSD lies in the wallet, once what is provisional has settled."""


class Belief(Struct, frozen=True):
    """What our books say; ``cash`` is all our pUSD, reserved included.

    ``orders`` and ``fills`` must be complete: a fill that is left out looks like one we missed. ``acknowledged`` holds
    the ids of foreign orders and trades that a person has looked at: they no longer halt.
    """

    orders: Mapping[str, Order]
    positions: Mapping[str, Position]
    cash: int
    fills: Mapping[FillKey, BookedFill]
    trading: bool = True
    redemptions: tuple[Redemption, ...] = ()
    acknowledged: tuple[str, ...] = ()
    merging: tuple[Underway, ...] = ()


def belief_of(
    books: Projection,
    fills: Mapping[FillKey, BookedFill],
    trading: bool,
    redemptions: tuple[Redemption, ...] = (),
    acknowledged: tuple[str, ...] = (),
    merging: tuple[Underway, ...] = (),
) -> Belief:
    """Belief as the engine's projection holds it; a live face, to be used before the next event is handled."""
    cash = sum(books.balance(account, PUSD) for account in OUR_CASH)
    return Belief(books.orders, books.positions, cash, fills, trading, redemptions, acknowledged, merging)


class Patience(Struct, frozen=True):
    """How long a difference may have an innocent reason (nanoseconds).

    ``grace_ns``: the venue's answers and our events may lag each other by so much. ``settling_ns``: a MATCHED (or
    FAILED) execution of at most this age may or may not show in positions and balance; ``shown_ns``: the same for one
    that is mined. An order in doubt is given up after ``reads`` empty rounds that span ``doubt_ns``.
    """

    grace_ns: int = 20 * SECOND  # not money: seconds to nanoseconds
    settling_ns: int = 10 * MINUTE  # not money: minutes to nanoseconds
    shown_ns: int = 2 * MINUTE  # not money: minutes to nanoseconds
    reads: int = 3
    doubt_ns: int = 30 * SECOND  # not money: seconds to nanoseconds


class Difference(Enum):
    """Why belief and reports differ."""

    REPAIRED = "repaired"
    """We had missed a fact: the payloads tell it to the engine."""
    IN_FLIGHT = "in_flight"
    """Young enough that one side has not heard yet; it halts if the next rounds do not clear it."""
    SETTLING = "settling"
    """Exactly what executions that have not settled, or shares not redeemed or merged yet, make up."""
    IN_DOUBT = "in_doubt"
    """An order of unknown outcome: cancel it by its hash and ask again."""
    UNREAD = "unread"
    """A question failed: nothing is concluded from it, and belief is not proven equal."""
    EXTERNAL = "external"
    """Somebody else used the wallet: halts until a person has looked."""
    UNEXPLAINED = "unexplained"
    """Halts, however small."""


HALTING = (Difference.EXTERNAL, Difference.UNEXPLAINED)


class Finding(Struct, frozen=True, gc=False):
    """One difference: its kind, the order, trade or asset it is about, and a sentence with the numbers."""

    kind: Difference
    subject: str
    text: str


class EmptyReads(Struct, frozen=True, gc=False):
    """How often an order in doubt was looked for in vain since its cancel was answered, and the position meanwhile."""

    reads: int = 0
    first_at: int = 0
    last_at: int = 0
    position: int = 0


class Evidence(Struct, frozen=True):
    """What a round leaves to the next: empty reads by order key; by subject, a tolerated difference and its age."""

    doubts: Mapping[str, EmptyReads] = {}
    since: Mapping[str, tuple[int, int]] = {}


class Reconciliation(Struct, frozen=True):
    """What follows from a round: facts for the engine (in this order), findings, and evidence for the next round."""

    payloads: tuple[Payload, ...]
    findings: tuple[Finding, ...]
    evidence: Evidence

    @property
    def halt(self) -> str:
        """Why no new intent may be made; empty when nothing halts."""
        halting = [finding.text for finding in self.findings if finding.kind in HALTING]
        if not halting:
            return ""
        more = f" (and {len(halting) - 1} more)" if len(halting) > 1 else ""
        return f"reconciliation: {halting[0]}{more}"

    @property
    def equal(self) -> bool:
        """Belief, once the payloads are applied, is proven to equal the venue: only then may a start go on to trade.

        What exactly settles, or waits to be redeemed or merged, is no inequality.
        """
        fine = (Difference.REPAIRED, Difference.SETTLING)
        return all(finding.kind in fine for finding in self.findings)
