"""``make drill``: see ``drill``; with ``--audit N`` see ``long``. Exit code 0 when all is equal, 1 when it is not."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.recovery.drill import everybody, run_drill
from tests.recovery.long import audit_long


def say(line: str) -> None:
    print(line, flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recovery", description="The disaster-recovery drill.")
    parser.add_argument("--hours", type=float, default=1.0, help="length of the synthetic day that is traded (1)")
    parser.add_argument("--seed", type=int, default=1, help="decides everything (1)")
    parser.add_argument("--audit", type=int, default=0, help="audit a history of so many records instead")
    options = parser.parse_args(arguments)
    if options.audit:
        return audited(options.audit)
    with tempfile.TemporaryDirectory(prefix="recovery-") as folder:
        done = run_drill(Path(folder), everybody(Path(folder) / "day", options.seed, options.hours), say)
    for sentence in done.differences[:20]:
        say(f"DIFFERS: {sentence}")
    counts = ", ".join(f"{count:,} {name}" for name, count in done.items.items())
    verdict = "EQUAL, item by item" if not done.differences else f"{len(done.differences):,} DIFFERENCES"
    say(f"restored {done.records:,} records in {done.restored_s:.1f} s ({counts}): {verdict}")
    return 1 if done.differences else 0


def audited(records: int) -> int:
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        done = audit_long(Path(folder), records, say)
    audit = done.audit
    for sentence in audit.told:
        say(f"DIFFERS: {sentence}")
    say(
        f"audited {audit.read:,} records, {audit.postings:,} postings, {audit.positions:,} positions in "
        f"{done.whole_s:.1f} s (our own processor: {done.own_s:.1f} s): {audit.differences:,} differences; "
        f"again from the seal in {done.hourly_s:.1f} s"
    )
    return 1 if audit.differences or not audit.seal else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
