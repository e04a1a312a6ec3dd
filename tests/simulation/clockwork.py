"""Virtual time: what happens is a heap of calls by their instant, so that a seed decides every interleaving."""

from collections.abc import Callable
from heapq import heappop, heappush

from shared.domain.instants import DAY, HOUR

START = 20_000 * DAY + 12 * HOUR


class Clockwork:
    """``now`` in nanoseconds of true time; traders have clocks of their own that may differ from it."""

    def __init__(self) -> None:
        self.now = START
        self._calls: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, instant: int, call: Callable[[], None]) -> None:
        """Make this call then, after everything that was put at the same instant before it."""
        self._number += 1
        heappush(self._calls, (max(instant, self.now), self._number, call))

    def after(self, wait_ns: int, call: Callable[[], None]) -> None:
        """Make this call after a while."""
        self.at(self.now + wait_ns, call)

    def run(self, until: int) -> None:
        """Everything that happens up to an instant."""
        calls = self._calls
        while calls and calls[0][0] <= until:
            at, _, call = heappop(calls)
            self.now = at
            call()
        self.now = until
