"""Scenarios written out by hand, without any fault but one: a crash before or after one port call, at each of them.

A scenario says what the world does and when. One process (``one``) is killed once, at the n-th of its calls, and starts
again; everything must then end as in every other history.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from shared.domain.command import CommandKind
from shared.domain.instants import SECOND
from shared.domain.messages import (
    BookSnapshot,
    MarketResolved,
    Payload,
    PublicTrade,
    WhaleTrade,
)
from shared.domain.money import ONE
from shared.domain.order import Side
from shared.settings import LeaseSettings
from tests.simulation.clockwork import START
from tests.simulation.options import DAY_S, Options
from tests.simulation.world import World

LEASE = LeaseSettings(6 * SECOND, 2 * SECOND, 4 * SECOND)


class Scenario(Struct, frozen=True):
    """``script`` puts what happens on the world's clock; ``traders``, ``books``, ``failing`` and ``voice_s`` are as
    in ``Options``.
    """

    name: str
    script: Callable[["Script"], None]
    traders: int = 1
    books: bool = True
    failing: int = 0
    seconds: int = 135
    voice_s: int = DAY_S

    def options(self) -> Options:
        """No faults at all."""
        return Options(
            seed=1,
            rates={},
            moments={},
            traders=self.traders,
            seconds=self.seconds,
            trades=0,
            failing=self.failing,
            books=self.books,
            capital=1_000,
            cap=400,
            latency_ms=200,
            lease=LEASE,
            voice_s=self.voice_s,
        )


class Script:
    """The words scenarios are written in; ``at`` is in seconds from the beginning."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._n = 0

    def at(self, second: float, happens: Callable[[], None]) -> None:
        """Something happens then."""
        self.world.clock.at(START + round(second * SECOND), happens)

    def book(self, second: float, bid: int, size: int = 5_000, market: str = "m", spread: int = 1) -> None:
        """The market's book from then on, in cents: what ``yes`` can be sold at, and bought at a spread above."""
        for token, price in ((f"{market}:yes", bid), (f"{market}:no", 100 - spread - bid)):
            bids, asks = ((price * 10_000, size * ONE),), (((price + spread) * 10_000, size * ONE),)
            self._public(second, BookSnapshot(market, token, bids, asks))

    def books(self, bid: int, last: int, spread: int = 1) -> None:
        """The same book again and again, as a stream tells it."""
        for second in range(1, last, 4):
            self.book(second, bid, spread=spread)

    def print(self, second: float, price: int, size: int, side: Side = Side.BUY, token: str = "m:yes") -> None:
        """Strangers trade, at so many cents."""
        self._n += 1
        market = token.partition(":")[0]
        self._public(second, PublicTrade(market, token, side, price * 10_000, size * ONE, f"print{self._n}", 0))

    def _public(self, second: float, what: BookSnapshot | PublicTrade) -> None:
        def happens() -> None:
            self.world.exchange.show(what)
            self.world.broadcast("market", what)

        self.at(second, happens)

    def whale(
        self, second: float, price: int, size: int = 500, side: Side = Side.BUY, token: str = "m:yes", who: str = "anna"
    ) -> None:
        """A whale trades, at so many cents."""
        self._n += 1
        market = token.partition(":")[0]
        trade: Payload = WhaleTrade(who, market, token, side, price * 10_000, size * ONE, f"tx{self._n}", 0)
        self.at(second, lambda: self.world.broadcast("rtds", trade))

    def resolve(self, second: float, yes: int = ONE, market: str = "m") -> None:
        """A market ends."""
        told = MarketResolved(market, {f"{market}:yes": yes, f"{market}:no": ONE - yes})
        self.at(second, lambda: self.world.resolve(told))

    def ask(self, second: float, kind: CommandKind) -> None:
        """A person asks for something."""
        self.at(second, lambda: self.world.ask(kind))


def _bought(script: Script) -> None:
    script.books(49, 120)
    script.whale(8, 50)


def _rests(script: Script) -> None:
    script.books(48, 120, spread=3)
    script.whale(8, 50)


def _part_filled(script: Script) -> None:
    for second in range(1, 120, 4):
        script.book(second, 49, size=12)
    script.whale(8, 50, size=1_500)
    script.whale(60, 49, size=1_500, side=Side.SELL)


def _mirrored(script: Script) -> None:
    _bought(script)
    script.whale(30, 49, size=250, side=Side.SELL)
    script.whale(45, 49, size=250, side=Side.SELL)


def _topped_up(script: Script) -> None:
    script.books(49, 120)
    for n in range(10):
        script.whale(8 + 5 * n, 50, size=150)


def _two_sleeves(script: Script) -> None:
    script.books(49, 120)
    script.whale(8, 50)
    script.whale(9, 50, who="bert")
    script.whale(30, 49, side=Side.SELL)


