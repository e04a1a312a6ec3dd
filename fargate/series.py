"""The candles of one price while it moves, in bounded memory: what people see of it, never what a decision rests on."""

from collections import deque

from shared.domain.candles import Candle

KEPT = 96
"""Sixteen minutes in spans of ten seconds: a whole window of fifteen and what came before it."""
LATE_SPANS = 2
"""A print that comes this many spans late still belongs to its candle; sources tell trades a little out of order."""

AT, OPEN, HIGH, LOW, CLOSE, VOLUME, BOUGHT = range(7)
"""Places within a bar."""


class Series:
    """Candles of ``step`` nanoseconds, the latest ``KEPT`` that anything happened in. Prices and notionals are
    micro-dollars.
    """

    __slots__ = ("_at", "_bars", "_last_at", "last", "step")

    def __init__(self, step: int) -> None:
        self.step = step
        self.last = 0
        """The latest price traded; 0 before the first."""
        self._bars: deque[list[int]] = deque(maxlen=KEPT)
        self._at = 0
        self._last_at = 0

    def quote(self, price: int, at: int) -> None:
        """The price stood there, and nobody traded."""
        bar = self._bar(price, at)
        if bar is not None:
            self._move(bar, price, at)

    def trade(self, price: int, notional: int, bought: bool, at: int) -> None:
        """Somebody traded; ``bought``: whoever took the offer was the buyer. A print that is too late is left out."""
        if at >= self._last_at:
            self.last, self._last_at = price, at
        bar = self._bar(price, at)
        if bar is None:
            return
        self._move(bar, price, at)
        bar[VOLUME] += notional
        if bought:
            bar[BOUGHT] += notional

    def _bar(self, price: int, at: int) -> list[int] | None:
        """The bar of an instant: the latest, a new one, or one that is not long past."""
        bars = self._bars
        begins = at // self.step * self.step
        if not bars or bars[-1][AT] < begins:
            bars.append([begins, price, price, price, price, 0, 0])
            return bars[-1]
        if bars[-1][AT] == begins:
            return bars[-1]
        if begins < bars[-1][AT] - LATE_SPANS * self.step:
            return None
        return next((bar for bar in reversed(bars) if bar[AT] == begins), None)

    def _move(self, bar: list[int], price: int, at: int) -> None:
        """What is told late widens its bar, and moves no close."""
        bar[HIGH] = max(bar[HIGH], price)
        bar[LOW] = min(bar[LOW], price)
        if at >= self._at:
            bar[CLOSE], self._at = price, at

    def candles(self, since: int = 0, until: int | None = None) -> list[Candle]:
        """Those that begin ``since`` then, and before ``until``, in order."""
        return [Candle(*bar[:BOUGHT]) for bar in self._bars if bar[AT] >= since and (until is None or bar[AT] < until)]

    def flow(self, since: int) -> tuple[int, int]:
        """What was bought and what was sold in candles that begin ``since`` then (micro-dollars)."""
        volume = bought = 0
        for bar in reversed(self._bars):
            if bar[AT] < since:
                break
            volume += bar[VOLUME]
            bought += bar[BOUGHT]
        return bought, volume - bought
