"""The asynchronous driver: one engine on a running event loop. It performs effects and hands the answers back as
events; it decides nothing, and says the same things to the engine as the synchronous driver of replays.

Facts come from the inbox in the order they were heard; answers of store and venue come when their lanes have them;
timers when they are due, and a pulse every second. One event is handled at a time, and the loop is given back between
bursts of them.
"""

import asyncio
import contextlib
from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeVar

from fargate.at_venue import AtVenue
from fargate.lanes import InPlace, Lane, ignore
from fargate.leased import LEASE, UNCONTESTED
from fargate.pace import REAL_TIME, Pace
from fargate.showing import BOOKS
from shared.adapters.feeds.inbox import Inbox
from shared.adapters.feeds.quantiles import Quantiles
from shared.domain.decision import Decision
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
from shared.domain.errors import LeaseLost, Temporary
from shared.domain.facts import order_key_of
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import Record
from shared.domain.messages import (
    Closing,
    Event,
    FeedHealth,
    MarketResolved,
    Payload,
    PlanRefused,
    PublicTrade,
    RefusedBy,
    TimerFired,
    TimerKind,
    WhaleTrade,
)
from shared.domain.order import OrderState
from shared.engine.engine import Engine
from shared.ports import Answer, Clock, Heard, Leased, ShownVenue, Store, Switch
from shared.research.store_watch import StoreWatch
from shared.research.storing import planned, switched, written

T = TypeVar("T")

BURST_NS = 2 * MILLISECOND
"""How long events are handled before the loop gets its turn: sockets are read and lanes answered in between."""
DECISIONS_BATCH = 500
PULSE_NS = SECOND
PROBE_NS = SECOND
"""How often a slow store is asked something harmless, to see whether it still is: while nobody enters, nobody plans."""


