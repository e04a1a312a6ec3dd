"""The questions about an account, answered from its tables and from the rankings of the lake."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from dashboard.queries.changes import Changes
from dashboard.queries.operations import Operating, TableOperations
from dashboard.rankings import RANKING, Published, Rankings, Run, published_of
from dashboard.state import Live, Measures, Point, RiskView, WhaleRow, live_of, measures_of, point_of, risk_of, whale_of
from shared.adapters.dynamo.readers import Readers
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.instants import SECOND, day_of
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.order import Order
from shared.ports import Switch

if TYPE_CHECKING:
    from shared.adapters.s3.lake import Lake

DECISION_DAYS = 7
"""How far back the decision table and the start of the day's equity are looked for."""
MARKETS_KEPT_NS = 300 * SECOND  # not money: seconds to nanoseconds
MARKETS_MAX = 20_000
DECISIONS_KEPT_NS = 2 * SECOND  # not money: as above
"""Every page and reader shares one answer for so long, or for ten times as long as it took: a slow server is asked
seldom (the embedded one sorts a whole day for each question, which the trader has to wait for).
"""
DECISIONS_STILL_NS = 30 * SECOND  # not money: as above
"""How long an answer serves while event time stands still."""


class TableReaders(Readers):
    """The readers of an account, and the watch list that ``rank_whales`` publishes."""

    def watch_list(self, account: str) -> Published | None:
        """The watch list in force; ``BadInput`` when it cannot be read."""
        table = self._tables.control
        found = self._ask("control", lambda: list(table.query(account, table.item == RANKING)))
        return published_of(found[0].body or "") if found else None


class Latest(Struct, frozen=True):
    """The latest decisions as they were answered: up to when, at most how many, when, and how long that took."""

    until: int
    most: int
    at: int
    took: int
    found: list[Decision]

    def serves(self, until: int, most: int, now: int) -> bool:
        """Whether the question need not be asked again."""
        age = now - self.at
        still = until == self.until and age <= DECISIONS_STILL_NS
        return most <= self.most and (still or age <= max(DECISIONS_KEPT_NS, 10 * self.took))  # not money: durations


class DynamoQueries:
    """The questions of the pages answered from the account's tables and the rankings of the lake."""

    def __init__(
        self,
        readers: TableReaders,
        account: str,
        lake: "Callable[[], Lake]",
        changes: Changes,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self.changes: Changes = changes
        self.operations: Operating = TableOperations(readers, account)
        self._readers = readers
        self._rankings = Rankings(lake, now)
        self._account = account
        self._now = now
        self._markets: dict[str, tuple[int, Market]] = {}
        self._lock = threading.Lock()
        self._latest = Latest(0, 0, 0, 0, [])
        self._asking = threading.Lock()

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return self._now()

    def live(self) -> Live | None:
        """The live view; ``BadInput`` when it cannot be read."""
        item = self._readers.live(self._account)
        return None if item is None else live_of(item)

    def risk(self) -> RiskView | None:
        """How risk stands; ``BadInput`` when it cannot be read."""
        item = self._readers.risk(self._account)
        return None if item is None else risk_of(item)

    def switch(self) -> Switch:
        """The durable kill switch."""
        return self._readers.switch(self._account)

    def pending(self) -> list[Command]:
        """Commands the trader has not taken yet."""
        return self._readers.commands(self._account)

    def curve(self, start: int, end: int) -> list[Point]:
        """The equity curve between two instants, oldest first."""
        return [point_of(item) for item in self._readers.metrics(self._account, start, end)]

    def equity_before(self, at: int) -> int | None:
        """Equity at the last point before ``at``, looked for one day at a time."""
        for day in range(day_of(at - 1), day_of(at - 1) - DECISION_DAYS, -1):
            item = self._readers.last_metric(self._account, day, at)
            if item is not None:
                return point_of(item).equity
        return None

    def measures(self, at: int) -> Measures | None:
        """What the latest point up to ``at`` says of the sources; after midnight it may be yesterday's."""
        for day in (day_of(at), day_of(at) - 1):
            item = self._readers.last_metric(self._account, day, at + 1)
            if item is not None:
                return measures_of(item)
        return None

    def positions(self) -> list[Position]:
        """Positions, including those of size 0."""
        return self._readers.positions(self._account)

    def open_orders(self) -> list[Order]:
        """Orders that are not final."""
        return self._readers.open_orders(self._account)

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """The named orders, as far as they exist."""
        return self._readers.orders(keys)

    def legs(self, decision: Decision) -> list[Order]:
        """The orders that a decision led to, in their order."""
        return self._readers.legs(self._account, decision)

    def decisions(self, until: int, most: int) -> list[Decision]:
        """The latest decisions, newest first; one answer for all who ask at about the same time."""
        with self._asking:
            began = self._now()
            if not self._latest.serves(until, most, began):
                found = self._decisions(until, most)
                self._latest = Latest(until, most, self._now(), self._now() - began, found)
            return self._latest.found[:most]

    def _decisions(self, until: int, most: int) -> list[Decision]:
        """Going back day by day until there are enough."""
        found: list[Decision] = []
        for day in range(day_of(until), day_of(until) - DECISION_DAYS, -1):
            found.extend(self._readers.latest_decisions(self._account, day, most - len(found)))
            if len(found) >= most:
                break
        return found

    def whales(self) -> list[WhaleRow]:
        """The followed wallets."""
        return [whale_of(item) for item in self._readers.whales(self._account)]

    def watch_list(self) -> Published | None:
        """The ranking in force."""
        return self._readers.watch_list(self._account)

    def runs(self) -> list[str]:
        """The names of the stored rankings, the oldest first."""
        return self._rankings.names()

    def run(self, name: str) -> Run:
        """A stored ranking; read once."""
        return self._rankings.run(name)

    def markets(self, names: Collection[str]) -> dict[str, Market]:
        """What is known of the named markets; kept for five minutes, because a question hardly ever changes."""
        now = self._now()
        with self._lock:
            kept = {name: self._markets[name][1] for name in names if self._fresh(name, now)}
        fetched = self._readers.markets([name for name in sorted(set(names)) if name not in kept])
        with self._lock:
            if len(self._markets) + len(fetched) > MARKETS_MAX:
                self._markets.clear()
            for name, market in fetched.items():
                self._markets[name] = (now, market)
        return {**kept, **fetched}

    def _fresh(self, name: str, now: int) -> bool:
        return name in self._markets and now - self._markets[name][0] <= MARKETS_KEPT_NS
