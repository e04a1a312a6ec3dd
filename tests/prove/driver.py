"""A driver around one engine; anything may be lost, late, doubled or refused, and time moves only by its actions."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from shared.adapters.memory.store import MemoryStore
from shared.domain.command import Command, CommandKind
from shared.domain.effects import Cancel, Effect, Merge, Plan, Query, SetSwitch, Settle, Submit, WakeMeAt, Write
from shared.domain.instants import DAY, HOUR
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    Event,
    FiguresPublished,
    MarketChanged,
    MarketListed,
    MarketResolved,
    Merged,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    Payload,
    PlanCommitted,
    PlanRefused,
    RankingPublished,
    Redeemed,
    RefusedBy,
    TimerFired,
    TimerKind,
    VoicesPublished,
)
from shared.domain.money import ONE, Price, dollars
from shared.domain.order import Order, OrderState, OrderType, Side
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.engine import Engine
from shared.ports import Switch
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.prove import invariants
from tests.prove.checks import Checks
from tests.prove.exchange import Exchange, Taken
from tests.prove.settings import Setting

START = 20_000 * DAY + 12 * HOUR
MARKETS = ("m", "n", "o")
WALLETS = ("anna", "bert", "cleo")
RANKING = RankingPublished(
    Ranking(START, "prove", tuple(RankedWallet(w, n, 20, 150_000 * 40) for n, w in enumerate(WALLETS, start=1)))
)
FAULTS = ("rejected", "busy", "broken", "request lost", "reply lost")
"""What may become of a request to the venue."""
REFUSALS = {"rejected": "400 invalid order", "busy": "425 service not ready", "broken": "500 internal error"}
MET = (100, 100, 50, 0)
"""How much of an order that only takes may be met, in percent."""


class Violation(AssertionError):
    """An invariant is false; the message says which."""


class Driver:
    """One history. ``fate`` decides what becomes of each request to the venue: "", or one of ``FAULTS``; ``luck`` how
    much of an order that takes is met.
    """

    def __init__(self, setting: Setting, fate: Callable[[], str], luck: Callable[[], int]) -> None:
        self.setting = setting
        self.params = Params(sizing=setting.sizing)
        self.fate = fate
        self.luck = luck
        self.store = MemoryStore(keep_decisions=False)
        self.exchange = Exchange(setting.settles)
        self.now = START
        self.pending: list[Payload] = []
        self.timers: list[tuple[int, int, WakeMeAt]] = []
        self.markets: dict[str, Market] = {}
        self.resolved: dict[str, MarketResolved] = {}
        self.figures: FiguresPublished | None = None
        self.voices: VoicesPublished | None = None
        self.story: list[tuple[int, object]] = []
        self.faults: dict[str, int] = {}
        self.events = 0
        self.woken = 0
        self.fills = 0
        self.grown = ONE
        self.trusting = True
        self.finishing = False
        self.refuse_next = False
        self.bought: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self.engine = self._new_engine()
        self.checks = Checks(setting.limits, self._leaves)
        for name in MARKETS:
            kind = MarketKind.CRYPTO_UPDOWN if name == "o" else MarketKind.EVENT
            tokens = (f"{name}:yes", f"{name}:no")
            self.markets[name] = Market(name, kind, tokens=tokens, topic="coins" if name != "m" else "")
        self.give(Command("initial", CommandKind.DEPOSIT, "prove", dollars(setting.capital)))
        self._tell_the_world()

    def _leaves(self, key: str) -> bool:
        return self.engine.holdings.leaves(key)

    def _new_engine(self) -> Engine:
        return Engine("test", WhaleCopy(self.params), self.setting.limits)

    def _tell_the_world(self) -> None:
        for market in self.markets.values():
            self.give(MarketListed(market))
        self.give(RANKING)
        for table in (self.figures, self.voices):
            if table is not None:
                self.give(table)

    # ------------------------------------------------------------------ events and effects

    def give(self, payload: Payload, lag: int = 0) -> None:
        """Hand the engine a fact that happened ``lag`` nanoseconds ago, and perform what it asks for."""
        self.now += 1
        self.events += 1
        self.story.append((self.now, payload))
        if type(payload) is OrderFilled:
            self.fills += 1
        effects = self.engine.handle(Event(self.events, self.now, self.now - lag, "feed", payload))
        self.fail(self.checks.judge(self.now, payload, effects))
        self.perform(effects)

    def perform(self, effects: list[Effect]) -> None:
        """What a driver does; the venue's answers become pending."""
        for effect in effects:
            match effect:
                case Plan():
                    self._plan(effect)
                case Write():
                    self.store.write(effect.record)
                case Submit():
                    self._submit(effect.order)
                case Cancel():
                    self._cancel(effect.order_key)
                case Query():
                    if not self._faulty():
                        self.pending += self.exchange.query(effect.order_key)
                case WakeMeAt():
                    self.woken += 1
                    heappush(self.timers, (effect.at, self.woken, effect))
                case SetSwitch():
                    self.store.set_switch(Switch(effect.trading, effect.reason, self.now))
                case Settle():
                    self.pending.append(Redeemed(effect.market))
                case Merge():
                    self.pending.append(self.exchange.merge(effect.market, effect.size, effect.ref))
                case _:
                    pass

    def _plan(self, plan: Plan) -> None:
        order = plan.record.order
        assert order is not None
        if order.side is Side.BUY:
            rows = self.bought[order.source, order.token]
            self.grown = max(self.grown, self.engine.desk.risk.streak.factor)
            most = self.grown * (self.setting.limits.agree_factor if self.voices else ONE) // ONE
            self.fail(invariants.copied_once(self.engine, order, self.params, rows, most))
        if self.refuse_next:
            self.refuse_next = False
            self.count("refusal")
            self.pending.append(PlanRefused(order.order_key, RefusedBy.HEADROOM, "a person lowered a limit"))
            return
        self.pending.append(self.store.plan(plan.record))

    def _faulty(self) -> bool:
        fate = self.fate()
        if fate:
            self.count(fate)
        return bool(fate)

    def _submit(self, order: Order) -> None:
        if not self.checks.watch.trading and order.rule != "emergency_exit":
            self.fail([f"order {order.order_key} is sent although trading is stopped"])
        fate = self.fate()
        if fate:
            self.count(fate)
        if fate in REFUSALS:
            self.pending.append(self.exchange.refuse(order.order_key, REFUSALS[fate]))
        elif fate == "request lost":
            self.pending.append(OrderInDoubt(order.order_key, "time-out"))
        elif order.side is Side.SELL and not self.exchange.can_sell(order):
            if not (self.exchange.merged or self.exchange.reorganised):
                self.fail([f"order {order.order_key} sells {order.size}, {self.exchange.free(order.token)} are there"])
            self.pending.append(self.exchange.refuse(order.order_key, "400 not enough balance / allowance"))
        else:
            self._arrive(order, replies=fate != "reply lost")

    def _arrive(self, order: Order, replies: bool) -> None:
        """The venue has the order. One that only takes is met at once, in part or not at all, and ends."""
        takes = order.order_type in (OrderType.FAK, OrderType.FOK)
        met = 100 if self.finishing and order.side is Side.SELL else self.luck() if takes else 0
        answers: list[Payload] = []
        if takes and not met:
            answers.append(self.exchange.refuse(order.order_key, "400 no orders found to match with FAK order"))
        elif not self.exchange.submit(order):
            self.fail([f"order {order.order_key} was sent twice, or after it was given up"])
        else:
            taken = self.exchange.orders[order.order_key]
            answers.append(OrderAccepted(order.order_key, "venue-id"))
            if met:
                answers.append(self.filled(taken, met, 0))
            if takes and taken.left:
                answers.append(self.exchange.end(taken, OrderState.CANCELED))
        if replies:
            self.pending += answers

    def filled(self, taken: Taken, percent: int, better: int) -> OrderFilled:
        """Part of an order is executed, at its limit or (by so many cents) better for us."""
        size = min(taken.left, max(taken.order.size * percent // 100, 1))
        sign = -1 if taken.order.side is Side.BUY else 1
        at = min(max(taken.order.limit + sign * better * 10_000, 10_000), ONE - 10_000) if better else taken.order.limit
        return self.exchange.fill(taken, size, Price(at), self.now)

    def _cancel(self, order_key: str) -> None:
        taken = self.exchange.orders.get(order_key)
        if taken is None:
            self.pending += self.exchange.query(order_key)
        elif not self._faulty():
            self.count("cancel")
            self.pending.append(self.exchange.end(taken, OrderState.CANCELED))

    # ------------------------------------------------------------------ answers and time

    def deliver(self, n: int) -> None:
        """One of the answers under way arrives; a rejection of what has ended meanwhile is not passed on."""
        payload = self.pending.pop(n % len(self.pending))
        if not self._outdated(payload):
            self.give(payload)

    def _outdated(self, payload: Payload) -> bool:
        if not isinstance(payload, OrderRejected):
            return False
        return self.engine.desk.books.orders[payload.order_key].state in (OrderState.FILLED, OrderState.PARTIAL)

    def deliver_twice(self, n: int) -> None:
        """An answer of the venue arrives and will arrive again (the store answers once)."""
        payload = self.pending[n % len(self.pending)]
        if not isinstance(payload, PlanCommitted | PlanRefused) and not self._outdated(payload):
            self.count("duplicate report")
            self.give(payload)

    def lose(self, n: int) -> None:
        """An answer of the venue never arrives (what the chain has merged or redeemed, everybody can see)."""
        if not isinstance(self.pending[n % len(self.pending)], PlanCommitted | PlanRefused | Merged | Redeemed):
            self.count("reply lost")
            del self.pending[n % len(self.pending)]

    def wait(self, duration: int, hearing: bool = False) -> None:
        """Time passes and due timers fire; ``hearing``: what is said meanwhile is heard at once."""
        until = self.now + duration
        while True:
            while hearing and self.pending:
                self.deliver(0)
            if not self.timers or self.timers[0][0] > until:
                break
            at, _, timer = heappop(self.timers)
            self.now = max(self.now, at)
            self.give(TimerFired(timer.timer, timer.key))
        self.now = max(self.now, until)
        self.give(TimerFired(TimerKind.PULSE, ""))

    def changed(self, market: Market) -> None:
        """A market's data is different from now on."""
        self.markets[market.market] = market
        self.give(MarketChanged(market))

    def restart(self) -> None:
        """The process dies: answers and timers under way are lost, the journal and what the chain did are not."""
        self.count("restart")
        self.story.append((self.now, "restart"))
        self.pending = [payload for payload in self.pending if isinstance(payload, Merged)]
        self.timers = []
        self.engine = self._new_engine()
        for market in self.markets.values():
            self.engine.warm(Event(0, self.now, self.now, "feed", MarketListed(market)))
        for resolved in self.resolved.values():
            self.engine.warm(Event(0, self.now, self.now, "feed", resolved))
        journal, trading = self.store.journal("test"), self.store.switch().trading
        effects = self.engine.recover(journal, trading, self.now)
        self.fail(self.checks.recover(journal, trading, self.now, effects))
        self.perform(effects)
        self._tell_the_world()

    # ------------------------------------------------------------------ judging

    def live_orders(self) -> list[Taken]:
        """Orders the exchange may still fill."""
        return list(self.exchange.live.values())

    def count(self, fault: str) -> None:
        """A fault happened."""
        self.faults[fault] = self.faults.get(fault, 0) + 1

    def check(self) -> None:
        """Every invariant that holds at any time."""
        self.fail(invariants.money(self.engine, self.trusting))
        self.fail(invariants.indexes(self.engine))
        if not any(isinstance(payload, PlanRefused) for payload in self.pending):
            self.fail(invariants.same_books(self.engine.desk.books, self.store.books, "store"))

    def fail(self, sentences: Iterator[str] | list[str]) -> None:
        """Raise on the first sentences there are."""
        told = list(sentences)
        if told:
            raise Violation("; ".join(told))
