"""A small house to test in: one engine, a memory store, and lists of everything else the engine asks of the world."""

from typing import Any

from shared.adapters.memory.store import MemoryStore
from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Decision, Reason
from shared.domain.effects import (
    Alert,
    Cancel,
    Effect,
    Merge,
    Plan,
    Query,
    RecordDecision,
    SetSwitch,
    Settle,
    Submit,
    WakeMeAt,
    Write,
)
from shared.domain.instants import DAY, HOUR, MILLISECOND, SECOND
from shared.domain.ledger import CASH, RESERVED, Fill, SettlementStatus
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    BookSnapshot,
    Event,
    FillStatus,
    MarketListed,
    MarketResolved,
    OrderAccepted,
    OrderFilled,
    OrderReport,
    Payload,
    PlanCommitted,
    PlanRefused,
    RankingPublished,
    TimerFired,
    TimerKind,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars, taker_fee
from shared.domain.order import Order, OrderState, Purpose, Side
from shared.domain.strategy import Strategy
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.ports import Switch
from shared.strategies.whale_copy import Params, WhaleCopy

NOON = 20_000 * DAY + 12 * HOUR
"""Where every test's time starts: noon of some day, UTC."""
PLAIN = Limits(
    phase_life_ns=(30 * SECOND,),
    phase_step=(0,),
    phase_cut=(Fraction(0),),
    twap_slices=1,
    confidence_factor=Fraction(ONE),
    streak_up=Fraction(ONE),
    streak_down=Fraction(ONE),
    agree_factor=Fraction(ONE),
    stop_loss=Fraction(0),
    take_profit=Fraction(0),
    trailing_stop=Fraction(0),
)
"""The copy profile, but one phase, no slices, no factors on size and no exits by price: what one order does."""
KELLY = Params()
RATIO = Params(sizing="ratio")


def market(name: str = "m", **changes: Any) -> Market:
    """An event market with tokens ``<name>:yes`` and ``<name>:no``, ten days from its end, with volume."""
    fields: dict[str, Any] = {
        "market": name,
        "kind": MarketKind.EVENT,
        "tokens": (f"{name}:yes", f"{name}:no"),
        "outcomes": ("yes", "no"),
        "end_at": NOON + 10 * DAY,
        "volume_24h": dollars(100_000),
    }
    return Market(**{**fields, **changes})


def ranked(wallet: str, rank: int = 1, edge: int = 150_000) -> RankedWallet:
    """A wallet with 20 resolved markets whose shrunken edge is ``edge`` millionths."""
    return RankedWallet(wallet, rank, 20, edge * 40)


def ranking(*wallets: RankedWallet | str) -> RankingPublished:
    """A watch list of wallets in this order."""
    followed = tuple(w if isinstance(w, RankedWallet) else ranked(w, n) for n, w in enumerate(wallets, start=1))
    return RankingPublished(Ranking(NOON, "test", followed))


def trade(
    wallet: str = "whale",
    token: str = "m:yes",
    side: Side = Side.BUY,
    price: int = 500_000,
    size: int = 1_000 * ONE,
    tx: str = "tx1",
    delivery: int = 0,
) -> WhaleTrade:
    """One execution of a wallet; the market is the part of the token before the colon."""
    return WhaleTrade(wallet, token.partition(":")[0], token, side, price, size, tx, delivery)


def order(**changes: Any) -> Order:
    """A planned BUY of 100 shares at 0.50 with its cash reserved."""
    fields: dict[str, Any] = {
        "order_key": "intent.1",
        "intent_id": "intent",
        "leg": 1,
        "account": "test",
        "strategy": "whale_copy",
        "source": "whale",
        "market": "m",
        "token": "m:yes",
        "side": Side.BUY,
        "purpose": Purpose.ENTRY,
        "limit": Price(500_000),
        "size": Shares(100 * ONE),
        "fee_rate": Fraction(50_000),
        "signal_id": "signal",
        "signal_at": NOON,
        "signal_tx": "tx1",
        "planned_at": NOON,
        "salt": 7,
        "reserved": dollars(52),
    }
    return Order(**{**fields, **changes})


def book(token: str = "m:yes", bid: int = 490_000, ask: int = 500_000, size: int = 10_000 * ONE) -> BookSnapshot:
    """A book of one level on each side."""
    return BookSnapshot(token.partition(":")[0], token, ((bid, size),), ((ask, size),))


