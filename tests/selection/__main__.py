"""`make research`: which ranking finds true edges in planted worlds, and what each said of the recordings' rest."""

import argparse
import json
import os
import sys
from pathlib import Path

import polars as pl

from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.domain.errors import BadInput
from shared.research.planted import planted_table
from shared.research.selection import Selection, conclusion, leaderboard_persistence, select_walk_forward

BUILD = Path("build")
RECORDED = (
    ("up/down, March 2026", "wallet_activity_updown_2026-03", "resolutions_updown_2026-03"),
    ("midterms 2022", "trades_midterms2022", "resolutions_midterms2022"),
)


def recorded(folder: Path, trades: str, resolutions: str) -> Selection:
    """Ranked on the first half of the resolved markets' ends, measured on the rest."""
    fills = read_activity([folder / f"{trades}.parquet"]).fills
    outcomes = read_outcomes([folder / f"{resolutions}.parquet"])
    middle = fills["ts_s"].quantile(0.5, "nearest")
    assert middle is not None
    return select_walk_forward(fills, outcomes, int(middle))


def shown(name: str, selection: Selection) -> str:
    """The table of one recording for people."""
    lines = [
        (
            f"{name}: {selection.wallets} wallets, {selection.windows} windows after the split, "
            f"{selection.eligible} of the wallets eligible at the split"
        ),
        f"{'ranking':<26}{'first third $':>14}{'95% interval':>24}{'rank corr.':>12}{'95% interval':>18}",
    ]
    for row in selection.table.iter_rows(named=True):
        money = f"{row['usd_low']:+,.0f} .. {row['usd_high']:+,.0f}"
        spread = f"{row['correlation_low']:+.2f} .. {row['correlation_high']:+.2f}"
        lines.append(
            f"{row['ranking']:<26}{row['first_third_usd']:>+14,.0f}{money:>24}"
            f"{row['rank_correlation']:>+12.2f}{spread:>18}"
        )
    return "\n".join([*lines, conclusion(selection)])


def main() -> int:
    """Measure, print, write; 1 when the published ranking misses a planted figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10, help="planted worlds per length (default: 10)")
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    planted = planted_table(options.worlds)
    print("share of true edges among the first 20 (2,000 wallets, 5% with an edge)")
    for row in planted.iter_rows():
        print(f"{row[0]:<20}" + "".join(f"{100 * value:>12.0f}%" for value in row[1:]))
    print(" " * 20 + "".join(f"{name:>13}" for name in planted.columns[1:]))
    report: dict[str, object] = {"planted": planted.to_dicts()}
    folder = Path(os.environ.get("RECORDINGS", "../shared/data"))
    if folder.is_dir():
        for name, trades, resolutions in RECORDED:
            try:
                selection = recorded(folder, trades, resolutions)
            except BadInput as error:
                print(f"\n{name}: {error}")
                continue
            print(f"\n{shown(name, selection)}")
            report[name] = {"conclusion": conclusion(selection), "table": selection.table.to_dicts()}
        board = leaderboard_persistence(pl.read_parquet(folder / "leaderboard_2026-06.parquet"))
        print(
            f"\nleaderboard, June 2026: {board['wallets']:.0f} wallets on the first and the last day; its P&L rank "
            f"against the P&L gained since: rank correlation {board['rank_correlation']:+.2f} "
            f"({board['low']:+.2f} .. {board['high']:+.2f}); a follower cannot be measured, it names no trades"
        )
        report["leaderboard"] = board
    else:
        print("RECORDINGS names no folder: only planted worlds are shown")
    (BUILD / "selection.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    published = planted.filter(pl.col("ranking") == "lower bound").row(0)[1:]
    return 0 if all(found >= least for found, least in zip(published, (0.90, 0.45, 0.45), strict=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
