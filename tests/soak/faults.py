"""Random faults on all sources while whales trade: in the end the trader has seen what a run without faults would have.

Two timelines of seeded faults run beside each other, every fault of the exchange in turn on some of the servers it
concerns; at the end there is peace, in which the trader must recover without a person.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from shared.domain.decision import Reason
from tests.exchange.catalogue import Execution, micro
from tests.exchange.clients import furnish
from tests.exchange.troubles import FAULTS
from tests.exchange.world import CROWD, World
from tests.soak.exchange import wallets_of
from tests.soak.figures import Figure, exactly
from tests.soak.trading import Trading
from tests.soak.truth import AGED_S, Compared, Fill, Trouble, compare

WALLETS = 5
MARKETS = tuple(f"will-it-snow-on-day-{day}" for day in range(1, 7))
TIMELINES = 2
READY_S = 30.0
PEACE_S = 75.0
"""Longer than the longest wait of a socket between two attempts, and than a poll of everything."""
LAST_S = 15.0
"""Within this the last trade, made in peace, must have been decided."""
Say = Callable[[str], None]


class Pace(Struct, frozen=True):
    """Seconds: how long faults last and the pauses between them, from and to; the mean time between whale trades."""

    fault_s: tuple[float, float] = (5.0, 40.0)
    pause_s: tuple[float, float] = (1.0, 20.0)
    trade_s: float = 0.6
    peace_s: float = PEACE_S


class Story:
    """The whales, the faults, and the truth about both. ``stretch`` multiplies the delays that faults cause."""

    def __init__(self, world: World, seconds: float, seed: int, pace: Pace, say: Say) -> None:
        self.troubles: list[Trouble] = []
        self.fills: list[Fill] = []
        self.recovered = False
        self.down: dict[str, str] = {}
        self.last_seen = False
        self._world = world
        self._seconds = seconds
        self._chance = random.Random(seed)
        self._pace = pace
        self._say = say
        self._listings = furnish(world, *MARKETS)
        self._wallets = wallets_of(WALLETS, "followed")
        self._held: dict[tuple[str, str], float] = {}

    async def tell(self, trading: Trading) -> None:
        """From the first source heard to the peace at the end."""
        around = asyncio.create_task(self._bustle())
        try:
            await trading.until(lambda: trading.doing.get("whales") == "rtds", READY_S)
            await self._trouble(trading)
            self._say(f"peace for {self._pace.peace_s:.0f} s")
            self.recovered = await trading.until(lambda: self._is_well(trading), self._pace.peace_s)
            self.down = dict(trading.engine.desk.risk.feeds_down)
            last = self._trade(random.Random(0))
            self.last_seen = await trading.until(lambda: _decided(trading, last), LAST_S)
            seen = trading.engine.counts
            # Whatever still is on its way (a backfill, a frame held back) arrives before the count.
            await trading.until(lambda: seen.whale_trades >= len(self.fills), self._pace.peace_s)
        finally:
            around.cancel()
            await asyncio.gather(around, return_exceptions=True)

    async def _trouble(self, trading: Trading) -> None:
        whales = asyncio.create_task(self._whales())
        lines = [asyncio.create_task(self._timeline(self._chance.randrange(2**32))) for _ in range(TIMELINES)]
        began = time.monotonic()
        try:
            while (left := began + self._seconds - time.monotonic()) > 0:
                await asyncio.sleep(min(30.0, left))
                self._report(trading, time.monotonic() - began)
        finally:
            for task in (*lines, whales):
                task.cancel()
            ended = await asyncio.gather(*lines, whales, return_exceptions=True)
        for error in ended:
            if not isinstance(error, asyncio.CancelledError) and isinstance(error, BaseException):
                raise error

    def _report(self, trading: Trading, at_s: float) -> None:
        on = ", ".join(f"{one.name} on {'+'.join(one.servers)}" for one in self.troubles if one.ended_s > time.time())
        seen = trading.engine.counts.whale_trades
        self._say(f"{at_s:.0f} s: {seen} of {len(self.fills)} trades; now: {on or 'peace'}")

    @staticmethod
    def _is_well(trading: Trading) -> bool:
        best = {"whales": "rtds", "books": "market", "spot": "binance"}
        return trading.doing == best and not trading.engine.desk.risk.feeds_down

    def before(self) -> list[Fill]:
        """Trades of followed wallets from before the run, which the fault ``late`` makes up."""
        known = {fill.key[0]: None for fill in self.fills}
        return [
            Fill((match.tx, one.wallet, one.token, one.side, one.size), match.at_ms)
            for match in self._world.matches
            for one in match.executions
            if one.wallet in self._wallets and match.tx not in known
        ]

    # ------------------------------------------------------------------ faults

    async def _timeline(self, seed: int) -> None:
        """One fault after the other; all names in a shuffled order, then in another one."""
        chance, names = random.Random(seed), list(FAULTS)
        while True:
            chance.shuffle(names)
            for name in names:
                await asyncio.sleep(chance.uniform(*self._pace.pause_s))
                if any(one.name == name and one.ended_s > time.time() for one in self.troubles):
                    continue  # on by the other timeline
                await self._one(name, chance)

    async def _one(self, name: str, chance: random.Random) -> None:
        servers = FAULTS[name].servers
        chosen = servers
        if chance.random() < 0.5:
            chosen = tuple(chance.sample(servers, chance.randint(1, len(servers))))
        one = Trouble(name, chosen, time.time())
        self.troubles.append(one)
        self._world.troubles.begin(name, chosen)
        try:
            await asyncio.sleep(chance.uniform(*self._pace.fault_s))
        finally:
            self._world.troubles.end(name)
            one.ended_s = time.time()

    # ------------------------------------------------------------------ whales and the rest of the world

    async def _whales(self) -> None:
        chance = random.Random(self._chance.randrange(2**32))
        while True:
            await asyncio.sleep(chance.expovariate(1 / self._pace.trade_s))
            self._trade(chance)

    def _trade(self, chance: random.Random) -> str:
        """A whale buys, or sells what it holds; one settlement in ten has two equal fills of it. The transaction."""
        wallet, token = chance.choice(self._wallets), chance.choice(self._listings).tokens[0]
        held = self._held.get((wallet, token), 0.0)
        sells = held > 0 and chance.random() < 0.3
        size = held if sells else round(chance.uniform(20, 400), 2)
        self._held[wallet, token] = 0.0 if sells else held + size
        price, side, other = (0.49, "SELL", "BUY") if sells else (0.51, "BUY", "SELL")
        parts = 2 if not sells and chance.random() < 0.1 else 1
        mine = [Execution(wallet, token, side, micro(price), micro(size)) for _ in range(parts)]
        theirs = Execution(CROWD, token, other, micro(price), micro(size) * parts)
        as_maker = parts == 2 or chance.random() < 0.5
        match = self._world.match((theirs, *mine) if as_maker else (*mine, theirs))
        self._held[wallet, token] += size * (parts - 1)
        key = (match.tx, wallet, token, side, micro(size))
        self.fills += [Fill(key, match.at_ms)] * parts
        return match.tx

    async def _bustle(self) -> None:
        """Others trade, books move, coins are traded, blocks are made."""
        turn = 0
        while True:
            turn += 1
            token = self._listings[turn % len(self._listings)].tokens[0]
            self._world.trade(CROWD, token, "BUY", 0.51, 1 + turn % 7, other="0x" + "12" * 20)
            self._world.book(token, {0.49: 100 + turn % 50, 0.48: 250}, {0.51: 120 + turn % 70, 0.52: 300})
            self._world.price("BTC", 80_000 + turn % 13)
            if turn % 10 == 0:
                self._world.polygon.new_head()
            await asyncio.sleep(0.1)


def _decided(trading: Trading, tx: str) -> bool:
    trading.present.driver.flush()
    return any(one.tx == tx for one in trading.decisions()[-50:])


class Told(Struct, frozen=True):
    """How a run with faults ended."""

    compared: Compared
    recovered: bool
    last_seen: bool
    troubles: Sequence[Trouble]
    reasons: dict[Reason, int]
    down: dict[str, str]


async def lived(seconds: float, seed: int, say: Say, pace: Pace | None = None, stretch: float = 1.0) -> Told:
    """One run: faults for so long, then peace."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with World(seed=seed, latency=0.3, stretch=stretch, rtds_loss=0.003) as world:
            story = Story(world, seconds, seed, pace or Pace(), say)
            trading = Trading({**world.settings(), "SYMBOLS": "BTC"}, wallets_of(WALLETS, "followed"), Path(folder))
            await trading.during(story.tell)
    compared = compare(story.fills, trading.decisions(), story.troubles, story.before())
    return Told(compared, story.recovered, story.last_seen, story.troubles, dict(trading.engine.decisions), story.down)


