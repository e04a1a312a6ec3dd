"""What the portfolio could lose, once a minute beside a live run: a snapshot on the loop, the arithmetic in a lane.

The engine has the figures of a moment that is a little past; what happened since is in the next ones. One computation
runs at a time: where the lane is slow, a minute is left out, never queued.
"""

from typing import Protocol

from fargate.lanes import Lane
from shared.analytics.figures import FigureRules, Portfolio, figures
from shared.domain.instants import MINUTE
from shared.domain.messages import FiguresPublished, Payload
from shared.domain.tables import Figures
from shared.engine.engine import Engine
from shared.research.figuring import Portfolios

EVERY_NS = MINUTE


class Driving(Protocol):
    """What is needed of a driver."""

    @property
    def engine(self) -> Engine:
        """The engine that is driven."""

    @property
    def now(self) -> int:
        """Event time: when the last event was observed."""

    def handle_now(self, payload: Payload, at: int) -> None:
        """Hand an event of our own to the engine."""


class LiveFigures:
    """``tend`` is the whole of it: called as often as one likes, it does what is due. Its parts may be called alone."""

    def __init__(self, every_ns: int = EVERY_NS, rules: FigureRules | None = None) -> None:
        self.latest: Figures | None = None
        """Those last handed to the engine."""
        self._every_ns = every_ns
        self._rules = rules
        self._portfolios = Portfolios()
        self._at: int | None = None
        self._busy = False

    def due(self, now: int) -> bool:
        """Whether new figures should be computed at ``now`` (nanoseconds): the last are old, and none are under way."""
        return not self._busy and (self._at is None or now - self._at >= self._every_ns)

    def snapshot(self, engine: Engine, now: int) -> Portfolio:
        """The portfolio as it stands; on the engine's own thread."""
        self._at = now
        return self._portfolios.taken(engine, now)

    def compute(self, portfolio: Portfolio) -> Figures:
        """The figures of a snapshot; in any thread, milliseconds."""
        return figures(portfolio, self._rules)

    def tend(self, driver: Driving, lane: Lane, now: int) -> None:
        """When figures are due: take a snapshot, compute in ``lane``, and hand the result to the engine."""
        if not self.due(now):
            return
        portfolio = self.snapshot(driver.engine, now)
        self._busy = True

        def publish(found: Figures) -> None:
            self._busy = False
            self.latest = found
            driver.handle_now(FiguresPublished(found), max(now, driver.now))

        lane.post(lambda: self.compute(portfolio), publish)
