"""``python -m tests.prove [--histories N] [--frames N] [--seed S] [--workers W]``: exit 0, or 4 with what failed first.

Generated histories of the whole engine, then mutated frames of every stream.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from time import monotonic

from shared.domain.instants import SECOND
from tests.prove.histories import History
from tests.prove.running import CHUNK, FAILURES, distribution, prove, shares_shown, too_rare
from tests.prove.streams import STREAMS, complaints, prove_streams, tell_frames
from tests.prove.world import START

STORY_LINES = 80
ENOUGH = 5_000
"""Histories from which on the rarest things must have been seen."""
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


def prove_histories(seeds: range, workers: int) -> bool:
    """Every history, told as it goes; whether all is well."""
    started = monotonic()
    total = prove(seeds, workers)
    if total.seed is not None:
        for line in tell_story(total.seed, total.sentence):
            print(line)
        print(f"{total.histories} passed, 1 failed")
        return False
    figures = distribution(total)
    print(f"{total.histories:,} histories, {total.orders:,} orders in {monotonic() - started:.0f} s")
    print("  " + ", ".join(f"{name} {value:.0f} (at least {MINIMUM[name]})" for name, value in figures.items()))
    print("  faults: " + ", ".join(f"{name} {n:,}" for name, n in total.faults.most_common()))
    for group, shares in shares_shown(total):
        print(f"  {group}: " + ", ".join(f"{name} {share:.1f}%" for name, share in shares.items()))
    poor = [name for name, value in figures.items() if value < MINIMUM[name] and len(seeds) >= CHUNK]
    poor += too_rare(total) if len(seeds) >= ENOUGH else []
    if poor:
        print(f"the histories are too poor to prove anything: {', '.join(poor)}")
        print(f"{total.histories} passed, {len(poor)} failed")
    return not poor


def prove_frames(frames: int, seed: int, workers: int, streams: Sequence[str]) -> bool:
    """Every stream's mutated frames, a line each; whether all is well."""
    started = monotonic()
    totals = prove_streams(frames, seed, workers, streams)
    passed = sum(total.frames for total in totals.values())
    print(f"{passed:,} mutated frames in {monotonic() - started:.0f} s")
    for line in tell_frames(totals):
        print(line)
    wrong = list(complaints(totals))
    for line in wrong:
        print(line)
    if wrong:
        print(f"{passed} passed, {sum(1 for total in totals.values() if total.number is not None)} failed")
    return not wrong


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=100_000, help="mutated frames in all, over every stream")
    parser.add_argument("--stream", choices=list(STREAMS), help="only this stream's frames")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the n-th history or frame has seed S + n")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    if options.workers < 1 or min(options.histories, options.frames) < 0 or not options.histories + options.frames:
        told = f"{options.histories}, {options.frames} and {options.workers}"
        parser.error(f"--histories, --frames (one may be 0) and --workers must be positive, not {told}")
    seeds = range(options.seed, options.seed + options.histories)
    if seeds and not prove_histories(seeds, options.workers):
        return 4
    streams = [options.stream] if options.stream else list(STREAMS)
    if options.frames and not prove_frames(options.frames, options.seed, options.workers, streams):
        return 4
    print(f"{options.histories + options.frames} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