def fault_figures(told: Told) -> list[Figure]:
    """Nothing missing, nothing twice, what aged out explained, and all well at the end."""
    compared = told.compared
    unexplained = [one for one in compared.late if not one.faults or one.age_s <= AGED_S]
    return [
        exactly("faults", "whale trades seen", compared.seen, compared.of),
        exactly("faults", "decided twice or never made", len(compared.doubles), 0),
        exactly("faults", f"orders decided twice, of {compared.orders:,}", len(compared.orders_twice), 0),
        exactly("faults", f"aged out without a fault, of {len(compared.late):,}", len(unexplained), 0),
        Figure("faults", "every source well at the end", "yes", _well(told), told.recovered and told.last_seen),
    ]


def _well(told: Told) -> str:
    if not told.recovered:
        return f"down: {', '.join(told.down) or 'a better source'}"
    return "yes" if told.last_seen else f"the last trade was not decided within {LAST_S:g} s"


def faults(minutes: float, say: Say, seed: int = 1) -> list[Figure]:
    """Random faults for so many minutes."""
    told = asyncio.run(lived(minutes * 60, seed, say))
    say(f"{len(told.troubles)} faults; decided: " + ", ".join(f"{one.value} {n}" for one, n in told.reasons.items()))
    for late in told.compared.late:
        say(f"aged out: {late.line()}")
    for key in told.compared.missing:
        say(f"MISSING: {key}")
    for key in told.compared.doubles:
        say(f"TWICE: {key}")
    return fault_figures(told)
