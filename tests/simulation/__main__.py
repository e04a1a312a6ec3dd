"""``python -m tests.simulation [--seeds N] [--seed S] [--placements] [--kills N]``: exit 0, or 4 and what failed first.

With ``--seed`` one history: the options drawn, its story, and what is wrong. Without, ``--seeds`` histories, every
single crash of the scenarios with ``--placements``, and ``--kills`` histories with a kill at a random instant.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from time import monotonic

from shared.domain.errors import HouseError
from tests.simulation.checks import Violation
from tests.simulation.faults import Fault
from tests.simulation.kills import Kill, Killed
from tests.simulation.options import draw
from tests.simulation.running import Case, Total, at_share, simulate
from tests.simulation.scenarios import SCENARIOS, Placement, placements, staged
from tests.simulation.world import World

STORY_LINES = 120
ENOUGH = 10_000
"""Histories from which on every kind of fault must have fired in a tenth of them."""
LEAST_CALLS = 300
LEAST_PLACEMENTS = 10_000
DOUBT_S = 60.0
"""Nothing is in doubt for longer once the venue answers, in 99 of 100 histories."""


def say(line: str) -> None:
    """To people, at once."""
    print(line, flush=True)


def story(case: Case, lines: int = STORY_LINES) -> Iterator[str]:
    """What a case is, the last lines of its story, and what is wrong at its end."""
    if isinstance(case, Placement):
        world = staged(SCENARIOS[case.scenario], telling=True)
        world.processes[0].gate.crash_at = (case.call, case.after)
        run: Callable[[], object] = world.run
        yield case.told
    elif isinstance(case, Kill):
        killed = Killed(case, telling=True)
        world, run = killed.world, killed.run
        yield f"{case.told}: {world.options.told()}"
    else:
        world = World(draw(case), telling=True)
        run = world.run
        yield f"seed {case}: {world.options.told()}"
    wrong = ""
    try:
        run()
    except (Violation, HouseError) as error:
        wrong = f"{type(error).__name__}: {error}"
    left = max(len(world.story) - lines, 0)
    if left:
        yield f"  (the first {left} lines are left out)"
    yield from (f"  {line}" for line in world.story[left:])
    yield f"digest {world.digest}"
    yield f"WRONG: {wrong}" if wrong else "nothing is wrong"


def told(total: Total, took_s: float) -> Iterator[str]:
    """How much happened."""
    n = max(total.histories, 1)
    yield f"{total.histories:,} histories in {took_s:.0f} s, 0 violations"
    yield (
        f"  port calls: median {at_share(total.calls, 0.5):.0f}, most {max(total.calls, default=0):,}; "
        f"lives {total.lives / n:.1f}, orders {total.plans / n:.1f}, executions {total.fills / n:.1f} a history "
        f"({total.reversed:,} failed to settle), {total.merges:,} merges, {total.with_fill / n:.0%} with one"
    )
    yield (
        f"  after the last fault: nothing in doubt within {at_share(total.doubts, 0.99):.0f} s (p99), all converged "
        f"within {at_share(total.waits, 0.5):.0f} s (p50), {max(total.waits, default=0):.0f} s (most)"
    )
    if total.fired:
        yield "  histories in which each fault fired:"
    for fault in Fault:
        if fault in total.fired:
            yield f"    {total.fired[fault]:>7,}  {fault.value}"


def poor(total: Total) -> list[str]:
    """Why these histories prove too little."""
    if total.histories < ENOUGH:
        return []
    rare = [f"{fault.value} {total.fired[fault]}" for fault in Fault if total.fired[fault] * 10 < total.histories]
    found = [f"too rare: {', '.join(rare)}"] if rare else []
    if at_share(total.calls, 0.5) < LEAST_CALLS:
        found.append(f"median of {at_share(total.calls, 0.5):.0f} port calls, {LEAST_CALLS} are asked for")
    if at_share(total.doubts, 0.99) > DOUBT_S:
        found.append(f"in doubt for {at_share(total.doubts, 0.99):.0f} s (p99), {DOUBT_S:.0f} s are allowed")
    return found


def told_of_kills(total: Total) -> str:
    """What the kills have done."""
    return (
        f"  kills at random instants, half of them with every trader dead: 0 orders planned afterwards "
        f"({total.refused:,} plans refused by the switch), {total.opened:,} orders open or on their way in "
        f"{len(total.void):,} histories, void within {at_share(total.void, 0.99):.1f} s (p99)"
    )


def ran(total: Total, took_s: float) -> bool:
    """Tell of it; whether all is well."""
    if total.failed is not None:
        case = total.failed
        for line in story(case):
            say(line)
        again = f"--seed {case}"
        if isinstance(case, Placement):
            again = f"--placement {case.scenario} {case.call} {case.after:d}"
        elif isinstance(case, Kill):
            again = f"--kill {case.seed}"
        say(f"{total.sentence}\nagain: python -m tests.simulation {again}")
        say(f"{total.histories} passed, 1 failed")
        return False
    for line in told(total, took_s):
        say(line)
    return True


def one_of(options: argparse.Namespace) -> Case | None:
    """The one case that is to be told; None where all are to be tried."""
    if options.placement:
        scenario, call, after = options.placement
        return Placement(scenario, call, bool(after))
    if options.kill is not None:
        return Kill(options.kill)
    seed: int | None = options.seed
    return seed


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="histories (10,000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seed", type=int, help="tell this one history")
    parser.add_argument("--lines", type=int, default=STORY_LINES, help=f"of a story, at its end ({STORY_LINES})")
    parser.add_argument("--placements", action="store_true", help="every single crash of the scenarios as well")
    parser.add_argument("--placement", type=int, nargs=3, metavar=("SCENARIO", "CALL", "AFTER"), help="tell this one")
    parser.add_argument("--kills", type=int, default=0, help="histories with a kill as well (0)")
    parser.add_argument("--kill", type=int, help="tell the kill of this seed")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    options = parser.parse_args(arguments)
    case = one_of(options)
    if case is not None:
        lines = list(story(case, options.lines))
        for line in lines:
            say(line)
        return 4 if lines[-1].startswith("WRONG") else 0
    began = monotonic()
    seeds = range(options.first, options.first + options.seeds)
    total = simulate(seeds, "histories", options.workers, say, options.seeds)
    well = ran(total, monotonic() - began)
    for line in poor(total):
        say(f"the histories prove too little: {line}")
        well = False
    if well and options.placements:
        began = monotonic()
        total = simulate(placements(), "single crashes", options.workers, say)
        well = ran(total, monotonic() - began)
        if well and total.histories < LEAST_PLACEMENTS:
            say(f"only {total.histories:,} placements, {LEAST_PLACEMENTS:,} are asked for")
            well = False
    if well and options.kills:
        began = monotonic()
        total = simulate(map(Kill, range(options.kills)), "kills", options.workers, say, options.kills)
        well = ran(total, monotonic() - began)
        if well:
            say(told_of_kills(total))
    return 0 if well else 4


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
