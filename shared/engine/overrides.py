"""Limits set by name, in the words of people: ``stop_loss=10%``, ``pause_ns=30m``, ``trade_max_usd=250``."""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.money import MICRO_MAX, mul_div_floor, parse_micro
from shared.engine.bounds import BOUNDS, Bound, Unit
from shared.engine.limits import Limits

_BY_NAME = {bound.name: bound for bound in BOUNDS}
_TEXT = re.compile(r"([+-]?[0-9]*\.?[0-9]+)(%|ms|s|m|h|d)?", re.ASCII)
_SPANS = {
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3_600 * SECOND,
    "d": 86_400 * SECOND,
}
_FLAGS = {"yes": 1, "true": 1, "on": 1, "1": 1, "no": 0, "false": 0, "off": 0, "0": 0}


def overridden(limits: Limits, changes: Iterable[tuple[str, str]]) -> Limits:
    """The limits with some of them set; unchecked as a whole (see ``limits.checked``).

    Raises BadInput, with one sentence that names the limit and the text, for an unknown name or an unreadable value.
    """
    values: dict[str, object] = {}
    for name, text in changes:
        bound = _BY_NAME.get(name)
        if bound is None:
            raise BadInput(f"there is no limit {name!r}; `python -m fargate limits` names them all")
        before = getattr(limits, name)
        if isinstance(before, tuple):
            values[name] = tuple(_read(bound, part.strip()) for part in text.split(","))
        elif isinstance(before, bool):
            values[name] = bool(_read(bound, text))
        else:
            values[name] = _read(bound, text)
    return replace(limits, **values)


def _read(bound: Bound, text: str) -> int:
    """One value in the integers of the engine."""
    if bound.unit is Unit.FLAG:
        flag = _FLAGS.get(text.lower())
        if flag is None:
            raise BadInput(f"limit {bound.name}={text!r}: must be yes or no")
        return flag
    found = _TEXT.fullmatch(text)
    if found is None:
        raise BadInput(f"limit {bound.name}={text!r}: not a number{_hint(bound)}")
    number, suffix = found.groups()
    micro = parse_micro(number)
    if bound.unit is Unit.SPAN:
        if suffix in (None, "%"):
            raise BadInput(f"limit {bound.name}={text!r}: a duration needs its unit{_hint(bound)}")
        micro = mul_div_floor(micro, _SPANS[suffix], 1_000_000)
    if abs(micro) > MICRO_MAX:
        raise BadInput(f"limit {bound.name}={text[:40]!r}: too large to reckon with{_hint(bound)}")
    if bound.unit is Unit.SPAN:
        return micro
    if suffix == "%" and bound.unit in (Unit.SHARE, Unit.FACTOR):
        return mul_div_floor(micro, 1, 100)
    if suffix is not None:
        raise BadInput(f"limit {bound.name}={text!r}: {suffix!r} is not its unit{_hint(bound)}")
    return mul_div_floor(micro, 1, 1_000_000) if bound.unit is Unit.COUNT else micro


def _hint(bound: Bound) -> str:
    examples = {
        Unit.USD: "dollars such as 250",
        Unit.PRICE: "dollars per share such as 0.03",
        Unit.SHARE: "a part such as 0.15 or 15%",
        Unit.FACTOR: "a factor such as 0.5 or 50%",
        Unit.COUNT: "a whole number",
        Unit.SPAN: "for example 500ms, 30s, 15m, 2h or 1d",
    }
    return f" ({examples[bound.unit]})"
