"""Many histories over some processes, and how much happened in them."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from statistics import median
from time import monotonic

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.errors import HouseError
from shared.domain.reasons import RULES
from tests.prove.histories import COUNTED_AS_FAULT, History

CHUNK = 500
EVERY_S = 3.0
SHOWN = {
    "breakers": (
        Reason.TRADING_DISABLED,
        Reason.HALTED_DRAWDOWN,
        Reason.HALTED_DAILY_LOSS,
        Reason.HALTED_WEEKLY_LOSS,
        Reason.HALTED_LOSSES,
        Reason.PAUSED_LOSSES,
        Reason.HALTED_FEED,
        Reason.PAUSED_STORE,
        Reason.HALTED_API_ERRORS,
        Reason.HALTED_SETTLEMENTS,
        Reason.HALTED_SPOT_MOVE,
        Reason.HALTED_VAR,
        Reason.HALTED_STRESS,
        Reason.WHALE_DAILY_LOSS,
        Reason.ORDER_RATE,
    ),
    "exits": RULES,
    "caps": (
        Reason.CAP_POSITION,
        Reason.CAP_EXPOSURE,
        Reason.CAP_TOPIC,
        Reason.CAP_DIVERSIFICATION,
        Reason.CAP_OPEN_POSITIONS,
    ),
    "execution": ("phase", "slice", "retry", "FAK"),
    "the chain": ("confirmed", "reversed", "settled", "merged", "rebated"),
    "lives": ("restart", "halted", "resumed"),
}
"""What a proof must have seen, by what it belongs to: reasons, kinds of records, and faults."""
FAILURES = (AssertionError, HouseError, LookupError, ArithmeticError, TypeError, ValueError)
"""What a history may break with; anything else is an error of this program."""

_NAMES = tuple(name for names in SHOWN.values() for name in names)
AT_LEAST = 0.1
"""Percent of the histories that must show each of them."""


class Outcome(Struct):
    """Sums over a chunk of histories; ``seed`` and ``sentence`` of the first that failed.

    ``shown``: in how many histories a thing of ``SHOWN`` was seen.
    """

    events: Counter[int]
    faults: Counter[str]
    shown: Counter[str]
    histories: int = 0
    with_fill: int = 0
    with_fault: int = 0
    orders: int = 0
    seed: int | None = None
    sentence: str = ""


def empty() -> Outcome:
    """Nothing has run yet."""
    return Outcome(Counter(), Counter(), Counter())


def run(seeds: range) -> Outcome:
    """Histories until one fails."""
    outcome = empty()
    for seed in seeds:
        try:
            world = History(seed).run()
        except FAILURES as error:
            outcome.seed, outcome.sentence = seed, f"{type(error).__name__}: {error}"
            return outcome
        outcome.histories += 1
        outcome.events[world.events] += 1
        outcome.faults.update(world.faults)
        outcome.shown.update(str(name) for name in _NAMES if name in world.checks.seen or name in world.faults)
        outcome.with_fill += world.fills > 0
        outcome.with_fault += any(name in world.faults for name in COUNTED_AS_FAULT)
        outcome.orders += len(world.engine.desk.books.orders)
    return outcome


def merge(total: Outcome, part: Outcome) -> None:
    """Adds a chunk to the whole; of two failures the smaller seed is kept."""
    total.events.update(part.events)
    total.faults.update(part.faults)
    total.shown.update(part.shown)
    total.histories += part.histories
    total.with_fill += part.with_fill
    total.with_fault += part.with_fault
    total.orders += part.orders
    if part.seed is not None and (total.seed is None or part.seed < total.seed):
        total.seed, total.sentence = part.seed, part.sentence


def prove(seeds: range, workers: int) -> Outcome:
    """Every seed, over some processes, with a line of progress every few seconds."""
    total, started = empty(), monotonic()
    spoken = started
    chunks = iter(range(at, min(at + CHUNK, seeds.stop)) for at in range(seeds.start, seeds.stop, CHUNK))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        running: set[Future[Outcome]] = {pool.submit(run, chunk) for chunk in islice(chunks, 2 * workers)}
        while running:
            done, running = wait(running, timeout=EVERY_S, return_when=FIRST_COMPLETED)
            for future in done:
                merge(total, future.result())
            if total.seed is None:
                running |= {pool.submit(run, chunk) for chunk in islice(chunks, len(done))}
            if monotonic() - spoken >= EVERY_S:
                spoken = monotonic()
                rate = total.histories / (spoken - started)
                print(f"  {total.histories:,} of {len(seeds):,} histories, {rate:,.0f}/s", flush=True)
    return total


def distribution(total: Outcome) -> dict[str, float]:
    """How much happened in a history: the figures the minimum is held against."""
    return {
        "median events": median(total.events.elements()),
        "% with a fill": 100 * total.with_fill / total.histories,
        "% with a fault": 100 * total.with_fault / total.histories,
    }


def shares_shown(total: Outcome) -> Iterator[tuple[str, dict[str, float]]]:
    """By group, the percentage of the histories that showed each thing."""
    for group, names in SHOWN.items():
        yield group, {str(name): 100 * total.shown[str(name)] / total.histories for name in names}


def too_rare(total: Outcome) -> list[str]:
    """What too few histories showed."""
    return [name for _, shares in shares_shown(total) for name, share in shares.items() if share < AT_LEAST]
