"""`make bench`: the speed figures of the README, measured now, as a table and as build/bench.json.

Each replay is the product's own command in a process of its own, pinned to one core, reading included; the median of
three runs is kept. Figures of other systems appear only where they were measured in the same run. A limit stands beside
its figure, with MISSED where it was not reached; the exit code stays 0, since other work on the machine can do that.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from shared.adapters.synthetic import BENCH, generate
from shared.domain.messages import WhaleTrade
from shared.domain.order import Side
from shared.engine.detection import Deliveries
from tests.bench import (
    books_replay,
    control_api,
    feeds_activity,
    feeds_books,
    feeds_live,
    paper_truth,
    peer,
    served_venue,
)
from tests.bench.statistics import statistics_rows
from tests.bench.store import measure_plans
from tests.bench.table import Row, line, row

BUILD = Path("build")
FOLLOWED = 200
RUNS = 3
LEAST_SYNTHETIC, LEAST_MARCH = 200_000, 40_000
"""Events a second that a replay must reach, with every rule on."""


def _replay(path: Path, resolutions: Path, whales: Path, sizing: str) -> dict[str, float]:
    """Median speed and handle times of the replay command on one core."""
    reports = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "report.json"
            command = [sys.executable, "-m", "fargate", "replay", str(path), "--resolutions", str(resolutions)]
            command += ["--whales", str(whales), "--sizing", sizing, "--json", str(out)]
            core = max(os.sched_getaffinity(0))
            subprocess.run(
                ["taskset", "-c", str(core), *command],
                check=True,
                capture_output=True,
                env={**os.environ, "POLARS_MAX_THREADS": "1"},
            )
            reports.append(json.loads(out.read_text(encoding="utf-8")))
    middle: Callable[[list[float]], float] = statistics.median
    return {
        "events": float(reports[0]["events"]),
        "events_per_s": middle([r["events_per_s"] for r in reports]),
        "quiet_p50": middle([r["handle_quiet_us"]["p50"] for r in reports]),
        "busy_p50": middle([r["handle_busy_us"]["p50"] for r in reports]),
        "busy_p99": middle([r["handle_busy_us"]["p99"] for r in reports]),
    }


def synthetic_rows() -> list[Row]:
    """The synthetic day with 20,000 wallets, 200 of them followed."""
    day = BUILD / "bench-day"
    generate(1, 24, day, BENCH, lambda line: print(line, flush=True))
    wallets = pl.read_parquet(day / "truth.parquet")["wallet"].head(FOLLOWED).to_list()
    named = BUILD / "bench-followed.txt"
    named.write_text("\n".join(wallets), encoding="utf-8")
    got = _replay(day / "trades.parquet", day / "resolutions.parquet", named, "kelly")
    name = f"replay, synthetic day ({got['events']:,.0f} rows)"
    return [
        row(name, got["events_per_s"], "events/s", least=LEAST_SYNTHETIC),
        row("handle, event that concerns nobody, p50", got["quiet_p50"], "us"),
        row("handle, event that concerns us, p50 (synthetic)", got["busy_p50"], "us"),
        row("handle, event that concerns us, p99 (synthetic)", got["busy_p99"], "us"),
    ]


def recorded_rows(recordings: Path) -> list[Row]:
    """The March recording, where every row is by a followed wallet."""
    path = recordings / "wallet_activity_updown_2026-03.parquet"
    named = BUILD / "bench-march.txt"
    named.write_text("\n".join(pl.read_parquet(path)["wallet"].unique().sort().to_list()), encoding="utf-8")
    rows: list[Row] = []
    for sizing in ("kelly", "ratio"):
        got = _replay(path, recordings / "resolutions_updown_2026-03.parquet", named, sizing)
        rows += [
            row(f"replay, March recording, {sizing}", got["events_per_s"], "events/s", least=LEAST_MARCH),
            row(f"handle p50, March recording, {sizing}", got["busy_p50"], "us"),
            row(f"handle p99, March recording, {sizing}", got["busy_p99"], "us"),
        ]
    return rows


def dedup_rows() -> list[Row]:
    """One look-up in a full window of 200,000 trades."""
    deliveries = Deliveries(65 * 10**9)
    trades = [
        WhaleTrade(f"0x{i % 5000:040x}", "m", f"{i % 300}", Side.BUY, 500_000, 1_000_000 + i, f"0x{i:064x}", 1)
        for i in range(200_000)
    ]
    for trade in trades:
        deliveries.is_new(trade, "bench", 1)
    again = [
        WhaleTrade(t.wallet, t.market, t.token, t.side, t.price, t.size, t.tx, 2)
        for t in trades[:: len(trades) // 20_000]
    ]
    times = []
    for trade in again:
        began = time.perf_counter_ns()
        new = deliveries.is_new(trade, "bench", 2)
        times.append((time.perf_counter_ns() - began) / 1000)
        assert not new
    times.sort()
    return [
        row("dedup look-up among 200,000, p50", round(times[len(times) // 2], 3), "us"),
        row("dedup look-up among 200,000, p99", round(times[len(times) * 99 // 100], 3), "us"),
    ]


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the embedded DynamoDB and the statistics")
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    rows = synthetic_rows() + dedup_rows() + feeds_activity.rows() + feeds_books.rows() + feeds_live.rows()
    recordings = os.environ.get("RECORDINGS", "../shared/data")
    if Path(recordings).is_dir():
        rows += recorded_rows(Path(recordings))
    else:
        print("RECORDINGS names no folder: the March recording is left out")
    if not peer.is_there():
        print(peer.MISSING)
    rows += books_replay.rows() + paper_truth.rows() + served_venue.rows() + control_api.rows()
    if not options.quick:
        plans_per_s, p50_ms = measure_plans()
        rows += [row("plan transactions, embedded DynamoDB", plans_per_s, "plans/s")]
        rows += [row("plan transaction p50, embedded DynamoDB", p50_ms, "ms")]
        rows += statistics_rows()
    width = max(len(str(one["name"])) for one in rows) + 2
    for one in rows:
        print(line(one, width))
    (BUILD / "bench.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(f"written to {BUILD / 'bench.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
