"""What the house asks of the world, one small Protocol each. Adapters implement them; the engine knows none of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.ledger import Record
from shared.domain.market import Market
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    Event,
    MarketResolved,
    Payload,
    PlanCommitted,
    PlanRefused,
    PublicTrade,
    TickSizeChanged,
    WhaleTrade,
)
from shared.domain.money import Shares
from shared.domain.notice import Notice
from shared.domain.order import Order
from shared.domain.reports import Reports
from shared.domain.screens import Screen, Stored, Tabs


class Clock(Protocol):
    """The only source of "now" outside the engine."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""


class Answer(Struct, frozen=True, gc=False):
    """What a venue says back: when it happened there, when we hear of it, and what it says (nanoseconds)."""

    observed_at: int
    venue_at: int
    payload: Payload


class Venue(Protocol):
    """A place that takes orders. Each call may yield answers at once; later ones come from ``advance``."""

    def submit(self, order: Order, at: int) -> list[Answer]:
        """Send an order once."""

    def cancel(self, order_key: str, at: int) -> list[Answer]:
        """Ask for a cancel; the answer is an order report."""

    def query(self, order_key: str, at: int) -> list[Answer]:
        """Ask what became of an order: its fills again, then a report."""

    def cancel_all(self, at: int) -> list[Answer]:
        """Ask to cancel whatever is open; each order is answered by a report."""

    def reports(self, at: int, since: int) -> Reports:
        """Ask for all the venue knows of the account; executions and ends since ``since``. What fails is None."""

    def redeem(self, market: str, at: int) -> list[Answer]:
        """Pay out the shares of a resolved market; answered by ``Redeemed``."""

    def merge(self, market: str, size: Shares, ref: str, at: int) -> list[Answer]:
        """Turn shares of each outcome into dollars, once per ``ref``; answered, whatever is lost on the way, by
        ``Merged`` or ``MergeReverted``.
        """


Shown = BookChange | BookSnapshot | TickSizeChanged | PublicTrade | WhaleTrade | MarketResolved
"""What a venue that knows nothing of the world by itself is shown of it."""
Batch = list[tuple[int, Shown]]
"""Facts with the venue's instant of each (nanoseconds), in the order in which they are shown."""


class ShownVenue(Venue, Protocol):
    """A venue that knows of the world what it is shown: a paper venue, in this process or in one of its own.

    The look-ups cost no request; of a venue elsewhere they are as old as its last answer.
    """

    @property
    def books(self) -> bool:
        """Whether it fills from displayed books, or from public prints alone."""

    @property
    def open_tokens(self) -> Collection[str]:
        """Tokens in which an order of ours waits to be met."""

    @property
    def busy(self) -> bool:
        """Whether anything is under way there, so that its time must go on."""

    def market(self, market: Market) -> None:
        """What is public of a market, from now on."""

    def deposit(self, ref: str, amount: int, at: int) -> None:
        """Micro-dollars come into the wallet, once per ``ref``."""

    def show(self, batch: Batch, until: int) -> list[Answer]:
        """Show it what happened and let its time pass until then; what that leads to."""

    def heard(self) -> list[Answer]:
        """What it has said since it was last asked for answers: calls that answer something else bring them along."""


class Switch(Struct, frozen=True):
    """The durable kill switch: ``trading`` False means stopped, ``reason`` who and why, ``at`` nanoseconds.

    ``asked_at``, of one that is to be cleared and never kept: when a person asked for that (0: not known).
    """

    trading: bool
    reason: str = ""
    at: int = 0
    asked_at: int = 0

    def replaces(self, stands: "Switch") -> bool:
        """Whether it takes the place of the switch as it stands. Of two stops the later one stays, whichever comes
        first, and a clearance is none of a stop that was set after somebody had asked for it.
        """
        if stands.trading:
            return True
        if self.trading:
            return not self.asked_at or stands.at <= self.asked_at
        return stands.at <= self.at


