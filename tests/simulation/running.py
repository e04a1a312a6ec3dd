"""Many histories over some processes, and how much happened in them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from time import monotonic

from msgspec import Struct

from shared.domain.errors import HouseError
from shared.domain.instants import SECOND
from tests.simulation.faults import Fault
from tests.simulation.kills import Kill, Killed
from tests.simulation.options import draw
from tests.simulation.scenarios import Placement, played
from tests.simulation.world import World

CHUNK = 100
Case = int | Placement | Kill
"""The seed of a history, a crash in a scenario, or a kill."""
EVERY_S = 5.0
WRONG = (AssertionError, HouseError, LookupError, ArithmeticError, TypeError, ValueError)
"""What a history may break with; anything else is an error of this program."""


class Total(Struct):
    """Sums over histories. ``failed`` names the first one that broke, and ``sentence`` says how.

    ``fired``: in how many histories a fault did. ``calls``, ``doubts`` (seconds until nothing was in doubt any more,
    of the histories in which something was) and ``waits`` (seconds until all had converged) are one each. Of kills:
    orders ``opened`` at that instant, plans ``refused`` from then on, and seconds until open ones were ``void``.
    """

    fired: Counter[Fault]
    calls: list[int]
    doubts: list[float]
    waits: list[float]
    histories: int = 0
    with_fill: int = 0
    plans: int = 0
    fills: int = 0
    reversed: int = 0
    merges: int = 0
    lives: int = 0
    refused: int = 0
    opened: int = 0
    void: list[float] = []
    failed: Case | None = None
    sentence: str = ""

    def add(self, other: "Total") -> None:
        """Take the sums of another chunk; the first failure stays."""
        self.fired.update(other.fired)
        self.calls += other.calls
        self.doubts += other.doubts
        self.waits += other.waits
        self.void += other.void
        for name in ("histories", "with_fill", "plans", "fills", "reversed", "merges", "lives", "refused", "opened"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if self.failed is None:
            self.failed, self.sentence = other.failed, other.sentence


def nothing() -> Total:
    """No history yet."""
    return Total(Counter(), [], [], [])


def _seed(seed: int) -> World:
    world = World(draw(seed))
    world.run()
    return world


def _count(total: Total, world: World) -> None:
    total.histories += 1
    total.fired.update(dict.fromkeys(world.dice.fired, 1))
    total.calls.append(world.calls)
    total.doubts += [wait / SECOND for wait in world.doubt_ns]
    total.waits.append(world.converged_ns / SECOND)
    total.plans += world.checks.plans
    total.fills += world.checks.fills
    total.with_fill += world.checks.fills > 0
    total.reversed += world.checks.reversed
    total.merges += world.checks.merges
    total.lives += sum(process.lives for process in world.processes)


def _played(total: Total, case: Case) -> World:
    if isinstance(case, Placement):
        return played(case)
    if isinstance(case, int):
        return _seed(case)
    killed = Killed(case)
    world = killed.run()
    total.refused += killed.refused
    total.opened += len(killed.opened)
    if killed.opened:
        total.void.append(killed.void_ns / SECOND)
    return world


def _chunk(cases: Sequence[Case]) -> Total:
    total = nothing()
    for case in cases:
        try:
            _count(total, _played(total, case))
        except WRONG as error:
            total.failed, total.sentence = case, f"{type(error).__name__}: {error}"
            return total
    return total


def _in_chunks(cases: Iterable[Case]) -> Iterator[list[Case]]:
    left = iter(cases)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


def simulate(cases: Iterable[Case], what: str, workers: int, say: Callable[[str], None], of: int = 0) -> Total:
    """Every case (a seed, or a placement of a crash), until one breaks; progress every few seconds.

    The chunk with the first failure of them all is finished before the answer, so that the same one is always told.
    """
    total, said = nothing(), monotonic()
    began = said
    chunks = _in_chunks(cases)
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        running: dict[Future[Total], int] = {}
        done: dict[int, Total] = {}
        taken = 0
        for number, chunk in enumerate(islice(chunks, workers * 2)):
            running[pool.submit(_chunk, chunk)] = number
        number = len(running)
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done[running.pop(future)] = future.result()
            while taken in done:
                total.add(done.pop(taken))
                taken += 1
            if total.failed is not None:
                pool.shutdown(wait=False, cancel_futures=True)
                return total
            for chunk in islice(chunks, len(finished)):
                running[pool.submit(_chunk, chunk)] = number
                number += 1
            if monotonic() - said >= EVERY_S:
                said = monotonic()
                rate = total.histories / (said - began)
                say(f"  {total.histories:,}{f' of {of:,}' if of else ''} {what}, {rate:,.0f}/s")
    return total


def at_share(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 without any."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else 0.0
