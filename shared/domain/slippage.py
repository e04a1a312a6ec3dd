"""How well an order was filled: its average price, and how much worse that was than what the book showed."""

from shared.domain.money import ONE, mul_div_ceil, mul_div_floor
from shared.domain.order import Order, Side

BASIS_POINT = 100
"""One ten-thousandth, in millionths."""


def average_of(order: Order) -> int | None:
    """The average price of an order's fills in micro-dollars, rounded against us; None without any."""
    if not order.filled:
        return None
    round_to = mul_div_ceil if order.side is Side.BUY else mul_div_floor
    return round_to(order.cost, ONE, order.filled)


def slippage_of(order: Order) -> int | None:
    """How much worse than the reference the average is, in millionths of the reference, rounded up (negative: better).

    The reference is the best price that the book showed when the order was decided; None where it showed none, or where
    nothing was filled.
    """
    average = average_of(order)
    if average is None or not order.reference:
        return None
    worse = average - order.reference if order.side is Side.BUY else order.reference - average
    return mul_div_ceil(worse, ONE, order.reference)
