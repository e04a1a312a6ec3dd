"""Candles: how a price moved within equal spans of time, and the few numbers in which a row of them is handed on."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.money import ONE, dollars, mul_div_ceil, mul_div_floor

FIELDS = 6
"""Numbers of a candle within a packed row."""


class Candle(Struct, frozen=True, gc=False):
    """Prices and the notional traded within the span that begins ``at`` (nanoseconds), all in micro-dollars.

    ``volume`` 0: nobody traded, the prices are those of the book.
    """

    at: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0


def packed(candles: Iterable[Candle], step_ns: int, unit: int) -> tuple[int, ...]:
    """Candles in the order of time as differences of whole units (micro-dollars), which are short to write.

    Each has six numbers: spans since the one before it, its opening above that one's close, its high above and its low
    below both ends, its close above its opening, and its volume. Prices are rounded down to units, volumes up to whole
    dollars.
    """
    numbers: list[int] = []
    before, last = 0, 0
    for one in candles:
        span = one.at // step_ns  # not money: nanoseconds to spans
        opened, closed = mul_div_floor(one.open, 1, unit), mul_div_floor(one.close, 1, unit)
        above = mul_div_floor(one.high, 1, unit) - max(opened, closed)
        below = min(opened, closed) - mul_div_floor(one.low, 1, unit)
        volume = mul_div_ceil(one.volume, 1, ONE)
        numbers += (span - before, opened - last, above, below, closed - opened, volume)
        before, last = span, closed
    return tuple(numbers)


def unpacked(numbers: Sequence[int], step_ns: int, unit: int) -> list[Candle]:
    """The candles of a packed row; ``BadInput`` when it has numbers left over."""
    if len(numbers) % FIELDS:  # not money: a count
        raise BadInput(f"a row of candles has {FIELDS} numbers for each of them, not {len(numbers)} in all")
    candles: list[Candle] = []
    span, last = 0, 0
    rows = iter(numbers)
    for spans, gap, above, below, move, volume in zip(rows, rows, rows, rows, rows, rows, strict=True):
        span += spans
        opened = last + gap
        last = opened + move
        at = span * step_ns  # not money: spans to nanoseconds
        high, low = max(opened, last) + above, min(opened, last) - below
        first, top, bottom, end = (mul_div_floor(price, unit, 1) for price in (opened, high, low, last))
        candles.append(Candle(at, first, top, bottom, end, dollars(volume)))
    return candles
