"""`make bench`: how fast recorded books go through the engine and the paper venue, and the execution study on them.

The first markets of the April 2026 recording; with seeded drawn books where there is no recording. CPU time of a
process of its own, the median of the passes; reading the file is in the study's figure and not in the first. Where
nautilus_trader is there (``peer``) the two take turns on the same updates.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue, VenueSettings
from shared.adapters.replay.books import BookRecording
from shared.domain.messages import BookChange, BookSnapshot, Event
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.research.driver import Driver
from shared.research.probe import ProbeOptions, run_probe
from shared.research.shown import NoPrints, shown
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.bench import peer
from tests.bench.table import Row, row
from tests.shared.research.books import APRIL, drawn_books, first_markets

MARKETS = 8
ORDERS = 400
PASSES = 5
LEAST_UPDATES = 300_000


def rows() -> list[Row]:
    """Rows of `make bench`, measured in a process of its own."""
    run = subprocess.run([sys.executable, "-m", "tests.bench.books_replay"], check=True, capture_output=True, text=True)
    found: list[Row] = json.loads(run.stdout)
    return found


def measure() -> list[Row]:
    """Level updates a second through engine and venue, nothing of ours in the books; and with the study's orders."""
    recordings = Path(os.environ.get("RECORDINGS", "../shared/data"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.parquet"
        if (recordings / APRIL).exists():
            name = f"first {MARKETS} markets of the April books"
            first_markets(recordings, path, MARKETS)
        else:
            name = "drawn books"
            drawn_books(path, 1, 40_000)
        events = list(BookRecording(path).events())
        found = _beside(events, name, Path(folder) / "updates.parquet")
        began = time.process_time()
        study = run_probe(ProbeOptions(path, ORDERS, 1))
        per_second = sum(_levels(event) for event in events) / (time.process_time() - began)
    orders = study.report.overall.orders
    return [*found, row(f"the same in `probe`, reading and {orders} orders included", round(per_second), "updates/s")]


def _beside(events: list[Event], name: str, shared: Path) -> list[Row]:
    """Ours, and the peer's every way of taking the same updates, pass by pass in turns; medians."""
    updates = sum(_levels(event) for event in events)
    title = f"book level updates through engine and paper venue, {name}"
    ours: list[float] = []
    theirs: dict[str, list[float]] = {}
    named = ""
    if peer.is_there():
        peer.write_updates(shared, events)
    for _ in range(PASSES):
        ours.append(_seconds(events))
        if peer.is_there():
            found = peer.measured(shared, 1)
            named = found.name
            for way, took in found.seconds.items():
                theirs.setdefault(way, []).extend(took)
    speed = round(updates / statistics.median(ours))
    beside = {way: round(updates / statistics.median(took)) for way, took in theirs.items()}
    lines = [row(title, speed, "updates/s", least=LEAST_UPDATES)]
    return lines + [
        row(f"the same, beside {way}", speed, "updates/s", peer=f"{named}: {value:,}", peer_value=value)
        for way, value in beside.items()
    ]


def _levels(event: Event) -> int:
    """How many levels an event sets."""
    payload = event.payload
    if isinstance(payload, BookSnapshot):
        return len(payload.bids) + len(payload.asks)
    return int(isinstance(payload, BookChange))


def _seconds(events: list[Event]) -> float:
    venue = PaperVenue(1, MemoryPaperLog(), settings=VenueSettings(books=True))
    driver = Driver(Engine("bench", WhaleCopy(Params()), Limits()), venue, MemoryStore())
    began = time.process_time()
    driver.run(shown(driver.show_book, events), NoPrints())
    took = time.process_time() - began
    assert driver.now >= events[-1].observed_at  # all were played
    return took


if __name__ == "__main__":
    print(json.dumps(measure()))
