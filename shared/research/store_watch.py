"""How long the store takes: while half of its answers take longer than half a second, nobody enters (specification 9).

Measured with the machine's clock, so only a life in real time listens to it; a replay waits for its store instead.
"""

from collections import deque

from shared.domain.instants import MILLISECOND
from shared.domain.messages import FeedHealth

STORE = "store"
SLOW_NS = 500 * MILLISECOND
LAST = 20


class StoreWatch:
    """The median of the last ``last`` answers against ``slow_ns``; nothing is said before there are as many."""

    def __init__(self, slow_ns: int = SLOW_NS, last: int = LAST) -> None:
        self.slow = False
        self._slow_ns = slow_ns
        self._took: deque[int] = deque(maxlen=last)

    def add(self, took_ns: int) -> FeedHealth | None:
        """An answer took this long; what that changes."""
        took = self._took
        took.append(took_ns)
        if len(took) != took.maxlen:
            return None
        slow = self.median > self._slow_ns
        if slow is self.slow:
            return None
        self.slow = slow
        reason = f"half of the store's answers take {self.median / MILLISECOND:.0f} ms or more"
        return FeedHealth(STORE, healthy=not slow, reason=reason if slow else "the store answers in time again")

    @property
    def median(self) -> int:
        """The middle of the last answers, the upper one of two, in nanoseconds; 0 without any."""
        return sorted(self._took)[len(self._took) // 2] if self._took else 0
