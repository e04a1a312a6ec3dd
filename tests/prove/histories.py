"""One generated history from one seed, and what it amounted to."""

from collections.abc import Callable
from random import Random

from shared.domain.command import CommandKind
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.money import ONE, dollars
from shared.domain.order import Side
from tests.prove.settings import drawn
from tests.prove.world import FAULTS, FEEDS, MARKETS, MET, TOKENS, WALLETS, WORRIES, World

LENGTH = (16, 34)
COUNTED_AS_FAULT = (
    "rejected",
    "busy",
    "broken",
    "request lost",
    "reply lost",
    "refusal",
    "duplicate report",
    "late fill",
    "doubt",
)
ACTIONS = {
    "whale": 20,
    "again": 2,
    "print": 3,
    "book": 10,
    "level": 3,
    "deliver": 40,
    "fill": 22,
    "settle": 8,
    "wait": 8,
    "twice": 1,
    "lose": 1,
    "doubt": 1,
    "late": 1,
    "expire": 1,
    "kill": 0.4,
    "flatten": 0.4,
    "resume": 1.6,
    "store": 0.3,
    "refuse": 0.5,
    "resolve": 0.8,
    "restart": 0.7,
    "night": 0.3,
    "week": 0.1,
    "deposit": 0.3,
    "rebate": 0.3,
    "spot": 1,
    "worry": 1.2,
    "talk": 0.8,
    "feed": 0.8,
    "hurry": 0.5,
    "shut": 0.4,
    "tick": 0.2,
    "errors": 0.3,
    "rush": 0.5,
    "flip": 0.5,
}
_NAMES, _WEIGHTS = tuple(ACTIONS), tuple(ACTIONS.values())


