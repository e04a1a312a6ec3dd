"""How long to wait before the next attempt to connect."""

from collections.abc import Callable


class Backoff:
    """Doubles from ``first_s`` to ``max_s``; full jitter, so that many sockets do not come back at one instant.

    ``jitter`` answers uniformly in [0, 1).
    """

    def __init__(self, first_s: float, max_s: float, jitter: Callable[[], float]) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._jitter = jitter
        self.failures = 0

    def next_s(self) -> float:
        """Seconds to wait now; each call counts as one more failure."""
        # 2**40 seconds is past every limit; a larger power would overflow a float after a night of failures.
        span_s = min(self._max_s, self._first_s * 2.0 ** min(self.failures, 40))
        self.failures += 1
        return span_s * self._jitter()

    def reset(self) -> None:
        """The venue was well: the next wait is short again."""
        self.failures = 0
