"""Decimal text of a spot exchange as millionths, exactly; whatever lies beyond the sixth decimal is cut off."""

from shared.domain.errors import BadInput
from shared.domain.money import MICRO_MAX, ONE

_CHARS_MAX = 40
_DECIMALS = 6


def micro_down(name: str, text: str) -> tuple[int, bool]:
    """Millionths of a plain decimal without a sign, rounded down, and whether anything was cut off.

    ``BadInput`` for anything else: signs, exponents, spaces, NaN, numbers out of range.
    """
    head, dot, tail = text.partition(".")
    # isdigit alone would let other scripts' digits through, and int() would read them.
    if len(text) > _CHARS_MAX or not text.isascii() or not head.isdigit() or (dot and not tail.isdigit()):
        raise BadInput(f"{name} must be a plain decimal number, not {text[:_CHARS_MAX]!r}")
    micro = int(head) * ONE + int(tail[:_DECIMALS].ljust(_DECIMALS, "0"))
    if micro > MICRO_MAX:
        raise BadInput(f"{name} is out of range: {text[:_CHARS_MAX]!r}")
    return micro, tail[_DECIMALS:].strip("0") != ""
