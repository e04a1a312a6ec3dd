"""The synchronous driver: one engine, a paper venue, a store, and a recording, in discrete-event order.

It performs effects and hands the answers back as events; it decides nothing. Three streams are merged by time: the
rows as observed, the answers and timers, and the prints the venue fills orders from.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from heapq import heappop, heappush
from time import perf_counter_ns
from typing import Protocol

from shared.adapters.paper.venue import PaperVenue
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
from shared.domain.errors import Temporary
from shared.domain.instants import MINUTE
from shared.domain.ledger import Record
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    Event,
    MarketChanged,
    MarketListed,
    MarketResolved,
    Payload,
    PlanCommitted,
    PlanRefused,
    RefusedBy,
    TickSizeChanged,
    TimerFired,
    TimerKind,
    WhaleTrade,
)
from shared.domain.money import Shares
from shared.engine.engine import Engine
from shared.engine.matching import Resting
from shared.ports import Answer, Store, Switch
from shared.research.digest import Digest
from shared.research.rounds import SOURCE, Rounds, Transit, deposit_of
from shared.research.storing import planned, switched, written

DECISIONS_BATCH = 500
SAMPLE_EVERY = 64
"""Every n-th event is timed: timing each would cost as much as the events that concern nobody."""
_NEVER = 1 << 62
AFTERWARDS_NS = 5 * MINUTE
"""How long after the last row what it led to is played out: all phases of an order."""
_ENDS_ORDERS = (TimerKind.ORDER_EXPIRY, TimerKind.ANSWER_TIMEOUT)
_PUBLIC = (MarketListed, MarketChanged, MarketResolved)
"""What the venue knows as soon as anybody does."""


class Prints(Protocol):
    """Public prints by token, for a venue that fills from them."""

    def next(self, tokens: Mapping[str, list[Resting]], until: int, /) -> tuple[int, WhaleTrade] | None:
        """The earliest print, not taken yet, after a resting order of its token became active and up to ``until``."""

    def take(self, token: str) -> None:
        """The print last returned for this token has been shown."""


class Moments(Protocol):
    """Work between two events: ``reached`` is called before the first event from ``due_at`` on, and sets it anew."""

    due_at: int

    def reached(self, at: int) -> None:
        """An event comes that is observed at ``at``."""


class Driver:
    """Runs events through an engine, in a replay and in the paper trader alike.

    ``on_tick`` is called with the event time after every ``tick_every`` rows, ``tape`` with every event handled;
    ``moments`` is work that has its times among the events that are played.
    ``venue_lag_ns``: how far the paper venue's time stays behind, because public prints are heard late (0 in replays,
    where every print is at hand). ``handle_ns`` and ``quiet_ns`` are sampled times of ``handle`` on events that had
    effects and on events that concerned nobody. ``rounds`` compare our books with the venue's while events are played.
    """

    def __init__(
        self,
        engine: Engine,
        venue: PaperVenue,
        store: Store,
        on_tick: Callable[[int], None] | None = None,
        venue_lag_ns: int = 0,
        tape: Callable[[Event], None] | None = None,
    ) -> None:
        self.engine = engine
        self.venue = venue
        self.store = store
        self.digest = Digest()
        self.handle_ns: list[int] = []
        self.quiet_ns: list[int] = []
        self.alerts: list[Alert] = []
        self.venue_lag_ns = venue_lag_ns
        self.now = 0
        self.on_tick = on_tick
        self.tick_every = 1024
        self.rounds = Rounds()
        self.moments: Moments | None = None
        self._transit = Transit()
        self._ended = False
        self._tape = tape
        self._pending: list[tuple[int, int, int, Payload]] = []
        self._order = 0
        self._decisions: list[Decision] = []
        self._prints: Prints | None = None
        self.idle_until = 0
        """Nothing happens before this but the next event; whatever is begun, or answered, may bring it forward."""

    # ------------------------------------------------------------------ running

    def run(self, events: Iterable[Event], prints: Prints) -> None:
        """Handle every event and every answer up to the last row; then let open orders and timers run out."""
        self.play(events, prints)
        self.run_out(prints)

    def run_out(self, prints: Prints) -> None:
        """Let what is open come to its end.

        An exit that finds no buyer is tried for ever, so minutes after the last row (event time) nothing new is begun.
        """
        self._prints = prints
        self.catch_up(self.now + AFTERWARDS_NS)
        self._ended = True
        self.catch_up(_NEVER)
        self._prints = None
        self.flush()

    def play(self, events: Iterable[Event], prints: Prints) -> None:
        """Handle every event and what happens before it; orders and timers stay open after the last one."""
        self._prints = prints
        handle = self.engine.handle if self._tape is None else self._handle
        on_tick = self.on_tick
        self.idle_until = 0
        for event in events:
            at = event.observed_at
            if at >= self.idle_until:
                self._happens(at)
            if event.seq % SAMPLE_EVERY:
                effects = handle(event)
            else:
                started = perf_counter_ns()
                effects = handle(event)
                took = perf_counter_ns() - started
                (self.handle_ns if effects else self.quiet_ns).append(took)
            if effects:
                self.perform(effects, at)
            if on_tick is not None and event.seq % self.tick_every == 0:
                self.now = at
                on_tick(at)
        self.now = max(self.now, self.engine.now)
        self._prints = None

    def _happens(self, at: int) -> None:
        """Everything that is due before an event observed at ``at``; and when the next such thing is."""
        rounds, moments = self.rounds, self.moments
        if moments is not None and at >= moments.due_at:
            moments.reached(at)
        self.catch_up(at)
        if at >= rounds.due_at:
            self._reconcile(at)
        self.idle_until = min(self._next_thing(), rounds.due_at, _NEVER if moments is None else moments.due_at)

    def _handle(self, event: Event) -> list[Effect]:
        if self._tape is not None:
            self._tape(event)
        return self.engine.handle(event)

    def take(self, event: Event) -> None:
        """One event, after everything that happens before it."""
        self.catch_up(event.observed_at)
        self._give(event)

    def show_print(self, trade: WhaleTrade, venue_at: int) -> None:
        """A public print, for the venue's eyes; answers come with the next ``catch_up``."""
        self._pushed(self.venue.on_print(trade, venue_at))

    def show_book(self, payload: BookSnapshot | BookChange | TickSizeChanged, venue_at: int) -> None:
        """What is displayed, for the venue's eyes, after everything that happens before; answers come as in prints."""
        cancels = self.venue.cancels
        if (self._pending and self._pending[0][0] <= venue_at) or (cancels and cancels[0][0] <= venue_at):
            self.catch_up(venue_at)
        answers = self.venue.on_book(payload, venue_at)
        if answers or cancels:
            self._pushed(answers)

    def recover(self, records: list[Record], at: int) -> None:
        """Belief from the journal, then the venue is asked about every order that was open.

        The venue is told what an earlier life may have died before telling it: what was paid in, and public facts.
        """
        for record in records:
            self._fund(record, at)
        effects = self.engine.recover(records, self.store.switch().trading, at)
        for market in self.engine.markets.values():
            self.venue.market(market)
        for name, payouts in self.engine.desk.payouts.items():
            self._pushed(self.venue.on_resolved(MarketResolved(name, payouts), at))
        self.perform(effects, at)

    def _give(self, event: Event) -> None:
        self.now = event.observed_at
        if type(event.payload) in _PUBLIC:
            self._tell_venue(event.payload, event.venue_at)
        effects = self._handle(event)
        if effects:
            self.perform(effects, event.observed_at)

    def _tell_venue(self, payload: Payload, venue_at: int) -> None:
        match payload:
            case MarketListed() | MarketChanged():
                self.venue.market(payload.market)
            case MarketResolved():
                self._pushed(self.venue.on_resolved(payload, venue_at))

    def handle_now(self, payload: Payload, at: int) -> None:
        """Hand one event to the engine at once (deposits, rankings) and perform what it asks for."""
        self.take(Event(0, at, at, "driver", payload))

    def afterwards(self, call: Callable[[], None]) -> None:
        """Make a call once everything asked of the store so far is durable, which it is; where it fails for now, it is
        left undone.
        """
        with suppress(Temporary):
            call()

    def schedule(self, payload: Payload, at: int) -> None:
        """Deliver an event at its time (resolutions, rankings)."""
        self._push(Answer(at, at, payload))

    def hand_over(self) -> list[Answer]:
        """What has not happened yet (answers, timers, scheduled facts), for the driver that goes on from here."""
        waiting = sorted(self._pending)
        self._pending.clear()
        self._transit = Transit()
        return [Answer(at, venue_at, payload) for at, _, venue_at, payload in waiting]

    def _push(self, answer: Answer) -> None:
        self.idle_until = 0
        self._order += 1
        self._transit.sent(answer.payload)
        heappush(self._pending, (answer.observed_at, self._order, answer.venue_at, answer.payload))

    def catch_up(self, until: int) -> None:
        """Everything that happens up to ``until``: venue time first, in steps that never pass an undelivered answer."""
        pending = self._pending
        while True:
            bound = pending[0][0] if pending and pending[0][0] < until else until
            if self._advance_venue(bound):
                continue
            if not pending or pending[0][0] > until:
                return
            at, _, venue_at, payload = heappop(pending)
            self._transit.heard(payload)
            # An answer about the past (the venue's time lags) is heard now, not then.
            self._give(Event(0, max(at, self.now), venue_at, "venue", payload))

    def _advance_venue(self, bound: int) -> bool:
        """Show the venue the prints up to ``bound``; True as soon as one is answered (the answer may come first)."""
        venue = self.venue
        if not venue.open_tokens and not venue.cancels:
            return False
        limit = bound - self.venue_lag_ns
        while self._prints is not None and venue.open_tokens:
            due = venue.next_at
            upcoming = self._prints.next(venue.open_tokens, limit if due is None else min(limit, due))
            if upcoming is None:
                break
            at, trade = upcoming
            self._prints.take(trade.token)
            if self._pushed(venue.on_print(trade, at)):
                return True
        return self._pushed(venue.advance(limit))

    def _next_thing(self) -> int:
        """When something happens that is no event: an answer is heard, something arrives at the venue, a print meets an
        order that rests.
        """
        venue, first = self.venue, _NEVER
        if venue.cancels:
            first = (venue.next_at or 0) + self.venue_lag_ns
        if venue.open_tokens and self._prints is not None:
            upcoming = self._prints.next(venue.open_tokens, first)
            if upcoming is not None:
                first = min(first, upcoming[0] + self.venue_lag_ns)
        return min(first, self._pending[0][0]) if self._pending else first

    def _pushed(self, answers: list[Answer]) -> bool:
        self.idle_until = 0
        for answer in answers:
            self._push(answer)
        return bool(answers)

    def _reconcile(self, at: int) -> None:
        """A round is due: in a moment without answers on their way, so that a round that finds nothing does nothing."""
        rounds = self.rounds
        if rounds.waits(self._transit, at):
            return
        for payload in rounds.round(self.engine, self.venue.reports(at, rounds.since)):
            self._give(Event(0, at, at, SOURCE, payload))
        self.alerts += rounds.alerts()
        for key in rounds.doubts:
            self._pushed(self.venue.cancel(key, at))
            self._pushed(self.venue.query(key, at))

    # ------------------------------------------------------------------ effects

    def perform(self, effects: list[Effect], at: int) -> None:
        """Do what the engine asks for, as of ``at``."""
        self.now = at
        self.digest.add(effects)
        for effect in effects:
            match effect:
                case RecordDecision():
                    self._decisions.append(effect.decision)
                    if len(self._decisions) >= DECISIONS_BATCH:
                        self.flush()
                case Plan():
                    self._push(Answer(at, at, self._planned(effect.record)))
                case Write():
                    written(self.store, effect.record)
                    self._wrote(effect.record, at)
                case Submit():
                    self._pushed(self.venue.submit(effect.order, at))
                case Cancel():
                    self._pushed(self.venue.cancel(effect.order_key, at))
                case Query():
                    self._pushed(self.venue.query(effect.order_key, at))
                case WakeMeAt() if not self._ended or effect.timer in _ENDS_ORDERS:
                    self._push(Answer(effect.at, effect.at, TimerFired(effect.timer, effect.key)))
                case SetSwitch():
                    switched(self.store, Switch(effect.trading, effect.reason, at, effect.asked_at), effect.command_id)
                case Alert():
                    self.alerts.append(effect)
                case Settle():
                    self._pushed(self.venue.redeem(effect.market, at))
                case Merge():
                    self._pushed(self.venue.merge(effect.market, Shares(effect.size), effect.ref, at))

    def _planned(self, record: Record) -> PlanCommitted | PlanRefused:
        if not self._ended:
            return planned(self.store, record)
        assert record.order is not None  # of a plan
        return PlanRefused(record.order.order_key, RefusedBy.STORE, "the recording has ended")

    def _wrote(self, record: Record, at: int) -> None:
        self._fund(record, at)

    def _fund(self, record: Record, at: int) -> None:
        """What is paid in reaches the venue's wallet, once."""
        paid_in = deposit_of(record)
        if paid_in is not None:
            self.venue.deposit(*paid_in, at)

    def flush(self) -> None:
        """Hand decisions not stored yet to the store."""
        if self._decisions:
            self.store.decide(self._decisions)
            self._decisions = []
