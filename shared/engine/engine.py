"""The engine: synchronous, clockless, deterministic. ``handle(event)`` returns the effects the event gives rise to.

"Now" is the ``observed_at`` of the event in hand. An event that concerns nobody costs two look-ups.
"""

from collections.abc import Callable, Iterable
from typing import Any

from shared.domain.change import Change, Mode
from shared.domain.command import Command
from shared.domain.decision import Reason
from shared.domain.effects import Alert, Effect, RecordDecision
from shared.domain.errors import BadInput, Corrupt
from shared.domain.ledger import Record
from shared.domain.market import Market
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    Closing,
    ControlChanged,
    Event,
    FeedHealth,
    FiguresPublished,
    FillStatus,
    MarketChanged,
    MarketListed,
    MarketResolved,
    Merged,
    MergeReverted,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    OrderUnsent,
    Payload,
    PlanCommitted,
    PlanRefused,
    PricePoint,
    PublicTrade,
    RankingPublished,
    RebatePaid,
    Redeemed,
    RefusedBy,
    SpotTrade,
    TickSizeChanged,
    TimerFired,
    TimerKind,
    VoicesPublished,
    WalletActivity,
    WhaleTrade,
)
from shared.domain.money import MICRO_MAX, Fraction, Shares
from shared.domain.order import Side
from shared.domain.rejections import is_api_error
from shared.domain.strategy import Strategy
from shared.engine.changes import Changes
from shared.engine.consensus import Consensus
from shared.engine.control import Control
from shared.engine.counts import Counts
from shared.engine.decision import Filters
from shared.engine.desk import Desk
from shared.engine.detection import Burst, Detection, DetectionParams, Whale, signal_of
from shared.engine.following import Following
from shared.engine.holdings import Holdings
from shared.engine.judge import Judge, Verdict, decision_of
from shared.engine.limits import Limits
from shared.engine.prices import TokenPrices
from shared.engine.profiles import Stage
from shared.engine.pulse import Pulse
from shared.engine.reconciliation.belief import Belief, belief_of
from shared.engine.risk import ALWAYS_NEEDED
from shared.engine.world import Row, World

NOTHING: list[Effect] = []
"""Shared by every event without effects; nobody may add to it."""


