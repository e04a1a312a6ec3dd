"""The engine: synchronous, clockless, deterministic. ``handle(event)`` returns the effects the event gives rise to.

"Now" is the ``observed_at`` of the event in hand. An event that concerns nobody costs two look-ups.
"""

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.decision import Decision, Reason
from shared.domain.effects import Alert, Effect, RecordDecision, SetSwitch
from shared.domain.errors import Corrupt
from shared.domain.ledger import Record, RecordKind
from shared.domain.market import Market
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    Command,
    CommandKind,
    ControlChanged,
    Event,
    FeedHealth,
    MarketChanged,
    MarketListed,
    MarketResolved,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    Payload,
    PlanCommitted,
    PlanRefused,
    PublicTrade,
    RankingPublished,
    RefusedBy,
    TickSizeChanged,
    TimerFired,
    WalletActivity,
    WhaleTrade,
)
from shared.domain.money import MICRO_MAX, Fraction, Price, Shares, Usd, format_micro
from shared.domain.order import Order, OrderState, Side
from shared.domain.strategy import Skip, Strategy, Trade
from shared.domain.whale import Signal
from shared.engine.books import Book
from shared.engine.decision import Filters
from shared.engine.desk import Desk
from shared.engine.detection import Burst, Detection, DetectionParams, Whale, signal_of
from shared.engine.limits import Limits
from shared.engine.risk import ALWAYS_NEEDED
from shared.engine.view import LiveView

NOTHING: list[Effect] = []
"""Shared by every event without effects; nobody may add to it."""


class Counts(Struct):
    """What the engine has seen, for reports."""

    events: int = 0
    ignored: int = 0
    fills_from_followed: int = 0
    duplicates: int = 0
    whale_trades: int = 0
    late: int = 0


class _Verdict(Struct, frozen=True, gc=False):
    """What came of a whale trade: the reason, the numbers behind it, and the order when there is one."""

    reason: Reason
    trade: Trade | None = None
    stake: int = 0
    missing: tuple[str, ...] = ()
    order: Order | None = None


