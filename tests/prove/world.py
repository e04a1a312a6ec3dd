"""Everything that may happen around one engine: whales, prices, the venue, the chain, people, the end."""

from msgspec.structs import replace

from shared.domain.command import Command, CommandKind
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import FillKey, SettlementStatus
from shared.domain.market import MarketKind
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    FeedHealth,
    FiguresPublished,
    FillStatus,
    MarketResolved,
    OrderInDoubt,
    PriceKind,
    PricePoint,
    PublicTrade,
    RebatePaid,
    SpotTrade,
    TickSizeChanged,
    VoicesPublished,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, Price, Usd, dollars, price
from shared.domain.order import OrderState, Side
from shared.domain.tables import Figures, Pair, Voices
from shared.ports import Switch
from tests.prove import invariants
from tests.prove.driver import FAULTS, MARKETS, MET, START, WALLETS, Driver, Violation

__all__ = ["FAULTS", "MARKETS", "MET", "START", "TOKENS", "WALLETS", "Violation", "World"]

CENT = 10_000
TOKENS = tuple(f"{market}:{outcome}" for market in MARKETS for outcome in ("yes", "no"))
FEEDS = ("whales", "books", "store", "switch", "clock")
ROUNDS = 400
WORRIES = ("none", "var", "cvar", "stress", "alike", "together")


