"""Limits in words: what is in force, between what each may lie, and what a change would make of them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from dashboard.risk import readable
from dashboard.state import Changes
from dashboard.tables import Row
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.money import format_micro, format_percent
from shared.engine.bounds import BOUNDS, Bound, Unit
from shared.engine.limits import KELLY_MAX, POSITION_MAX, Limits, checked
from shared.engine.overrides import overridden
from shared.engine.profiles import STAGES, Stage, staged

FIRST = {
    "portfolio_usd": "At stake",
    "daily_loss_usd": "Losses and breakers",
    "streak_wins": "Size",
    "overlap_max": "Agreement of whales",
    "entry_before_end_ns": "Markets and prices",
    "stop_loss": "Exits",
    "pending_ns": "Execution",
}
"""The first limit of each group, in the order of the table, and the group's name."""
NARROWER = {"kelly": KELLY_MAX, "position_of_equity": POSITION_MAX}
"""Limits that may not go as high as their unit."""
OWN = {"trade_min_usd": "Smallest trade", "trade_max_usd": "Largest trade", "agree_min": "Whales that must agree"}
"""Limits that are not called by their names."""
UNITS = {
    Unit.USD: "dollars, such as 250",
    Unit.SHARE: "a part, such as 15% or 0.15",
    Unit.FACTOR: "a factor, such as 0.5 or 50%",
    Unit.PRICE: "dollars per share, such as 0.03",
    Unit.COUNT: "a whole number",
    Unit.SPAN: "a duration, such as 500ms, 30s, 15m, 2h or 1d",
    Unit.FLAG: "yes or no",
}
"""What is written into a limit."""
_SPANS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))


class Step(Struct, frozen=True):
    """One thing that a change makes different: what, as it is, and as it will be."""

    what: str
    before: str
    after: str


def groups() -> dict[str, list[Bound]]:
    """Every limit by the name of its group."""
    found: dict[str, list[Bound]] = {}
    name = ""
    for bound in BOUNDS:
        name = FIRST.get(bound.name, name)
        found.setdefault(name, []).append(bound)
    return found


def named(names: Iterable[str]) -> list[Bound]:
    """The limits of these names, in the order of the table."""
    wanted = set(names)
    return [bound for bound in BOUNDS if bound.name in wanted]


def title(bound: Bound) -> str:
    """A limit's name as words: ``daily_loss_usd`` is ``Daily loss``, ``positions_max`` ``Most positions``."""
    if bound.name in OWN:
        return OWN[bound.name]
    name = bound.name.removesuffix("_usd").removesuffix("_ns")
    for ending, word in (("_max", "most"), ("_min", "least")):
        if name.endswith(ending):
            name = f"{word}_{name.removesuffix(ending)}"
    words = readable(name)
    return words.replace("Twap", "TWAP").replace("updown", "up/down")


def in_force(changes: Changes) -> Limits:
    """The limits as the trader told them; ``BadInput`` when they cannot be read."""
    return _limits(changes.in_force)


def without_changes(changes: Changes) -> Limits:
    """What the settings say, to which a reset leads back; ``BadInput`` when it cannot be read."""
    return _limits({**changes.in_force, **changes.settings})


def _limits(told: Mapping[str, Any]) -> Limits:
    try:
        return msgspec.convert(dict(told), Limits)
    except msgspec.ValidationError as error:
        raise BadInput(f"the limits in force cannot be read: {error}") from None


def written(bound: Bound, limits: Limits) -> str:
    """A limit's value as a person writes it, and as it can be read back."""
    value = getattr(limits, bound.name)
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(_written(bound, one) for one in values)


def _written(bound: Bound, value: int) -> str:
    match bound.unit:
        case Unit.SHARE:
            return format_percent(value)
        case Unit.SPAN:
            return _span(value)
        case Unit.FLAG:
            return "yes" if value else "no"
        case Unit.COUNT:
            return str(value)
    return format_micro(value)