def _resolved_held(script: Script) -> None:
    _bought(script)
    script.resolve(35)


def _resolved_open(script: Script) -> None:
    _rests(script)
    script.resolve(14)


def _killed(script: Script) -> None:
    _rests(script)
    script.ask(14, CommandKind.KILL)
    script.whale(18, 50, who="bert")
    script.ask(30, CommandKind.RESUME)
    script.whale(40, 50, who="cleo")
    script.whale(80, 51, who="bert")


def _flattened(script: Script) -> None:
    _bought(script)
    script.ask(25, CommandKind.FLATTEN)
    script.ask(45, CommandKind.RESUME)
    script.whale(60, 50, who="bert")
    script.ask(90, CommandKind.FLATTEN)


def _told_to_stop(script: Script) -> None:
    _rests(script)
    script.whale(12, 51, who="bert")
    script.whale(30, 50, who="cleo")
    script.at(16, script.world.processes[0].stop)


def _taken_over(script: Script) -> None:
    _bought(script)
    script.whale(16, 50, who="bert")
    script.at(20, lambda: script.world.processes[0].pause(25 * SECOND))
    script.whale(40, 50, who="cleo")
    script.whale(70, 50, who="bert")


def _restarted(script: Script) -> None:
    script.books(49, 220)
    script.at(7, script.world.exchange.restart)
    script.whale(8, 50)
    script.whale(20, 50, who="bert")
    script.whale(110, 50, who="cleo")


def _both_sides(script: Script) -> None:
    """The sale of everything fails to settle after the other side was bought: both are held, and merged."""
    script.print(1, 50, 1, token="o:yes")
    for second in range(1, 120, 4):
        script.book(second, 49, market="n")
    script.whale(8, 50, token="n:yes")
    script.whale(30, 49, size=50_000, side=Side.SELL, token="n:yes")
    script.whale(33, 50, token="n:no", who="bert")


def _prints(script: Script) -> None:
    script.whale(8, 50)
    for second in range(9, 60, 3):
        script.print(second, 50, 15)
    script.whale(64, 49, side=Side.SELL)
    for second in range(66, 120, 3):
        script.print(second, 50, 15, Side.SELL)


BOTH_SIDES = "both sides are held when a sale fails"
SCENARIOS = (
    Scenario("a copied purchase is filled at once", _bought),
    Scenario("a purchase rests and is given up, phase after phase", _rests),
    Scenario("a purchase is filled in parts", _part_filled),
    Scenario("a purchase and the sales that mirror the whale's", _mirrored),
    Scenario("a burst topped up leg by leg", _topped_up),
    Scenario("two whales in one token, one leaves", _two_sleeves, failing=150_000),
    Scenario("a market resolves while we hold it", _resolved_held),
    Scenario("a market resolves while an order is open", _resolved_open),
    Scenario("the kill switch with an order at rest, and resume", _killed),
    Scenario("flatten, and resume", _flattened, failing=300_000),
    Scenario("told to stop with orders open", _told_to_stop),
    Scenario("held up until another has taken over", _taken_over, traders=2),
    Scenario("the matching engine restarts under an order", _restarted, seconds=240),
    Scenario(BOTH_SIDES, _both_sides, failing=400_000, voice_s=2),
    Scenario("filled from prints alone, some executions fail", _prints, books=False, failing=400_000),
)


class Placement(Struct, frozen=True):
    """One crash: of which scenario, at which call of process ``one``, and whether after it."""

    scenario: int
    call: int
    after: bool

    @property
    def told(self) -> str:
        """For people."""
        name = SCENARIOS[self.scenario].name
        return f"{name}: crash {'after' if self.after else 'before'} call {self.call}"


def staged(scenario: Scenario, telling: bool = False) -> World:
    """The world of a scenario, ready to run."""
    return World(scenario.options(), telling, lambda world: scenario.script(Script(world)))


def calls_of(scenario: Scenario) -> int:
    """How many calls process ``one`` makes while the script runs and everything comes to its end, without a crash."""
    world = staged(scenario)
    world.run()
    return world.processes[0].gate.calls


def placements() -> Iterator[Placement]:
    """Every single crash of every scenario."""
    for number, scenario in enumerate(SCENARIOS):
        for call in range(calls_of(scenario)):
            yield Placement(number, call, after=False)
            yield Placement(number, call, after=True)


def played(placement: Placement, telling: bool = False) -> World:
    """The scenario with its crash, to its end; ``Violation`` when something is wrong."""
    world = staged(SCENARIOS[placement.scenario], telling)
    world.processes[0].gate.crash_at = (placement.call, placement.after)
    world.run()
    return world