class House:
    """Drives an engine event by event; plans and writes reach the store at once, everything else is collected."""

    def __init__(
        self,
        limits: Limits | None = None,
        params: Params = KELLY,
        store: MemoryStore | None = None,
        strict: bool = False,
        strategy: Strategy | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        sources = frozenset({"feed"}) if strict else frozenset[str]()
        self.engine = Engine("test", strategy or WhaleCopy(params), limits or PLAIN, strict_sources=sources)
        self.now = NOON
        self.commits = True
        self.sent: list[Order] = []
        self.cancels: list[str] = []
        self.queries: list[str] = []
        self.wakes: list[WakeMeAt] = []
        self.alerts: list[Alert] = []
        self.merges: list[Merge] = []
        self.settles: list[str] = []
        self.decisions: list[Decision] = []
        self.plans: list[Plan] = []
        self.trades = 0

    # ------------------------------------------------------------------ events

    def give(self, payload: Payload, after: int = 0, lag: int = 0, source: str = "feed") -> list[Effect]:
        """Hand the engine a fact ``after`` nanoseconds from now that happened ``lag`` before it is observed."""
        self.now += after
        effects = self.engine.handle(Event(0, self.now, self.now - lag, source, payload))
        self.perform(effects)
        return effects

    def perform(self, effects: list[Effect]) -> None:
        """What a driver does, with the world left out."""
        for effect in effects:
            match effect:
                case RecordDecision():
                    self.decisions.append(effect.decision)
                case Plan():
                    self.plans.append(effect)
                    if self.commits:
                        self.answer_plan(effect)
                case Write():
                    self.store.write(effect.record)
                case Submit():
                    self.sent.append(effect.order)
                case Cancel():
                    self.cancels.append(effect.order_key)
                case Query():
                    self.queries.append(effect.order_key)
                case WakeMeAt():
                    self.wakes.append(effect)
                case Alert():
                    self.alerts.append(effect)
                case Merge():
                    self.merges.append(effect)
                case Settle():
                    self.settles.append(effect.market)
                case SetSwitch():
                    self.store.set_switch(Switch(effect.trading, effect.reason, self.now))

    def answer_plan(self, plan: Plan) -> PlanCommitted | PlanRefused:
        """The store's answer to a plan, handed to the engine."""
        answer = self.store.plan(plan.record)
        self.give(answer)
        return answer

    # ------------------------------------------------------------------ set-up

    def ready(self, *wallets: RankedWallet | str, capital: int = 10_000) -> "House":
        """Money, a followed whale (or these), and market ``m``."""
        self.deposit(capital)
        self.give(ranking(*(wallets or ("whale",))))
        self.give(MarketListed(market()))
        return self

    def deposit(self, whole_dollars: int, key: str = "initial") -> None:
        """Money from outside."""
        self.give(Command(key, CommandKind.DEPOSIT, "test", dollars(whole_dollars)))

    def command(self, kind: CommandKind, key: str = "", amount: int = 0) -> None:
        """A person's request; each has its own id unless ``key`` is given."""
        self.trades += 1
        self.give(Command(key or f"command-{self.trades}", kind, "test", amount))

    def change(self, key: str = "", **fields: Any) -> None:
        """A person changes something; ``limits`` by name and text."""
        self.trades += 1
        limits = tuple(fields.pop("limits", {}).items())
        asked = Change(limits=limits, **fields)
        self.give(Command(key or f"command-{self.trades}", CommandKind.SET, "test", change=asked))

    def kill(self) -> None:
        """Stop trading."""
        self.command(CommandKind.KILL)

    def resume(self) -> None:
        """Trade again."""
        self.command(CommandKind.RESUME)

    def restarted(self, after: int = SECOND, trading: bool = True, limits: Limits | None = None) -> "House":
        """A new life over the same store (and other settings): journal, then the markets and watch list again."""
        life = House(limits or self.engine.changes.base, store=self.store, strategy=self.engine.strategy)
        life.now, life.trades = self.now + after, self.trades
        life.perform(life.engine.recover(self.store.journal("test"), trading, life.now))
        life.give(ranking("whale"))
        for known in self.engine.markets.values():
            life.give(MarketListed(known))
        return life

    # ------------------------------------------------------------------ shorthands

    def whale(self, row: WhaleTrade | None = None, after: int = SECOND, lag: int = SECOND) -> Reason | None:
        """A whale trade observed ``lag`` after it happened; the reason it was given, None for a duplicate."""
        seen = len(self.decisions)
        self.give(row or trade(), after, lag)
        return self.decisions[seen].reason if len(self.decisions) > seen else None

    def copied(self, row: WhaleTrade | None = None, after: int = SECOND) -> Order:
        """A whale trade that is copied; the order as sent."""
        reason = self.whale(row, after)
        assert reason in (Reason.COPIED, Reason.TOPPED_UP), reason
        return self.sent[-1]

    def accept(self, sent: Order, after: int = 200 * MILLISECOND) -> None:
        """The venue takes the order."""
        self.give(OrderAccepted(sent.order_key, "venue-id"), after)

    def fill(
        self, sent: Order, size: int | None = None, price: int | None = None, trade_id: str = "", settles: bool = False
    ) -> Fill:
        """The venue executes (what is left of) the order at its limit or at ``price``; ``settles``: provisionally."""
        self.trades += 1
        at = Price(sent.limit if price is None else price)
        left = Shares(self.order(sent).remaining if size is None else size)
        fee = taker_fee(left, at, sent.fee_rate)
        made = Fill(trade_id or f"t{self.trades}", sent.order_key, at, left, fee, self.now, settles=settles)
        self.give(OrderFilled(made), MILLISECOND)
        return made

    def status(self, fill: Fill, status: SettlementStatus) -> None:
        """The venue says how far an execution has settled."""
        self.give(FillStatus(fill.trade_id, fill.order_key, status), MILLISECOND)

    def bought(self, row: WhaleTrade | None = None, after: int = SECOND, settles: bool = False) -> Order:
        """A whale trade copied and wholly filled."""
        sent = self.copied(row, after)
        self.accept(sent)
        self.fill(sent, settles=settles)
        return self.order(sent)

    def lose(self, name: str = "l") -> int:
        """Copies a BUY in another market, which then pays nothing; returns the loss in micro-dollars."""
        before = self.engine.desk.books.realized
        self.give(MarketListed(market(name)))
        self.bought(trade(token=f"{name}:yes", tx=f"tx-{name}"))
        self.resolve(name, 0)
        return before - self.engine.desk.books.realized

    def show(
        self, bid: int, ask: int | None = None, token: str = "m:yes", after: int = 0, size: int = 10_000 * ONE
    ) -> None:
        """A book of one bid, and one ask a cent above it or at ``ask``."""
        self.give(book(token, bid, bid + 10_000 if ask is None else ask, size), after)

    def pass_time(self, after: int) -> None:
        """Nothing happens but time."""
        self.give(TimerFired(TimerKind.PULSE, ""), after)

    def told(self, name: str) -> list[str]:
        """The texts of the alerts of this name."""
        return [alert.text for alert in self.alerts if alert.name == name]

    def report(self, sent: Order, state: OrderState, filled: int | None = None) -> None:
        """The venue's statement on an order."""
        total = Shares(self.order(sent).filled if filled is None else filled)
        self.give(OrderReport(sent.order_key, state, total), MILLISECOND)

    def resolve(self, name: str = "m", yes: int = ONE) -> None:
        """The market pays ``yes`` for its first token and the rest for its second."""
        self.give(MarketResolved(name, {f"{name}:yes": yes, f"{name}:no": ONE - yes}), MILLISECOND)

    def wake(self, last: WakeMeAt | None = None) -> None:
        """The last timer (or this one) fires when it is due."""
        timer = last or self.wakes[-1]
        self.give(TimerFired(timer.timer, timer.key), max(timer.at - self.now, 0))

    def order(self, sent: Order) -> Order:
        """The order as the engine believes it to be."""
        return self.engine.desk.books.orders[sent.order_key]

    @property
    def cash(self) -> int:
        """Micro-dollars that are free."""
        return self.engine.desk.books.balance(CASH)

    @property
    def reserved(self) -> int:
        """Micro-dollars held for open orders."""
        return self.engine.desk.books.balance(RESERVED)

    @property
    def equity(self) -> Usd:
        """What the account is worth."""
        return self.engine.desk.risk.equity()

    def size(self, token: str = "m:yes", source: str = "whale") -> int:
        """Shares the sleeve holds."""
        position = self.engine.desk.books.positions.get(f"{token}#whale_copy/{source}")
        return 0 if position is None else position.size
