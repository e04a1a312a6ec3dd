"""Histories that only grow at their end: what was read is kept, and only what is new is asked for.

The last seconds are read again each time, because what happened at one instant may be written one after the other.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from operator import attrgetter

from dashboard.queries.aged import SLOW
from dashboard.state import Point
from shared.domain.decision import Decision
from shared.domain.instants import MINUTE, SECOND

Now = Callable[[], int]
AGAIN_NS = 2 * MINUTE
"""So much of a curve is read again."""
WRITTEN_NS = 10 * SECOND
"""So much of the decisions is: they are written within seconds of being made."""
KEPT_NS = 2 * SECOND
STILL_NS = 30 * SECOND
"""How long an answer serves while event time stands still."""
_at = attrgetter("at")


class _Paced:
    """Says when to ask again: every two seconds, seldom where answers are slow or time stands still."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._until = self._asked_at = self._took = 0

    def serves(self, until: int) -> bool:
        age = self._now() - self._asked_at
        return age <= (STILL_NS if until == self._until else max(KEPT_NS, SLOW * self._took))  # not money: durations

    def asked(self, until: int, began: int) -> None:
        self._until, self._asked_at = until, self._now()
        self._took = self._asked_at - began


class Curve:
    """Points in the order of time; ``read(start, end)`` gives those between two instants, both included."""

    def __init__(self, read: Callable[[int, int], list[Point]], now: Now) -> None:
        self._read = read
        self._now = now
        self._pace = _Paced(now)
        self._kept: list[Point] = []
        self._from: int | None = None
        self._span = 0
        self._lock = threading.Lock()

    def between(self, start: int, end: int) -> list[Point]:
        """The points from ``start`` to ``end``, oldest first."""
        with self._lock:
            self._span = max(self._span, end - start)
            if self._from is None or start < self._from or (self._kept and end < self._kept[-1].at):
                self._fill(start, start, end)
            elif not self._pace.serves(end):
                self._fill(self._kept[-1].at - AGAIN_NS if self._kept else self._from, self._from, end)
            first = bisect_left(self._kept, start, key=_at)
            return self._kept[first : bisect_right(self._kept, end, key=_at)]

    def _fill(self, start: int, complete_from: int, end: int) -> None:
        """Read from ``start`` on; nobody asks for what lies further back than the widest span so far."""
        began = self._now()
        new = self._read(start, end)
        self._pace.asked(end, began)
        oldest = max(complete_from, end - self._span)
        old = [] if start <= complete_from else self._kept[: bisect_left(self._kept, start, key=_at)]
        self._kept = (old + new)[bisect_left(old, oldest, key=_at) :]
        self._from = oldest


class Decided:
    """The latest decisions, newest first. ``read(since, until, most)`` gives the latest ``most`` of them up to
    ``until``, not before ``since`` (``None``: however old).
    """

    def __init__(self, read: Callable[[int | None, int, int], list[Decision]], now: Now) -> None:
        self._read = read
        self._now = now
        self._pace = _Paced(now)
        self._kept: list[Decision] = []
        self._depth = 0
        self._lock = threading.Lock()

    def latest(self, until: int, most: int) -> list[Decision]:
        """The latest ``most`` decisions up to an instant."""
        with self._lock:
            if most > self._depth or (self._kept and until < self._kept[0].at):
                self._fill(None, until, most)
            elif not self._pace.serves(until):
                self._fill(self._kept[0].at - WRITTEN_NS if self._kept else None, until, self._depth)
            return self._kept[:most]

    def _fill(self, since: int | None, until: int, most: int) -> None:
        began = self._now()
        new = self._read(since, until, most)
        self._pace.asked(until, began)
        old = [] if since is None else [known for known in self._kept if known.at < since]
        self._kept, self._depth = (new + old)[:most], most
