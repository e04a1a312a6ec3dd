"""One history: the traders, the venue, the store and the public world of a seed, first with faults and then without.

The first phase lasts as long as the options say, and anything may go wrong. Then all faults end, whoever was paused or
dead comes back, and everything must converge: nothing in doubt, nothing reserved, books equal to the venue's.
"""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from random import Random

from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.instants import DAY, MINUTE, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    BookSnapshot,
    MarketListed,
    MarketResolved,
    Payload,
    PublicTrade,
    RankingPublished,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.order import Side
from shared.domain.tape import TapeRow
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.ports import Heard, Switch
from shared.research.taped import TapedEngine
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.simulation.checks import Checks
from tests.simulation.clockwork import START, Clockwork
from tests.simulation.exchange import Exchange
from tests.simulation.faults import MOMENTS, Dice, Fault
from tests.simulation.options import CAPS, Options
from tests.simulation.ports import Gate
from tests.simulation.process import ACCOUNT, Process
from tests.simulation.records import Records

MARKETS = ("m", "n", "o")
WALLETS = ("anna", "bert", "cleo")
SETTLES_NS = 12 * MINUTE
"""How long after the last fault everything may take to converge: two rounds of reconciliation and their waits."""
LOOK_EVERY_NS = 2 * SECOND
RESUMED = 0.8
"""How often a person who has stopped trading lets it go on later."""


def limits_of(options: Options) -> Limits:
    """Limits so narrow that they are met, and rules of exits that leave the rest alone."""
    caps = {name: dollars(int(text)) for name, text in caps_of(options.cap)}
    return Limits(
        portfolio_usd=caps["portfolio_usd"],
        strategy_usd=caps["strategy_usd"],
        market_usd=caps["market_usd"],
        source_usd=caps["source_usd"],
        trade_min_usd=dollars(5),
        trade_max_usd=dollars(60),
        position_of_equity=Fraction(100_000),
        daily_loss_usd=dollars(10_000),
        daily_loss_of_equity=Fraction(ONE),
        source_daily_loss_usd=dollars(10_000),
        losses_to_pause=50,
        api_errors_per_hour=1_000,
        failed_settlements_per_hour=1_000,
        entries_per_minute=60,
        drawdown_halt=Fraction(900_000),
        drawdown_reduce=Fraction(800_000),
        order_life_ns=15 * SECOND,
        answer_timeout_ns=10 * SECOND,
        phase_life_ns=(10 * SECOND, 15 * SECOND),
        phase_step=(0, 20_000),
        phase_cut=(Fraction(0), Fraction(100_000)),
        stop_loss=Fraction(0),
        take_profit=Fraction(0),
        trailing_stop=Fraction(0),
        voice_ns=options.voice_s * SECOND,
    )