class History:
    """``seed`` decides everything; ``run`` raises ``Violation`` (or the engine's own ``Corrupt``).

    ``cents``: where the first outcome of each market is traded; most whales trade near it, most books are shown there.
    """

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.risky = self.rng.choice((0.0, 0.02, 0.1))
        self.failing = self.rng.choice((0.0, 0.1, 0.5))
        self.cents = {market: self.rng.randint(15, 85) for market in MARKETS}
        self.world = World(drawn(self.rng), self._fate, self._luck)
        self._rare = self._rarities()

    def _fate(self) -> str:
        return self.rng.choice(FAULTS) if self.rng.random() < self.risky else ""

    def _luck(self) -> int:
        return self.rng.choice(MET)

    def run(self, thorough: bool = False) -> World:
        """The whole history and its end; ``thorough`` checks every invariant after every step, not only some."""
        rng, world = self.rng, self.world
        self._open()
        for step, action in enumerate(rng.choices(_NAMES, _WEIGHTS, k=rng.randint(*LENGTH))):
            self._do(action)
            if thorough or step % 8 == 0:
                world.check()
        world.finish()
        return world

    # ------------------------------------------------------------------ prices

    def _near(self, token: str) -> int:
        """A price near where the token is traded; the market drifts, and sometimes jumps."""
        rng, market = self.rng, token.partition(":")[0]
        moved = self.cents[market] + (rng.randint(-30, 30) if rng.random() < 0.1 else rng.randint(-2, 2))
        self.cents[market] = min(max(moved, 3), 97)
        return self.cents[market] if token.endswith("yes") else 100 - self.cents[market]

    def _token(self) -> str:
        """A token: mostly one that we hold or are buying, since there is more to see."""
        rng = self.rng
        ours = list(self.world.checks.shadow.sizes)
        return rng.choice(ours) if ours and rng.random() < 0.6 else rng.choice(TOKENS)

    # ------------------------------------------------------------------ actions

    def _open(self) -> None:
        """How most stories begin: whales buy, and what we send is met in part."""
        rng, world = self.rng, self.world
        for token in rng.sample(TOKENS, rng.randint(1, 3)):
            world.whale(rng.choice(WALLETS), token, Side.BUY, self._near(token), rng.randint(1_000, 6_000))
            while world.pending:
                world.deliver(0)
            world.fill(rng.randrange(9), rng.choice((100, 60, 30)))

    def _do(self, action: str) -> None:
        rng, world = self.rng, self.world
        n = rng.randrange(1_000)
        if action in ("deliver", "twice", "lose") and not world.pending:
            action = "fill" if world.exchange.live else "whale"
        match action:
            case "whale":
                self._whale()
            case "book":
                token = self._token()
                cents = self._near(token) if n < 950 else 1
                world.book(token, cents, rng.choice((1, 1, 2, 4, -1)), rng.choice((10, 200, 5_000, 5_000, 0)))
            case "deliver":
                world.deliver(0 if n < 700 else n)
            case "fill":
                world.fill(n, rng.choice((100, 60, 30, 5)), rng.choice((0, 0, 1, 4)))
            case "settle":
                world.settle(n, rng.random() < self.failing)
            case "wait":
                world.wait(rng.choice((1, 5, 20, 31, 61)) * SECOND, hearing=n < 300)
            case "print":
                token = self._token()
                world.public_print(token, self._near(token) if n < 800 else rng.randint(1, 99), told=n % 2 == 0)
            case "level":
                token = self._token()
                side = rng.choice((Side.BUY, Side.SELL))
                world.level(token, side, self._near(token), rng.choice((0, 0, 50, 500)))
            case _:
                self._rare[action](n)

    def _whale(self) -> None:
        rng = self.rng
        side = Side.SELL if rng.random() < 0.3 else Side.BUY
        lag = rng.choice((1, 1, 1, 1, 5, 30, 61)) * SECOND
        token = self._token() if side is Side.SELL else rng.choice(TOKENS)
        cents = self._near(token) if rng.random() < 0.9 else rng.randint(5, 95)
        self.world.whale(rng.choice(WALLETS), token, side, cents, rng.randint(50, 6_000), lag)

    def _rarities(self) -> dict[str, Callable[[int], None]]:
        """What is done for the actions that are drawn less often; each takes a random number below 1,000."""
        rng, world = self.rng, self.world
        return {
            "again": lambda _: world.again(),
            "twice": world.deliver_twice,
            "lose": world.lose,
            "late": lambda n: world.late_fill(n, rng.randint(1, 100)),
            "resolve": lambda _: world.resolve(rng.choice(MARKETS), rng.choice((0, ONE, ONE, ONE // 2))),
            "doubt": world.doubt,
            "expire": world.expire,
            "kill": lambda _: world.command(CommandKind.KILL),
            "flatten": lambda _: world.command(CommandKind.FLATTEN),
            "resume": lambda _: world.command(CommandKind.RESUME),
            "deposit": lambda n: world.command(CommandKind.DEPOSIT, dollars(n + 1)),
            "store": lambda _: world.stop_in_the_store(),
            "refuse": self._refuse,
            "night": lambda _: world.sleep(13 * HOUR),
            "week": lambda _: world.sleep(4 * DAY),
            "rebate": lambda n: world.rebate(again=n % 3 == 0),
            "spot": self._spot,
            "flip": self._flip,
            "worry": lambda _: world.worry(rng.choice((*WORRIES, "none", "none", "none"))),
            "talk": lambda _: world.talk(rng.choice((0, 250_000, 350_000)), together=rng.random() < 0.3),
            "feed": lambda _: world.feed(rng.choice(FEEDS), healthy=rng.random() < 0.7),
            "hurry": lambda _: world.hurry(rng.choice(MARKETS), rng.choice((-1, 0, 1, 90))),
            "shut": lambda n: world.shut(rng.choice(MARKETS), shut=n < 500, disputed=n % 7 == 0),
            "tick": lambda n: world.tick(rng.choice(TOKENS), fine=n < 700),
            "errors": self._errors,
            "rush": self._rush,
            "restart": self._restart,
        }

    def _refuse(self, _n: int) -> None:
        self.world.refuse_next = True

    def _errors(self, n: int) -> None:
        """The venue's interface breaks for some requests in a row."""
        fates = ["broken"] * (2 + n % 6)
        before = self.world.fate
        self.world.fate = lambda: fates.pop() if fates else before()

    def _spot(self, _n: int) -> None:
        self.world.spot(0)
        self.world.spot(self.rng.choice((-10, -9, -3, 2, 9, 10, 11)))

    def _flip(self, n: int) -> None:
        """A whale changes its mind, we follow, and the venue fills the first order after all: we hold both sides."""
        rng, world = self.rng, self.world
        market, wallet = rng.choice(MARKETS), rng.choice(WALLETS)
        for outcome in ("yes", "no"):
            token = f"{market}:{outcome}"
            world.whale(wallet, token, Side.BUY, self._near(token), rng.randint(1_000, 6_000))
            while world.pending:
                world.deliver(0)
            if outcome == "yes":
                for _ in range(4):  # through every phase
                    world.expire(-1)
                    while world.pending:
                        world.deliver(0)
        world.fill(-1, 100)
        world.late_fill(n, 100)
        while world.pending:
            world.deliver(0)

    def _rush(self, _n: int) -> None:
        """Whales buy one thing after another within a moment."""
        for _ in range(self.rng.randint(3, 6)):
            token = self.rng.choice(TOKENS)
            self.world.whale(self.rng.choice(WALLETS), token, Side.BUY, self._near(token), self.rng.randint(500, 6_000))
            while self.world.pending:
                self.world.deliver(0)

    def _restart(self, n: int) -> None:
        self.world.restart()
        if n % 2:
            self.world.again()