class Engine:
    """One account's engine: detection, decision, risk, execution and ledger around one ``handle``.

    ``strict_sources``: event sources whose missing market data is a Skip (paper and live); for all others a filter
    without input is counted as not applicable. ``limits``: those of the settings, which ``changes`` of people come on
    top of, never past the capital ``stage``.
    """

    def __init__(
        self,
        account: str,
        strategy: Strategy,
        limits: Limits,
        detection: DetectionParams | None = None,
        strict_sources: frozenset[str] = frozenset(),
        stage: Stage | None = None,
    ) -> None:
        self.account = account
        self.strategy = strategy
        self.limits = limits
        self.changes = Changes(limits, stage)
        self.strict_sources = strict_sources
        self.detection = Detection(detection or DetectionParams())
        self.desk = Desk(account, limits)
        self.filters = Filters(limits)
        self.consensus = Consensus(limits)
        self.counts = Counts()
        self.decisions: dict[Reason, int] = {}
        self.markets: dict[str, Market] = {}
        self.prices: dict[str, TokenPrices] = {}
        self.holdings = Holdings(account, limits, self.desk, self.filters.books, self.markets)
        self.world = World(limits, self.filters.books, self.markets, self.prices, self.holdings, self.desk)
        self.judge = Judge(
            strategy, limits, self.desk, self.detection, self.filters, self.consensus, self.prices, self.markets
        )
        self.judge.leaves = self.holdings.leaves
        self.following = Following(self.changes, self.detection, self.consensus, self.desk)
        self.control = Control(self.desk, self.holdings, self.changes, self.following)
        self.desk.on_change = self._changed
        self.now = 0
        self._pulse = Pulse(self.desk, self.holdings)
        self._books = self.filters.books
        self._held = self.desk.marks.held
        self._risk = self.desk.risk
        self._risk.needs = (*ALWAYS_NEEDED, *strategy.needs)
        self._takes = self._dispatch()

    # ------------------------------------------------------------------ the door

    def handle(self, event: Event) -> list[Effect]:
        """Take one event and say what is to be done about it; ``Corrupt`` when time runs backwards."""
        at = event.observed_at
        if at < self.now:
            raise Corrupt(f"event {event.seq} is observed at {at}, before {self.now}")
        self.now = at
        pulsed = self._pulse.beat(at) if at >= self._pulse.due_at else NOTHING
        payload = event.payload
        if type(payload) is WhaleTrade:
            whale = self.detection.whales.get(payload.wallet)
            if whale is not None:
                taken = self._on_whale_trade(event, payload, whale)
            else:
                prices = self.prices.get(payload.token)
                if prices is not None:
                    prices.hear(payload.price, payload.size, at)
                if payload.token not in self._held:
                    return pulsed
                taken = self.holdings.printed(payload.token, payload.price, at)
        else:
            taken = self._take(payload, at)
        return [*pulsed, *taken] if pulsed else taken

    def overhear(self, rows: Iterable[Row], until: int) -> tuple[list[Effect], int | None]:
        """Take the trades before ``until`` that are no more to us than a price, as ``handle`` would take each of them.

        It ends with what the time that has passed gives rise to, as of ``now``, or at the first that may be more: its
        place is returned, it is for ``handle``. Neither: there are no more rows.
        """
        self.now, effects, place = self.world.overhear(rows, self.now, until, self.detection.whales, self._pulse)
        return effects, place

    def _take(self, payload: Payload, at: int) -> list[Effect]:
        """Anything but a trade with its wallet."""
        if type(payload) is BookChange:
            book = self._books.get(payload.token)
            if book is not None:  # else it changes a book nobody has shown us yet
                book.change(payload.side, payload.price, payload.size, at)
                if payload.token in self._held:
                    return self.holdings.booked(payload.token, at)
            return NOTHING
        takes = self._takes.get(type(payload))
        return NOTHING if takes is None else takes(payload, at) or NOTHING

    # ------------------------------------------------------------------ whose fact is it

    def _dispatch(self) -> dict[type, Callable[[Any, int], list[Effect] | None]]:
        """Who takes which kind of fact."""
        desk = self.desk
        return {
            PlanCommitted: lambda told, at: desk.committed(told.order_key, told.existed, at),
            PlanRefused: self._on_refused,
            OrderAccepted: lambda told, at: desk.accepted(told.order_key, at),
            OrderFilled: self._on_fill,
            OrderReport: lambda told, at: self._then(desk.reported(told, at), at),
            OrderRejected: self._on_rejected,
            OrderInDoubt: self._on_doubt,
            OrderUnsent: lambda told, at: desk.unsent(told.order_key, told.reason, at),
            FillStatus: self._on_settlement,
            Redeemed: lambda told, at: desk.settlements.redeemed(told.market, at),
            Merged: lambda told, at: self._unless_broken(desk.settlements.merged(told, at), at),
            MergeReverted: desk.settlements.reverted,
            RebatePaid: desk.settlements.rebate,
            TimerFired: self._on_timer,
            BookSnapshot: self.world.book,
            TickSizeChanged: self.world.tick_size,
            PublicTrade: self.world.printed,
            SpotTrade: self.world.spot,
            PricePoint: self.world.spot,
            WalletActivity: self._on_activity,
            MarketListed: lambda told, _: self.world.market(told.market),
            MarketChanged: lambda told, _: self.world.market(told.market),
            MarketResolved: self._on_resolved,
            RankingPublished: self.following.publish,
            VoicesPublished: self._on_voices,
            FiguresPublished: lambda told, at: self._risk.publish(told.figures, at),
            FeedHealth: self._on_feed,
            ControlChanged: lambda told, at: None if told.trading else self.control.told_to_stop(told.reason, at),
            Closing: lambda _, __: desk.close(),
            Command: self.control.obey,
        }

    # ------------------------------------------------------------------ whale trades

    def _on_whale_trade(self, event: Event, trade: WhaleTrade, whale: Whale) -> list[Effect]:
        counts = self.counts
        counts.fills_from_followed += 1
        at = event.observed_at
        if not self.detection.deliveries.is_new(trade, event.source, at):
            counts.duplicates += 1
            return NOTHING
        counts.whale_trades += 1
        first = self.holdings.printed(trade.token, trade.price, at) if trade.token in self._held else NOTHING
        burst = self.detection.observe(whale, trade, event.venue_at, at)
        signal = signal_of(burst, trade)
        if self.detection.is_stale(event.venue_at, at):
            counts.late += 1
            verdict = Verdict(Reason.STALE)
        else:
            self._hear(whale, trade, event.venue_at)
            if not whale.entries and trade.side is Side.BUY:
                verdict = Verdict(Reason.NOT_RANKED)
            else:
                verdict = self.judge.judge(signal, at, event.source in self.strict_sources)
        self.world.traded(trade, at)
        recorded = RecordDecision(decision_of(event, trade, signal, verdict, self.account, self.strategy.name))
        self.decisions[verdict.reason] = self.decisions.get(verdict.reason, 0) + 1
        if verdict.order is None:
            return [*first, recorded]
        return [*first, recorded, *self.desk.plan(verdict.order)]

    def _hear(self, whale: Whale, trade: WhaleTrade, venue_at: int) -> None:
        """Who is only followed out of positions has no voice."""
        if whale.entries:
            self.consensus.hear(trade.wallet, trade.market, trade.token, trade.side, trade.size, venue_at)

    # ------------------------------------------------------------------ our own orders

    def _then(self, effects: list[Effect], at: int) -> list[Effect]:
        """What the event has ended at the venue goes on: an exit with its next step, an intent with its next leg."""
        ended = self.desk.ended
        while ended:
            order = ended.pop(0)
            effects = [*effects, *self.holdings.ended(order, at), *self.judge.go_on(order, at)]
        return effects

    def _on_fill(self, told: OrderFilled, at: int) -> list[Effect]:
        effects = self.desk.filled(told.fill, at)
        for order, fill in self.desk.sold:
            self.holdings.sold(order, fill)
        self.desk.sold.clear()
        return self._then(effects, at)

    def _unless_broken(self, effects: list[Effect], at: int) -> list[Effect]:
        """Books that can no longer follow the venue stop trading."""
        broken = self.desk.settlements.broken
        return [*effects, *self.control.stop(broken, at)] if broken else effects

    def _on_refused(self, told: PlanRefused, at: int) -> list[Effect]:
        effects = self.desk.refused(told, at)
        if told.by in (RefusedBy.SWITCH, RefusedBy.EPOCH):
            return [*effects, *self.control.stop(f"the plan transaction was refused by the {told.by.value}", at)]
        return effects

    def _on_rejected(self, told: OrderRejected, at: int) -> list[Effect]:
        if is_api_error(told.reason):
            self._risk.api_error(at)
        return self._then(self.desk.rejected(told.order_key, told.reason, at), at)

    def _on_doubt(self, told: OrderInDoubt, at: int) -> list[Effect]:
        effects = self.desk.doubtful(told.order_key, told.reason, at)
        if effects:
            self._risk.api_error(at)
        return effects

    def _on_settlement(self, told: FillStatus, at: int) -> list[Effect]:
        return self._unless_broken(self.desk.settlements.told(told, at), at)

    def _on_timer(self, timer: TimerFired, at: int) -> list[Effect]:
        match timer.timer:
            case TimerKind.NEXT_LEG:
                return self.judge.go_on(self.desk.order(timer.key), at, waited=True)
            case TimerKind.PULSE | TimerKind.TIME_EXIT:
                return NOTHING  # handled with every event whose time has come
            case TimerKind.UNBOOKED:
                overdue = self.desk.unbooked.overdue(timer.key, at)
                return self._unless_broken(self.desk.settlements.unbookable(overdue), at) if overdue else NOTHING
            case TimerKind.UNANSWERED:
                return self.desk.settlements.unanswered(timer.key, at)
            case _:
                return self.desk.woken(timer, at)

    # ------------------------------------------------------------------ what people change

    def _changed(self, record: Record) -> None:
        """A change is written down, or was by an earlier life: from now on it holds everywhere."""
        assert isinstance(record.change, Change)  # of this kind of record
        self.changes.take(record.change, record.ref, record.at)
        self.judge.observing = self.changes.mode is Mode.OBSERVE
        if self.changes.limits != self.limits:
            self._relimit(self.changes.limits, record.at)

    def _relimit(self, limits: Limits, at: int) -> None:
        """Every part that goes by limits gets the new ones; whoever keeps others for itself passes them on."""
        self.limits = limits
        self.desk.relimit(limits, at)
        for part in (self.filters, self.consensus, self.holdings, self.world, self.judge):
            part.relimit(limits)

    # ------------------------------------------------------------------ the world

    def _on_activity(self, _told: WalletActivity, _at: int) -> None:
        self.counts.ignored += 1

    def _on_resolved(self, told: MarketResolved, at: int) -> list[Effect]:
        self.detection.resolve(told.market, told.payouts)
        self.consensus.forget(told.market)
        self.world.forget(told.payouts)
        return [*self.holdings.forget(told.market), *self.desk.resolve(told.market, told.payouts, at)]

    def _on_voices(self, told: VoicesPublished, _at: int) -> list[Effect]:
        """A table that makes no sense is refused as a whole, and the one before it stays."""
        try:
            self.consensus.publish(told.voices)
        except BadInput as error:
            return [Alert(2, "voices_refused", str(error))]
        return NOTHING

    def _on_feed(self, told: FeedHealth, at: int) -> list[Effect]:
        self._risk.feed(told.feed, told.healthy, told.reason, at)
        if told.healthy:
            return [Alert(3, "feed_up", f"{told.feed}: {told.reason}")]
        return [Alert(2, "feed_down", f"{told.feed}: {told.reason}")]

    # ------------------------------------------------------------------ recovery

    def belief(self) -> Belief:
        """What our books say, for reconciliation; a live face, to be used before the next event is handled."""
        books = self.desk.books
        waiting = tuple(one for held in books.redemptions.values() for one in held)
        return belief_of(books, books.booked, self._risk.trading, waiting, merging=tuple(books.merging.values()))

    def warm(self, event: Event) -> None:
        """Take an event of the past into what detection knows; no decision is made and no effect arises."""
        payload = event.payload
        self.now = max(self.now, event.observed_at)
        match payload:
            case WhaleTrade():
                whale = self.detection.whales.get(payload.wallet)
                if whale is not None and self.detection.deliveries.is_new(payload, event.source, event.observed_at):
                    self.detection.observe(whale, payload, event.venue_at, event.observed_at)
                    self._hear(whale, payload, event.venue_at)
            case MarketResolved():
                self.detection.resolve(payload.market, payload.payouts)
                self.desk.payouts[payload.market] = payload.payouts
            case RankingPublished():
                self.following.publish(payload, event.observed_at)
            case VoicesPublished():
                self._on_voices(payload, event.observed_at)
            case MarketListed() | MarketChanged():
                self.markets[payload.market.market] = payload.market
            case _:
                pass

    def recover(self, records: list[Record], trading: bool, at: int) -> list[Effect]:
        """Rebuild belief from the journal, reopen recent bursts, and ask the venue about open orders."""
        self.desk.rebuild(records, at)
        if not trading:
            self._risk.stop("the switch was on at start", at)
        effects = [*self.desk.resize(at), *self.desk.reopen(at), *self.control.recover(records)]
        self.holdings.recover(at)
        joinable = self.detection.params.burst_ns + self.detection.params.max_age_ns
        for order in self.desk.books.orders.values():
            if at - order.signal_at <= joinable and not order.rule:
                # What the whale sold before is unknown: against MICRO_MAX, sales seen again ask for nothing more.
                burst = Burst(order.signal_id, order.signal_at, order.signal_tx, Shares(MICRO_MAX), Fraction(0))
                self.detection.restore_burst(order.source, order.token, order.side, burst)
        return effects
