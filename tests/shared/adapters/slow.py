"""Reading a frame slowly and forgivingly: what a parser that knows nothing of ours makes of damaged bytes."""

import json
import re
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any

_PLAIN = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")
_STRANGE_ESCAPE = re.compile(r'\\(?!["\\/])')


def content_of(frame: bytes) -> Any:
    """What a frame says, fractions as ``Decimal``; ``ValueError`` when it is no JSON whatever one makes of its bytes.

    Text that nobody reads may be ill-encoded, hold control characters or strange escapes (these are taken literally).
    """
    text = frame.decode("utf-8", errors="replace")
    for tried in (text, _STRANGE_ESCAPE.sub(r"\\\\", text)):
        try:
            return json.loads(tried, strict=False, parse_float=_fraction)
        except (ValueError, RecursionError):
            continue
    raise ValueError("no JSON")


def micro_down(text: object) -> int:
    """Millionths of a plain decimal text, cut at the sixth decimal; ``ValueError`` for anything else."""
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is no plain decimal")
    return int((Decimal(text) * 10**6).quantize(Decimal(1), rounding=ROUND_DOWN))


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond any number
        return Decimal("NaN")
