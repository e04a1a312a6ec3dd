"""Speed and memory of the Sharpe intervals, each figure with its limit, and `arch` beside them.

Block lengths are chosen from the data; every wallet draws its own resamples, as in `score`, unless the row says that
wallets of equal length share them. Each size runs in a process of its own, so that its peak memory is its own; the
quickest of a few runs is kept, because other work on the machine can only slow a run down. `arch` is timed on a few
wallets and scaled to 10,000, because all of them would take hours; its row says so.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import arch.bootstrap
import numpy as np
import numpy.typing as npt

from shared.analytics.bootstrap import available_cores, sharpe_interval

Row = dict[str, object]
Floats = npt.NDArray[np.float64]
WALLETS = 10_000
ARCH_WALLETS = 5
MOST_MEMORY_MB = 1536.0
MOST_GROWTH = 1.25
"""Seconds per wallet of the largest set over those of the smallest: 1 where time is linear, 50 where it is square."""


@dataclass(frozen=True, slots=True)
class Case:
    """One size: ``wallets`` with ``shortest`` to ``longest`` returns, ``b`` resamples; ``limit`` in seconds."""

    wallets: int
    shortest: int
    longest: int
    b: int
    shared: bool
    runs: int
    limit: float | None

    def name(self) -> str:
        """As in the table."""
        lengths = f"{self.longest}" if self.shortest == self.longest else f"{self.shortest}-{self.longest}"
        draws = "shared by equal lengths" if self.shared else "own"
        return f"{self.wallets:,} wallets x {lengths}, B = {self.b:,}, resamples {draws}"


SMALL = Case(1000, 500, 500, 1999, False, 3, None)
MAIN = Case(WALLETS, 500, 500, 1999, False, 3, 8.0)
LARGE = Case(50_000, 500, 500, 1999, False, 1, None)
MANY = Case(WALLETS, 500, 500, 10_000, False, 2, 30.0)
CASES = (
    SMALL,
    MAIN,
    Case(WALLETS, 20, 980, 1999, False, 3, 8.0),
    LARGE,
    MANY,
    Case(WALLETS, 500, 500, 10_000, True, 3, 12.0),
)


def statistics_rows() -> list[Row]:
    """Rows of `make bench`."""
    cores = available_cores()
    peers = _arch_seconds()
    rows: list[Row] = []
    seconds: dict[Case, float] = {}
    for case in CASES:
        got = _in_a_process(case)
        seconds[case] = got["seconds"]
        name = f"Sharpe intervals, {case.name()}, {cores} cores ({got['cpu']:.1f} s of processor time)"
        rows.append(_row(name, got["seconds"], "s", case.limit, *peers.get(case, ("", None))))
        name = f"the same, peak memory of its process (returns {got['input_mb']:.0f} MB)"
        rows.append(_row(name, got["mb"], "MB", MOST_MEMORY_MB))
    growth = seconds[LARGE] / LARGE.wallets / (seconds[SMALL] / SMALL.wallets)
    rows.append(_row("Sharpe intervals, time per wallet at 50,000 over 1,000", growth, "x", MOST_GROWTH))
    rows += [_row(f"10,000 wallets x 500, {name}", value, "s") for name, value in peers.values()]
    return [row | {"name": f"{row['name']}{verdict(row)}"} for row in rows]


def verdict(row: Row) -> str:
    """The limit of a row, and whether it was missed."""
    value, limit = row["value"], row["limit"]
    if not isinstance(value, float) or not isinstance(limit, float):
        return ""
    return f" [limit {limit:,g}{'' if value <= limit else ': MISSED'}]"


def _in_a_process(case: Case) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.statistics", json.dumps(asdict(case))],
        check=True,
        capture_output=True,
        text=True,
    )
    got: dict[str, float] = json.loads(run.stdout)
    return got


def measure(case: Case) -> dict[str, float]:
    """Seconds of the quickest run and of all processors in it, peak memory of this process, size of the returns."""
    rng = np.random.default_rng(1)
    # Loads, or compiles, every loop once: small wallets of both kinds, alone and in company.
    sharpe_interval(rng.normal(0.1, 1, 2000), np.arange(21) * 100, b=19, block=1, shared=case.shared)
    sharpe_interval(rng.normal(0.1, 1, 2000), np.arange(21) * 100, b=19, block=8, shared=case.shared)
    lengths = rng.integers(case.shortest, case.longest + 1, case.wallets)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = rng.normal(0.1, 1.0, offsets[-1])
    times = []
    for _ in range(case.runs):
        began, busy = time.perf_counter(), time.process_time()
        sharpe_interval(values, offsets, b=case.b, shared=case.shared)
        times.append((time.perf_counter() - began, time.process_time() - busy))
    quickest, cpu = min(times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": quickest, "cpu": cpu, "mb": peak, "input_mb": values.nbytes / 2**20}


def _ratio(x: Floats) -> Floats:
    return np.array([np.mean(x) / np.std(x)])


def _arch_seconds() -> dict[Case, tuple[str, float]]:
    """What `arch` does that is nearest to a case, and how long 10,000 wallets would take it."""
    wallets = np.random.default_rng(1).normal(0.1, 1.0, (ARCH_WALLETS, 500))
    began = time.perf_counter()
    for x in wallets:
        arch.bootstrap.CircularBlockBootstrap(2, x, seed=1).conf_int(_ratio, 10_000, method="percentile")
    percentile = (time.perf_counter() - began) / ARCH_WALLETS * WALLETS
    began = time.perf_counter()
    arch.bootstrap.CircularBlockBootstrap(2, wallets[0], seed=1).conf_int(
        _ratio, 1999, method="studentized", studentize_reps=50
    )
    nested = (time.perf_counter() - began) * WALLETS
    return {
        MANY: (f"arch, percentile only, B = 10,000, block 2, scaled from {ARCH_WALLETS} wallets", percentile),
        MAIN: ("arch, studentized by 50 nested resamples, B = 1,999, block 2, scaled from 1 wallet", nested),
    }


def _row(
    name: str, value: float, unit: str, limit: float | None = None, peer: str = "", peer_value: float | None = None
) -> Row:
    ratio = None if peer_value is None else round(value / peer_value, 6)
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "limit": limit,
        "peer": peer,
        "peer_value": peer_value,
        "ratio": ratio,
    }


def main() -> int:
    """Without a case: all rows, as a table. With one: its measurement, for the process above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="?", help="one case as JSON")
    options = parser.parse_args()
    if options.case is not None:
        print(json.dumps(measure(Case(**json.loads(options.case)))))
        return 0
    rows = statistics_rows()
    for row in rows:
        print(f"{row['value']:>14,.3f} {row['unit']!s:<3} {row['name']}")
    return 1 if any("MISSED" in str(row["name"]) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
