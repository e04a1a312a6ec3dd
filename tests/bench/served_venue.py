"""What a request to the paper venue in a process of its own costs over loopback, its log on the disk included."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from shared.adapters.paper.served.client import ServedVenue
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import BookChange, BookSnapshot
from shared.domain.order import Side
from shared.ports import Batch
from tests.bench.store import order_of
from tests.bench.table import Row, row

SUBMITS, BATCHES, CHANGES = 500, 2_000, 100
TOKEN = f"{7:077d}"
MARKET = f"0x{7:064x}"
AT = 1_800_000_000 * SECOND


def rows() -> list[Row]:
    """Round trips of an order, of 100 book changes, and of a request that changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "shared.adapters.paper.served", "--log", str(Path(folder) / "paper.jsonl")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                port = int(process.stdout.readline().split(":")[1].split(",")[0])
                return _measured(ServedVenue(port))
            finally:
                process.terminate()


def _measured(venue: ServedVenue) -> list[Row]:
    venue.market(Market(MARKET, MarketKind.EVENT, tokens=(TOKEN, f"{8:077d}")))
    levels = tuple((price * 10_000, 100_000_000) for price in range(1, 50))
    asks = tuple((price * 10_000, 100_000_000) for price in range(50, 99))
    venue.show([(AT, BookSnapshot(MARKET, TOKEN, levels[::-1], asks))], AT)
    idle = _timed(BATCHES, lambda n: venue.show([], AT + n))
    shown = _timed(BATCHES, lambda n: venue.show(_changes(n), AT + BATCHES + n * MILLISECOND))
    sent = _timed(SUBMITS, lambda n: venue.submit(order_of(n), AT + 10 * SECOND))
    found = [
        ("request to the served paper venue that changes nothing", idle),
        (f"batch of {CHANGES} book changes to the served paper venue", shown),
        ("order to the served paper venue, on its disk before the answer", sent),
    ]
    venue.close()
    assert venue.counts.unanswered == 0
    return [
        row(f"{name}, {label}", round(value, 3), "ms")
        for name, times in found
        for label, value in (("p50", statistics.median(times)), ("p99", sorted(times)[len(times) * 99 // 100]))
    ]


def _changes(n: int) -> Batch:
    at = AT + BATCHES + n * MILLISECOND
    return [
        (at, BookChange(MARKET, TOKEN, Side.BUY, (1 + (n + k) % 49) * 10_000, 1_000_000 * (1 + (n * k) % 90)))
        for k in range(CHANGES)
    ]


def _timed(times: int, call: Callable[[int], object]) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for n in range(times):
        began = time.perf_counter_ns()
        call(n)
        found.append((time.perf_counter_ns() - began) / 1e6)
    return found
