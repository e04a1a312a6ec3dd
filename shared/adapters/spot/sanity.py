"""Prices and clocks of a spot feed that cannot be right: a jump within a second, times that differ from ours.

Nothing is thrown away here; a person or a strategy is told.
"""

from collections import deque

from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import NoticeKind
from shared.domain.money import format_micro

JUMP_PERCENT = 5
JUMP_NS = 1 * SECOND
CLOCK_NS = 1 * SECOND
"""An offset beyond this is wrong (spec 2) ..."""
CLOCK_FOR_NS = 10 * SECOND
"""... once every message has shown it for this long: a single late message is no clock."""
CLOCK_MESSAGES = 5

Finding = tuple[NoticeKind, str]


class Jumps:
    """The lowest and the highest price of the last second, by the exchange's own time."""

    def __init__(self) -> None:
        self._low: deque[tuple[int, int]] = deque()
        self._high: deque[tuple[int, int]] = deque()

    def take(self, price: int, at: int) -> int | None:
        """The price of the last second from which this one is more than 5% away, or None."""
        low, high = self._low, self._high
        for extreme in (low, high):
            while extreme and extreme[0][0] < at - JUMP_NS:
                extreme.popleft()
        was = None
        if low and price * 100 > low[0][1] * (100 + JUMP_PERCENT):
            was = low[0][1]
        elif high and price * 100 < high[0][1] * (100 - JUMP_PERCENT):
            was = high[0][1]
        if was is not None:  # the new level is what the next prices are held against: one jump, one flag
            low.clear()
            high.clear()
        while low and low[-1][1] >= price:
            low.pop()
        while high and high[-1][1] <= price:
            high.pop()
        low.append((at, price))
        high.append((at, price))
        return was


class ClockCheck:
    """Whether the exchange's times and ours have differed by more than a second, always, for ten seconds.

    ``offset_ns`` is ours less theirs (it contains the journey), the smallest of the present run of wrong ones; 0 while
    the clocks agree.
    """

    def __init__(self) -> None:
        self.offset_ns = 0
        self._since = 0
        self._count = 0
        self._least = 0
        self._said = False

    def take(self, venue_at: int, received_at: int) -> Finding | None:
        """What there is to say after one more message, if anything."""
        offset = received_at - venue_at
        if abs(offset) <= CLOCK_NS:
            self._count, self.offset_ns = 0, 0
            if self._said:
                self._said = False
                return NoticeKind.CLOCK, f"the exchange's time is within {CLOCK_NS // SECOND} s of ours again"
            return None
        if self._count == 0 or (offset > 0) != (self._least > 0):
            self._since, self._count, self._least = received_at, 0, offset
        self._count += 1
        self._least = min(self._least, offset, key=abs)
        if self._count < CLOCK_MESSAGES or received_at - self._since < CLOCK_FOR_NS:
            return None
        self.offset_ns = self._least
        if self._said:
            return None
        self._said = True
        side = "behind" if offset > 0 else "ahead of"
        wrong_s = abs(self._least) // MILLISECOND / 1000
        return (
            NoticeKind.CLOCK,
            f"the exchange's time is {side} ours by {wrong_s} s or more for {CLOCK_FOR_NS // SECOND} s",
        )


class Sanity:
    """Both checks for all symbols of one feed."""

    def __init__(self) -> None:
        self.clock = ClockCheck()
        self.jumps = 0
        self._jumps: dict[str, Jumps] = {}

    def price(self, symbol: str, price: int, venue_at: int) -> Finding | None:
        """A trade's price, at the exchange's time."""
        was = self._jumps.setdefault(symbol, Jumps()).take(price, venue_at)
        if was is None:
            return None
        self.jumps += 1
        return (
            NoticeKind.REFUSED,
            f"price jump: {symbol} from {format_micro(was)} to {format_micro(price)} within {JUMP_NS // SECOND} s",
        )
