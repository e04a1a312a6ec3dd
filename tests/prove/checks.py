"""Everything that is checked of an event and its effects, in the order in which they happen."""

from collections.abc import Callable, Iterator
from typing import Any

from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.effects import Alert, Effect, Merge, Plan, RecordDecision, SetSwitch, Write
from shared.domain.instants import SECOND
from shared.domain.ledger import Record, RecordKind
from shared.domain.market import Market
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    FeedHealth,
    FiguresPublished,
    MarketChanged,
    MarketListed,
    MarketResolved,
    Merged,
    MergeReverted,
    OrderInDoubt,
    OrderRejected,
    Payload,
    PlanRefused,
    PricePoint,
    PublicTrade,
    RefusedBy,
    SpotTrade,
    TickSizeChanged,
    WhaleTrade,
)
from shared.domain.money import SIZE_STEP
from shared.domain.order import FINAL, OrderState
from shared.engine.limits import Limits
from tests.prove.leaving import Leaves, Left
from tests.prove.plans import overfilled, planned
from tests.prove.shadow import Quotes, Shadow
from tests.prove.watchman import Watchman

ERRORS = ("500 ", "502 ")
"""How the texts of errors of the interface begin; other refusals are answers."""


STOPPERS = (Command, PlanRefused)


class Checks:
    """``leaves`` asks the engine whether a position (by key) is being left; nothing else is taken from it.

    ``seen``: what happened, for the distribution. ``problems``: sentences not told yet.
    """

    def __init__(self, limits: Limits, leaves: Leaves) -> None:
        self.markets: dict[str, Market] = {}
        self.quotes = Quotes(limits.book_max_age_ns)
        self.watch = Watchman(limits, Shadow())
        self.left = Left(limits, self.watch, self.quotes, self.markets)
        self.limits = limits
        self.leaves = leaves
        self.seen: dict[str, None] = {}
        self.late: dict[str, None] = {}
        self._plans: dict[str, Record] = {}
        self._pulse_at = 0
        self._takes = self._dispatch()

    @property
    def shadow(self) -> Shadow:
        """What the records add up to."""
        return self.watch.shadow

    # ------------------------------------------------------------------ an event and its effects

    def judge(self, at: int, payload: Payload, effects: list[Effect]) -> Iterator[str]:
        """What is wrong with what the engine made of an event."""
        pulsed = at >= self._pulse_at
        due: list[str] = []
        if pulsed:
            self._pulse(at)
            due = self.left.due(at)
        price = self._hear(at, payload, effects)
        for effect in effects:
            yield from self._effect(effect)
        if type(payload) in STOPPERS:
            yield from self._stopped(payload)
        if price:
            token, sellable = price
            yield from self.left.priced(token, sellable, self.leaves)
        if pulsed:
            yield from self.left.timed(due, self.leaves)
            yield from self.left.pressed(at, self.leaves)

    def _pulse(self, at: int) -> None:
        """The first event of a second: a new day, marks, and a look at the equity."""
        self._pulse_at = at + SECOND
        self.watch.begin_day(at)
        marks = self.shadow.marks
        for token in marks:
            marks[token] = self.quotes.bid(token, at) or marks[token]
        if self.watch.trading:
            self.watch.look(at)

    # ------------------------------------------------------------------ facts

    def _dispatch(self) -> dict[type, Callable[[Any, int], tuple[str, int] | None]]:
        """Who takes which fact; each says the token and its price, where that is what was told of one we hold."""
        return {
            PublicTrade: lambda told, at: self._printed(told.token, told.price, at),
            BookSnapshot: self._shown,
            BookChange: self._changed,
            SpotTrade: lambda told, at: self.watch.price(told.price, at),
            PricePoint: lambda told, at: self.watch.price(told.value, at),
            FiguresPublished: lambda told, _: self.watch.publish(told.figures),
            FeedHealth: self._feed,
            OrderRejected: self._rejected,
            OrderInDoubt: self._doubted,
            PlanRefused: lambda told, _: self.shadow.refused(self._plans.pop(told.order_key)),
            MarketListed: lambda told, _: self.markets.update({told.market.market: told.market}),
            MarketChanged: lambda told, _: self.markets.update({told.market.market: told.market}),
            MarketResolved: self._resolved,
            TickSizeChanged: lambda told, _: self.quotes.forget(told.token),
            Merged: lambda told, _: self.left.merging.pop(told.market, None),
            MergeReverted: lambda told, _: self.left.merging.pop(told.market, None),
        }

    def _hear(self, at: int, payload: Payload, effects: list[Effect]) -> tuple[str, int] | None:
        """A fact; one of a whale counts when it was decided on, since what is delivered again is no print."""
        if type(payload) is WhaleTrade:
            stranger = payload.wallet == "stranger"
            if stranger or any(type(effect) is RecordDecision and effect.decision.tx for effect in effects):
                return self._printed(payload.token, payload.price, at)
            return None
        takes = self._takes.get(type(payload))
        return None if takes is None else takes(payload, at)

    def _shown(self, told: BookSnapshot, at: int) -> tuple[str, int] | None:
        self.quotes.shown(told, at)
        return self._booked(told.token, at)

    def _changed(self, told: BookChange, at: int) -> tuple[str, int] | None:
        self.quotes.changed(told, at)
        return self._booked(told.token, at)

    def _feed(self, told: FeedHealth, _at: int) -> None:
        self.watch.down.pop(told.feed, None)
        if not told.healthy:
            self.watch.down[told.feed] = None

    def _rejected(self, told: OrderRejected, at: int) -> None:
        if told.reason.startswith(ERRORS):
            self.watch.errors.append(at)

    def _doubted(self, told: OrderInDoubt, at: int) -> None:
        order = self.shadow.orders[told.order_key]
        if order.state is not OrderState.IN_DOUBT and order.state not in FINAL:
            self.watch.errors.append(at)

    def _resolved(self, told: MarketResolved, _at: int) -> None:
        self.left.resolved[told.market] = None
        for token in told.payouts:
            self.quotes.forget(token)

    def _printed(self, token: str, price: int, at: int) -> tuple[str, int] | None:
        if token not in self.shadow.marks or self.quotes.bid(token, at):
            return None
        self.shadow.marks[token] = price
        return token, price

    def _booked(self, token: str, at: int) -> tuple[str, int] | None:
        bid = self.quotes.bid(token, at)
        return (token, bid) if bid and token in self.shadow.marks else None

    def _effect(self, effect: Effect) -> Iterator[str]:
        match effect:
            case Write():
                self._write(effect.record)
            case Plan():
                yield from self._plan(effect.record)
            case RecordDecision():
                self.seen[effect.decision.reason] = None
            case SetSwitch():
                self.watch.trading = effect.trading
            case Alert(severity=1):
                self.watch.trading = False
            case Alert(name="breaker"):
                self.seen[effect.text.rpartition(" ")[2]] = None
            case Merge():
                if effect.ref not in self.shadow.merges:
                    yield f"merge {effect.ref} was asked for before it was written down"
                self.left.merging[effect.market] = None
                self.seen["merge"] = None
            case _:
                pass

    def _write(self, record: Record) -> None:
        position = record.position
        if position is not None:
            before = self.shadow.positions.get(position.key)
            if before is None or position.size > before.size:
                self.left.peaks.pop(position.key, None)
        self.watch.record(record)
        self.shadow.apply(record)
        if record.kind is RecordKind.RESUMED:
            self.watch.resumed()
        self.seen[record.kind.value] = None
        if position is not None and position.size < SIZE_STEP:
            self.left.flattened.pop(position.key, None)

    def _plan(self, record: Record) -> Iterator[str]:
        order = record.order
        assert order is not None
        self._plans[order.order_key] = record
        new = f"{order.token}#{order.sleeve}" not in self.shadow.claimed()
        self.watch.record(record)
        self.shadow.apply(record)
        yield from planned(order, self.watch, self.markets, new)
        if not order.rule and self.leaves(f"{order.token}#{order.sleeve}"):
            yield f"{order.order_key} trades in a position that a rule is leaving"
        self.seen[order.order_type.value] = None
        if order.phase > 1 and not order.rule:
            self.seen["phase"] = None
        if order.slices > 1:
            self.seen["slice"] = None
        if order.attempt > 1:
            self.seen["retry"] = None

    def _stopped(self, payload: Payload) -> Iterator[str]:
        """What stops trading has stopped it."""
        match payload:
            case Command(kind=CommandKind.KILL | CommandKind.FLATTEN) if self.watch.trading:
                yield f"a person says {payload.kind.value}, and trading goes on"
            case PlanRefused(by=RefusedBy.SWITCH) if self.watch.trading:
                yield "the switch is on in the store, and trading goes on"
            case _:
                pass
        if isinstance(payload, Command) and payload.kind is CommandKind.RESUME:
            self.left.stay()
        if isinstance(payload, Command) and payload.kind is CommandKind.FLATTEN:
            yield from self.left.flatten(self.leaves)

    # ------------------------------------------------------------------ at rest

    def whole(self) -> Iterator[str]:
        """What needs all of history: positions without what failed, and intents."""
        shadow = self.shadow
        for key, position in shadow.positions.items():
            expected, booked = shadow.without_failures(key), (position.size, position.cost, position.realized)
            if expected != booked:
                yield f"{key} has size, cost and profit {booked}; without failures {expected}"
        yield from overfilled(shadow, self.late)

    def restless(self, at: int) -> bool:
        """Whether a position is on its way out and nothing explains why it is still here."""
        return any(self.leaves(p.key) and not self.left.excuse(p, at) for p in self.left.held())

    def recover(self, records: list[Record], trading: bool, at: int, effects: list[Effect]) -> Iterator[str]:
        """A new life begins with what the journal says."""
        self.watch.recover(records, trading, at)
        self.quotes = self.left.quotes = Quotes(self.limits.book_max_age_ns)
        sent = {f"{o.token}#{o.sleeve}": None for o in self.shadow.orders.values() if o.rule == Reason.EMERGENCY_EXIT}
        self.left.recover(sent)
        self._plans.clear()
        self._pulse_at = 0
        for effect in effects:
            yield from self._effect(effect)
