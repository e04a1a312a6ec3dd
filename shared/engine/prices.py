"""What a token was traded at lately: its recent average, how much it moves, how far it ranged; bounded in memory.

Prices that are far from the recent average are data errors or a market that has left us behind; a token whose prints
jump about is no market to follow anybody in (specification, sections 5 and 9).
"""

from bisect import bisect_left
from collections import deque

from shared.domain.instants import MINUTE, SECOND
from shared.domain.money import average_price, square, standard_deviation, weighted
from shared.engine.limits import Limits

BIN_NS = 10 * SECOND  # not money: seconds to nanoseconds
VOLATILITY_NS = 10 * MINUTE  # not money: minutes to nanoseconds
PRINTS_KEPT = 512
"""Of the recent average: in a rush fewer seconds are averaged, which is what recent means then."""
FRESH_KEPT = 2048
"""Prints that nobody has looked at yet: most tokens are never asked about, and prints that are old by then are free."""
ENOUGH_PRINTS = 3
"""Fewer make no average worth denying anything for."""
ENOUGH_BINS = 6


class TokenPrices:
    """The recent prints of one token."""

    __slots__ = ("_bins", "_bins_sum", "_bins_sums_of_squares", "_fresh", "_prints", "_size", "_span_ns", "_weighted")

    def __init__(self, limits: Limits) -> None:
        self._span_ns = limits.price_average_ns
        self._prints: deque[tuple[int, int, int, int]] = deque()
        self._weighted = 0
        self._size = 0
        self._fresh: list[tuple[int, int, int]] = []
        """Heard, and not looked at yet: far more prints are heard than asked about."""
        self._bins: deque[tuple[int, int]] = deque()
        self._bins_sum = 0
        self._bins_sums_of_squares = 0

    def relimit(self, limits: Limits) -> None:
        """Other limits; prints that are forgotten already do not come back into a longer average."""
        self._span_ns = limits.price_average_ns

    def hear(self, price: int, size: int, at: int) -> None:
        """A print, observed at ``at``; prints are told in the order they are observed."""
        fresh = self._fresh
        fresh.append((at, price, size))
        if len(fresh) >= FRESH_KEPT:
            self._take_in()

    def _take_in(self) -> None:
        """What was heard since somebody last asked."""
        fresh, prints = self._fresh, self._prints
        latest = fresh[-1][0]
        self._sample(fresh)
        young = bisect_left(fresh, (latest - self._span_ns,))
        for at, price, size in fresh[max(young, len(fresh) - PRINTS_KEPT) :]:
            product = weighted(price, size)
            prints.append((at, price, size, product))
            self._weighted += product
            self._size += size
        fresh.clear()
        self._forget(latest)

    def _sample(self, fresh: list[tuple[int, int, int]]) -> None:
        """The first price of every bin."""
        bins = self._bins
        place = bisect_left(fresh, (bins[-1][0] + BIN_NS,)) if bins else 0
        while place < len(fresh):
            at, price, _ = fresh[place]
            bins.append((at, price))
            self._bins_sum += price
            self._bins_sums_of_squares += square(price)
            while bins[0][0] < at - VOLATILITY_NS:
                _, old = bins.popleft()
                self._bins_sum -= old
                self._bins_sums_of_squares -= square(old)
            place = bisect_left(fresh, (at + BIN_NS,), place)

    def _forget(self, at: int) -> None:
        prints, oldest = self._prints, at - self._span_ns
        while prints and (prints[0][0] < oldest or len(prints) > PRINTS_KEPT):
            _, _, size, product = prints.popleft()
            self._weighted -= product
            self._size -= size

    def _look(self, at: int) -> None:
        if self._fresh:
            self._take_in()
        self._forget(at)

    def average(self, at: int) -> int | None:
        """Size-weighted mean price of the last minute (micro-dollars); None for want of prints."""
        self._look(at)
        if len(self._prints) < ENOUGH_PRINTS or self._size <= 0:
            return None
        return average_price(self._weighted, self._size)

    def volatility(self) -> int:
        """Standard deviation of the price over ten minutes, in millionths of the payoff; 0 where it is not known."""
        if self._fresh:
            self._take_in()
        if len(self._bins) < ENOUGH_BINS:
            return 0
        return standard_deviation(self._bins_sum, self._bins_sums_of_squares, len(self._bins))

    def swing(self, at: int) -> int:
        """Highest less lowest price of the last minute (micro-dollars); 0 without prints."""
        self._look(at)
        prices = [price for _, price, _, _ in self._prints]
        return max(prices) - min(prices) if prices else 0
