"""Decimal text of the wire to integers of one millionth, exactly or not at all, and each text only once.

A book moves on a grid of at most 10,000 prices, and the same sizes come again and again: a text met before costs one
look-up in a dictionary. What cannot be a price or a size raises ``BadInput`` and is not remembered.
"""

import re
from collections.abc import Callable

from shared.adapters.polymarket.fields import show
from shared.adapters.polymarket.market_channel.messages import UNTOLD
from shared.domain.errors import BadInput
from shared.domain.money import MICRO_MAX, ONE
from shared.engine.books import NO_ASK, NO_BID

_PLAIN = re.compile(r"(\d{1,12})(?:\.(\d{1,20}))?", re.ASCII)
"""What the venue writes: no sign, no exponent, no blank. Trailing zeros may go past the sixth decimal."""
DECIMALS = 6
NOT_TOLD = -1
REMEMBERED_MAX = 65_536
"""Texts a cache holds; beyond, it starts anew, so that no stream of odd sizes eats the memory."""


class Numbers:
    """Reads texts with ``read`` and remembers them in ``known``, a plain dictionary for the hot path to look into."""

    def __init__(self, read: Callable[[str], int]) -> None:
        self.known: dict[str, int] = {}
        self._read = read

    def __call__(self, text: str) -> int:
        """The number of a text; ``BadInput`` when it is none."""
        number = self.known.get(text)
        if number is None:
            number = self._read(text)
            if len(self.known) >= REMEMBERED_MAX:
                self.known.clear()
            self.known[text] = number
        return number


def exact_micro(name: str, text: str) -> int:
    """Millionths of a plain decimal, ``BadInput`` when it is none or finer than a millionth."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise BadInput(f"{name} must be a plain decimal number, not {show(text)}")
    whole, decimals = match[1], (match[2] or "").rstrip("0")
    if len(decimals) > DECIMALS:
        raise BadInput(f"{name} must not be finer than a millionth, not {show(text)}")
    return int(whole) * ONE + int(decimals.ljust(DECIMALS, "0"))


def _inside(name: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        micro = exact_micro(name, text)
        if not 0 < micro < ONE:
            raise BadInput(f"{name} must lie strictly between 0 and 1, not {show(text)}")
        return micro

    return read


def _size(text: str) -> int:
    micro = exact_micro("size", text)
    if micro > MICRO_MAX:
        raise BadInput(f"size is not a usable number of shares: {show(text)}")
    return micro


def _best(name: str, none: int) -> Callable[[str], int]:
    """A best price; the absence of one is taken as "", "0" or, of an ask, "1" (no order can rest at either)."""

    def read(text: str) -> int:
        if text == UNTOLD:
            return NOT_TOLD
        if text == "":
            return none
        micro = exact_micro(name, text)
        if micro > ONE or (micro == ONE and none != ONE):
            raise BadInput(f"{name} must lie between 0 and 1, not {show(text)}")
        return micro or none

    return read


PRICES = Numbers(_inside("price"))
SIZES = Numbers(_size)
TICKS = Numbers(_inside("tick_size"))
BEST_BIDS = Numbers(_best("best_bid", NO_BID))
BEST_ASKS = Numbers(_best("best_ask", NO_ASK))
