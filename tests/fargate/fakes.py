"""What stands around the trader, by hand: a clock to turn, views and a tape that remember."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fargate.trader import About, Trader
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from shared.domain.market import Market
from shared.domain.messages import Event
from shared.domain.money import dollars
from shared.domain.screens import Screen, Stored, Tabs
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.research.driver import Driver
from shared.strategies.whale_copy import Params, WhaleCopy

NOON = 1_774_180_800 * SECOND


class HandClock:
    """Time that stands still until it is turned."""

    def __init__(self, at: int = NOON) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)


class Board:
    """Views that remember everything they were given."""

    def __init__(self) -> None:
        self.lives: list[dict[str, Any]] = []
        self.points: list[tuple[int, dict[str, Any]]] = []
        self.whales: list[list[dict[str, Any]]] = []
        self.markets: list[Market] = []
        self.marks: list[dict[str, int]] = []
        self.risks: list[dict[str, Any]] = []
        self.screens: list[tuple[str, Tabs | Screen | Stored]] = []
        self.operations: list[dict[str, Any]] = []

    def put_live(self, live: Mapping[str, Any]) -> None:
        self.lives.append(dict(live))

    def put_marks(self, marks: Mapping[str, int]) -> None:
        self.marks.append(dict(marks))

    def put_risk(self, risk: Mapping[str, Any]) -> None:
        self.risks.append(dict(risk))

    def put_operations(self, operations: Mapping[str, Any]) -> None:
        self.operations.append(dict(operations))

    def put_metrics(self, at: int, point: Mapping[str, Any]) -> None:
        self.points.append((at, dict(point)))

    def put_whales(self, whales: Sequence[Mapping[str, Any]]) -> None:
        self.whales.append([dict(row) for row in whales])

    def put_market(self, market: Market) -> None:
        self.markets.append(market)

    def put_screen(self, name: str, screen: Tabs | Screen | Stored) -> None:
        self.screens.append((name, screen))


class ListTape:
    """A tape in a list."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.dropped = 0
        self.failing: Temporary | None = None
        self.flushed = 0
        self.flushed_at = 0

    def add(self, event: Event) -> None:
        self.events.append(event)

    @property
    def waiting(self) -> int:
        return len(self.events)

    def due(self, now: int) -> bool:
        return now - self.flushed_at >= 45 * SECOND

    def flush(self, now: int = 0) -> int:
        if self.failing is not None:
            raise self.failing
        self.flushed += 1
        self.flushed_at = now
        return len(self.events)


class Life:
    """A trader over memory, with everything around it in reach."""

    def __init__(self, stopping: Callable[[], bool] = lambda: False, strict: frozenset[str] = frozenset()) -> None:
        self.clock, self.board, self.tape, self.store = HandClock(), Board(), ListTape(), MemoryStore()
        engine = Engine("test", WhaleCopy(Params(sizing="ratio")), Limits(), strict_sources=strict)
        self.driver = Driver(engine, PaperVenue(0, MemoryPaperLog()), self.store, tape=self.tape.add)
        about = About("test", "recording: test", dollars(10_000))
        self.trader = Trader(self.driver, self.store, self.board, self.tape, self.clock, about, stopping)

    def begun(self) -> "Life":
        self.driver.recover([], self.clock.now())
        self.trader.deposit(dollars(10_000), self.clock.now())
        return self
