"""Many histories over some processes, and how much happened in them."""

from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from statistics import median
from time import monotonic

from msgspec import Struct

from shared.domain.errors import HouseError
from tests.prove.histories import COUNTED_AS_FAULT, History

CHUNK = 500
EVERY_S = 3.0
FAILURES = (AssertionError, HouseError, LookupError, ArithmeticError, TypeError, ValueError)
"""What a history may break with; anything else is an error of this program."""


class Outcome(Struct):
    """Sums over a chunk of histories; ``seed`` and ``sentence`` of the first that failed."""

    events: Counter[int]
    faults: Counter[str]
    histories: int = 0
    with_fill: int = 0
    with_fault: int = 0
    orders: int = 0
    seed: int | None = None
    sentence: str = ""


def empty() -> Outcome:
    """Nothing has run yet."""
    return Outcome(Counter(), Counter())


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
        outcome.with_fill += world.fills > 0
        outcome.with_fault += any(name in world.faults for name in COUNTED_AS_FAULT)
        outcome.orders += len(world.engine.desk.books.orders)
    return outcome


def merge(total: Outcome, part: Outcome) -> None:
    """Adds a chunk to the whole; of two failures the smaller seed is kept."""
    total.events.update(part.events)
    total.faults.update(part.faults)
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
