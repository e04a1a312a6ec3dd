"""How far Binance's USDT price stands from the dollar price, per coin, so that the first can lead without its bias.

Markets settle on dollar prices; Coinbase's is the best public stand-in (bias -0.07 bp, deviation 0.63 bp), Binance's
leads but carries the price of USDT itself (-3 to -9 bp, drifting): polymarket.md 6. The basis is the exponentially
weighted mean of ln(USDT price / dollar price), both taken as middles of best bid and ask at the same moment.
Floats: this is analytics. Times are nanoseconds UTC.
"""

import math
from dataclasses import dataclass

from shared.domain.errors import BadInput
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import SpotBook
from shared.domain.money import float_of_micro

HALF_LIFE_NS = 5 * MINUTE
"""The basis drifts over hours; single prints are noise."""
FRESH_NS = 2 * SECOND
"""Prices further apart in time than this are not compared."""
SANE = 0.02
"""A basis beyond 2% is a broken feed or a broken USDT: either way this number must not be traded on."""
STALE_NS = 60 * SECOND
EVERY_NS = 100_000_000
"""At most ten comparisons a second per coin: the half-life is minutes."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis of one coin: ``log_ratio`` = ln(USDT price / dollar price), as of ``at``, known since ``since``."""

    log_ratio: float
    at: int
    since: int

    @property
    def bp(self) -> float:
        """In basis points (1/10,000)."""
        return math.expm1(self.log_ratio) * 10_000

    def age(self, now: int) -> int:
        """Nanoseconds since both prices were last compared."""
        return now - self.at


def ewma(mean: float, value: float, elapsed: float, half_life: float) -> float:
    """A mean after one more value, in continuous time: what is ``half_life`` older counts half.

    The weight of the new value is 1 - 2^(-elapsed / half_life) (RiskMetrics Technical Document, 4th ed. (1996), 5.2,
    for uneven spacing). ``BadInput`` for a half-life that is not positive or time that runs backwards.
    """
    if not half_life > 0 or elapsed < 0:
        raise BadInput(f"half_life must be positive and elapsed not negative, not {half_life} and {elapsed}")
    weight = -math.expm1(-math.log(2) * elapsed / half_life)
    return mean + weight * (value - mean)


def middle(book: SpotBook) -> float | None:
    """The middle of best bid and ask in whole dollars (or USDT); None for a book without either side, or crossed."""
    if not book.bids or not book.asks or book.bids[0][0] >= book.asks[0][0]:
        return None
    return (float_of_micro(book.bids[0][0]) + float_of_micro(book.asks[0][0])) / 2


class BasisTracker:
    """Fed with the books of both exchanges; answers the basis of each coin and prices with it taken out."""

    def __init__(self, half_life_ns: int = HALF_LIFE_NS) -> None:
        self.refused = 0
        """Comparisons thrown away because the two prices were more than 2% apart."""
        self._half_life = half_life_ns
        self._usdt: dict[str, tuple[float, int]] = {}
        self._usd: dict[str, tuple[float, int]] = {}
        self._basis: dict[str, Basis] = {}

    def usdt(self, book: SpotBook, at: int) -> None:
        """Binance's book, when it reached us."""
        self._take(self._usdt, book, at)

    def usd(self, book: SpotBook, at: int) -> None:
        """Coinbase's book, when it reached us."""
        self._take(self._usd, book, at)

    def basis(self, symbol: str, now: int) -> Basis | None:
        """The coin's basis; None before any comparison, and once the last one is a minute old."""
        known = self._basis.get(symbol)
        return None if known is None or known.age(now) > STALE_NS else known

    def dollars(self, symbol: str, usdt_price: float, now: int) -> float | None:
        """A USDT price as dollars; None without a fresh basis."""
        known = self.basis(symbol, now)
        return None if known is None else usdt_price * math.exp(-known.log_ratio)

    def _take(self, side: dict[str, tuple[float, int]], book: SpotBook, at: int) -> None:
        price = middle(book)
        if price is None:
            side.pop(book.symbol, None)
            return
        side[book.symbol] = (price, at)
        self._compare(book.symbol, at)

    def _compare(self, symbol: str, at: int) -> None:
        usdt, usd = self._usdt.get(symbol), self._usd.get(symbol)
        if usdt is None or usd is None or abs(usdt[1] - usd[1]) > FRESH_NS:
            return
        known = self._basis.get(symbol)
        if known is not None and at - known.at < EVERY_NS:
            return
        ratio = math.log(usdt[0] / usd[0])
        if abs(ratio) > SANE:
            self.refused += 1
            return
        if known is None or known.age(at) > STALE_NS:  # what was true before the hole may not be any more
            self._basis[symbol] = Basis(ratio, at, at)
        else:
            mean = ewma(known.log_ratio, ratio, at - known.at, self._half_life)
            self._basis[symbol] = Basis(mean, at, known.since)
