"""The trader's housekeeping around the driver: people's commands, what people are shown, the tape, and the pace.

It decides nothing about money. Everything here may be late or fail for a while without a cent being wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from fargate.alerts import Alerts
from fargate.boards import gauges_of, live_of, point_of, risk_of, tripped, whale_rows
from fargate.components import TAPE, VIEWS, components_of
from fargate.condition import Component, Health
from fargate.gauges import Gauges, Values
from fargate.lanes import InPlace, Lane
from fargate.machine import Machine
from fargate.operations import operations_of
from fargate.people import SWITCH, Handling, People
from fargate.screens import Screens, Shown
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.effects import Alert
from shared.domain.errors import Temporary
from shared.domain.instants import MINUTE, SECOND, iso
from shared.domain.market import Market
from shared.domain.money import format_micro
from shared.domain.whale import RankedWallet
from shared.ports import Archive, Clock, Store, Views
from shared.research.rounds import Rounds

COMMANDS_EVERY_NS = SECOND // 2
LIVE_EVERY_NS = 2 * SECOND
SCREENS_EVERY_NS = 2 * SECOND
WHALES_EVERY_NS = 10 * SECOND
METRICS_EVERY_NS = MINUTE
"""Of event time: a point of the curves for each minute the market lived."""
DECISIONS_EVERY_NS = SECOND
MARKETS_AT_ONCE = 40
MARKS_EVERY_NS = 5 * SECOND
RISK_EVERY_NS = 10 * SECOND
OPERATIONS_EVERY_NS = 30 * SECOND


class Stopped(BaseException):
    """A signal asked the process to stop; raised between two events, never inside one."""


class About(Struct, frozen=True):
    """What the live view says of this run: account, source (``synthetic``, ``live``, ``recording: name``), capital."""

    account: str
    source: str
    capital: int


class Driving(Handling, Protocol):
    """What the housekeeping needs of a driver, be it synchronous or not."""

    @property
    def alerts(self) -> list[Alert]:
        """What the engine told people and nobody has taken yet."""

    @property
    def rounds(self) -> Rounds:
        """How our books compare with the venue's."""

    def flush(self) -> None:
        """Hand decisions not stored yet to the store."""


AnyDriver = TypeVar("AnyDriver", bound=Driving)
OtherDriver = TypeVar("OtherDriver", bound=Driving)


