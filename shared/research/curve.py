"""What a replay leaves to be drawn: equity at even moments, and what each market it was done with has brought."""

from collections.abc import Iterable

from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import Position
from shared.domain.money import Usd, float_of_micro
from shared.research.driver import Driver, Moments

POINTS_MAX = 400
"""More than a chart has pixels for, and small enough for a report that people may open."""
BETS_MAX = 2_000
"""The latest ones; all of them would not fit a report of a month."""

CurvePoint = tuple[int, float]
"""Unix seconds of event time, and the account's equity in dollars."""


class Curve:
    """Equity at full multiples of a step (a minute at least) that gives ``POINTS_MAX`` points over the span, taken
    before the first event from each on; work that has moments of its own (``inner``) keeps them.
    """

    def __init__(self, driver: Driver, inner: Moments, first: int, last: int) -> None:
        self.due_at = 0
        self._driver = driver
        self._inner = inner
        step = -(-(last - first) // POINTS_MAX)
        self._step = -(-max(step, MINUTE) // MINUTE) * MINUTE
        self._next = 0
        self._points: list[tuple[int, Usd]] = []

    def reached(self, at: int) -> None:
        """An event comes: a point is due, or the other work, or both."""
        if at >= self._inner.due_at:
            self._inner.reached(at)
        if at >= self._next:
            moment = at - at % self._step
            self._points.append((moment, self._driver.engine.desk.risk.equity()))
            self._next = moment + self._step
        self.due_at = min(self._inner.due_at, self._next)

    def points(self) -> list[CurvePoint]:
        """The curve with how it stands now, at its end."""
        ended = (max(self._driver.now, self._next), self._driver.engine.desk.risk.equity())
        return [(at // SECOND, float_of_micro(equity)) for at, equity in [*self._points, ended]]


def bets(positions: Iterable[Position]) -> list[float]:
    """What each market has brought in dollars, fees included, in the order in which we were done with them.

    One market is one bet, whoever was copied into it. Those in which something is still held are left out.
    """
    found: dict[str, list[Position]] = {}
    for position in positions:
        found.setdefault(position.market, []).append(position)
    done = [
        (max(one.changed_at for one in held), market, sum(one.realized for one in held))
        for market, held in found.items()
        if not any(one.size for one in held)
    ]
    return [float_of_micro(realized) for _, _, realized in sorted(done)[-BETS_MAX:]]
