"""`make stats`: are the statistics right? Coverage, false discoveries and shrinkage in worlds whose truth is known."""

import argparse
import sys

import numpy as np

from tests.stats.coverage import table
from tests.stats.edges import runs_with_a_discovery, shrinkage_ratios

MOST_RUNS = 0.08
MOST_ERROR = 0.2


def main() -> int:
    """Print the tables; 1 when a figure is outside its band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000, help="wallets per world of the coverage table")
    parser.add_argument("--runs", type=int, default=500, help="worlds without an edge, per number of markets")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    outside = _coverage(options.replications, options.seed)
    outside += _false_discoveries(options.runs, options.seed)
    outside += _shrinkage(options.seed)
    for line in outside:
        print(f"OUTSIDE ITS BAND: {line}")
    return 1 if outside else 0


def _coverage(replications: int, seed: int) -> list[str]:
    print(f"Coverage of the symmetric 95% interval of a Sharpe ratio of 0.1, {replications} replications, B = 1,999")
    print("| returns | n | covered | infinite | mean block | band |\n|---|---|---|---|---|---|")
    rows = table(replications, seed)
    for row in rows:
        print(row.line(), flush=True)
    return [row.line() for row in rows if not row.inside]


def _false_discoveries(runs: int, seed: int) -> list[str]:
    print(f"\nRuns with any discovery at q <= 0.05 where no wallet has an edge, {runs} runs of 2,000 wallets")
    print("| markets per wallet | runs | band |\n|---|---|---|")
    outside = []
    for markets in (20, 60, 250):
        share = runs_with_a_discovery(seed, runs, 2000, markets) / runs
        line = f"| {markets} | {share:.1%} | at most {MOST_RUNS:.0%} |"
        print(line, flush=True)
        if share > MOST_RUNS:
            outside.append(line)
    return outside


def _shrinkage(seed: int) -> list[str]:
    print("\nMean squared error over that of no shrinkage, 2,000 wallets, mean of 20 worlds")
    print("| method | error | band |\n|---|---|---|")
    worlds = [shrinkage_ratios(seed + world, 2000) for world in range(20)]
    outside = []
    for name in worlds[0]:
        ratio = float(np.mean([world[name] for world in worlds]))
        compared = name == "common factor"
        line = f"| {name} | {ratio:.3f} | {'comparison' if compared else f'at most {MOST_ERROR}'} |"
        print(line)
        if not compared and ratio > MOST_ERROR:
            outside.append(line)
    return outside


if __name__ == "__main__":
    sys.exit(main())
