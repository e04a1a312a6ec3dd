"""What the paper venue knows of an order, how it remembers it, and the settings that make it as slow and as unkind as
the real one.
"""

from enum import Enum
from typing import Protocol

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.market import DEFAULT_MIN_SIZE, DEFAULT_TICK
from shared.domain.money import ONE, Fraction, Price, Shares, format_micro
from shared.domain.order import Order, OrderState


class PaperTimes(Struct, frozen=True):
    """Round trip of a request (uniform, drawn per order), taker delay of crypto markets, notice of a fill."""

    round_trip_min_ns: int = 100 * MILLISECOND
    round_trip_max_ns: int = 500 * MILLISECOND
    crypto_taker_delay_ns: int = 150 * MILLISECOND
    notice_ns: int = 100 * MILLISECOND


class SettlementSettings(Struct, frozen=True):
    """How executions settle on the chain. Off, nothing is said of it and every fill stands.

    ``mined_min_ns`` to ``mined_max_ns`` after the match an execution is mined or fails, ``confirmed_ns`` later it is
    confirmed. ``failed`` is the part that fails when half of all executions have since gained; ``adverse_share`` of the
    failures meets those that gained (0.5: chance alone decides). Field reports (polymarket.md 8, rows 6 and 7):
    settlement after 10-50 s, at worst 35% of market BUYs reverted, and the winning ones first.
    """

    enabled: bool = False
    mined_min_ns: int = 2 * SECOND
    mined_max_ns: int = 15 * SECOND
    confirmed_ns: int = 5 * SECOND
    failed: Fraction = Fraction(0)
    adverse_share: Fraction = Fraction(500_000)


class RestartSettings(Struct, frozen=True):
    """Restarts of the matching engine: one at a seeded moment of every ``every_ns`` (0: none but those asked for).

    While it restarts (``lasts_ns``) every order is answered 425; for ``post_only_ns`` after it only post-only orders.
    """

    every_ns: int = 0
    lasts_ns: int = 90 * SECOND
    post_only_ns: int = 2 * MINUTE


class VenueSettings(Struct, frozen=True):
    """``books``: orders meet displayed books; without, they fill from public prints alone (recordings without books).

    ``crypto_rebate`` and ``other_rebate``: the part of a taker's fee that its makers get back (polymarket.md 1.8; the
    lowest of the other categories, against us). ``rebates``: whether they are paid out, each day at 00:00 UTC.
    ``unread``: the part of the questions of reconciliation that nobody answers.
    """

    books: bool = False
    settlement: SettlementSettings = SettlementSettings()
    restarts: RestartSettings = RestartSettings()
    crypto_rebate: Fraction = Fraction(200_000)
    other_rebate: Fraction = Fraction(150_000)
    rebates: bool = False
    unread: Fraction = Fraction(0)


def checked(settings: VenueSettings) -> VenueSettings:
    """The settings, or ``BadInput`` that names the first one out of range and its value."""
    settlement, restarts = settings.settlement, settings.restarts
    fractions: dict[str, int] = {
        "settlement.failed": settlement.failed,
        "settlement.adverse_share": settlement.adverse_share,
        "crypto_rebate": settings.crypto_rebate,
        "other_rebate": settings.other_rebate,
        "unread": settings.unread,
    }
    for name, value in fractions.items():
        if not 0 <= value <= ONE:
            raise BadInput(f"{name} must lie between 0 and 1, not {format_micro(value)}")
    spans = {
        "settlement.mined_min_ns": settlement.mined_min_ns,
        "settlement.confirmed_ns": settlement.confirmed_ns,
        "restarts.every_ns": restarts.every_ns,
        "restarts.lasts_ns": restarts.lasts_ns,
        "restarts.post_only_ns": restarts.post_only_ns,
    }
    for name, value in spans.items():
        if value < 0:
            raise BadInput(f"{name} must not be negative, but is {value}")
    if settlement.mined_max_ns < settlement.mined_min_ns:
        raise BadInput(f"settlement.mined_max_ns is {settlement.mined_max_ns}, less than settlement.mined_min_ns")
    if 0 < restarts.every_ns <= restarts.lasts_ns + restarts.post_only_ns:
        raise BadInput(f"restarts.every_ns is {restarts.every_ns}, not longer than one restart with its post-only mode")
    return settings


class Terms(Struct, frozen=True, gc=False):
    """What the venue holds an order for a token to. ``fee_rate`` None: the market was never told, the order's counts.

    ``tick`` is the step of its prices, ``min_size`` the smallest order that may rest.
    """

    tick: Price = DEFAULT_TICK
    min_size: Shares = DEFAULT_MIN_SIZE
    fee_rate: Fraction | None = None
    accepting: bool = True


class PaperOrder(Struct, frozen=True):
    """An order as the paper venue knows it. ``fills`` in the order they happened.

    PLANNED is on its way and arrives at ``active_at``; a LIVE order that does not ``rest`` yet meets the book then
    (taker delay), or when a book is shown at all. ``note`` says why it was rejected. ``settled`` has how far each
    execution has come, by trade id, where settlement is enabled. ``ended_at``: when it ended, 0 while it is open.
    """

    order: Order
    state: OrderState
    active_at: int
    fills: tuple[Fill, ...] = ()
    rests: bool = True
    note: str = ""
    settled: dict[str, SettlementStatus] = {}
    ended_at: int = 0

    @property
    def filled(self) -> Shares:
        """Shares filled so far."""
        return Shares(sum(fill.size for fill in self.fills))


class MovementKind(Enum):
    """What moved the wallet besides executions, or (PAYOUT) says what it will be paid."""

    TOLD = "told"
    DEPOSIT = "deposit"
    PAYOUT = "payout"
    REDEEM = "redeem"
    MERGE = "merge"
    REBATE = "rebate"


class Movement(Struct, frozen=True, tag="movement", tag_field="paper"):
    """A change of the wallet that no execution made, once per ``ref``: ``amounts`` are added, by asset, in millionths.

    A PAYOUT adds nothing: ``amounts`` says what a share of each token of the resolved ``market`` pays.
    """

    ref: str
    kind: MovementKind
    at: int
    amounts: dict[str, int]
    market: str = ""


class PaperLog(Protocol):
    """The venue's own memory."""

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state; returns once it is durable."""

    def load(self) -> list[PaperOrder]:
        """Every order kept, as last put."""

    def note(self, movement: Movement) -> None:
        """Keep a movement; returns once it is durable."""

    def movements(self) -> list[Movement]:
        """Every movement kept, oldest first."""

    def cancelled_at(self) -> int:
        """Orders planned before this instant are to end: whoever asked for it wrote it beside the venue. 0: nobody."""
