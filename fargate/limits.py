"""The command ``limits``: every limit in force or of a profile, and the breakers made from them, for people and for
machines.
"""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from fargate.lakes import endpoint_of
from shared.adapters.dynamo.readers import Readers
from shared.domain.change import Mode
from shared.domain.errors import BadInput, Temporary
from shared.domain.money import format_usd
from shared.engine.bounds import BOUNDS, Bound
from shared.engine.breakers import Breaker, table
from shared.engine.limits import Limits, checked
from shared.engine.overrides import overridden
from shared.engine.profiles import STAGES, Stage, profile, stage_of, staged
from shared.settings import Settings


def limits_in_force(settings: Settings, name: str = "", stage: str = "") -> Limits:
    """The limits of a profile with the settings a person may change, as far as the stage (if there is one) lets them.

    Profile and stage are those of the settings unless they are named.

    ``BadInput`` for an unknown profile or stage and for settings that contradict a limit. The daily loss, the largest
    trade and the Kelly fraction that people set are those of copying; a model's come from its profile.
    """
    copy, risk = settings.copy, settings.risk
    name, stage = name or risk.profile, stage or risk.stage
    limits = replace(profile(name), portfolio_usd=copy.capital, strategy_usd=copy.capital)
    if name == "copy":
        limits = replace(limits, trade_max_usd=copy.trade_max, daily_loss_usd=copy.daily_loss, kelly=copy.kelly)
    limits = checked(overridden(limits, risk.limits))
    return staged(limits, stage_of(name, stage)) if stage else limits


def stage_in_force(settings: Settings) -> Stage | None:
    """The capital stage of the settings, if there is one; ``BadInput`` for an unknown one."""
    risk = settings.risk
    return stage_of(risk.profile, risk.stage) if risk.stage else None


class Chosen(Struct, frozen=True):
    """The limits to print and what they are the limits of. ``changed``: those set at run time, as people wrote them;
    ``account``: whose limits in force they are (empty: nobody's, they are what the settings say).
    """

    limits: Limits
    profile: str
    stage: str
    account: str = ""
    changed: dict[str, str] = {}
    mode: str = ""
    pinned: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()
    unfit: str = ""


def limits(options: argparse.Namespace, settings: Settings) -> int:
    """Print the limits and the breakers: those in force where a system runs, else (or of a profile or stage that is
    named) those that the settings lead to.
    """
    name, stage = options.profile or settings.risk.profile, options.stage or settings.risk.stage
    chosen = None if options.profile or options.stage else _running(settings)
    chosen = chosen or Chosen(limits_in_force(settings, name, stage), name, stage)
    if options.json:
        print(json.dumps(_report(chosen)))
    else:
        print("\n".join(_page(chosen)))
    return 0


def _running(settings: Settings) -> Chosen | None:
    """What the account's trader last wrote; None where no system runs here, or nothing of it can be read."""
    try:
        endpoint = endpoint_of(settings)
        view = Readers(settings.state.table_prefix, endpoint).risk(settings.account) or {}
        found = view.get("changes")
        return None if found is None else _shown_of(found, settings)
    except (BadInput, Temporary):
        return None


def _shown_of(found: dict[str, Any], settings: Settings) -> Chosen:
    try:
        in_force = convert(found["in_force"], Limits)
    except (KeyError, ValidationError) as error:
        raise BadInput(f"the limits in force cannot be read: {error}") from None
    return Chosen(
        in_force,
        settings.risk.profile,
        settings.risk.stage,
        settings.account,
        found["limits"],
        found["mode"],
        tuple(found["pinned"]),
        tuple(found["unpinned"]),
        found["unfit"],
    )


def _report(chosen: Chosen) -> dict[str, object]:
    """The same facts for machines; values in the integers of the engine, with their unit."""
    return {
        "profile": chosen.profile,
        "stage": chosen.stage or None,
        "in_force_of": chosen.account or None,
        "mode": chosen.mode or None,
        "pinned": chosen.pinned,
        "unpinned": chosen.unpinned,
        "unfit": chosen.unfit,
        "limits": [
            {
                "name": bound.name,
                "value": getattr(chosen.limits, bound.name),
                "unit": bound.unit.value,
                "shown": bound.shown(getattr(chosen.limits, bound.name)),
                "meaning": bound.meaning,
                "changed": chosen.changed.get(bound.name),
            }
            for bound in BOUNDS
        ],
        "breakers": [
            {
                "name": row.name,
                "reason": row.reason,
                "condition": row.condition,
                "scope": row.scope,
                "action": row.action,
                "ends": row.ends,
                "by": row.by,
            }
            for row in table(chosen.limits)
        ],
        "stages": [{field: getattr(one, field) for field in Stage.__struct_fields__} for one in STAGES[chosen.profile]],
    }


def _page(chosen: Chosen) -> list[str]:
    of = f"profile {chosen.profile}" + (f", stage {chosen.stage}" if chosen.stage else "")
    whose = f"Limits in force of account {chosen.account} ({of})" if chosen.account else f"Limits of {of}"
    limits_ = [
        (bound.name, bound.shown(getattr(chosen.limits, bound.name)), _meaning(bound, chosen)) for bound in BOUNDS
    ]
    breakers = table(chosen.limits)
    rows = [("action", "scope", "breaker", "trips when", "ends", "ended by"), *(_row(row) for row in breakers)]
    stages = [(one.name, _capital(one), _trades(one), _asked(one)) for one in STAGES[chosen.profile]]
    return [
        whose,
        *_by_hand(chosen),
        "",
        *_columns(limits_),
        "",
        "Breakers (they stop entries; the kill switch stops exits too)",
        "",
        *_columns(rows),
        "",
        f"Capital stages of {chosen.profile}",
        "",
        *_columns([("stage", "capital", "a trade", "the next one opens after"), *stages]),
    ]


def _meaning(bound: Bound, chosen: Chosen) -> str:
    text = chosen.changed.get(bound.name)
    return bound.meaning if text is None else f"{bound.meaning} [changed: {text}]"


def _by_hand(chosen: Chosen) -> list[str]:
    """What people changed besides limits."""
    said = [f"What was changed does not fit the settings: {chosen.unfit}"] if chosen.unfit else []
    if chosen.mode == Mode.OBSERVE.value:
        said.append("The strategy observes: it decides, and enters nothing")
    said += [f"Pinned at run time: {wallet}" for wallet in chosen.pinned]
    return said + [f"Pinned no more: {wallet}" for wallet in chosen.unpinned]


def _row(row: Breaker) -> tuple[str, ...]:
    return (row.action, row.scope, row.name, row.condition, row.ends, row.by)


def _capital(stage: Stage) -> str:
    if not stage.capital_max:
        return f"above {format_usd(stage.capital_min)}"
    return f"{format_usd(stage.capital_min)} to {format_usd(stage.capital_max)}"


def _trades(stage: Stage) -> str:
    if not stage.trade_max:
        return f"from {format_usd(stage.trade_min)}"
    return f"{format_usd(stage.trade_min)} to {format_usd(stage.trade_max)}"


def _asked(stage: Stage) -> str:
    return " and ".join(stage.asked().values()) or "it is the last"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as text, each column as wide as its widest value."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
