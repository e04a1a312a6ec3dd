"""A world around one engine in which anything may be lost, late, doubled or refused; time moves only by its actions."""

from collections.abc import Callable, Iterator

from shared.adapters.memory.store import MemoryStore
from shared.domain.effects import Cancel, Effect, Plan, Query, SetSwitch, Submit, WakeMeAt, Write
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    Command,
    CommandKind,
    Event,
    MarketListed,
    MarketResolved,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    Payload,
    PlanCommitted,
    PlanRefused,
    RankingPublished,
    RefusedBy,
    TimerFired,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, Price, Usd, dollars, price
from shared.domain.order import FINAL, OrderState, Side
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.ports import Switch
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.prove import invariants
from tests.prove.exchange import Exchange, Taken

START = 20_000 * DAY + 12 * HOUR
MARKETS = ("m", "n", "o")
WALLETS = ("anna", "bert")
LIMITS = Limits(
    portfolio_usd=dollars(1_500),
    strategy_usd=dollars(1_400),
    market_usd=dollars(500),
    source_usd=dollars(800),
    trade_max_usd=dollars(250),
    position_of_equity=Fraction(100_000),
    positions_max=4,
    daily_loss_usd=dollars(800),
    daily_loss_of_equity=Fraction(300_000),
    source_daily_loss_usd=dollars(400),
    drawdown_halt=Fraction(400_000),
    drawdown_reduce=Fraction(200_000),
)
RANKING = RankingPublished(
    Ranking(START, "prove", tuple(RankedWallet(w, n, 20, 150_000 * 40) for n, w in enumerate(WALLETS, start=1)))
)
FAULTS = ("rejected", "request lost", "reply lost")


class Violation(AssertionError):
    """An invariant is false; the message says which."""