class Leased(Protocol):
    """Our right to act for the account, as we know it at this moment. Only one process has it at a time."""

    @property
    def vouched(self) -> bool:
        """Whether it was renewed lately enough that nobody else can have it yet."""

    @property
    def lost(self) -> bool:
        """Whether somebody else has it: this life is over."""


class Store(Protocol):
    """Durable state. ``plan`` and ``write`` are one transaction each: journal record and projections together."""

    def plan(self, record: Record) -> PlanCommitted | PlanRefused:
        """Commit a planned order if the epoch is ours, the switch is off, the key is new and every room suffices."""

    def write(self, record: Record) -> None:
        """Commit a fact; ``Corrupt`` when its posting exists with other content, ``LeaseLost`` under an old epoch.

        A change that a person asked for takes its command with it.
        """

    def decide(self, decisions: list[Decision]) -> None:
        """Keep decisions for people to read."""

    def switch(self) -> Switch:
        """The kill switch as it stands."""

    def set_switch(self, switch: Switch) -> None:
        """Set or clear the kill switch; one that no longer counts (``Switch.replaces``) changes nothing."""

    def commands(self) -> list[Command]:
        """Requests of people and functions not taken yet, oldest first."""

    def taken(self, command_id: str) -> None:
        """A command was acted on and need not be delivered again."""

    def journal(self, account: str) -> list[Record]:
        """Every record of the account in the order it was committed."""


class Heard(Struct, frozen=True, gc=False):
    """What a source says: who says it, when it reached us (taken at once), when it happened there, and what it is.

    Times are nanoseconds since 1970 UTC.
    """

    source: str
    received_at: int
    venue_at: int
    payload: Payload


class Feed(Protocol):
    """A live source of facts, behind one socket, several or none."""

    @property
    def name(self) -> str:
        """Leads its notices, its health and its rows on the tape."""

    async def run(self, hear: Callable[[Heard], None]) -> None:
        """Say everything heard, connects and silences included, until cancelled. Never raises for want of an answer."""


class Views(Protocol):
    """Where the trader shows what it does; no money hangs on it."""

    def put_live(self, live: Mapping[str, Any]) -> None:
        """Replace the live view (at most 2 KB)."""

    def put_marks(self, marks: Mapping[str, int]) -> None:
        """Replace the last prices of the tokens held (micro-dollars per share)."""

    def put_risk(self, risk: Mapping[str, Any]) -> None:
        """Replace how risk stands: limits, breakers, exits by rule, settlement, rounds, alerts (at most 64 KB)."""

    def put_operations(self, operations: Mapping[str, Any]) -> None:
        """Replace how the parts stand, orders that failed and known up/down windows (at most 64 KB)."""

    def put_metrics(self, at: int, point: Mapping[str, Any]) -> None:
        """Keep a point of the curves under its instant."""

    def put_whales(self, whales: Sequence[Mapping[str, Any]]) -> None:
        """Keep the rows of the followed wallets."""

    def put_market(self, market: Market) -> None:
        """Keep a market's data."""

    def put_screen(self, name: str, screen: Tabs | Screen | Stored) -> None:
        """Replace what people see of markets while they trade, under its name (at most 16 KB)."""


class Archive(Protocol):
    """The tape: every event, in batches. ``dropped``: events lost, because they could not be kept for ever."""

    dropped: int

    @property
    def waiting(self) -> int:
        """Events that are not durable yet."""

    def add(self, event: Event) -> None:
        """Keep an event until the next flush."""

    def due(self, now: int) -> bool:
        """Whether enough time has passed, or enough was added, for a flush (nanoseconds)."""

    def flush(self, now: int = 0) -> int:
        """Make what was added durable; how many events that were."""


class Notifier(Protocol):
    """Where notices go to reach people."""

    def notify(self, notice: Notice) -> None:
        """Hand over one notice; ``Temporary`` when nobody took it."""
