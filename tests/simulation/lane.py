"""A lane in virtual time."""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from shared.domain.errors import Temporary
from shared.domain.instants import MILLISECOND, SECOND
from tests.simulation.faults import Fault
from tests.simulation.ports import Gate

T = TypeVar("T")


class SlowLane:
    """A lane in virtual time: calls are made one after another, each after a while, and answered a little later.

    ``run`` makes a call of this process after a while: not while it is paused, never after it has died.
    """

    def __init__(
        self,
        gate: Gate,
        run: Callable[[int, Callable[[], None]], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._gate = gate
        self._run = run
        self._broken = broken
        self._waiting: deque[tuple[Callable[[], None], str]] = deque()
        self._newest: dict[str, Callable[[], None]] = {}
        self._busy = False
        self._answers_at = 0
        self._dead = False

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = lambda _: None,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",
    ) -> None:
        """See ``fargate.lanes.Lane``."""

        def make() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001  # as the lane of the product: whatever it is, somebody hears it
                self._answer(self._told(error, failed))
            else:
                self._answer(lambda: then(result))

        if newest:
            waits = newest in self._newest
            self._newest[newest] = make
            if waits:
                return
        self._waiting.append((make, newest))
        if not self._busy:
            self._begin()

    def _told(self, error: Exception, failed: Callable[[Temporary], None] | None) -> Callable[[], None]:
        if failed is not None and isinstance(error, Temporary):
            return lambda: failed(error)
        self._dead = True  # nothing is made after an error that nobody hears
        return lambda: self._broken(error)

    def _answer(self, tell: Callable[[], None]) -> None:
        """Answers come in the order of the calls; the next call does not wait for them."""
        now = self._gate.clock.now
        self._answers_at = max(self._answers_at, now + self._wait() // 2)
        self._run(self._answers_at - now, tell)

    def _wait(self) -> int:
        dice = self._gate.dice
        if dice.fires(Fault.SLOW):
            return dice.rng.randrange(15 * SECOND)
        return dice.rng.randrange(MILLISECOND, self._gate.latency)

    def _begin(self) -> None:
        self._busy = True
        self._run(self._wait() // 2, self._make)

    def _make(self) -> None:
        if self._dead:
            return
        make, newest = self._waiting.popleft()
        (self._newest.pop(newest) if newest else make)()
        self._busy = False
        if self._waiting:
            self._begin()
