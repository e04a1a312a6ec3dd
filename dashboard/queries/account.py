"""The questions about an account, answered from its tables and from the rankings of the lake."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from dashboard.queries.aged import Aged
from dashboard.queries.changes import Changes
from dashboard.queries.discovery import Found, LakeFound
from dashboard.queries.money import DynamoMoney, Money
from dashboard.queries.operations import Operating, TableOperations
from dashboard.queries.screens import DynamoScreens, Screens
from dashboard.queries.studies import LakeStudies, Studies
from dashboard.queries.tails import Curve, Decided
from dashboard.rankings import RANKING, Published, Rankings, Run, published_of
from dashboard.state import Live, Measures, Point, RiskView, WhaleRow, live_of, measures_of, point_of, risk_of, whale_of
from shared.adapters.dynamo.readers import Readers
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.instants import MINUTE, SECOND, day_of
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.order import FINAL, Order
from shared.ports import Switch

if TYPE_CHECKING:
    from shared.adapters.s3.lake import Lake

DAYS_BACK = 7
"""How far back decisions and the start of the day's equity are looked for."""
MARKETS_KEPT_NS, UNKNOWN_KEPT_NS, MARKETS_MAX = 5 * MINUTE, 1 * MINUTE, 20_000
FINAL_KEPT = 2_000
"""Orders that cannot change any more are read once."""
AT_ONCE_NS, SOON_NS, SELDOM_NS = SECOND // 2, 10 * SECOND, 2 * MINUTE
"""How long answers serve everybody who looks: what moves; what changes with the trader's word; what changes by itself
every few minutes. The trader writes its word (the live item) every two seconds.
"""
UNBOOKED_NS = 10 * MINUTE
"""How long positions serve while nothing is booked: all there ever were are read, the dearest question here."""


