"""The command ``limits``: every limit of a profile, and the breakers made from them, for people and for machines."""

import argparse
import json
from collections.abc import Sequence

from msgspec.structs import replace

from shared.domain.money import format_usd
from shared.engine.bounds import BOUNDS
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


def limits(options: argparse.Namespace, settings: Settings) -> int:
    """Print the limits and the breakers of a profile, in its stage where one is named."""
    name, stage = options.profile or settings.risk.profile, options.stage or settings.risk.stage
    chosen = limits_in_force(settings, name, stage)
    if options.json:
        print(json.dumps(_report(chosen, name, stage or None)))
    else:
        print("\n".join(_page(chosen, name, stage)))
    return 0


def _report(chosen: Limits, name: str, stage: str | None) -> dict[str, object]:
    """The same facts for machines; values in the integers of the engine, with their unit."""
    return {
        "profile": name,
        "stage": stage,
        "limits": [
            {
                "name": bound.name,
                "value": getattr(chosen, bound.name),
                "unit": bound.unit.value,
                "shown": bound.shown(getattr(chosen, bound.name)),
                "meaning": bound.meaning,
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
            for row in table(chosen)
        ],
        "stages": [{field: getattr(one, field) for field in Stage.__struct_fields__} for one in STAGES[name]],
    }


def _page(chosen: Limits, name: str, stage: str | None) -> list[str]:
    of = f"profile {name}" + (f", stage {stage}" if stage else "")
    limits_ = [(bound.name, bound.shown(getattr(chosen, bound.name)), bound.meaning) for bound in BOUNDS]
    rows = [("action", "scope", "breaker", "trips when", "ends", "ended by"), *(_row(row) for row in table(chosen))]
    stages = [(one.name, _capital(one), _trades(one), _asked(one)) for one in STAGES[name]]
    return [
        f"Limits of {of}",
        "",
        *_columns(limits_),
        "",
        "Breakers (they stop entries; the kill switch stops exits too)",
        "",
        *_columns(rows),
        "",
        f"Capital stages of {name}",
        "",
        *_columns([("stage", "capital", "a trade", "the next one opens after"), *stages]),
    ]


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
