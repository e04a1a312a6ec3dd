"""A small engine and a paper venue that live together, while much of what the venue says is lost, late or doubled."""

from random import Random

from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import SettlementSettings
from shared.adapters.paper.venue import PaperVenue, VenueSettings
from shared.domain.command import Command, CommandKind
from shared.domain.effects import Cancel, Effect, Plan, Query, Submit, WakeMeAt
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    Event,
    MarketListed,
    MarketResolved,
    OrderInDoubt,
    OrderRejected,
    Payload,
    PlanCommitted,
    PublicTrade,
    RankingPublished,
    TimerFired,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, Price, cost, dollars, proceeds
from shared.domain.order import FINAL, OrderState, Side
from shared.domain.reports import OpenOrder, Reports, TradeReport
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.engine.reconciliation import Belief
from shared.ports import Answer
from shared.strategies.whale_copy import Params, WhaleCopy

START = 20_000 * DAY + 12 * HOUR
CAPITAL = dollars(5_000)
MARKETS = ("m", "n")
TOKENS = tuple(f"{market}:{outcome}" for market in MARKETS for outcome in ("yes", "no"))
LIMITS = Limits(entries_per_minute=100, losses_to_pause=100)
SETTINGS = VenueSettings(books=False, settlement=SettlementSettings(enabled=True, failed=Fraction(20_000)))


