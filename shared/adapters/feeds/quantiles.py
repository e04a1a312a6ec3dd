"""Quantiles of delays over a sliding window, in constant memory: a histogram of buckets that grow by 5%."""

from bisect import bisect_left
from itertools import accumulate

from shared.domain.instants import MICROSECOND

GROWTH = 1.05
BUCKETS = 512
"""From a microsecond up to twenty hours."""
_EDGES = [int(MICROSECOND * GROWTH**n) for n in range(BUCKETS)]


class Quantiles:
    """Delays in nanoseconds. ``turn()`` starts a new half of the window and forgets the half before the last."""

    def __init__(self) -> None:
        self._now = [0] * BUCKETS
        self._before = [0] * BUCKETS

    def add(self, delay_ns: int) -> None:
        """Count a delay; a negative one (clocks disagree) counts as none."""
        self._now[min(bisect_left(_EDGES, delay_ns), BUCKETS - 1)] += 1

    def turn(self) -> None:
        """Half a window has passed."""
        self._before, self._now = self._now, [0] * BUCKETS

    @property
    def count(self) -> int:
        """Delays in the window."""
        return sum(self._now) + sum(self._before)

    def at(self, share: float) -> int | None:
        """The delay that a share (0..1) of all delays does not exceed, at most 5% too high; None without any."""
        counts = [a + b for a, b in zip(self._now, self._before, strict=True)]
        total = sum(counts)
        if total == 0:
            return None
        rank = max(1, -int(-share * total // 1))
        return _EDGES[bisect_left(list(accumulate(counts)), rank)]
