"""The prices of coins as outside exchanges tell them: their candles, and what each was when a window opened."""

from collections.abc import Mapping

from fargate.series import Series
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import PriceKind

SILENT_NS = 10 * SECOND
"""A source that says nothing for so long gives way to another."""
BOUNDARY_NS = 5 * MINUTE
"""Every window of an up/down market begins at a whole multiple of this."""
OPENED_WITHIN_NS = 10 * SECOND
"""A first price that comes later than this after a boundary is not what the coin was at the boundary."""
OPENINGS_KEPT = 300
"""A day of boundaries."""
STEPS = (10 * SECOND, MINUTE)


class Coin:
    """One coin. Of several sources one is taken at a time, or its candles would jump between exchanges: the venue's own
    index where anybody tells it, else the first that speaks.
    """

    def __init__(self) -> None:
        self.source = ""
        self.price = 0
        self.at = 0
        self._index = False
        self._series = {step: Series(step) for step in STEPS}
        self._openings: dict[int, int] = {}

    def hear(self, source: str, kind: PriceKind, price: int, at: int) -> None:
        """A price in micro-dollars as of ``at`` (nanoseconds); one that is older than the last says nothing new."""
        index = kind is PriceKind.INDEX
        spoken_for = source != self.source and at - self.at <= SILENT_NS
        if at < self.at or (spoken_for and (self._index or not index)):
            return
        self.source, self.price, self.at, self._index = source, price, at, index
        for series in self._series.values():
            series.quote(price, at)
        boundary = at // BOUNDARY_NS * BOUNDARY_NS
        if boundary not in self._openings and at - boundary <= OPENED_WITHIN_NS:
            self._openings[boundary] = price
            if len(self._openings) > OPENINGS_KEPT:
                del self._openings[next(iter(self._openings))]

    def opening(self, at: int) -> int:
        """What it was when the window that begins ``at`` opened; 0 where nobody told it then."""
        return self._openings.get(at, 0)

    def series(self, step: int) -> Series:
        """Its candles of this span; ``KeyError`` for a span that is not kept."""
        return self._series[step]


class Coins:
    """Every coin that was heard of, by symbol (``BTC``)."""

    def __init__(self) -> None:
        self._coins: dict[str, Coin] = {}

    def hear(self, symbol: str, source: str, kind: PriceKind, price: int, at: int) -> None:
        """A price in micro-dollars of a coin; averages over time are no price of a moment and are left out."""
        if kind is PriceKind.TWAP:
            return
        coin = self._coins.get(symbol)
        if coin is None:
            coin = self._coins[symbol] = Coin()
        coin.hear(source, kind, price, at)

    @property
    def known(self) -> Mapping[str, Coin]:
        """By symbol."""
        return self._coins