def _span(value: int) -> str:
    for unit, letter in _SPANS:
        if value and value % unit == 0:
            return f"{value // unit}{letter}"
    return f"{format_micro(value)}ms"  # a millionth of a millisecond is a nanosecond


def reach(bound: Bound) -> str:
    """Between what a limit may lie, in words."""
    if bound.unit is Unit.FLAG:
        return "yes or no"
    high = NARROWER.get(bound.name, bound.high)
    low = "0 s" if bound.unit is Unit.SPAN and bound.low <= 1 else bound.shown(bound.low)
    if high is not None:
        return f"{low} to {bound.shown(high)}"
    return f"more than {low}" if bound.unit is Unit.SPAN and bound.low else f"{low} or more"


def tip(bound: Bound) -> str:
    """What a limit means and what is written into it."""
    listed = ", one for each step and commas between" if isinstance(getattr(Limits(), bound.name), tuple) else ""
    words = f"{bound.meaning[:1].upper()}{bound.meaning[1:]}"
    return f"{words}. Write {UNITS[bound.unit]}{listed}; {reach(bound)}. Its name is {bound.name}."


def limit_rows(bounds: Iterable[Bound], changes: Changes) -> list[Row]:
    """Limits with the value in force, what the settings say, and the bounds; ``BadInput`` when they cannot be read."""
    now, settings = in_force(changes), without_changes(changes)
    return [
        {
            "limit": title(bound),
            "now": bound.shown(getattr(now, bound.name)),
            "changed": f"✎ {changes.limits[bound.name]}" if bound.name in changes.limits else None,
            "settings": bound.shown(getattr(settings, bound.name)),
            "reach": reach(bound),
            "meaning": bound.meaning,
            "name": bound.name,
        }
        for bound in bounds
    ]


def matching(text: str) -> list[Bound]:
    """The limits whose name or meaning has every word of a search, whatever the case."""
    words = text.lower().split()
    return [bound for bound in BOUNDS if all(word in _hay(bound) for word in words)]


def _hay(bound: Bound) -> str:
    return f"{bound.name} {title(bound)} {bound.meaning}".lower()


def changed(changes: Changes, texts: Mapping[str, str]) -> list[Step]:
    """What these texts, by limit, would change; ``BadInput``, in one sentence, for one that cannot be granted.

    It is the trader who judges; this says beforehand what it will say, as far as it can be known here.
    """
    after = _after(changes, {**changes.limits, **texts})
    return [step for step in _steps(in_force(changes), after) if step.before != step.after]


def wrong(bound: Bound, text: str) -> str:
    """What is wrong with a text by itself, in one sentence; empty if nothing is."""
    try:
        overridden(Limits(), [(bound.name, text.strip())])
    except BadInput as error:
        return str(error)
    return ""


def after_reset(changes: Changes) -> list[Step]:
    """What a reset of everything would change."""
    steps = _steps(in_force(changes), without_changes(changes))
    found = [step for step in steps if step.before != step.after]
    if changes.mode == "observe":
        found.append(Step("Strategy", "observes", "trades"))
    found += [Step(f"Wallet {wallet}", "pinned", "not pinned by hand") for wallet in changes.pinned]
    return found + [Step(f"Wallet {wallet}", "let go by hand", "as the settings say") for wallet in changes.unpinned]


def _after(changes: Changes, texts: Mapping[str, str]) -> Limits:
    made = checked(overridden(without_changes(changes), texts.items()))
    stage = _stage(changes.stage)
    return made if stage is None else staged(made, stage)


def _stage(name: str) -> Stage | None:
    return next((stage for stages in STAGES.values() for stage in stages if stage.name == name), None)


def _steps(before: Limits, after: Limits) -> list[Step]:
    return [
        Step(title(bound), bound.shown(getattr(before, bound.name)), bound.shown(getattr(after, bound.name)))
        for bound in BOUNDS
    ]
