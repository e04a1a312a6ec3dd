"""One generated history from one seed, and what it amounted to."""

from random import Random

from shared.domain.instants import SECOND
from shared.domain.messages import CommandKind
from shared.domain.money import ONE, dollars
from shared.domain.order import Side
from tests.prove.world import FAULTS, MARKETS, WALLETS, Violation, World

TOKENS = tuple(f"{market}:{outcome}" for market in MARKETS for outcome in ("yes", "no"))
LENGTH = (18, 40)
COUNTED_AS_FAULT = ("rejected", "request lost", "reply lost", "refusal", "duplicate report", "late fill", "doubt")
ACTIONS = {
    "whale": 20,
    "again": 3,
    "print": 4,
    "deliver": 40,
    "fill": 26,
    "wait": 8,
    "twice": 1,
    "lose": 1,
    "doubt": 1,
    "late": 1,
    "expire": 1,
    "kill": 0.5,
    "resume": 1,
    "store": 0.4,
    "refuse": 0.5,
    "resolve": 1.2,
    "restart": 0.6,
    "night": 0.2,
    "deposit": 0.3,
}
_NAMES, _WEIGHTS = tuple(ACTIONS), tuple(ACTIONS.values())


class History:
    """``seed`` decides everything; ``run`` raises ``Violation`` (or the engine's own ``Corrupt``)."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.risky = self.rng.choice((0.0, 0.02, 0.1))
        sizing = self.rng.choice(("kelly", "ratio"))
        self.world = World(sizing, self.rng.choice((300, 1_000, 3_000)), self._fate)

    def _fate(self) -> str:
        return self.rng.choice(FAULTS) if self.rng.random() < self.risky else ""

    def run(self, thorough: bool = False) -> World:
        """The whole history and its end; ``thorough`` checks every invariant after every step, not only some."""
        rng, world = self.rng, self.world
        for step, action in enumerate(rng.choices(_NAMES, _WEIGHTS, k=rng.randint(*LENGTH))):
            self._do(action)
            if thorough or step % 4 == 0:
                world.check()
        world.finish()
        return world

    def _do(self, action: str) -> None:
        rng, world = self.rng, self.world
        n = rng.randrange(1_000)
        if action in ("deliver", "twice", "lose") and not world.pending:
            action = "fill" if world.live_orders() else "whale"
        match action:
            case "whale":
                side = Side.SELL if rng.random() < 0.3 else Side.BUY
                lag = rng.choice((1, 1, 1, 5, 30, 61)) * SECOND
                world.whale(
                    rng.choice(WALLETS), rng.choice(TOKENS), side, rng.randint(5, 95), rng.randint(50, 6_000), lag
                )
            case "again":
                world.again()
            case "print":
                world.public_print(rng.choice(TOKENS), rng.randint(1, 99))
            case "deliver":
                world.deliver(0 if n < 700 else n)
            case "twice":
                world.deliver_twice(n)
            case "lose":
                world.lose(n)
            case "fill":
                world.fill(n, rng.choice((100, 60, 30, 5)), rng.choice((0, 0, 1, 4)))
            case "wait":
                world.wait(rng.choice((1, 5, 20, 31, 61)) * SECOND)
            case "late":
                world.late_fill(n, rng.randint(1, 100))
            case "resolve":
                world.resolve(rng.choice(MARKETS), rng.choice((0, ONE, ONE, ONE // 2)))
            case _:
                self._rarely(action, n)

    def _rarely(self, action: str, n: int) -> None:
        world = self.world
        match action:
            case "doubt":
                world.doubt(n)
            case "expire":
                world.expire(n)
            case "kill":
                world.command(CommandKind.KILL)
            case "resume":
                world.command(CommandKind.RESUME)
            case "store":
                world.stop_in_the_store()
            case "refuse":
                world.refuse_next = True
            case "night":
                world.night()
            case "restart":
                world.restart()
                if n % 2:
                    world.again()
            case "deposit":
                world.command(CommandKind.DEPOSIT, dollars(n + 1))
            case _:
                raise Violation(f"no action is called {action}")
