"""The rows of `make bench`: what was measured, the least it must be, a peer beside it, and a line for people."""

Row = dict[str, object]


def row(
    name: str,
    value: float,
    unit: str,
    *,
    least: float | None = None,
    peer: str = "",
    peer_value: float | None = None,
    dollars: float | None = None,
) -> Row:
    """One figure. ``peer`` is another system, measured in the same run; ``ratio`` is ours over theirs."""
    ratio = None if not peer_value else round(value / peer_value, 2)
    found: Row = {"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}
    if least is not None:
        found["least"] = least
    if dollars is not None:
        found["dollars"] = round(dollars, 2)
    return found


def verdict(found: Row) -> str:
    """The least a figure must be, and whether it was missed; nothing where there is no such limit."""
    value, least = found["value"], found.get("least")
    if not isinstance(value, int | float) or not isinstance(least, int | float):
        return ""
    return f" [at least {least:,g}{'' if value >= least else ': MISSED'}]"


def line(found: Row, width: int) -> str:
    """A row of the table; names are ``width`` wide."""
    dollars = found.get("dollars")
    beside = f"   ${dollars:+,.2f}" if isinstance(dollars, float) else ""
    peer = f"   {found['ratio']}x {found['peer']}" if found.get("ratio") else ""
    return f"{found['name']!s:<{width}}{found['value']:>14,.3f}  {found['unit']}{beside}{verdict(found)}{peer}"