class TableReaders(Readers):
    """The readers of an account, and the watch list that ``rank_whales`` publishes."""

    def watch_list(self, account: str) -> Published | None:
        """The watch list in force; ``BadInput`` when it cannot be read."""
        table = self._tables.control
        found = self._ask("control", lambda: list(table.query(account, table.item == RANKING)))
        return published_of(found[0].body or "") if found else None


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
        self.screens: Screens = DynamoScreens(readers, account, now)
        self.studies: Studies = LakeStudies(lake, now)
        self.found: Found = LakeFound(lake, now)
        self.money: Money = DynamoMoney(readers, account, now)
        self.operations: Operating = TableOperations(readers, account)
        self._readers = readers
        self._rankings = Rankings(lake, now)
        self._account = account
        self._now = now
        self._markets: dict[str, tuple[int, Market | None]] = {}
        self._final: dict[str, Order] = {}
        self._lock = threading.Lock()
        self._curve = Curve(self._points, now)
        self._decided = Decided(self._decisions, now)
        self._live: Aged[Live | None] = Aged(AT_ONCE_NS, now)
        self._switch: Aged[Switch] = Aged(AT_ONCE_NS, now)
        self._pending: Aged[list[Command]] = Aged(AT_ONCE_NS, now)
        self._risk: Aged[RiskView | None] = Aged(SOON_NS // 2, now)  # not money: half of a duration
        self._positions: Aged[list[Position]] = Aged(UNBOOKED_NS, now)
        self._orders: Aged[list[Order]] = Aged(SOON_NS, now)
        self._before: Aged[int | None] = Aged(SELDOM_NS, now)
        self._measures: Aged[Measures | None] = Aged(SOON_NS, now)
        self._whales: Aged[list[WhaleRow]] = Aged(SELDOM_NS, now)
        self._watch_list: Aged[Published | None] = Aged(SOON_NS, now)

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return self._now()

    def forget(self) -> None:
        """Ask for the switch and the commands anew."""
        for answers in (self._switch, self._pending, self._risk):
            answers.forget()

    def live(self) -> Live | None:
        """The live view; ``BadInput`` when it cannot be read."""

        def ask() -> Live | None:
            item = self._readers.live(self._account)
            return None if item is None else live_of(item)

        return self._live.get(None, ask)

    def risk(self) -> RiskView | None:
        """How risk stands; ``BadInput`` when it cannot be read."""

        def ask() -> RiskView | None:
            item = self._readers.risk(self._account)
            return None if item is None else risk_of(item)

        return self._risk.get(None, ask)

    def switch(self) -> Switch:
        """The durable kill switch."""
        return self._switch.get(None, lambda: self._readers.switch(self._account))

    def pending(self) -> list[Command]:
        """Commands the trader has not taken yet."""
        return self._pending.get(None, lambda: self._readers.commands(self._account))

    def curve(self, start: int, end: int) -> list[Point]:
        """The equity curve between two instants, oldest first; only what is new is read."""
        return self._curve.between(start, end)

    def _points(self, start: int, end: int) -> list[Point]:
        return [point_of(item) for item in self._readers.metrics(self._account, start, end)]

    def equity_before(self, at: int) -> int | None:
        """Equity at the last point before ``at``, looked for one day at a time."""
        return self._before.get(at, lambda: self._equity_before(at))

    def _equity_before(self, at: int) -> int | None:
        for day in range(day_of(at - 1), day_of(at - 1) - DAYS_BACK, -1):
            item = self._readers.last_metric(self._account, day, at)
            if item is not None:
                return point_of(item).equity
        return None

    def measures(self, at: int) -> Measures | None:
        """What the latest point up to ``at`` says of the sources; after midnight it may be yesterday's."""
        return self._measures.get(at // MINUTE, lambda: self._measured(at))

    def _measured(self, at: int) -> Measures | None:
        for day in (day_of(at), day_of(at) - 1):
            item = self._readers.last_metric(self._account, day, at + 1)
            if item is not None:
                return measures_of(item)
        return None

    def positions(self) -> list[Position]:
        """Positions, including those of size 0; read anew when there was a fill, or something else was booked."""
        live = self.live() or Live()
        booked = (live.counts.get("fills", 0), live.positions_open, live.realized, live.cash)
        return self._positions.get(booked, lambda: self._readers.positions(self._account))

    def open_orders(self) -> list[Order]:
        """Orders that are not final; read anew with each word of the trader."""
        live = self.live() or Live()
        return self._orders.get(live.at, lambda: self._readers.open_orders(self._account))

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """The named orders, as far as they exist; one that is final is read once."""
        with self._lock:
            kept = {key: self._final[key] for key in keys if key in self._final}
        found = self._readers.orders([key for key in keys if key not in kept])
        kept.update((order.order_key, order) for order in found)
        with self._lock:
            if len(self._final) > FINAL_KEPT:
                self._final.clear()
            self._final.update((order.order_key, order) for order in found if order.state in FINAL)
        return [kept[key] for key in keys if key in kept]

    def legs(self, decision: Decision) -> list[Order]:
        """The orders that a decision led to, in their order."""
        return self._readers.legs(self._account, decision)

    def decisions(self, until: int, most: int) -> list[Decision]:
        """The latest decisions, newest first; only what is new is read."""
        return self._decided.latest(until, most)

    def _decisions(self, since: int | None, until: int, most: int) -> list[Decision]:
        """Going back day by day until there are enough."""
        found: list[Decision] = []
        oldest = day_of(until) - DAYS_BACK if since is None else day_of(since) - 1
        for day in range(day_of(until), oldest, -1):
            found.extend(self._readers.latest_decisions(self._account, day, most - len(found), since))
            if len(found) >= most:
                break
        return found

    def whales(self) -> list[WhaleRow]:
        """The followed wallets."""
        return self._whales.get(None, lambda: [whale_of(item) for item in self._readers.whales(self._account)])

    def watch_list(self) -> Published | None:
        """The ranking in force."""
        return self._watch_list.get(None, lambda: self._readers.watch_list(self._account))

    def runs(self) -> list[str]:
        """The names of the stored rankings, the oldest first."""
        return self._rankings.names()

    def run(self, name: str) -> Run:
        """A stored ranking; read once."""
        return self._rankings.run(name)

    def markets(self, names: Collection[str]) -> dict[str, Market]:
        """What is known of the named markets; kept for minutes, because a question hardly ever changes."""
        now = self._now()
        with self._lock:
            kept = {name: self._markets[name][1] for name in names if self._fresh(name, now)}
        missing = [name for name in sorted(set(names)) if name not in kept]
        fetched = self._readers.markets(missing)
        with self._lock:
            if len(self._markets) + len(missing) > MARKETS_MAX:
                self._markets.clear()
            self._markets.update((name, (now, fetched.get(name))) for name in missing)
        return {**{name: market for name, market in kept.items() if market is not None}, **fetched}

    def _fresh(self, name: str, now: int) -> bool:
        if name not in self._markets:
            return False
        at, market = self._markets[name]
        return now - at <= (UNKNOWN_KEPT_NS if market is None else MARKETS_KEPT_NS)