class Trader(Generic[AnyDriver]):
    """Runs the housekeeping from the driver's ticks. ``stopping`` is asked between events; ``lane`` is where calls to
    the store and the views are made.
    """

    def __init__(
        self,
        driver: AnyDriver,
        store: Store,
        views: Views,
        tape: Archive,
        clock: Clock,
        about: About,
        stopping: Callable[[], bool],
        lane: Lane | None = None,
    ) -> None:
        self.driver = driver
        self.progress = "starting"
        self.feeds: dict[str, str] = {}
        self.ranked: dict[str, RankedWallet] = {}
        self._store = store
        self._views = views
        self._tape = tape
        self._clock = clock
        self.about = about
        self._stopping = stopping
        self.lane: Lane = lane or InPlace()
        self.figures: dict[str, object] = {}
        """What the sources and the loop measure; kept with the curves."""
        self.served: Mapping[str, Sequence[str]] = {}
        """Coins whose price each exchange tells."""
        self.gauges: Gauges | None = None
        self.screens: Screens | None = None
        """What people see of single markets; None where nobody looks."""
        self.measured: Callable[[], Values] = dict
        """What the loop measures besides, for the gauges."""
        self.alerts = Alerts()
        self.health = Health()
        """What others are told of how we stand; a run gives all its traders its own."""
        self._people = People(driver, store, self.lane, clock.now, self._show_risk)
        self._machine = Machine()
        self._due: dict[str, int] = {}
        self._metrics_at = 0
        self._shown_markets: dict[str, None] = {}

    # ------------------------------------------------------------------ the pulse

    def tick(self, at: int) -> None:
        """Between two events at event time ``at``: whatever is due; ``Stopped`` when the process is to end."""
        self.check()
        now = self._clock.now()
        if self.driver.alerts:
            self._hear(at, now)
        if self.health.due():
            self.health.publish(self.progress, self._components(at))
        if self._is_due("commands", now, COMMANDS_EVERY_NS):
            self._people.ask(at)
        if at - self._metrics_at >= METRICS_EVERY_NS:
            self._metrics_at = at
            self._put_point(at)
        if self.gauges is not None and self.gauges.due(now):
            self._write_gauges(self.gauges)
        if self._is_due("decisions", now, DECISIONS_EVERY_NS):
            self.driver.flush()
        if self._is_due("live", now, LIVE_EVERY_NS):
            self.show(at)
        if self.screens is not None and self._is_due("screens", now, SCREENS_EVERY_NS):
            self._show_screens(self.screens.turn(at))
        if self._is_due("marks", now, MARKS_EVERY_NS):
            self._show_marks()
        if self._is_due("risk", now, RISK_EVERY_NS):
            self._show_risk(at)
        if self._is_due("operations", now, OPERATIONS_EVERY_NS):
            self._show_operations(at)
        if self._is_due("whales", now, WHALES_EVERY_NS):
            self._show_whales()
        if self._tape.due(now):
            self._put_tape()

    def _put_point(self, at: int) -> None:
        point = {**point_of(self.driver.engine), **self.figures, **self._machine.look()}
        self._away("", lambda: self._views.put_metrics(at, point))

    def _write_gauges(self, gauges: Gauges) -> None:
        """Written where calls may take long: whoever reads standard output may be slow."""
        values = {**gauges_of(self.driver.engine, len(self._down())), **self.measured()}
        self.lane.post(lambda: gauges.write(values))

    def _hear(self, at: int, now: int) -> None:
        """Take what the engine told people; the list is the driver's own and would grow for ever."""
        self.alerts.hear(self.driver.alerts, at, now)
        self.driver.alerts.clear()

    def _components(self, at: int) -> dict[str, Component]:
        return components_of(self.driver.engine, self.driver.rounds, self._down(), self._tape, at)

    def _away(self, what: str, call: Callable[[], object], feed: str = VIEWS) -> None:
        """Show people something. No money hangs on it: what fails is told, and shown again at the next due time."""

        def shown(_: object) -> None:
            self.feeds.pop(feed, None)

        def failed(error: Temporary) -> None:
            self.feeds[feed] = str(error)[:120]

        self.lane.post(call, shown, failed, newest=what)

    def check(self) -> None:
        """``Stopped`` when the process is to end; also asked by long preparations."""
        if self._stopping():
            raise Stopped

    def _down(self) -> dict[str, str]:
        """What is wrong with each part that is not well."""
        trouble = self._people.trouble
        return {**self.feeds, SWITCH: trouble} if trouble else dict(self.feeds)

    def _is_due(self, what: str, now: int, every: int) -> bool:
        if now < self._due.get(what, 0):
            return False
        self._due[what] = now + every
        return True

    def finish(self, at: int) -> None:
        """The last words before the process ends: decisions, views and tape are made durable."""
        self.driver.flush()
        self._hear(at, self._clock.now())
        self._put_point(at)
        self._show_whales()
        self._show_marks()
        self._show_risk(at)
        self._show_operations(at)
        self.show(at)
        self._put_tape()

    def _put_tape(self) -> None:
        now = self._clock.now()
        self._away("tape", lambda: self._tape.flush(now), TAPE)

    def again(self, driver: OtherDriver, lane: Lane) -> "Trader[OtherDriver]":
        """The same housekeeping around another driver of the same engine; its calls are made in ``lane``."""
        made = Trader(driver, self._store, self._views, self._tape, self._clock, self.about, self._stopping, lane)
        made.ranked = self.ranked
        made.alerts = self.alerts
        made.gauges = self.gauges
        made.screens = self.screens
        made.health = self.health
        made._people = self._people.again(driver, lane, made._show_risk)
        made._metrics_at = self._metrics_at
        made._shown_markets = self._shown_markets
        return made

    def restore(self, live: Mapping[str, Any]) -> None:
        """Go on counting where an earlier run's live view stopped."""
        engine = self.driver.engine
        counted = live.get("counts", {})
        engine.counts.whale_trades += int(counted.get("whale_trades", 0))
        engine.counts.duplicates += int(counted.get("duplicates", 0))
        engine.counts.late += int(counted.get("late", 0))
        for name, n in live.get("decisions", {}).items():
            reason = Reason(name)
            engine.decisions[reason] = engine.decisions.get(reason, 0) + int(n)
        left = engine.holdings.left
        for name, n in live.get("exits", {}).items():
            left[Reason(name)] = left.get(Reason(name), 0) + int(n)

    def deposit(self, amount: int, at: int) -> None:
        """Book the starting capital, once in the life of the account."""
        self.driver.handle_now(Command("initial", CommandKind.DEPOSIT, "starting capital", amount), at)

    # ------------------------------------------------------------------ what people see

    def show(self, at: int) -> None:
        """Write the live view."""
        now = self._clock.now()
        live = {
            "at": now,
            "written_at": now,
            "mode": "paper",
            "source": self.about.source,
            "capital": self.about.capital,
            **live_of(self.driver.engine, at),
            "feeds": self._down(),
            "progress": self.progress[:160],
        }
        self._away("live", lambda: self._views.put_live(live))
        self._show_markets()

    def _show_risk(self, at: int) -> None:
        shown = risk_of(self.driver.engine, self.driver.rounds, at, self.alerts.rows())
        self._away("risk", lambda: self._views.put_risk({"at": self._clock.now(), **shown}))

    def _show_operations(self, at: int) -> None:
        served = {feed: list(coins) for feed, coins in self.served.items()}
        shown = {**operations_of(self.driver.engine, self.health.parts(), at), "spot": served}
        self._away("operations", lambda: self._views.put_operations({"at": self._clock.now(), **shown}))

    def _show_marks(self) -> None:
        held = self.driver.engine.desk.marks.held
        marks = {token: entry[1] for token, entry in held.items()}
        self._away("marks", lambda: self._views.put_marks(marks))

    def _show_screens(self, shown: list[Shown]) -> None:
        for name, screen in shown:
            self._away(name, partial(self._views.put_screen, name, screen))

    def _show_markets(self) -> None:
        """Ours first, then a few of the others each time: a question is needed wherever a decision is read."""
        engine = self.driver.engine
        ours = [*engine.desk.positions, *engine.desk.execution.open_by_market]
        others = [market for market in list(engine.markets) if market not in self._shown_markets]
        for market in [*ours, *others[:MARKETS_AT_ONCE]]:
            known = engine.markets.get(market)
            if known is not None and market not in self._shown_markets:
                self._shown_markets[market] = None
                self._show_market(known)

    def _show_market(self, market: Market) -> None:
        self._away("", lambda: self._views.put_market(market))

    def _show_whales(self) -> None:
        rows = whale_rows(self.driver.engine, self.ranked)
        if rows:
            self._away("whales", lambda: self._views.put_whales(rows))


def copied(reasons: dict[Reason, int]) -> int:
    """Whale trades that led to an order."""
    return reasons.get(Reason.COPIED, 0) + reasons.get(Reason.TOPPED_UP, 0)


def status_line(trader: Trader[Any], at: int) -> str:
    """One line on how things stand."""
    engine, desk = trader.driver.engine, trader.driver.engine.desk
    equity = float(format_micro(desk.risk.equity()))
    switch = "" if desk.risk.trading else f"  STOPPED: {desk.risk.stopped_because}"
    breakers = ", ".join(tripped(desk.risk, at))
    return (
        f"{iso(at)[:19]}Z  equity ${equity:,.2f}  positions {desk.open_positions()}  "
        f"orders {len(desk.execution.open_orders())}  copied {copied(engine.decisions)} "
        f"of {engine.counts.whale_trades} whale trades{switch}" + (f"  BREAKERS: {breakers}" if breakers else "")
    )
