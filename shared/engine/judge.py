"""The judge: from a whale's signal to an order or the reason against one, and from an ended order to its next leg.

Strategy, market filters, the other whales' voices and risk are asked in the order of their cost; the first objection is
the reason, and the numbers it was held against are kept with it.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.decision import Decision, Reason
from shared.domain.effects import Alert, Effect, WakeMeAt
from shared.domain.instants import SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import Event, TimerKind, WhaleTrade
from shared.domain.money import (
    ONE,
    Fraction,
    Price,
    Shares,
    Usd,
    affordable_size,
    ceil_tick,
    floor_size,
    floor_tick,
    near,
)
from shared.domain.order import Order, OrderType, Side
from shared.domain.strategy import Skip, Strategy, Trade
from shared.domain.whale import Signal
from shared.engine.books import Book
from shared.engine.consensus import Consensus
from shared.engine.decision import Filters
from shared.engine.desk import Desk
from shared.engine.detection import Detection
from shared.engine.execution import wanted_again, wanted_of
from shared.engine.limits import Limits
from shared.engine.phases import Over, first_leg, next_leg
from shared.engine.prices import TokenPrices
from shared.engine.risk import Ask
from shared.engine.view import LiveView

Numbers = tuple[tuple[str, int], ...]
QUEUED_NS = SECOND
"""How soon a leg that found the order rate used up asks again."""


class Verdict(Struct, frozen=True, gc=False):
    """What came of a signal: the reason, the numbers behind it, and the order when there is one."""

    reason: Reason
    trade: Trade | None = None
    stake: int = 0
    missing: tuple[str, ...] = ()
    order: Order | None = None
    numbers: Numbers = ()


def decision_of(
    event: Event, trade: WhaleTrade, signal: Signal, verdict: Verdict, account: str, strategy: str
) -> Decision:
    """The record of what came of a whale trade."""
    wish, order = verdict.trade, verdict.order
    return Decision(
        event.observed_at,
        event.venue_at,
        account,
        strategy,
        signal.signal_id,
        trade.wallet,
        trade.market,
        trade.token,
        trade.side,
        trade.price,
        trade.size,
        trade.tx,
        verdict.reason,
        signal.confidence,
        0 if wish is None or wish.p_win is None else wish.p_win,
        0 if wish is None else wish.limit,
        verdict.stake,
        "" if order is None else order.order_key,
        verdict.missing,
        verdict.numbers,
    )


class Judge:
    """Around the engine's own state. ``leaves`` says whether a position (by key) is being left by a rule of ours;
    ``observing``: entries are decided, and none is planned.
    """

    def __init__(
        self,
        strategy: Strategy,
        limits: Limits,
        desk: Desk,
        detection: Detection,
        filters: Filters,
        consensus: Consensus,
        prices: dict[str, TokenPrices],
        markets: dict[str, Market],
    ) -> None:
        self.leaves: Callable[[str], bool] = lambda _: False
        self.observing = False
        self.filters = filters
        self._strategy = strategy
        self._limits = limits
        self._desk = desk
        self._consensus = consensus
        self._prices = prices
        self._markets = markets
        self.view = LiveView(desk, detection, markets)

    def relimit(self, limits: Limits) -> None:
        """Other limits, from the next signal and the next leg on."""
        self._limits = limits

    # ------------------------------------------------------------------ a signal

    def judge(self, signal: Signal, at: int, strict: bool) -> Verdict:
        """What to do about a signal; ``strict``: a market filter without its input is an objection."""
        wish = self._strategy.decide(signal, self.view)
        if isinstance(wish, Skip):
            return Verdict(wish.reason)
        if wish.side is Side.BUY and wish.wish is not None and wish.wish < self._limits.trade_min_usd:
            least = (("stake_wanted", wish.wish), ("trade_min_usd", int(self._limits.trade_min_usd)))
            return Verdict(Reason.BELOW_MINIMUM, wish, numbers=least)
        objection, numbers = self._objection(signal, wish, at)
        if objection is not None:
            return Verdict(objection, wish, numbers=numbers)
        market = self._markets[signal.market]
        if wish.side is Side.SELL:
            return self._exit(signal, wish, market, at)
        return self._entry(signal, wish, market, at, strict)

    def _objection(self, signal: Signal, wish: Trade, at: int) -> tuple[Reason | None, Numbers]:
        """What speaks against any order on this token now, before money is considered."""
        desk, limits = self._desk, self._limits
        intent = desk.execution.intent_of(signal.signal_id)
        if intent is not None and intent.open_key:
            return Reason.LEG_OPEN, ()
        if signal.market in desk.payouts:
            return Reason.MARKET_RESOLVED, ()
        if desk.execution.in_doubt(signal.market, signal.token):
            return Reason.IN_DOUBT, ()
        key = f"{signal.token}#{self._strategy.name}/{signal.wallet}"
        if self.leaves(key):  # what it would add is sold again at once
            return Reason.EXIT_COVERED, ()
        if wish.side is Side.SELL:
            return (None if desk.risk.trading else Reason.TRADING_DISABLED), ()
        tripped = desk.risk.breaker(signal.wallet, at)
        if tripped is not None:
            return tripped, desk.risk.numbers(tripped, signal.wallet, at)
        if any(token != signal.token for token in desk.exposed_tokens(signal.market)):
            return Reason.OPPOSITE_SIDE, ()
        if signal.confidence < limits.confidence_min:
            return Reason.LOW_CONFIDENCE, (
                ("confidence", signal.confidence),
                ("confidence_min", limits.confidence_min),
            )
        if desk.books.may_fail(signal.market, key):
            return Reason.UNSETTLED, ()
        if desk.full(limits.positions_max) and not desk.claims(signal.market, key):
            return Reason.CAP_OPEN_POSITIONS, (
                ("positions", len(desk.claimed_positions()) * ONE),  # not money: a count in millionths
                ("positions_max", limits.positions_max * ONE),  # not money: a count in millionths
            )
        if desk.risk.rate_reached(at):
            return Reason.ORDER_RATE, desk.risk.numbers(Reason.ORDER_RATE, signal.wallet, at)
        return None, ()

    def _exit(self, signal: Signal, wish: Trade, market: Market, at: int) -> Verdict:
        free = self.view.sleeve_free(signal.token, self._strategy.name, signal.wallet)
        size, denied = self._desk.risk.size_exit(wish.wish or 0, free, market)
        if denied is not None:
            wanting = (("size", min(wish.wish or 0, free)), ("min_size", int(market.min_size)))
            return Verdict(denied, wish, numbers=wanting)
        return self._ordered(signal, wish, market, size, 0, (), (), at)

    def _entry(self, signal: Signal, wish: Trade, market: Market, at: int, strict: bool) -> Verdict:
        """Market filters, the tape, the other voices, size, and what the book would make of it."""
        reason, missing, numbers = self.filters.judge(wish, market, at, strict)
        if reason is None:
            reason, numbers = self._taped(signal, market, at)
        if reason is not None:
            return Verdict(reason, wish, 0, missing, None, numbers)
        consent = self._consensus.judge(signal, market, self.view.edge, signal.last_price, at)
        numbers = consent.numbers
        if consent.reason is not None:
            return Verdict(consent.reason, wish, 0, missing, None, numbers)
        if consent.p_win is not None and wish.p_win is not None:
            wish = replace(wish, p_win=consent.p_win)
        sized = self._desk.risk.size_entry(self._ask(signal, wish, market, consent.factor, at))
        numbers = (*numbers, *sized.numbers)
        if sized.reason is not None:
            return Verdict(sized.reason, wish, sized.stake, missing, None, numbers)
        slipped = self._slips(wish, sized.size, market, at)
        if slipped:
            return Verdict(Reason.SLIPPAGE, wish, sized.stake, missing, None, (*numbers, *slipped))
        if self.observing:
            return Verdict(Reason.OBSERVED, wish, sized.stake, missing, None, numbers)
        return self._ordered(signal, wish, market, sized.size, sized.stake, missing, numbers, at)

    def _ordered(
        self,
        signal: Signal,
        wish: Trade,
        market: Market,
        size: Shares,
        stake: int,
        missing: tuple[str, ...],
        numbers: Numbers,
        at: int,
    ) -> Verdict:
        book = self._book(wish.token, at)
        best = 0 if book is None else book.best_ask if wish.side is Side.BUY else book.best_bid
        wanted = replace(
            wanted_of(signal, self._strategy.name, market),
            target=wish.limit,
            reference=best if 0 < best < ONE else 0,
            p_win=wish.p_win or 0,
            order_type=wish.order_type,
            post_only=wish.post_only,
        )
        sliced = wish.side is Side.BUY and wish.order_type is OrderType.GTC and not wish.post_only
        leg = first_leg(wish.limit, size, stake, sliced, self._limits, market.min_size)
        order = self._desk.execution.new_order(wanted, leg, at)
        reason = Reason.COPIED if order.leg == 1 else Reason.TOPPED_UP
        return Verdict(reason, wish, stake, missing, order, numbers)

    # ------------------------------------------------------------------ what the market says

    def _book(self, token: str, at: int) -> Book | None:
        """The token's book, when it is fit to act on."""
        book = self.filters.books.get(token)
        return book if book is not None and book.usable(at, self._limits.book_max_age_ns) else None

    def _taped(self, signal: Signal, market: Market, at: int) -> tuple[Reason | None, Numbers]:
        """Whether the recent prints allow it: near their average, and no market that jumps about."""
        prices, limits = self._prices.get(signal.token), self._limits
        if prices is None or not limits.price_band:
            return None, ()
        if market.kind is MarketKind.EVENT:
            swing = prices.swing(at)
            if swing > limits.swing_max:
                return Reason.ANOMALOUS_TAPE, (("swing", swing), ("swing_max", limits.swing_max))
        average = prices.average(at)
        if average is None:
            return None, ()
        room = near(average, limits.price_band, limits.price_band_ticks, market.tick)
        off = abs(signal.last_price - average)
        if off > room:
            return Reason.PRICE_OFF_AVERAGE, (("average", average), ("off_average", off), ("off_average_max", room))
        return None, ()

    def _slips(self, wish: Trade, size: Shares, market: Market, at: int) -> Numbers:
        """The numbers of a purchase that the displayed book would fill too dearly; none where it would not, or where
        there is no book to tell.
        """
        book = self._book(wish.token, at)
        if book is None:
            return ()
        _, average = book.walked(wish.side, wish.limit, size)
        slip = average - book.best_ask
        room = near(book.best_ask, self._limits.slippage_limit, 1, market.tick)
        return (("slippage", slip), ("slippage_max", room)) if slip > room else ()

    def _ask(self, signal: Signal, wish: Trade, market: Market, factor: Fraction, at: int) -> Ask:
        desk, book = self._desk, self._book(signal.token, at)
        prices = self._prices.get(signal.token)
        spread = 0
        if book is not None:
            spread = book.best_ask - book.best_bid
        elif market.best_ask is not None and market.best_bid is not None:
            spread = market.best_ask - market.best_bid
        key = f"{signal.token}#{self._strategy.name}/{signal.wallet}"
        return Ask(
            trade=wish,
            market=market,
            source=signal.wallet,
            strategy=self._strategy.name,
            in_token=desk.in_token(signal.market, signal.token),
            confidence=signal.confidence,
            factor=factor,
            spread=max(spread, 0),
            volatility=0 if prices is None else prices.volatility(),
            in_topic=self._in_topic(market),
            adds=not desk.claims(signal.market, key),
            at=at,
        )

    def _in_topic(self, market: Market) -> int:
        """Other markets of the same subject in which we hold or buy something; 0 where that is not looked at."""
        if not self._limits.topic_counts_all:
            return 0
        desk, subject = self._desk, market.subject
        taken = dict.fromkeys([*desk.positions, *desk.execution.open_by_market])
        count = 0
        for name in taken:
            other = self._markets.get(name)
            if other is not None and name != market.market and other.subject == subject:
                count += 1
        return count

    # ------------------------------------------------------------------ the next leg

    def go_on(self, order: Order, at: int, waited: bool = False) -> list[Effect]:
        """What follows an order that has ended: the next leg of its intent, a wait for it, or nothing.

        ``waited``: the wait is over. Risk may veto every leg: a purchase goes on only while no breaker is tripped,
        every cap has room and the strategy trades; nothing goes on once the kill switch is on or a rule of ours leaves
        the position (that is ``Holdings``' work).
        """
        market = self._markets.get(order.market)
        if market is None or order.market in self._desk.payouts or not self._desk.execution.goes_on(order):
            return []
        if order.rule or self.leaves(f"{order.token}#{order.sleeve}"):
            return []
        if self._desk.closing or not self._desk.risk.trading:
            return []
        leg = next_leg(order, self._limits, market.tick, market.min_size, at)
        if isinstance(leg, Over):
            if order.side is Side.SELL and order.remaining and not leg.dead:
                return [Alert(3, "exit_unfinished", f"{order.remaining} of {order.token} are unsold: {leg.why}")]
            return []
        if leg.wait_ns and not waited:
            return [WakeMeAt(at + leg.wait_ns, TimerKind.NEXT_LEG, order.order_key)]
        if order.side is Side.SELL:
            free = self.view.sleeve_free(order.token, order.strategy, order.source)
            size = floor_size(Shares(min(leg.size, free)))
            limit = ceil_tick(leg.limit, market.tick)
        else:
            if self.observing or self._vetoed(order, market, at):
                return []
            if self._desk.risk.rate_reached(at):
                if at - order.signal_at > self._limits.voice_ns:
                    return []
                return [WakeMeAt(at + QUEUED_NS, TimerKind.NEXT_LEG, order.order_key)]
            limit = floor_tick(leg.limit, market.tick)
            size = self._fitting(order, leg.size, limit, market, at)
        if size < market.min_size:
            return []
        again = replace(leg, size=size, limit=limit)
        return self._desk.plan(self._desk.execution.new_order(wanted_again(order), again, at))

    def _vetoed(self, order: Order, market: Market, at: int) -> bool:
        """Whether anything that would deny a new purchase of the token denies a further leg."""
        desk = self._desk
        over = market.end_at is not None and at >= self._last_entry(market)
        closed = not market.accepting or market.disputed or over
        others = any(token != order.token for token in desk.exposed_tokens(order.market))
        doubtful = desk.execution.in_doubt(order.market, order.token)
        key = f"{order.token}#{order.sleeve}"
        crowded = desk.full(self._limits.positions_max) and not desk.claims(order.market, key)
        denied = closed or others or doubtful or crowded
        return denied or desk.risk.breaker(order.source, at) is not None

    def _last_entry(self, market: Market) -> int:
        before = self._limits.entry_before_end_ns if market.kind is MarketKind.EVENT else 0
        return (market.end_at or 0) - before

    def _fitting(self, order: Order, size: Shares, limit: Price, market: Market, at: int) -> Shares:
        """As much of a further leg as every cap has room for."""
        trade = Trade(order.token, Side.BUY, limit, order.purpose, wish=0)
        key = f"{order.token}#{order.sleeve}"
        ask = Ask(
            trade=trade,
            market=market,
            source=order.source,
            strategy=order.strategy,
            in_token=self._desk.in_token(order.market, order.token),
            confidence=Fraction(ONE),
            factor=Fraction(ONE),
            spread=0,
            volatility=0,
            in_topic=self._in_topic(market),
            adds=not self._desk.claims(order.market, key),
            at=at,
        )
        if self._desk.risk.company(ask) is not None:
            return Shares(0)
        room = min(self._desk.risk.room(ask), self._limits.trade_max_usd)
        return Shares(min(size, affordable_size(Usd(room), limit, order.fee_rate)))