class AsyncDriver:
    """See the module.

    ``venue_lag_ns``: how far the paper venue's time stays behind, because what it is shown is heard late. ``on_heard``
    sees every fact before the engine and keeps it for itself by answering False. ``on_look`` is called with event time
    every ``pace.look_every_ns``. ``decided``: from a whale trade's arrival at its source to the engine's decision on
    it, of trades that nobody had told before and that had not to wait for market data. ``shows_books``: whether the
    venue fills from displayed books, or from public prints alone. ``closing``: why this life is ending; empty while it
    goes on. ``at_venue``: its side of the venue.
    """

    def __init__(
        self,
        engine: Engine,
        venue: ShownVenue,
        store: Store,
        clock: Clock,
        inbox: Inbox,
        store_lane: Lane,
        venue_lane: Lane,
        lease: Leased = UNCONTESTED,
        pace: Pace = REAL_TIME,
    ) -> None:
        self.engine = engine
        self.now = 0
        self.closing = ""
        self.alerts: list[Alert] = []
        self.venue_lag_ns = 0
        self.decided = Quantiles()
        self.on_look: Callable[[int], None] | None = None
        self.on_heard: Callable[[Heard], bool] | None = None
        self.store_watch = StoreWatch()
        self.at_venue = AtVenue(venue, venue_lane, self, engine, lease)
        self.rounds = self.at_venue.rounds
        self.shows_books = self.at_venue.books
        self._store = store
        self._clock = clock
        self._inbox = inbox
        self._store_lane = store_lane
        self._lease = lease
        self._vouched = True
        self._pace = pace
        self._seq = 0
        self._unanswered = 0
        self._pending: list[tuple[int, int, int, Payload]] = []
        self._order = 0
        self._decisions: list[Decision] = []
        self._wake = asyncio.Event()
        self._error: BaseException | None = None
        self._looked_at = 0
        self._pulsed_at = 0
        self._probed_at = 0
        inbox.woken = self._wake.set

    # ------------------------------------------------------------------ running

    def recover(self, records: list[Record], trading: bool, at: int) -> None:
        """Belief from the journal, before anything else happens; then the venue is asked about every order that was
        open, and told what an earlier life may have died before telling it.
        """
        for record in records:
            self.at_venue.fund(record)
        effects = self.engine.recover(records, trading, at)
        for name, payouts in self.engine.desk.payouts.items():
            self.at_venue.show(MarketResolved(name, payouts), at)
        self.now = max(at, self.now)
        self._perform(effects, self.now)

    def begin(self) -> None:
        """Nothing is traded before our books were compared with the venue's."""
        self.at_venue.begin(self.engine.markets.values(), self._clock.now())

    def turn(self) -> int:
        """Handle everything that is due or was heard; when to come back at the latest (nanoseconds). Raises what a
        lane raised when a call failed for good.
        """
        while self._burst():
            pass
        return self._next_due()

    async def run(self) -> None:
        """Handle whatever comes until cancelled; raises what a lane raised when a call failed for good."""
        self.begin()
        await self._go_on()

    async def wind_up(self, reason: str, longest_s: float) -> None:
        """End this life in order: ``close``, and go on until all that was begun is finished, or the time is over."""
        self.close(reason)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._go_on()

    async def _go_on(self) -> None:
        while not self.closed:
            busy = self._burst()
            if busy:
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            if (self._inbox and not self.closing) or self._error is not None:
                continue
            due_in = (self._next_due() - self._clock.now()) / SECOND
            # Not `wait_for`: in Python 3.11 it can swallow the cancellation that ends the run.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(due_in, 0.0), self._pace.look_every_ns / SECOND)):
                    await self._wake.wait()

    # ------------------------------------------------------------------ the end of a life

    def close(self, reason: str) -> None:
        """Begin to end: no fact is taken any more and nothing planned; what rests at the venue is cancelled."""
        self.closing = reason
        self.tell("driver", self._clock.now(), Closing(reason))
        self.wake()

    @property
    def closed(self) -> bool:
        """Whether it has ended: no order is open but those in doubt, and everything said or written is done with."""
        if not self.closing or self._unanswered or not self.at_venue.quiet:
            return False
        return all(order.state is OrderState.IN_DOUBT for order in self.engine.desk.execution.open_orders())

    def break_with(self, error: BaseException) -> None:
        """End the run with this error before the next event."""
        self._error = self._error or error
        self._wake.set()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def _next_due(self) -> int:
        look = self._looked_at + self._pace.look_every_ns
        return min(look, self._pending[0][0]) if self._pending else look

    def _burst(self) -> bool:
        """Handle what is due and what was heard, for a moment; whether more waits."""
        stopwatch = self._pace.stopwatch
        until = stopwatch() + BURST_NS
        while stopwatch() < until:
            if self._error is not None:
                raise self._error
            now = self._clock.now()
            if now - self._looked_at >= self._pace.look_every_ns:
                self._look(now)
            if self._pending and self._pending[0][0] <= now:
                _, _, venue_at, payload = heappop(self._pending)
                self.at_venue.arrived(payload)
                if self._is_ours(payload):
                    self.tell("venue", venue_at, payload)
                continue
            found = self.at_venue.compare(now)
            if found is not None:
                self.alerts += found
                continue
            heard = None if self.closing else self._inbox.take()
            if heard is None:
                return False
            if self.on_heard is None or self.on_heard(heard):
                self._take_at_once(heard)
        return True

    def _is_ours(self, payload: Payload) -> bool:
        """Whether the engine knows the order that the venue speaks of. Another process may have planned it, which then
        has the lease; if nobody has, reconciliation finds it out.
        """
        key = order_key_of(payload)
        return key is None or self.engine.desk.knows(key)

    def _take_at_once(self, heard: Heard) -> None:
        """Hand over a fact that waited for nothing, and measure how long a decision took."""
        counts = self.engine.counts
        before = counts.whale_trades
        self.take(heard)
        if counts.whale_trades != before:
            self.decided.add(self._clock.now() - heard.received_at)

    def _look(self, now: int) -> None:
        self._looked_at = now
        if self._lease.lost:
            raise LeaseLost("another process trades this account now")
        if self._lease.vouched is not self._vouched:
            self._vouched = self._lease.vouched
            reason = "renewed" if self._vouched else "the lease was not renewed in time"
            self.tell("driver", now, FeedHealth(LEASE, self._vouched, reason))
        if now - self._pulsed_at >= PULSE_NS:
            self._pulsed_at = now
            self.tell("driver", now, TimerFired(TimerKind.PULSE, ""))
        self.at_venue.look(now, self.venue_lag_ns)
        if self.store_watch.slow and now - self._probed_at >= PROBE_NS:
            self._probed_at = now
            self._ask_store(self._store.switch, failed=ignore)
        if self.on_look is not None and not self.closing:
            self.on_look(max(now, self.now))

    def take(self, heard: Heard) -> None:
        """Hand a fact to the engine, observed now; a book is shown to the venue too."""
        payload = heard.payload
        if self.shows_books and isinstance(payload, BOOKS):
            self.at_venue.show(payload, heard.venue_at)
        self.tell(heard.source, heard.venue_at, payload)

    def tell(self, source: str, venue_at: int, payload: Payload) -> None:
        """Hand the engine a fact, observed now, and perform what it asks for."""
        self._seq += 1
        self.at_venue.hears(payload, venue_at)
        at = self.now = max(self._clock.now(), self.now)
        effects = self.engine.handle(Event(self._seq, at, min(venue_at, at), source, payload))
        if effects:
            self._perform(effects, at)

    def handle_now(self, payload: Payload, at: int) -> None:
        """Hand one event of our own to the engine at once (commands, health, rankings) and perform what it asks for."""
        self.tell("driver", at, payload)

    def schedule(self, answers: list[Answer]) -> None:
        """Deliver answers and timers at their time."""
        for answer in answers:
            self._order += 1
            self.at_venue.sent(answer.payload)
            heappush(self._pending, (answer.observed_at, self._order, answer.venue_at, answer.payload))
        self._wake.set()

    def show_print(self, trade: WhaleTrade | PublicTrade, venue_at: int) -> None:
        """A public print, for the venue's eyes."""
        self.at_venue.show_print(trade, venue_at)

    # ------------------------------------------------------------------ effects

    def _perform(self, effects: list[Effect], at: int) -> None:
        for effect in effects:
            match effect:
                case RecordDecision():
                    self._decisions.append(effect.decision)
                    if len(self._decisions) >= DECISIONS_BATCH:
                        self.flush()
                case Plan():
                    self._plan(effect.record)
                case Write():
                    self._write(effect.record)
                case Submit():
                    self.at_venue.submit(effect.order, at)
                case Cancel():
                    self.at_venue.cancel(effect.order_key, at)
                case Query():
                    self.at_venue.query(effect.order_key, at)
                case WakeMeAt():
                    self.schedule([Answer(effect.at, effect.at, TimerFired(effect.timer, effect.key))])
                case SetSwitch():
                    self._set_switch(effect, at)
                case Alert():
                    self.alerts.append(effect)
                case Settle():
                    self.at_venue.redeem(effect.market, at)
                case Merge():
                    self._merge(effect, at)

    def _plan(self, record: Record) -> None:
        if self.closing:
            assert record.order is not None  # of a plan
            self._answer(PlanRefused(record.order.order_key, RefusedBy.STORE, self.closing))
            return
        self._ask_store(lambda: planned(self._store, record), self._answer)

    def _write(self, record: Record) -> None:
        self._ask_store(lambda: written(self._store, record))
        self.at_venue.fund(record)

    def _merge(self, effect: Merge, at: int) -> None:
        """Ask for a merge, once everything written so far is durable: that it is asked for was the last of it."""
        self._store_lane.post(lambda: None, lambda _: self.at_venue.merge(effect, at))

    def _ask_store(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
    ) -> None:
        """Ask the store, and measure how long it takes."""
        stopwatch = self._pace.stopwatch

        def timed() -> tuple[T, int]:
            began = stopwatch()
            return call(), stopwatch() - began

        def answered(found: tuple[T, int]) -> None:
            self._unanswered -= 1
            told = self.store_watch.add(found[1])
            if told is not None:
                self._answer(told)
            then(found[0])

        def turned_away(error: Temporary) -> None:
            self._unanswered -= 1
            assert failed is not None
            failed(error)

        self._unanswered += 1
        self._store_lane.post(timed, answered, None if failed is None else turned_away)

    def afterwards(self, call: Callable[[], None]) -> None:
        """Make a call once everything asked of the store so far is durable; one that fails for now is left undone."""
        self._store_lane.post(call, failed=ignore)

    def leave_lanes(self) -> None:
        """The lanes are closed: what is asked of the store from now on (the last decisions) is asked at once."""
        self._store_lane = InPlace()

    def _set_switch(self, effect: SetSwitch, at: int) -> None:
        switch = Switch(effect.trading, effect.reason, at, effect.asked_at)
        self._store_lane.post(lambda: switched(self._store, switch, effect.command_id))

    def _answer(self, payload: Payload) -> None:
        at = self._clock.now()
        self.schedule([Answer(at, at, payload)])

    def flush(self) -> None:
        """Hand decisions not stored yet to the store; those it cannot take now are tried again with the next ones."""
        if not self._decisions:
            return
        decisions, self._decisions = self._decisions, []

        def keep(_: Temporary) -> None:
            self._decisions[:0] = decisions

        self._store_lane.post(lambda: self._store.decide(decisions), failed=keep)
