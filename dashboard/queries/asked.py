"""What a page may ask of an account, and by topic of the rest; pages know this and not how it is answered."""

from collections.abc import Collection, Sequence
from typing import Protocol

from dashboard.queries.changes import Changes
from dashboard.queries.discovery import Found
from dashboard.queries.money import Money
from dashboard.queries.operations import Operating
from dashboard.queries.screens import Screens
from dashboard.queries.studies import Studies
from dashboard.rankings import Published, Run
from dashboard.state import Live, Measures, Point, RiskView, WhaleRow
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.order import Order
from shared.ports import Switch


class Queries(Protocol):
    """What a page may ask. Every call raises ``Temporary`` when the tables cannot be reached."""

    @property
    def changes(self) -> Changes:
        """What a page may change."""

    @property
    def screens(self) -> Screens:
        """Single markets while they trade."""

    @property
    def studies(self) -> Studies:
        """Studies and their reports."""

    @property
    def found(self) -> Found:
        """What discovery and ranking left besides scores."""

    @property
    def money(self) -> Money:
        """Money over time: marks of the curve, days of the books, what markets ask."""

    @property
    def operations(self) -> Operating:
        """What concerns whoever runs the house."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""

    def forget(self) -> None:
        """Ask for the switch and the commands anew: somebody has just changed them here."""

    def live(self) -> Live | None:
        """The live view; ``None`` before the trader's first."""

    def risk(self) -> RiskView | None:
        """How risk stands; ``None`` before the trader has written it."""

    def switch(self) -> Switch:
        """The durable kill switch."""

    def pending(self) -> list[Command]:
        """Commands the trader has not taken yet."""

    def curve(self, start: int, end: int) -> list[Point]:
        """The equity curve between two instants of event time, oldest first."""

    def equity_before(self, at: int) -> int | None:
        """Equity at the last point before ``at`` (micro-dollars), at most a week earlier; ``None`` without one."""

    def measures(self, at: int) -> Measures | None:
        """What the latest point up to ``at`` says of the sources; ``None`` when it says nothing."""

    def positions(self) -> list[Position]:
        """Positions, including those of size 0."""

    def open_orders(self) -> list[Order]:
        """Orders that are not final."""

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """The named orders, as far as they exist."""

    def legs(self, decision: Decision) -> list[Order]:
        """The orders that a decision led to, in their order."""

    def decisions(self, until: int, most: int) -> list[Decision]:
        """The latest decisions up to an instant of event time, newest first."""

    def whales(self) -> list[WhaleRow]:
        """The followed wallets."""

    def watch_list(self) -> Published | None:
        """The ranking in force; ``None`` when none was published for this account."""

    def runs(self) -> list[str]:
        """The names of the stored rankings, the oldest first."""

    def run(self, name: str) -> Run:
        """A stored ranking."""

    def markets(self, names: Collection[str]) -> dict[str, Market]:
        """What is known of the named markets."""