class Life:
    """One engine and one venue. ``deaf`` is the part of the venue's answers that is lost, late or doubled; in a life
    that is ``lied_to``, reports may also be false, and books that believed them are.
    """

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.deaf = rng.choice((0.0, 0.1, 0.4, 0.9))
        self.lied_to = rng.random() < 0.5
        self.now = START
        self.log = MemoryPaperLog()
        self.venue = PaperVenue(rng.randrange(1_000_000), self.log, settings=SETTINGS)
        self.engine = Engine("test", WhaleCopy(Params(sizing="ratio")), LIMITS)
        self.answers: list[Answer] = []
        self.timers: list[WakeMeAt] = []
        self.trades = 0
        self.give(Command("start", CommandKind.DEPOSIT, "pairs", CAPITAL))
        self.give(RankingPublished(Ranking(START, "pairs", (RankedWallet("anna", 1, 20, 6_000_000),))))
        for name in MARKETS:
            self.give(MarketListed(Market(name, MarketKind.EVENT, tokens=(f"{name}:yes", f"{name}:no"))))

    # ------------------------------------------------------------------ the engine and what it asks for

    def give(self, payload: Payload) -> None:
        """Hand the engine a fact and do what it asks for."""
        self.now += 1
        if isinstance(payload, OrderRejected) and self.engine.desk.books.orders[payload.order_key].state in FINAL:
            return  # a late answer about an order that has ended meanwhile
        self.perform(self.engine.handle(Event(0, self.now, self.now, "venue", payload)))

    def perform(self, effects: list[Effect]) -> None:
        """What a driver does."""
        for effect in effects:
            match effect:
                case Plan(record) if record.order is not None:
                    self.give(PlanCommitted(record.order.order_key))
                case Submit(order):
                    if self.rng.random() < self.deaf / 3:
                        self.answers.append(Answer(self.now, self.now, OrderInDoubt(order.order_key, "time-out")))
                    else:
                        self.hear(self.venue.submit(order, self.now))
                case Cancel(order_key):
                    self.hear(self.venue.cancel(order_key, self.now))
                case Query(order_key):
                    self.hear(self.venue.query(order_key, self.now))
                case WakeMeAt():
                    self.timers.append(effect)
                case _:
                    pass

    def hear(self, answers: list[Answer]) -> None:
        """Answers of the venue set out; some are lost, late, or arrive twice."""
        for answer in answers:
            if self.rng.random() >= self.deaf:
                self.answers.append(answer)
                continue
            fate = self.rng.choice(("lost", "lost", "late", "twice"))
            if fate == "late":
                self.answers.append(replace(answer, observed_at=answer.observed_at + self.rng.randrange(90) * SECOND))
            elif fate == "twice":
                self.answers += [answer, answer]

    # ------------------------------------------------------------------ what happens

    def pass_time(self) -> None:
        """What happens between two rounds."""
        for _ in range(self.rng.randint(1, 3)):
            self.step()
        if self.rng.random() < 0.5:
            self.strangers()  # a moment ago: perhaps nobody has heard of it

    def step(self) -> None:
        """Something happens in the world, and time passes."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.45:
            self.trades += 1
            token = rng.choice(TOKENS)
            side = Side.SELL if rng.random() < 0.3 else Side.BUY
            row = (token.partition(":")[0], token, side, rng.randint(20, 80) * 10_000, rng.randint(500, 4_000) * ONE)
            self.give(WhaleTrade("anna", *row, f"tx{self.trades}", 0))
        elif chance < 0.9:
            self.strangers()
        elif chance < 0.92:
            market = rng.choice(MARKETS)
            if market not in self.engine.desk.payouts:
                resolved = MarketResolved(market, {f"{market}:yes": ONE, f"{market}:no": 0})
                self.hear(self.venue.on_resolved(resolved, self.now))
                self.give(resolved)
        self.wait(rng.choice((1, 2, 5, 20)) * SECOND)

    def strangers(self) -> None:
        """Strangers trade where one of our orders rests."""
        waiting = [paper for paper in self.log.load() if paper.state not in FINAL]
        if waiting:
            self.trades += 1
            order = self.rng.choice(waiting).order
            size = self.rng.choice((order.size, order.size // 3, self.rng.randint(1, order.size)))
            row = (order.market, order.token, order.side, int(order.limit), size, f"print{self.trades}", 0)
            self.wait(SECOND)
            self.hear(self.venue.on_print(PublicTrade(*row), self.now))

    def wait(self, duration: int) -> None:
        """Time passes; what is due arrives in its order."""
        until = self.now + duration
        while True:
            self.hear(self.venue.advance(min(until, self.now)))
            due = [answer.observed_at for answer in self.answers] + [timer.at for timer in self.timers]
            if self.venue.next_at is not None:
                due.append(self.venue.next_at)
            if not due or min(due) > until:
                break
            self.now = max(self.now, min(due))
            for answer in [one for one in self.answers if one.observed_at <= self.now]:
                self.answers.remove(answer)
                self.give(answer.payload)
            for timer in [one for one in self.timers if one.at <= self.now]:
                self.timers.remove(timer)
                self.give(TimerFired(timer.timer, timer.key))
        self.now = max(self.now, until)

    # ------------------------------------------------------------------ both sides

    def belief(self) -> Belief:
        """What the engine believes."""
        return self.engine.belief()

    def truth(self) -> Reports:
        """Everything the venue knows, read in one instant."""
        opened: list[OpenOrder] = []
        trades: list[TradeReport] = []
        positions: dict[str, int] = {}
        balance = int(CAPITAL)
        for paper in self.log.load():
            order = paper.order
            if paper.state in (OrderState.LIVE, OrderState.PARTIAL):
                name = (order.order_key, f"paper-{order.order_key}")
                opened.append(OpenOrder(*name, order.token, order.side, order.limit, order.size, paper.filled))
            for made in paper.fills:
                status = paper.settled[made.trade_id]
                trades.append(TradeReport(made, order.token, order.side, status))
                if status is SettlementStatus.FAILED:
                    continue
                size = made.size if order.side is Side.BUY else -made.size
                positions[order.token] = positions.get(order.token, 0) + size
                balance += money(order.side, made)
        return Reports(self.now, tuple(opened), tuple(trades), positions, balance)


def money(side: Side, made: Fill) -> int:
    """What an execution adds to the wallet's pUSD."""
    price = Price(made.price)
    return proceeds(made.size, price) - made.fee if side is Side.SELL else -cost(made.size, price) - made.fee
