"""From the socket to the decision while 500 frames a second come from another process: rows of ``make bench``."""

import asyncio

from tests.soak.load import Load, loaded

SECONDS = 10.0
Row = dict[str, object]


def rows() -> list[Row]:
    """Delays and the processor it takes, over ten seconds."""
    found = asyncio.run(loaded(Load(500.0, SECONDS, 9, 9), lambda _: None))
    p50, p95, p99 = found.decided
    return [
        _row("socket to decision at 500 frames/s, p50", p50, "ms"),
        _row("socket to decision at 500 frames/s, p95", p95, "ms"),
        _row("socket to decision at 500 frames/s, p99", p99, "ms"),
        _row("loop lag at 500 frames/s, p99", found.lag[1], "ms"),
        _row("processor of the whole trader at 500 frames/s", found.busy * 100, "% of a core"),
    ]


def _row(name: str, value: float | None, unit: str) -> Row:
    if value is None:
        raise AssertionError(f"{name}: nothing was measured")
    return {"name": name, "value": round(value, 3), "unit": unit, "peer": "", "peer_value": None, "ratio": None}