class World(Driver):
    """One history and what may happen in it. ``btc``: its price in dollars; ``last``: the last trade of a whale."""

    transactions = 0
    rebates = 0
    last: tuple[WhaleTrade, int] | None = None
    btc = 60_000

    # ------------------------------------------------------------------ trades and prices

    def whale(self, wallet: str, token: str, side: Side, cents: int, size: int, lag: int = SECOND) -> None:
        """A followed wallet trades; every number makes a new transaction."""
        self.transactions += 1
        market = token.partition(":")[0]
        tx = f"tx{self.transactions}"
        if side is Side.BUY:
            self.bought.setdefault((wallet, token), []).append((self.now + 1 - lag, cents * CENT * size))
        row = WhaleTrade(wallet, market, token, side, price(cents * CENT), size * ONE, tx, 0)
        self.last = (row, self.now + 1 - lag)
        self.give(row, lag)

    def again(self) -> None:
        """The last whale trade is delivered once more, by a later delivery; it happened when it happened."""
        if self.last is not None:
            row, venue_at = self.last
            again = WhaleTrade(row.wallet, row.market, row.token, row.side, row.price, row.size, row.tx, self.events)
            self.give(again, self.now + 1 - venue_at)

    def public_print(self, token: str, cents: int, told: bool = True) -> None:
        """A stranger trades; ``told``: the source says who."""
        market = token.partition(":")[0]
        if told:
            self.give(WhaleTrade("stranger", market, token, Side.BUY, cents * CENT, ONE, "public", 0))
        else:
            self.give(PublicTrade(market, token, Side.SELL, cents * CENT, ONE, "public", self.events))

    def book(self, token: str, cents: int, spread: int, size: int) -> None:
        """A token's book is shown: three levels a cent apart on each side, perhaps crossed, perhaps (0) empty."""
        bids = [((cents - n) * CENT, size * ONE) for n in range(3) if 0 < cents - n < 100 and size]
        asks = [((cents + spread + n) * CENT, size * ONE) for n in range(3) if 0 < cents + spread + n < 100 and size]
        self.give(BookSnapshot(token.partition(":")[0], token, tuple(bids), tuple(asks)))

    def level(self, token: str, side: Side, cents: int, size: int) -> None:
        """One level of a book changes."""
        self.give(BookChange(token.partition(":")[0], token, side, cents * CENT, size * ONE))

    def tick(self, token: str, fine: bool) -> None:
        """Prices move in other steps from now on."""
        market = token.partition(":")[0]
        tick = 1_000 if fine else CENT
        known = self.markets[market]
        self.markets[market] = replace(known, tick=Price(tick))
        self.checks.markets[market] = self.markets[market]
        self.give(TickSizeChanged(market, token, tick))

    def spot(self, percent: int) -> None:
        """BTC moves."""
        self.btc = max(self.btc * (100 + percent) // 100, 1_000)
        if percent % 2:
            self.give(PricePoint("BTC", PriceKind.SPOT, dollars(self.btc)))
        else:
            self.give(SpotTrade("BTC", Side.BUY, dollars(self.btc), ONE, self.events))

    # ------------------------------------------------------------------ tables, markets, feeds, people

    def worry(self, about: str) -> None:
        """New figures of what the portfolio could lose; all within the limits (``none``), or one beyond."""
        limits = self.setting.limits
        var, cvar = int(limits.var_95_usd), int(limits.cvar_95_usd)
        worst = -self.engine.desk.risk.equity() * (limits.stress_of_equity + 50_000) // ONE
        alike = about == "alike"
        figures = Figures(
            self.now,
            var_95=Usd(var + (about == "var")),
            cvar_95=Usd(cvar + (about == "cvar")),
            stress={"calm": 5, "crash": worst if about == "stress" else min(worst // 4, 0)},
            diversification=Fraction(int(limits.diversification_min) - 1 if alike else ONE),
            bets=4 if alike else 2,
            correlated={"coins": 3, "m": 3} if about == "together" else {"coins": 0},
        )
        self.figures = FiguresPublished(figures)
        self.give(self.figures)

    def talk(self, overlap: int, together: bool) -> None:
        """A new table of who is an independent voice (``together``: two of them are one)."""
        pairs = tuple(Pair(a, b, overlap, 0) for n, a in enumerate(WALLETS) for b in WALLETS[n + 1 :])
        groups = {WALLETS[0]: "one", WALLETS[1]: "one"} if together else {}
        self.voices = VoicesPublished(Voices(self.now, pairs, groups))
        self.give(self.voices)

    def hurry(self, market: str, minutes: int) -> None:
        """A market is said to end so many minutes after the last moment at which its positions are left."""
        known = self.markets[market]
        before = self.setting.limits.exit_before_end_ns if known.kind is MarketKind.EVENT else 0
        self.changed(replace(known, end_at=self.now + before + minutes * MINUTE))

    def shut(self, market: str, shut: bool, disputed: bool = False) -> None:
        """A market takes no orders for a while, or does again."""
        self.changed(replace(self.markets[market], accepting=not shut, disputed=disputed))

    def feed(self, name: str, healthy: bool) -> None:
        """A feed falls silent or comes back."""
        self.give(FeedHealth(name, healthy, "drawn"))

    def command(self, kind: CommandKind, amount: int = 0) -> None:
        """A person asks for something."""
        self.give(Command(f"c{self.events}", kind, "prove", Usd(amount)))

    def stop_in_the_store(self) -> None:
        """The kill function flips the switch; the engine has not heard of it yet."""
        self.count("refusal")
        self.store.set_switch(Switch(trading=False, reason="kill function", at=self.now))

    def rebate(self, again: bool) -> None:
        """The venue pays a rebate, or tells of the last one again."""
        self.rebates += not again or not self.rebates
        self.give(RebatePaid(f"rebate{self.rebates}", 12_345))

    def resolve(self, market: str, yes: int) -> None:
        """A market pays out, once."""
        if market not in self.resolved:
            self.resolved[market] = MarketResolved(market, {f"{market}:yes": yes, f"{market}:no": ONE - yes})
            self.give(self.resolved[market])

    # ------------------------------------------------------------------ the venue and the chain

    def fill(self, n: int, percent: int, better: int = 0) -> None:
        """The exchange executes part of an order, at its limit or better for us."""
        live = self.live_orders()
        if live:
            self.pending.append(self.filled(live[n % len(live)], percent, better))

    def late_fill(self, n: int, percent: int) -> None:
        """The exchange executes an order that it had reported as ended: cash may have been spent elsewhere by now."""
        ended = (OrderState.CANCELED, OrderState.EXPIRED)
        buys = [t for t in self.exchange.orders.values() if t.state in ended and t.order.side is Side.BUY]
        opposite = [t for t in buys if any(self._faces(token, t.order.token) for token in self.checks.shadow.sizes)]
        buys = opposite or buys
        if buys:
            self.count("late fill")
            self.trusting = False
            late = buys[n % len(buys)]
            self.checks.late[late.order.order_key] = None
            self.pending.append(self.filled(late, percent, 0))

    def _faces(self, token: str, other: str) -> bool:
        return token != other and token.partition(":")[0] == other.partition(":")[0]

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

    def settle(self, n: int, fails: bool = False) -> None:
        """The chain takes an execution one step further, or fails it."""
        keys = list(self.exchange.unsettled)
        if keys:
            key = keys[n % len(keys)]
            mined = self.exchange.settled[key] is SettlementStatus.MINED
            told = self.exchange.settle(key, fails and not (mined and self._moved_on(key)))
            if told.status is SettlementStatus.FAILED:
                self.count("failed settlement")
            if mined and told.status is SettlementStatus.FAILED:
                self.give(told)  # or we might sell what is gone, which no venue lets us do
            else:
                self.pending.append(told)

    def _moved_on(self, key: FillKey) -> bool:
        """Whether we are selling, or have sold, what a mined purchase brought; chains are not reorganised for that."""
        shadow, order = self.checks.shadow, self.exchange.orders[key[1]].order
        position = f"{order.token}#{order.sleeve}"
        return shadow.free.get(position, 0) - shadow.selling(position) < order.size

    def sleep(self, duration: int) -> None:
        """Nothing is told for a long time after all that was said; timers are late, then everything comes at once."""
        self.wait(MINUTE, hearing=True)
        self.now += duration
        self.wait(SECOND, hearing=True)

    # ------------------------------------------------------------------ the end

    def finish(self) -> None:
        """Faults stop, somebody buys what is offered, the chain settles, every timer fires; then all is at rest."""
        self.fate, self.luck = str, lambda: 100
        self.finishing, self.refuse_next = True, False
        for market in MARKETS:
            if not self.markets[market].accepting:
                self.shut(market, shut=False)
        for _ in range(ROUNDS):
            self._calm()
            self.wait(31 * SECOND, hearing=True)
            if self._at_rest():
                break
        self.check()
        self.fail(self.checks.whole())
        self.fail(invariants.ended(self.engine))
        self.fail(invariants.rebuild(self.store))
        if self.checks.restless(self.now):
            self.fail(["a position is on its way out for ever"])

    def _calm(self) -> None:
        """Books are shown for what is on its way out, open sales are met, executions settle and are told of again."""
        for position in list(self.checks.left.held()):
            if self.engine.holdings.leaves(position.key) and not self.checks.quotes.bid(position.token, self.now):
                mark = self.checks.shadow.marks.get(position.token, 0) or ONE // 2
                self.book(position.token, min(max(mark // CENT, 1), 98), 1, 10_000)
        for taken in self.live_orders():
            if taken.order.side is Side.SELL:
                self.pending.append(self.filled(taken, 100, 0))
        for _ in range(2):
            for key in list(self.exchange.unsettled):
                self.exchange.settle(key, fails=False)
        for waiting in list(self.engine.desk.books.unsettled.values()):
            self.pending += [FillStatus(*key, self.exchange.settled[key]) for key in waiting]

    def _at_rest(self) -> bool:
        desk = self.engine.desk
        waiting = self.pending or desk.execution.open_orders() or desk.books.unsettled or self.exchange.unsettled
        return not waiting and not self.checks.restless(self.now)
