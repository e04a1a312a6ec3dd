"""Speed and memory of the Sharpe intervals, with `arch` beside them where it does comparable work.

Every wallet draws its own resamples and chooses its block length from its data. `arch` is timed on a few wallets and
scaled to 10,000, because all of them would take hours; its row says so.
"""

import json
import resource
import subprocess
import sys
import time

import arch.bootstrap
import numpy as np
import numpy.typing as npt

from shared.analytics.bootstrap import available_cores, sharpe_interval

Row = dict[str, object]
Floats = npt.NDArray[np.float64]
WALLETS = 10_000
ARCH_WALLETS = 5


def statistics_rows() -> list[Row]:
    """Rows of `make bench`, measured in a process of their own, so that the memory is theirs."""
    run = subprocess.run([sys.executable, "-m", "tests.bench.statistics"], check=True, capture_output=True, text=True)
    rows: list[Row] = json.loads(run.stdout)
    return rows


def measure() -> list[Row]:
    """Compile once, then each size once; `arch` last, so that its memory is not counted."""
    rng = np.random.default_rng(1)
    began = time.perf_counter()
    sharpe_interval(rng.normal(0.1, 1, 100), np.array([0, 100]))
    rows = [
        _row("Sharpe intervals, first call (compiles, or loads what was compiled)", time.perf_counter() - began, "s")
    ]
    even = np.full(WALLETS, 500)
    cores = available_cores()
    times = {}
    for name, lengths, b in (
        ("1,000 wallets x 500", even[:1000], 1999),
        ("10,000 wallets x 500", even, 1999),
        ("10,000 wallets x 20-980", rng.integers(20, 981, WALLETS), 1999),
        ("50,000 wallets x 500", np.full(50_000, 500), 1999),
        ("10,000 wallets x 500", even, 10_000),
    ):
        times[name, b] = _seconds(rng, lengths, b)
        rows.append(_row(f"Sharpe intervals, {name}, B = {b:,}, {cores} cores", times[name, b], "s"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(_row("Sharpe intervals, 50,000 wallets x 500, peak memory of the process", peak, "MB"))
    return rows + _beside_arch(rng, times["10,000 wallets x 500", 1999], times["10,000 wallets x 500", 10_000])


def _seconds(rng: np.random.Generator, lengths: npt.NDArray[np.int64], b: int) -> float:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = rng.normal(0.1, 1.0, offsets[-1])
    began = time.perf_counter()
    sharpe_interval(values, offsets, b=b)
    return time.perf_counter() - began


def _ratio(x: Floats) -> Floats:
    return np.array([np.mean(x) / np.std(x)])


def _beside_arch(rng: np.random.Generator, ours: float, ours_many: float) -> list[Row]:
    wallets = rng.normal(0.1, 1.0, (ARCH_WALLETS, 500))
    began = time.perf_counter()
    for x in wallets:
        arch.bootstrap.CircularBlockBootstrap(2, x, seed=1).conf_int(_ratio, 10_000, method="percentile")
    percentile = (time.perf_counter() - began) / ARCH_WALLETS * WALLETS
    began = time.perf_counter()
    arch.bootstrap.CircularBlockBootstrap(2, wallets[0], seed=1).conf_int(
        _ratio, 1999, method="studentized", studentize_reps=50
    )
    nested = (time.perf_counter() - began) * WALLETS
    return [
        _row(
            "Sharpe intervals, 10,000 wallets x 500, B = 10,000",
            ours_many,
            "s",
            f"arch, percentile only, block 2, scaled from {ARCH_WALLETS} wallets",
            percentile,
        ),
        _row(
            "Sharpe intervals, 10,000 wallets x 500, B = 1,999",
            ours,
            "s",
            "arch, studentized by 50 nested resamples, block 2, scaled from 1 wallet",
            nested,
        ),
    ]


def _row(name: str, value: float, unit: str, peer: str = "", peer_value: float | None = None) -> Row:
    ratio = None if peer_value is None else round(value / peer_value, 6)
    return {"name": name, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value, "ratio": ratio}


if __name__ == "__main__":
    print(json.dumps(measure()))
