"""``make soak``: hours of trouble in minutes. Latency and rate under load, random faults, the densest recorded hour.

Progress as it goes, a table at the end; 1 when a limit is missed, 2 for a command line that cannot be followed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.domain.errors import BadInput
from tests.soak.densest import densest
from tests.soak.faults import faults
from tests.soak.figures import Figure, table, write
from tests.soak.load import latency, rate

Soak = Callable[[argparse.Namespace, Callable[[str], None]], list[Figure]]
SOAKS: dict[str, Soak] = {
    "latency": lambda given, say: latency(given.minutes, say),
    "rate": lambda given, say: rate(given.minutes, say),
    "faults": lambda given, say: faults(given.minutes, say, given.seed),
    "densest": lambda given, say: densest(given.minutes, say),
}
MINUTES = 30.0
MISSED = 1
BAD_INPUT = 2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m tests.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--minutes",
        type=_minutes,
        default=MINUTES,
        help="length of the faults (default 30); the others take at most that: latency 1, rate 5, densest 6",
    )
    made.add_argument("--seed", type=int, default=1, help="of the faults")
    made.add_argument("--only", choices=tuple(SOAKS), action="append", help="may be given several times")
    made.add_argument("--json", type=Path, metavar="OUT", help="the table as a file")
    return made


def _minutes(given: str) -> float:
    try:
        minutes = float(given)
    except ValueError:
        minutes = 0.0
    if not 0.0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError(f"minutes must be above 0 and at most 1440, not {given!r}")
    return minutes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for."""
    given = parser().parse_args(arguments)
    found: list[Figure] = []
    began = time.monotonic()
    for name in given.only or SOAKS:

        def say(line: str, name: str = name) -> None:
            print(f"{name}: {line}", flush=True)

        try:
            found += SOAKS[name](given, say)
        except BadInput as error:
            print(f"tests.soak: {error}", file=sys.stderr)
            return BAD_INPUT
        except AssertionError as error:
            found.append(Figure(name, "came about", "yes", str(error)[:200], False))
    print(f"\n{table(found)}\n{time.monotonic() - began:.0f} s")
    if given.json is not None:
        write(found, given.json)
    missed = sum(not one.ok for one in found)
    print(f"{len(found) - missed} figures reached, {missed} missed")
    return MISSED if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
