"""``python -m tests.prove [--histories N] [--seed S] [--workers W]``: exit 0, or 4 with the first seed that fails."""

import argparse
import sys
from collections.abc import Iterator
from time import monotonic

from shared.domain.instants import SECOND
from tests.prove.histories import History
from tests.prove.running import CHUNK, FAILURES, distribution, prove
from tests.prove.world import START

STORY_LINES = 80
MINIMUM = {"median events": 20, "% with a fill": 90, "% with a fault": 30}
"""What a distribution must reach to be worth anything."""


def tell_story(seed: int, sentence: str) -> Iterator[str]:
    """The history of a seed, event by event, and what is wrong at its end."""
    history = History(seed)
    try:
        history.run(thorough=True)
    except FAILURES as error:
        sentence = f"{type(error).__name__}: {error}"
    yield f"seed {seed} breaks an invariant: {sentence}"
    story = history.world.story
    if len(story) > STORY_LINES:
        yield f"  (the first {len(story) - STORY_LINES} events are left out)"
    for at, what in story[-STORY_LINES:]:
        yield f"  {(at - START) / SECOND:12.6f} s  {what}"
    yield f"again: python -m tests.prove --seed {seed} --histories 1"


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the n-th history has seed S + n")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    if options.histories < 1 or options.workers < 1:
        parser.error(f"--histories and --workers must be positive, not {options.histories} and {options.workers}")
    started = monotonic()
    total = prove(range(options.seed, options.seed + options.histories), options.workers)
    if total.seed is not None:
        for line in tell_story(total.seed, total.sentence):
            print(line)
        print(f"{total.histories} passed, 1 failed")
        return 4
    figures = distribution(total)
    print(f"{total.histories:,} histories, {total.orders:,} orders in {monotonic() - started:.0f} s")
    print("  " + ", ".join(f"{name} {value:.0f} (at least {MINIMUM[name]})" for name, value in figures.items()))
    print("  faults: " + ", ".join(f"{name} {n:,}" for name, n in total.faults.most_common()))
    poor = [name for name, value in figures.items() if value < MINIMUM[name] and options.histories >= CHUNK]
    if poor:
        print(f"the histories are too poor to prove anything: {', '.join(poor)}")
        print(f"{total.histories} passed, {len(poor)} failed")
        return 4
    print(f"{total.histories} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