class Engine:
    """One account's engine: detection, decision, risk, execution and ledger around one ``handle``.

    ``strict_sources``: event sources whose missing market data is a Skip (paper and live); for all others a filter
    without input is counted as not applicable.
    """

    def __init__(
        self,
        account: str,
        strategy: Strategy,
        limits: Limits,
        detection: DetectionParams | None = None,
        strict_sources: frozenset[str] = frozenset(),
    ) -> None:
        self.account = account
        self.strategy = strategy
        self.limits = limits
        self.strict_sources = strict_sources
        self.detection = Detection(detection or DetectionParams())
        self.desk = Desk(account, limits)
        self.filters = Filters(limits)
        self.counts = Counts()
        self.decisions: dict[Reason, int] = {}
        self.markets: dict[str, Market] = {}
        self._view = LiveView(self.desk, self.detection, self.markets)
        self._commands: dict[str, None] = {}
        self._now = 0
        self._books = self.filters.books
        self._held = self.desk.marks.held
        self._risk = self.desk.risk
        self._risk.needs = (*ALWAYS_NEEDED, *strategy.needs)

    # ------------------------------------------------------------------ the door

    def handle(self, event: Event) -> list[Effect]:
        """Take one event and say what is to be done about it; ``Corrupt`` when time runs backwards."""
        self.counts.events += 1
        at = event.observed_at
        if at < self._now:
            raise Corrupt(f"event {event.seq} is observed at {at}, before {self._now}")
        self._now = at
        if at >= self._risk.day_ends_at:
            self._risk.begin_day(at)
        payload = event.payload
        if type(payload) is WhaleTrade:
            whale = self.detection.whales.get(payload.wallet)
            if whale is not None:
                return self._on_whale_trade(event, payload, whale)
            if payload.token in self._held:
                self.desk.marks.price(payload.token, payload.price)
            return NOTHING
        if type(payload) is BookChange:
            book = self._books.get(payload.token)
            if book is not None:  # else it changes a book nobody has shown us yet
                book.change(payload.side, payload.price, payload.size, at)
            return NOTHING
        return self._on_own(payload, at) or self._on_world(payload, at)

    def _on_own(self, payload: Payload, at: int) -> list[Effect]:
        """Facts about our own orders."""
        desk = self.desk
        match payload:
            case PlanCommitted():
                return desk.committed(payload.order_key, payload.existed, at)
            case PlanRefused():
                effects = desk.refused(payload, at)
                if payload.by in (RefusedBy.SWITCH, RefusedBy.EPOCH):
                    return [*effects, *self._stop(f"the plan transaction was refused by the {payload.by.value}")]
                return effects
            case OrderAccepted():
                return desk.accepted(payload.order_key, at)
            case OrderFilled():
                return desk.filled(payload.fill, at)
            case OrderReport():
                return desk.reported(payload, at)
            case OrderRejected():
                return desk.rejected(payload.order_key, payload.reason, at)
            case OrderInDoubt():
                return desk.doubtful(payload.order_key, payload.reason, at)
            case TimerFired():
                return desk.woken(payload, at)
            case _:
                return NOTHING

    def _on_world(self, payload: Payload, at: int) -> list[Effect]:
        """Facts about the world, and orders of people."""
        match payload:
            case BookSnapshot():
                self._on_book(payload, at)
            case TickSizeChanged():
                self._on_tick_size(payload)
            case PublicTrade():
                if payload.token in self._held:
                    self.desk.marks.price(payload.token, payload.price)
            case WalletActivity():
                self.counts.ignored += 1
            case MarketListed() | MarketChanged():
                self.markets[payload.market.market] = payload.market
            case MarketResolved():
                return self._on_resolved(payload, at)
            case RankingPublished():
                keep = {position.source: 1 for held in self.desk.positions.values() for position in held.values()}
                keep.update((order.source, 1) for order in self.desk.execution.open_orders())
                self.detection.publish(payload.ranking, tuple(keep))
            case FeedHealth():
                return self._on_feed(payload)
            case ControlChanged():
                return self._told_to_stop(payload.reason) if not payload.trading else NOTHING
            case Command():
                return self._on_command(payload, at)
            case _:
                pass
        return NOTHING

    # ------------------------------------------------------------------ whale trades

    def _on_whale_trade(self, event: Event, trade: WhaleTrade, whale: Whale) -> list[Effect]:
        counts = self.counts
        counts.fills_from_followed += 1
        at = event.observed_at
        if not self.detection.deliveries.is_new(trade, event.source, at):
            counts.duplicates += 1
            return NOTHING
        counts.whale_trades += 1
        if trade.token in self._held:
            self.desk.marks.price(trade.token, trade.price)
        burst = self.detection.observe(whale, trade, event.venue_at, at)
        signal = signal_of(burst, trade)
        if self.detection.is_stale(event.venue_at, at):
            counts.late += 1
            verdict = _Verdict(Reason.STALE)
        elif not whale.entries and trade.side is Side.BUY:
            verdict = _Verdict(Reason.NOT_RANKED)
        else:
            verdict = self._judge(signal, at, event.source in self.strict_sources)
        recorded = RecordDecision(self._decision(event, trade, signal, verdict))
        self.decisions[verdict.reason] = self.decisions.get(verdict.reason, 0) + 1
        if verdict.order is None:
            return [recorded]
        return [recorded, *self.desk.plan(verdict.order)]

    def _judge(self, signal: Signal, at: int, strict: bool) -> _Verdict:
        """Strategy, filters and risk, in the order of their cost; the first objection is the reason."""
        wish = self.strategy.decide(signal, self._view)
        if isinstance(wish, Skip):
            return _Verdict(wish.reason)
        if wish.side is Side.BUY and wish.wish is not None and wish.wish < self.limits.trade_min_usd:
            return _Verdict(Reason.BELOW_MINIMUM, wish)
        objection = self._objection(signal, wish, at)
        if objection is not None:
            return _Verdict(objection, wish)
        market = self.markets[signal.market]
        if wish.side is Side.BUY:
            reason, missing = self.filters.judge(wish, market, at, strict)
            if reason is not None:
                return _Verdict(reason, wish, 0, missing)
            in_token = self.desk.in_token(signal.market, signal.token)
            size, stake, denied = self.desk.risk.size_entry(wish, market, signal.wallet, self.strategy.name, in_token)
        else:
            missing, stake = (), Usd(0)
            free = self._view.sleeve_free(signal.token, self.strategy.name, signal.wallet)
            size, denied = self.desk.risk.size_exit(wish, free, market)
        if denied is not None:
            return _Verdict(denied, wish, stake, missing)
        order = self.desk.execution.new_order(self.strategy.name, signal, wish.limit, size, market, at)
        return _Verdict(Reason.COPIED if order.leg == 1 else Reason.TOPPED_UP, wish, stake, missing, order)

    def _objection(self, signal: Signal, wish: Trade, at: int) -> Reason | None:
        """What speaks against any order on this token now, before money is considered."""
        desk = self.desk
        intent = desk.execution.intent_of(signal.signal_id)
        if intent is not None and intent.open_key:
            return Reason.LEG_OPEN
        if signal.market in desk.payouts:
            return Reason.MARKET_RESOLVED
        if desk.execution.in_doubt(signal.market, signal.token):
            return Reason.IN_DOUBT
        if wish.side is Side.SELL:
            return None if desk.risk.trading else Reason.TRADING_DISABLED
        tripped = desk.risk.breaker(signal.wallet, at)
        if tripped is not None:
            return tripped
        tokens = desk.exposed_tokens(signal.market)
        if any(token != signal.token for token in tokens):
            return Reason.OPPOSITE_SIDE
        if signal.confidence < self.limits.confidence_min:
            return Reason.LOW_CONFIDENCE
        claimed = desk.claimed_positions()
        key = f"{signal.token}#{self.strategy.name}/{signal.wallet}"
        if key not in claimed and len(claimed) >= self.limits.positions_max:
            return Reason.CAP_OPEN_POSITIONS
        return Reason.ORDER_RATE if desk.risk.rate_reached(at) else None

    def _decision(self, event: Event, trade: WhaleTrade, signal: Signal, verdict: _Verdict) -> Decision:
        wish, order = verdict.trade, verdict.order
        return Decision(
            event.observed_at,
            event.venue_at,
            self.account,
            self.strategy.name,
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
        )

    # ------------------------------------------------------------------ the world

    def _on_resolved(self, payload: MarketResolved, at: int) -> list[Effect]:
        self.detection.resolve(payload.market, payload.payouts)
        for token in payload.payouts:
            self._books.pop(token, None)
        return self.desk.resolve(payload.market, payload.payouts, at)

    def _on_book(self, payload: BookSnapshot, at: int) -> None:
        book = self._books.get(payload.token)
        if book is None:
            self._books[payload.token] = Book(payload.bids, payload.asks, at)
        else:
            book.replace(payload.bids, payload.asks, at)

    def _on_tick_size(self, payload: TickSizeChanged) -> None:
        """The old book is in other steps: it is unknown until the next snapshot."""
        self._books.pop(payload.token, None)
        market = self.markets.get(payload.market)
        if market is not None:
            self.markets[payload.market] = replace(market, tick=Price(payload.tick))

    def _on_feed(self, payload: FeedHealth) -> list[Effect]:
        down = self.desk.risk.feeds_down
        if payload.healthy:
            down.pop(payload.feed, None)
            return [Alert(3, "feed_up", f"{payload.feed}: {payload.reason}")]
        down[payload.feed] = payload.reason
        return [Alert(2, "feed_down", f"{payload.feed}: {payload.reason}")]

    # ------------------------------------------------------------------ people

    def _stop(self, reason: str) -> list[Effect]:
        if not self.desk.risk.trading:
            return NOTHING
        self.desk.risk.stop(reason)
        return [*self.desk.cancel_all(), Alert(1, "trading_stopped", reason)]

    def _told_to_stop(self, reason: str) -> list[Effect]:
        """Somebody set the switch: their reason is shown, even when a refused plan told us first that it is on."""
        effects = self._stop(reason)
        self.desk.risk.stop(reason)
        return effects

    def _on_command(self, command: Command, at: int) -> list[Effect]:
        if command.command_id in self._commands:
            return NOTHING
        self._commands[command.command_id] = None
        if command.kind is CommandKind.DEPOSIT:
            if command.amount <= 0:
                text = f"command {command.command_id}: amount must be positive, not {format_micro(command.amount)}"
                return [Alert(3, "deposit_refused", text)]
            return self.desk.deposit(Usd(command.amount), at, command.command_id)
        if command.kind is CommandKind.KILL:
            return [SetSwitch(False, command.reason, command.command_id), *self._told_to_stop(command.reason)]
        doubtful = [o.order_key for o in self.desk.execution.open_orders() if o.state is OrderState.IN_DOUBT]
        if doubtful:
            text = f"not resumed: {len(doubtful)} order(s) in doubt, first {doubtful[0]}"
            return [Alert(2, "resume_refused", text)]
        self.desk.risk.resume()
        return [
            SetSwitch(True, command.reason, command.command_id),
            Alert(3, "trading_resumed", command.reason),
        ]

    # ------------------------------------------------------------------ recovery

    def warm(self, event: Event) -> None:
        """Take an event of the past into what detection knows; no decision is made and no effect arises."""
        payload = event.payload
        self._now = max(self._now, event.observed_at)
        match payload:
            case WhaleTrade():
                whale = self.detection.whales.get(payload.wallet)
                if whale is not None and self.detection.deliveries.is_new(payload, event.source, event.observed_at):
                    self.detection.observe(whale, payload, event.venue_at, event.observed_at)
            case MarketResolved():
                self.detection.resolve(payload.market, payload.payouts)
                self.desk.payouts[payload.market] = payload.payouts
            case RankingPublished():
                self.detection.publish(payload.ranking, ())
            case MarketListed() | MarketChanged():
                self.markets[payload.market.market] = payload.market
            case _:
                pass

    def recover(self, records: list[Record], trading: bool, at: int) -> list[Effect]:
        """Rebuild belief from the journal, reopen recent bursts, and ask the venue about open orders."""
        if not trading:
            self.desk.risk.stop("the switch was on at start")
        effects = self.desk.recover(records, at)
        for record in records:
            if record.kind is RecordKind.DEPOSITED and record.posting is not None:
                self._commands[record.posting.ref] = None
        joinable = self.detection.params.burst_ns + self.detection.params.max_age_ns
        for order in self.desk.books.orders.values():
            if at - order.signal_at <= joinable:
                # What the whale sold before is unknown: against MICRO_MAX, sales seen again ask for nothing more.
                burst = Burst(order.signal_id, order.signal_at, order.signal_tx, Shares(MICRO_MAX), Fraction(0))
                self.detection.restore_burst(order.source, order.token, order.side, burst)
        return effects
