"""nautilus_trader beside us: the same level updates through its backtest engine, where ``peer.sh`` has installed it."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from msgspec import Struct

from shared.domain.messages import BookChange, BookSnapshot, Event
from shared.domain.money import float_of_micro
from shared.domain.order import Side

PYTHON = Path("build/nautilus-venv/bin/python")
PROGRAM = Path("tests/bench/peer_nautilus.py")
SCHEMA = {
    "message": pl.Int64,
    "token": pl.String,
    "at": pl.Int64,
    "first": pl.Boolean,
    "bid": pl.Boolean,
    "price": pl.Float64,
    "size": pl.Float64,
}
"""``message``: number of the recorded snapshot; ``first``: the book is emptied before; ``at``: nanoseconds."""
MISSING = f"{PYTHON.parent.parent} is not there (tests/bench/peer.sh makes it): nautilus_trader is not measured"


class Peer(Struct, frozen=True):
    """What was measured of it: processor seconds of each run, by the way the updates were given to it."""

    version: str
    python: str
    seconds: dict[str, list[float]]

    @property
    def name(self) -> str:
        """As in the table."""
        return f"nautilus_trader {self.version} (Python {self.python})"


def is_there() -> bool:
    """Whether its environment is there."""
    return PYTHON.exists()


def write_updates(path: Path, events: Sequence[Event]) -> int:
    """The level updates of these events for the other side; returns how many."""
    rows: list[tuple[object, ...]] = []
    message, last = 0, (0, "")
    for event in events:
        payload, at = event.payload, event.observed_at
        if not isinstance(payload, BookSnapshot | BookChange):
            continue
        if (at, payload.token) != last:
            message, last = message + 1, (at, payload.token)
        if isinstance(payload, BookChange):
            levels = [(payload.side is Side.BUY, payload.price, payload.size)]
        else:
            levels = [(True, *level) for level in payload.bids] + [(False, *level) for level in payload.asks]
        for place, (bid, price, size) in enumerate(levels):
            first = place == 0 and isinstance(payload, BookSnapshot)
            rows.append((message, payload.token, at, first, bid, float_of_micro(price), float_of_micro(size)))
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(path)
    return len(rows)


def measured(updates: Path, passes: int) -> Peer:
    """Run it on what ``write_updates`` wrote."""
    command = [str(PYTHON), "-P", "-W", "ignore", str(PROGRAM), str(updates), str(passes)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(run.stdout)
    return Peer(found["version"], found["python"], found["seconds"])
