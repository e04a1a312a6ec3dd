"""`make stats`: are the statistics right? Coverage, false discoveries, shrinkage and planted edges, the truth known."""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import polars as pl

from shared.research.planted import WALLETS, planted_table
from tests.stats.coverage import table
from tests.stats.edges import runs_with_a_discovery, shrinkage_ratios

MOST_RUNS = 0.08
MOST_ERROR = 0.2
PUBLISHED = "lower bound"
LEAST_FOUND = (0.90, 0.45, 0.45)
"""Of the published ranking's first 20, in the order of the columns of the planted table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 when a figure is outside its band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000, help="wallets per world of the coverage table")
    parser.add_argument("--runs", type=int, default=500, help="worlds without an edge, per number of markets")
    parser.add_argument("--worlds", type=int, default=10, help="planted worlds per number of bets")
    parser.add_argument("--wallets", type=int, default=WALLETS, help="wallets of a planted world")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    outside = _coverage(options.replications, options.seed)
    outside += _false_discoveries(options.runs, options.seed)
    outside += _shrinkage(options.seed)
    outside += _planted(options.worlds, options.wallets)
    for line in outside:
        print(f"OUTSIDE ITS BAND: {line}")
    return 1 if outside else 0


def _coverage(replications: int, seed: int) -> list[str]:
    print(f"Coverage of the symmetric 95% interval of a Sharpe ratio of 0.1, {replications} replications, B = 1,999")
    print("(as scores do, with resamples of their own; beside it, with resamples shared by equal lengths)")
    print("| returns | n | covered | if shared | infinite | mean block | band |\n|---|---|---|---|---|---|---|")
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


def _planted(worlds: int, wallets: int) -> list[str]:
    print(
        f"\nTrue edges among the first 20 of a ranking, {worlds} worlds of {wallets:,} wallets, 5% of them with an edge"
    )
    found = planted_table(worlds, wallets=wallets)
    columns = found.columns[1:]
    print("| ranking | " + " | ".join(columns) + " |\n|" + "---|" * len(found.columns))
    for row in found.iter_rows(named=True):
        name = f"published: {PUBLISHED}" if row["ranking"] == PUBLISHED else row["ranking"]
        print(f"| {name} | " + " | ".join(f"{row[column]:.1%}" for column in columns) + " |")
    print("| at least, published | " + " | ".join(f"{least:.0%}" for least in LEAST_FOUND) + " |", flush=True)
    return misses(found)


def misses(found: pl.DataFrame) -> list[str]:
    """Where the published ranking holds fewer true edges than it must."""
    published = found.filter(pl.col("ranking") == PUBLISHED).row(0)[1:]
    return [
        f"published ranking, {column}: {share:.1%}, at least {least:.0%}"
        for column, share, least in zip(found.columns[1:], published, LEAST_FOUND, strict=True)
        if share < least
    ]


if __name__ == "__main__":
    sys.exit(main())
