"""What happened within a moving window of time, in amortised constant time and bounded memory."""

from collections import deque

from msgspec import Struct

from shared.domain.instants import SECOND
from shared.domain.money import ONE, Fraction, Usd, mul_div_floor, part


class Tally:
    """How many things happened within the last ``window_ns``; instants in nanoseconds, in order."""

    __slots__ = ("_window", "times")

    def __init__(self, window_ns: int) -> None:
        self._window = window_ns
        self.times: deque[int] = deque()

    def resize(self, window_ns: int) -> None:
        """The window is another one; what is forgotten already is not counted again in a longer one."""
        self._window = window_ns

    def add(self, at: int) -> None:
        """One more, now."""
        self.count(at)
        self.times.append(at)

    def count(self, at: int) -> int:
        """How many are younger than the window."""
        times, oldest = self.times, at - self._window
        while times and times[0] <= oldest:
            times.popleft()
        return len(times)

    def exceeds(self, at: int, most: int) -> bool:
        """Whether more than ``most`` are younger than the window."""
        return len(self.times) > most and self.count(at) > most

    def exceeded(self, at: int, most: int) -> tuple[int, int]:
        """Since when there have been more than ``most``, and when that ends if nothing more happens; (0, 0) if not."""
        surplus = self.count(at) - most
        if surplus <= 0:
            return 0, 0
        return self.times[most], self.times[surplus - 1] + self._window


class Beginning(Struct, frozen=True, gc=False):
    """A price, and the price from which on (or down to which) it has been left by the whole move."""

    at: int
    price: int
    far: int


class Moves:
    """Whether a price has moved by a fraction of itself, up or down, between two instants at most a window apart.

    Two monotonic deques hold the prices that may still begin such a move (Lemire, Nordic J. Computing 13 (2006)
    328-339): lows rising from the oldest, highs falling. Both keep one price per second at most, so that a second's
    thousand prices cost no memory; a move's beginning is known to that second.
    """

    __slots__ = ("_highs", "_lows", "_move", "_window", "ends_at", "moved", "since")

    def __init__(self, move: Fraction, window_ns: int) -> None:
        self._move = move
        self._window = window_ns
        self._lows: deque[Beginning] = deque()
        self._highs: deque[Beginning] = deque()
        self.since = 0
        self.ends_at = -1
        """Until this instant both ends of the latest such move lie within the window; before the first: -1."""
        self.moved = Fraction(0)
        """The largest move since then, in millionths."""

    def retune(self, move: Fraction, window_ns: int) -> None:
        """Another move counts, or within another window: from the prices known, at the next one. A move that was seen
        lasts as long as it did.
        """
        self._move = move
        self._window = window_ns
        self._lows = deque(Beginning(one.at, one.price, one.price + self._distance(one.price)) for one in self._lows)
        self._highs = deque(Beginning(one.at, one.price, one.price - self._distance(one.price)) for one in self._highs)

    def price(self, now: int, at: int) -> None:
        """The price is ``now`` micro-dollars; instants never go back."""
        lows, highs, oldest = self._lows, self._highs, at - self._window
        while lows and lows[0].at < oldest:
            lows.popleft()
        while highs and highs[0].at < oldest:
            highs.popleft()
        if lows and now >= lows[0].far:
            self._seen(lows, now, at)
        if highs and now <= highs[0].far:
            self._seen(highs, now, at)
        while lows and lows[-1].price >= now:
            lows.pop()
        if not lows or at - lows[-1].at >= SECOND:
            lows.append(Beginning(at, now, now + self._distance(now)))
        while highs and highs[-1].price <= now:
            highs.pop()
        if not highs or at - highs[-1].at >= SECOND:
            highs.append(Beginning(at, now, now - self._distance(now)))

    def _distance(self, price: int) -> int:
        return max(part(Usd(price), self._move), 1)

    def _seen(self, earlier: deque[Beginning], now: int, at: int) -> None:
        """The move lasts as long as its youngest beginning; older beginnings end sooner and can be forgotten."""
        begin = earlier[0]
        if at > self.ends_at:
            self.since, self.moved = at, Fraction(0)
        self.moved = Fraction(max(self.moved, mul_div_floor(abs(now - begin.price), ONE, max(begin.price, 1))))
        while len(earlier) > 1 and abs(now - earlier[1].price) >= abs(earlier[1].far - earlier[1].price):
            earlier.popleft()
        self.ends_at = max(self.ends_at, earlier[0].at + self._window)
