"""What a soak measured beside what it must reach, and the table people read."""

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct


class Figure(Struct, frozen=True):
    """One figure: ``soak`` that measured it, its limit and what was measured in words, and whether it is reached."""

    soak: str
    name: str
    limit: str
    measured: str
    ok: bool


def at_most(soak: str, name: str, value: float | None, limit: float, unit: str) -> Figure:
    """A figure that must not exceed its limit; nothing measured is not reached."""
    shown = "nothing" if value is None else f"{value:,.3g} {unit}"
    return Figure(soak, name, f"<= {limit:,.3g} {unit}", shown, value is not None and value <= limit)


def exactly(soak: str, name: str, value: int, wanted: int, unit: str = "") -> Figure:
    """A count that must be this one."""
    return Figure(soak, name, f"{wanted:,} {unit}".rstrip(), f"{value:,} {unit}".rstrip(), value == wanted)


def table(figures: Sequence[Figure]) -> str:
    """Figure, limit, measured, ok: one line each."""
    rows = [("soak", "figure", "limit", "measured", "")]
    rows += [(one.soak, one.name, one.limit, one.measured, "ok" if one.ok else "MISSED") for one in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def write(figures: Sequence[Figure], path: Path) -> None:
    """The same as JSON."""
    rows = [
        {"soak": one.soak, "figure": one.name, "limit": one.limit, "measured": one.measured, "ok": one.ok}
        for one in figures
    ]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
