"""Client-side rate limits: a sliding window that answers how long to wait, and the venue's documented numbers.

Pure: the caller says what time it is and does the waiting.
"""

from collections import deque
from collections.abc import Mapping

from shared.domain.instants import SECOND

WINDOW_NS = 10 * SECOND
"""The venue counts per IP over sliding windows of ten seconds (polymarket.md 1.9)."""

MARGIN_PERCENT = 80
"""We stay this far under the documented numbers: other programs may share our address."""

DOCUMENTED: Mapping[str, int] = {
    "data": 800,
    "data/v2/trades": 300,
    "data/v2/activity": 200,
    "data/v2/positions": 200,
    "gamma": 4000,
    "gamma/markets": 300,
    "gamma/markets/keyset": 300,
    "clob": 9000,
    "clob/book": 1500,
    "clob/books": 500,
}
"""Requests per ten seconds: ``service`` is the general limit, ``service/path`` that of one route."""


class SlidingWindow:
    """At most ``limit`` requests in any window of ``window_ns``; every request gets the earliest lawful instant."""

    def __init__(self, limit: int, window_ns: int = WINDOW_NS) -> None:
        if limit < 1 or window_ns < 1:
            raise ValueError(f"limit {limit} and window_ns {window_ns} must be positive")
        self._window_ns = window_ns
        self._starts: deque[int] = deque(maxlen=limit)

    def reserve(self, now_ns: int) -> int:
        """Take the next place; returns the nanoseconds to wait before sending (0 = now)."""
        starts = self._starts
        start = now_ns
        if len(starts) == starts.maxlen:
            start = max(now_ns, starts[0] + self._window_ns)
        starts.append(start)
        return start - now_ns


class RateLimits:
    """The windows of every route; a request takes a place in its route's window and in its service's."""

    def __init__(self, documented: Mapping[str, int] = DOCUMENTED, margin_percent: int = MARGIN_PERCENT) -> None:
        self._windows = {
            name: SlidingWindow(max(1, count * margin_percent // 100)) for name, count in documented.items()
        }

    def reserve(self, service: str, path: str, now_ns: int) -> int:
        """Nanoseconds to wait before a request to ``path`` of ``service`` may be sent."""
        delay_ns = 0
        for name in (service, service + path):
            window = self._windows.get(name)
            if window is not None:
                delay_ns = max(delay_ns, window.reserve(now_ns + delay_ns))
        return delay_ns