def caps_of(cap: int) -> tuple[tuple[str, str], ...]:
    """The caps on exposure by name, in dollars, of a portfolio of so many."""
    return (
        ("portfolio_usd", str(cap)),
        ("strategy_usd", str(cap)),
        ("market_usd", str(cap * 2 // 3)),
        ("source_usd", str(cap * 3 // 4)),
    )


class World:
    """See the module. ``telling`` keeps the story in readable lines; ``script`` puts on the clock what the public world
    does (by default what the dice say).
    """

    def __init__(
        self, options: Options, telling: bool = False, script: "Callable[[World], None] | None" = None
    ) -> None:
        self.options = options
        self._script = script or World.by_chance
        self._by_dice = script is None
        self.tapes: list[list[TapeRow]] | None = None
        """One tape for each life, where somebody has put a list here before the history runs."""
        self.story: list[str] = []
        self.telling = telling
        self.clock = Clockwork()
        self.rng = Random(f"world {options.seed}")
        self.dice = Dice(Random(f"dice {options.seed}"), options.rates)
        self.records = Records(ACCOUNT)
        self.exchange = Exchange(options.seed, options.books, options.failing, self.clock)
        self.limits = limits_of(options)
        self.checks = Checks(self)
        self.prices = {name: self.rng.randrange(300_000, 700_000, 10_000) for name in MARKETS}
        self.resolved: dict[str, MarketResolved] = {}
        self.prints = 0
        self.commands = 0
        self.doubt_ns: list[int] = []
        self.converged_ns = 0
        self._digest = sha256()
        names = ("one", "two", "three")[: options.traders]
        self.processes = [self._process(name) for name in names]
        for name in MARKETS:
            self.exchange.list(self._market(name))

    def _process(self, name: str) -> Process:
        gate = Gate(self.clock, self.dice, self.options.latency_ms * SECOND // 1_000)
        capital = self.options.capital
        return Process(
            name,
            self.records,
            self.exchange,
            gate,
            self._engine,
            self._public,
            capital,
            self.options.lease,
            self.tell,
        )

    def _engine(self) -> Engine:
        strategy = WhaleCopy(Params(sizing="ratio"))
        if self.tapes is None:
            return Engine(ACCOUNT, strategy, self.limits)
        taped, rows = TapedEngine(ACCOUNT, strategy, self.limits), list[TapeRow]()
        self.tapes.append(rows)
        taped.tape_to(rows.append, self.clock.now)
        return taped

    def _market(self, name: str) -> Market:
        tokens = (f"{name}:yes", f"{name}:no")
        return Market(
            name, MarketKind.EVENT, tokens=tokens, outcomes=("yes", "no"), end_at=START + 30 * DAY, topic=name
        )

    def _public(self) -> list[Payload]:
        ranked = tuple(RankedWallet(wallet, n, 20, 6_000_000) for n, wallet in enumerate(WALLETS, start=1))
        told: list[Payload] = [MarketListed(self._market(name)) for name in MARKETS]
        told.append(RankingPublished(Ranking(START, "sim", ranked)))
        return [*told, *self.resolved.values()]

    # ------------------------------------------------------------------ the story

    def tell(self, text: Callable[[], str]) -> None:
        """A line of the story; its digest is that of everything that happened."""
        line = f"{(self.clock.now - START) / SECOND:10.3f} s  {text()}"
        self._digest.update(line.encode())
        if self.telling:
            self.story.append(line)

    @property
    def digest(self) -> str:
        """SHA-256 over every line of the story, told or not."""
        return self._digest.hexdigest()

    @property
    def calls(self) -> int:
        """Port calls of all processes."""
        return sum(process.gate.calls for process in self.processes)

    # ------------------------------------------------------------------ running

    def run(self) -> None:
        """The whole history; ``Violation`` at the first thing that is wrong."""
        for n, process in enumerate(self.processes):
            self.clock.after(self.rng.randrange(5 * SECOND) if self._by_dice else n * SECOND, process.start)
        self._script(self)
        end = START + self.options.seconds * SECOND
        for fault, times in self.options.moments.items():
            for _ in range(times):
                self.clock.at(START + self.rng.randrange(10 * SECOND, end - START), self._moment(fault))
        self.clock.run(end)
        self._calm()
        self._converge(end + SETTLES_NS)

    def _calm(self) -> None:
        """All faults end; who was asleep wakes, who was dead is started by the supervisor."""
        self.dice.quiet = True
        self.tell(lambda: "all faults end")
        for process in self.processes:
            process.go_on()
            process.jump(0)
            process.silent_until = process.gate.apart_until = process.gate.pause_after_plan = 0

    def _converge(self, until: int) -> None:
        calm_at, doubtful = self.clock.now, bool(self.checks.in_doubt())
        while self.clock.now < until:
            self.clock.run(self.clock.now + LOOK_EVERY_NS)
            self.checks.alive()
            if doubtful and not self.checks.in_doubt():
                doubtful = False
                self.doubt_ns.append(self.clock.now - calm_at)
            if self.checks.unfinished() == "":
                self.converged_ns = self.clock.now - calm_at
                self.checks.finished()
                return
        self.checks.fail(
            f"not converged {SETTLES_NS / MINUTE:.0f} min after all faults ended: {self.checks.unfinished()}"
        )

    # ------------------------------------------------------------------ the public world

    def by_chance(self) -> None:
        """What the dice say."""
        span = self.options.seconds * SECOND
        for n in range(self.options.trades):
            self.clock.at(START + self.rng.randrange(5 * SECOND, span), partial(self._whale_trades, n))
        self.clock.after(0, self._others_trade)

    def _others_trade(self) -> None:
        """Every few seconds books change, or strangers trade, in each market that is still open."""
        for name in MARKETS:
            if name in self.resolved:
                continue
            mid = self.prices[name] = min(
                max(self.prices[name] + self.rng.choice((-10_000, 0, 0, 10_000)), 50_000), 950_000
            )
            for token, price in ((f"{name}:yes", mid), (f"{name}:no", ONE - mid)):
                if self.options.books:
                    size = self.rng.choice((50, 400, 5_000)) * ONE
                    book = BookSnapshot(name, token, ((price - 10_000, size),), ((price, size),))
                    self.exchange.show(book)
                    self.broadcast("market", book)
                else:
                    self._print(name, token, price)
        self.clock.after(self.rng.randrange(2 * SECOND, 5 * SECOND), self._others_trade)

    def _print(self, name: str, token: str, price: int) -> None:
        self.prints += 1
        side = self.rng.choice((Side.BUY, Side.SELL))
        at = price + (10_000 if side is Side.BUY else -20_000)
        size = self.rng.choice((5, 40, 1_000)) * ONE
        trade = PublicTrade(name, token, side, at, size, f"print{self.prints}", 0)
        self.exchange.show(trade)
        self.broadcast("market", trade)

    def _whale_trades(self, number: int) -> None:
        rng = self.rng
        name = rng.choice(MARKETS)
        outcome = rng.choice(("yes", "yes", "yes", "no"))
        side = Side.SELL if rng.random() < 0.3 else Side.BUY
        price = self.prices[name] if outcome == "yes" else ONE - self.prices[name]
        size = rng.randrange(100, 2_000) * ONE
        trade = WhaleTrade(rng.choice(WALLETS), name, f"{name}:{outcome}", side, price, size, f"tx{number}", 0)
        self.broadcast("rtds", trade)

    def broadcast(self, source: str, payload: Payload) -> None:
        """Everybody's feeds say it, each in its own time, or not at all."""
        at, dice = self.clock.now, self.dice
        for process in self.processes:
            if at < process.silent_until or dice.fires(Fault.FEED_LOST):
                continue

            def hear(process: Process = process) -> None:
                now = process.clock.now()
                process.hear(Heard(source, now, at, payload))

            self.clock.after(process.delay(dice, Fault.FEED_LATE), hear)
            if dice.fires(Fault.FEED_TWICE):
                self.clock.after(process.delay(dice, Fault.FEED_LATE), hear)

    # ------------------------------------------------------------------ moments

    def _moment(self, fault: Fault) -> Callable[[], None]:
        happens: dict[Fault, Callable[[Process], None]] = {
            Fault.PAUSE: self._pause,
            Fault.PARTITION: self._part,
            Fault.JUMP: lambda process: process.jump(self.rng.randrange(-5 * SECOND, 5 * SECOND)),
            Fault.SILENCE: self._silence,
            Fault.OLD_TRADES: lambda process: self._old_trades(),
            Fault.KILL: lambda process: self.ask(CommandKind.KILL),
            Fault.RESUME: lambda process: self.ask(CommandKind.RESUME),
            Fault.FLATTEN: lambda process: self.ask(CommandKind.FLATTEN),
            Fault.LIMIT: lambda process: self._limit(),
            Fault.RESTART: lambda process: self.exchange.restart(),
            Fault.RESOLVE: lambda process: self._resolve(),
            Fault.TERM: lambda process: process.stop(),
        }
        assert set(happens) == set(MOMENTS)

        def moment() -> None:
            self.dice.count(fault)
            self.tell(lambda: fault.value)
            happens[fault](self.rng.choice(self.processes))

        return moment

    def _pause(self, process: Process) -> None:
        """At once, or right after the next plan is written."""
        duration = self.rng.choice((8, 35, 70, 300)) * SECOND
        if self.rng.random() < 0.3:
            process.pause(duration)
        else:
            for one in self.processes:
                one.gate.pause_after_plan = duration

    def _part(self, process: Process) -> None:
        process.gate.apart_until = self.clock.now + self.rng.choice((5, 15, 45, 90)) * SECOND

    def _silence(self, process: Process) -> None:
        process.silent_until = self.clock.now + self.rng.randrange(5 * SECOND, 60 * SECOND)

    def _old_trades(self) -> None:
        """Rows of long ago come again, as the activity stream does it."""
        for n in range(3):
            trade = WhaleTrade(self.rng.choice(WALLETS), "m", "m:yes", Side.BUY, 500_000, 500 * ONE, f"old{n}", 0)
            at = self.clock.now - 40 * MINUTE
            for process in self.processes:
                process.hear(Heard("activity", process.clock.now(), at, trade))

    def ask(self, kind: CommandKind) -> None:
        """A person asks; a kill also flips the switch at once, as the kill function does when no trader lives."""
        self.commands += 1
        if kind is not CommandKind.RESUME and self.rng.random() < RESUMED:
            wait = self.rng.randrange(3 * SECOND, 30 * SECOND)
            self.clock.after(wait, lambda: self.ask(CommandKind.RESUME))
        if kind is CommandKind.KILL and self.rng.random() < 0.5:
            self.checks.flipped()
            self.records.set_switch(Switch(False, "a person", self.clock.now))
            return
        command = Command(f"{kind.value}-{self.commands}", kind, "a person", at=self.clock.now)
        self.checks.asked(command)
        self.records.request(command)

    def _limit(self) -> None:
        """A person changes the caps while we trade."""
        self.commands += 1
        change = Change(limits=caps_of(self.rng.choice(CAPS)))
        self.records.request(Command(f"set-{self.commands}", CommandKind.SET, "a person", change=change))

    def _resolve(self) -> None:
        left = [name for name in MARKETS if name not in self.resolved]
        if len(left) > 1:
            name = self.rng.choice(left)
            won = self.rng.choice((0, ONE))
            self.resolve(MarketResolved(name, {f"{name}:yes": won, f"{name}:no": ONE - won}))

    def resolve(self, told: MarketResolved) -> None:
        """A market ends: at the venue at once, for everybody else a little later."""
        self.resolved[told.market] = told
        self.exchange.show(told)
        for process in self.processes:
            self._surely(process, told)

    def _surely(self, process: Process, told: MarketResolved) -> None:
        """How a market ended is asked for until it is known; a life that begins later finds it at once."""
        at = self.clock.now
        self.clock.after(
            self.rng.randrange(SECOND, 20 * SECOND),
            lambda: process.hear(Heard("gamma", process.clock.now(), at, told)),
        )
