"""The kill switch, flipped from outside at a random instant of a history in which anything else goes wrong: what the
kill function does, with the trader alive or just dead. Nothing is planned from then on, and everything open is void.
"""

from random import Random

from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.control.stopping import CLOCKS_APART_NS, stop
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.order import FINAL
from tests.simulation.clockwork import START
from tests.simulation.exchange import Exchange
from tests.simulation.faults import Fault
from tests.simulation.options import draw
from tests.simulation.world import World

FIRST_S, LAST_S = 8, 70
AFTER_S = 10
"""How long faults go on after the kill."""
WITHIN_NS = 5 * SECOND
EVERY_NS = 100 * MILLISECOND
BY_HAND = (Fault.KILL, Fault.RESUME, Fault.FLATTEN)
"""What else people may ask: here they ask for nothing but the one kill."""
DEAD = 0.5
"""How often every trader dies right before."""


class Kill(Struct, frozen=True):
    """The kill of a seed."""

    seed: int

    @property
    def told(self) -> str:
        """For people."""
        return f"kill {self.seed}"


class Killed:
    """A history with its kill. ``opened``: orders open then, or on their way to the venue; ``refused``: plans that the
    switch has refused; ``void_ns``: how long after the kill the last order was void (to a tenth of a second).
    """

    def __init__(self, kill: Kill, telling: bool = False) -> None:
        rng = Random(f"kill {kill.seed}")
        self.at = START + rng.randrange(FIRST_S * SECOND, LAST_S * SECOND)
        self._dead = rng.random() < DEAD
        self._heeds = rng.randrange(SECOND)
        drawn = draw(kill.seed)
        # A trader plans nothing while its clock is too far off, which is the clock watch's to see, and not in here.
        moments = {fault: times for fault, times in drawn.moments.items() if fault not in (*BY_HAND, Fault.JUMP)}
        seconds = (self.at - START) // SECOND + AFTER_S
        self.world = World(replace(drawn, moments=moments, seconds=seconds), telling, self._script)
        self.world.records.refused = self._refuse
        self.opened: set[str] = set()
        self.refused = self.planned = self.void_ns = 0

    def run(self) -> World:
        """To its end; ``Violation`` when something is wrong."""
        world = self.world
        world.run()
        if world.checks.plans != self.planned:
            world.checks.fail(f"{world.checks.plans - self.planned} orders were planned after the kill")
        return world

    def _script(self, world: World) -> None:
        world.by_chance()
        world.clock.at(self.at, self._kill)

    def _refuse(self, failed: tuple[str, ...]) -> None:
        self.refused += any(one.startswith("switch") for one in failed)

    def _kill(self) -> None:
        world = self.world
        if self._dead:
            for process in world.processes:
                process.crash()
        world.checks.flipped()
        stop(world.records, self, "drill", lambda: world.clock.now)
        self.planned = world.checks.plans
        self._look()

    def cancel_all(self, before: int, reason: str) -> str:
        """The venue finds it beside its log within a second."""
        world = self.world
        assert before == world.clock.now + CLOCKS_APART_NS
        world.exchange.log.cancelled = before
        world.clock.after(self._heeds, world.exchange.heed)
        return reason

    def _look(self) -> None:
        since = self.world.clock.now - self.at
        left = _open(self.world.exchange)
        self.opened.update(left)
        if left:
            self.void_ns = since + EVERY_NS
        if self.void_ns > WITHIN_NS:
            self.world.checks.fail(f"orders {left} are open {since / SECOND:.1f} s after the kill")
        if since < AFTER_S * SECOND:
            self.world.clock.after(EVERY_NS, self._look)


def _open(exchange: Exchange) -> list[str]:
    return [one.order.order_key for one in exchange.log.load() if one.state not in FINAL]
