"""``make soak``: hours of trouble in minutes. Latency and rate under load, random faults, the densest recorded hour;
and the drill: traders that are killed, stopped, doubled and cut off from their store, as real processes.

Progress as it goes, a table at the end; 1 when a limit is missed, 2 for a command line that cannot be followed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.domain.errors import BadInput
from tests.drill import stories
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
    "kills": lambda given, say: stories.kills(_part(given, 50), _part(given, 1_000), say, given.seed),
    "terms": lambda given, say: stories.terms(_part(given, 20), say, given.seed),
    "twins": lambda given, say: stories.twins(min(given.minutes, 5.0), say, given.seed),
    "store": lambda given, say: stories.store(30.0, say, given.seed),
    "switch": lambda given, say: stories.switch(_part(given, 20), say, given.seed),
    "flood": lambda given, say: stories.flood(min(given.minutes, 10.0), 1_000, say, given.seed),
    "open": lambda given, say: stories.crowded(500, say, given.seed),
}
MINUTES = 30.0
WHOLE = 12.0
"""Minutes from which on kills and stops are as many as they should be; fewer in less."""
MISSED = 1
BAD_INPUT = 2


def _part(given: argparse.Namespace, most: int) -> int:
    """So many, or their part of the time there is."""
    minutes: float = given.minutes
    return max(1, round(most * min(1.0, minutes / WHOLE)))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m tests.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--minutes",
        type=_minutes,
        default=MINUTES,
        help="length of the faults (default 30); the others take at most that: latency 1, rate 5, densest 6; "
        "kills 12, terms 6, twins 5, store 5, switch 5, flood 13, open 3 (which make fewer rounds in less)",
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
