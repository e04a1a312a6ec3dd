"""``make drill``: see ``drill``. Exit code 0 when everything came back, 1 when anything differs."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.recovery.drill import everybody, run_drill


def say(line: str) -> None:
    print(line, flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recovery", description="The disaster-recovery drill.")
    parser.add_argument("--hours", type=float, default=1.0, help="length of the synthetic day that is traded (1)")
    parser.add_argument("--seed", type=int, default=1, help="decides everything (1)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="recovery-") as folder:
        done = run_drill(Path(folder), everybody(Path(folder) / "day", options.seed, options.hours), say)
    for sentence in done.differences[:20]:
        say(f"DIFFERS: {sentence}")
    counts = ", ".join(f"{count:,} {name}" for name, count in done.items.items())
    verdict = "EQUAL, item by item" if not done.differences else f"{len(done.differences):,} DIFFERENCES"
    say(f"restored {done.records:,} records in {done.restored_s:.1f} s ({counts}): {verdict}")
    return 1 if done.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