class World:
    """One history. ``fate`` decides what becomes of each request to the venue: "", or one of ``FAULTS``."""

    def __init__(self, sizing: str, capital: int, fate: Callable[[], str]) -> None:
        self.params = Params(sizing=sizing)
        self.fate = fate
        self.store = MemoryStore(keep_decisions=False)
        self.exchange = Exchange()
        self.now = START
        self.pending: list[Payload] = []
        self.timers: list[WakeMeAt] = []
        self.resolved: dict[str, MarketResolved] = {}
        self.story: list[tuple[int, object]] = []
        self.faults: dict[str, int] = {}
        self.events = 0
        self.fills = 0
        self.trusting = True
        self.refuse_next = False
        self.transactions = 0
        self.last: tuple[WhaleTrade, int] | None = None
        self.bought: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self.engine = self._new_engine()
        self.give(Command("initial", CommandKind.DEPOSIT, "prove", dollars(capital)))
        self._tell_the_world()

    def _new_engine(self) -> Engine:
        return Engine("test", WhaleCopy(self.params), LIMITS)

    def _tell_the_world(self) -> None:
        for name in MARKETS:
            self.give(MarketListed(Market(name, MarketKind.EVENT, tokens=(f"{name}:yes", f"{name}:no"))))
        self.give(RANKING)

    # ------------------------------------------------------------------ events and effects

    def give(self, payload: Payload, lag: int = 0) -> None:
        """Hand the engine a fact that happened ``lag`` nanoseconds ago, and perform what it asks for."""
        self.now += 1
        self.events += 1
        self.story.append((self.now, payload))
        if type(payload) is OrderFilled:
            self.fills += 1
        was_trading = self.engine.desk.risk.trading
        effects = self.engine.handle(Event(self.events, self.now, self.now - lag, "feed", payload))
        for effect in effects:
            if type(effect) is Plan and not was_trading:
                self.fail(["a plan although trading is stopped"])
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
                    self._submit(effect)
                case Cancel():
                    self._cancel(effect.order_key)
                case Query():
                    if not self._faulty():
                        self.pending += self.exchange.query(effect.order_key)
                case WakeMeAt():
                    self.timers.append(effect)
                case SetSwitch():
                    self.store.set_switch(Switch(effect.trading, effect.reason, self.now))
                case _:
                    pass

    def _plan(self, plan: Plan) -> None:
        order = plan.record.order
        assert order is not None
        if order.side is Side.BUY:
            self.fail(invariants.caps(self.engine, order))
            rows = self.bought[order.source, order.token]
            self.fail(invariants.copied_once(self.engine, order, self.params, rows))
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

    def _submit(self, submit: Submit) -> None:
        order = submit.order
        if not self.engine.desk.risk.trading:
            self.fail([f"order {order.order_key} is sent although trading is stopped"])
        fate = self.fate()
        if fate:
            self.count(fate)
        if fate == "rejected":
            self.pending.append(self.exchange.refuse(order.order_key, "not enough balance"))
        elif fate == "request lost":
            self.pending.append(OrderInDoubt(order.order_key, "time-out"))
        elif not self.exchange.submit(order):
            self.fail([f"order {order.order_key} was sent twice, or after it was given up"])
        elif fate != "reply lost":
            self.pending.append(OrderAccepted(order.order_key, "venue-id"))

    def _cancel(self, order_key: str) -> None:
        taken = self.exchange.orders.get(order_key)
        if taken is None:
            self.pending += self.exchange.query(order_key)
        elif not self._faulty():
            self.count("cancel")
            self.pending.append(self.exchange.end(taken, OrderState.CANCELED))

    # ------------------------------------------------------------------ what may happen

    def whale(self, wallet: str, token: str, side: Side, cents: int, size: int, lag: int = SECOND) -> None:
        """A followed wallet trades; every number makes a new transaction."""
        self.transactions += 1
        market = token.partition(":")[0]
        tx = f"tx{self.transactions}"
        if side is Side.BUY:
            self.bought.setdefault((wallet, token), []).append((self.now + 1 - lag, cents * 10_000 * size))
        row = WhaleTrade(wallet, market, token, side, price(cents * 10_000), size * ONE, tx, 0)
        self.last = (row, self.now + 1 - lag)
        self.give(row, lag)

    def again(self) -> None:
        """The last whale trade is delivered once more, by a later delivery; it happened when it happened."""
        if self.last is not None:
            row, venue_at = self.last
            again = WhaleTrade(row.wallet, row.market, row.token, row.side, row.price, row.size, row.tx, self.events)
            self.give(again, self.now + 1 - venue_at)

    def public_print(self, token: str, cents: int) -> None:
        """A stranger trades."""
        market = token.partition(":")[0]
        self.give(WhaleTrade("stranger", market, token, Side.BUY, cents * 10_000, ONE, "public", 0))

    def deliver(self, n: int) -> None:
        """One of the answers under way arrives."""
        self.give(self.pending.pop(n % len(self.pending)))

    def deliver_twice(self, n: int) -> None:
        """An answer of the venue arrives and will arrive again (the store answers once)."""
        payload = self.pending[n % len(self.pending)]
        if not isinstance(payload, PlanCommitted | PlanRefused):
            self.count("duplicate report")
            self.give(payload)

    def lose(self, n: int) -> None:
        """An answer of the venue never arrives."""
        if not isinstance(self.pending[n % len(self.pending)], PlanCommitted | PlanRefused):
            self.count("reply lost")
            del self.pending[n % len(self.pending)]

    def live_orders(self) -> list[Taken]:
        """Orders the exchange may still fill."""
        return [taken for taken in self.exchange.orders.values() if taken.state not in FINAL]

    def fill(self, n: int, percent: int, better: int = 0) -> None:
        """The exchange executes part of an order, at its limit or better for us."""
        live = self.live_orders()
        if live:
            self._fill(live[n % len(live)], percent, better)

    def _fill(self, taken: Taken, percent: int, better: int) -> None:
        size = min(taken.left, max(taken.order.size * percent // 100, 1))
        sign = -1 if taken.order.side is Side.BUY else 1
        at = min(max(taken.order.limit + sign * better * 10_000, 10_000), ONE - 10_000)
        self.pending.append(self.exchange.fill(taken, size, Price(at), self.now))

    def late_fill(self, n: int, percent: int) -> None:
        """The exchange executes an order that it had reported as ended: cash may have been spent elsewhere by now."""
        buys = [
            taken
            for taken in self.exchange.orders.values()
            if taken.state in (OrderState.CANCELED, OrderState.EXPIRED) and taken.order.side is Side.BUY
        ]
        if buys:
            self.count("late fill")
            self.trusting = False
            self._fill(buys[n % len(buys)], percent, 0)

    def expire(self, n: int) -> None:
        """The exchange ends an order by itself."""
        live = self.live_orders()
        if live:
            self.pending.append(self.exchange.end(live[n % len(live)], OrderState.EXPIRED))

    def doubt(self, n: int) -> None:
        """A request about an open order times out."""
        orders = [o for o in self.engine.desk.execution.open_orders() if o.order_key in self.exchange.orders]
        if orders:
            self.count("doubt")
            self.give(OrderInDoubt(orders[n % len(orders)].order_key, "time-out"))

    def night(self) -> None:
        """Half a day passes in which everything said is heard."""
        self.wait(13 * HOUR, hearing=True)

    def wait(self, duration: int, hearing: bool = False) -> None:
        """Time passes and due timers fire; ``hearing``: what is said meanwhile is heard at once."""
        until = self.now + duration
        while True:
            while hearing and self.pending:
                self.deliver(0)
            due = [timer for timer in self.timers if timer.at <= until]
            if not due:
                break
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = max(self.now, first.at)
            self.give(TimerFired(first.timer, first.key))
        self.now = max(self.now, until)

    def command(self, kind: CommandKind, amount: int = 0) -> None:
        """A person asks for something."""
        self.give(Command(f"c{self.events}", kind, "prove", Usd(amount)))

    def stop_in_the_store(self) -> None:
        """The kill function flips the switch; the engine has not heard of it yet."""
        self.count("refusal")
        self.store.set_switch(Switch(trading=False, reason="kill function", at=self.now))

    def resolve(self, market: str, yes: int) -> None:
        """A market pays out, once."""
        if market not in self.resolved:
            self.resolved[market] = MarketResolved(market, {f"{market}:yes": yes, f"{market}:no": ONE - yes})
            self.give(self.resolved[market])

    def restart(self) -> None:
        """The process dies: answers and timers under way are lost, the journal is not."""
        self.count("restart")
        self.story.append((self.now, "restart"))
        self.pending, self.timers = [], []
        self.engine = self._new_engine()
        for payload in self.resolved.values():
            self.engine.warm(Event(0, self.now, self.now, "feed", payload))
        trading = self.store.switch().trading
        self.perform(self.engine.recover(self.store.journal("test"), trading, self.now))
        self._tell_the_world()

    def finish(self) -> None:
        """Faults stop: everything said is heard, every timer fires; then every order has ended."""
        self.fate = str
        self.refuse_next = False
        for _ in range(200):
            self.wait(31 * SECOND, hearing=True)
            if not self.engine.desk.execution.open_orders():
                break
        self.check()
        self.fail(invariants.ended(self.engine))
        self.fail(invariants.rebuild(self.store))

    # ------------------------------------------------------------------ judging

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
