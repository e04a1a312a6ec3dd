"""The ports of one process, through which everything may be lost, late, doubled or refused, and before and after each
call of which the process may die. What really happens lies behind them, and is looked at by ``checks``.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from msgspec.structs import replace

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import Guard
from shared.adapters.journal.entry import JournalEntry
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.errors import OutcomeUnknown, Temporary
from shared.domain.instants import SECOND
from shared.domain.ledger import Fill
from shared.domain.market import Market
from shared.domain.messages import (
    FillStatus,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
)
from shared.domain.money import Shares
from shared.domain.order import FINAL, Order, OrderState
from shared.domain.reports import Reports
from shared.ports import Answer, Batch, Switch
from tests.simulation.clockwork import Clockwork
from tests.simulation.exchange import Exchange
from tests.simulation.faults import Dice, Fault
from tests.simulation.records import Records

T = TypeVar("T")
TIMEOUT_NS = 5 * SECOND
"""How long a request to the venue waits for its answer."""
LATEST_S = 40
"""How long after it was given up a request may still arrive."""
APART = 0.5
"""How often a process that was held up cannot reach the store for a while when it goes on."""
PARTS = ("open_orders", "trades", "positions", "balance")
BUSY = ("425 service_not_ready: service not ready", "429 too_many_requests: slow down")


class Crash(BaseException):
    """The process dies here, in the middle of whatever it was doing."""


class Host(Protocol):
    """The process whose ports these are."""

    def tell(self, text: Callable[[], str]) -> None:
        """A line of the story."""

    def pause(self, duration_ns: int) -> None:
        """It does not run for a while."""


class Gate:
    """Counts the calls of a process and kills it before or after the ``crash_at``-th one, or by the dice."""

    host: Host

    def __init__(self, clock: Clockwork, dice: Dice, latency: int) -> None:
        self.calls = 0
        self.latency = latency
        """The longest that a call takes in a lane, there and back (nanoseconds)."""
        self.crash_at: tuple[int, bool] | None = None
        self.epoch = 0
        """Of the lease of the life that speaks now."""
        self.pause_after_plan = 0
        """The next plan that is written finds the process held up for so long (nanoseconds): the worst moment."""
        self.apart_until = 0
        self.clock = clock
        self.dice = dice

    def call(self, name: str, make: Callable[[], T]) -> T:
        """One port call: made, unless the process dies before it; then it may die before it hears the answer."""
        number, dice = self.calls, self.dice
        self.calls += 1
        if self.crash_at == (number, False) or dice.fires(Fault.CRASH_BEFORE):
            self.host.tell(lambda: f"CRASH before {name}")
            raise Crash
        try:
            return make()
        except (Temporary, OutcomeUnknown) as error:
            kind, text = type(error).__name__, str(error)
            self.host.tell(lambda: f"{kind}: {text}")
            raise
        finally:
            if self.crash_at == (number, True) or dice.fires(Fault.CRASH_AFTER):
                self.host.tell(lambda: f"CRASH after {name}")
                raise Crash


class FaultyBackend:
    """The store of one process, as far away as the network makes it."""

    def __init__(self, records: Records, gate: Gate) -> None:
        self.account = records.account
        self._records = records
        self._gate = gate
        self._away = 0

    def _turned_away(self, name: str) -> None:
        dice = self._gate.dice
        if self._gate.clock.now < self._gate.apart_until:
            raise Temporary(f"{name}: the store is out of reach")
        if self._away and not dice.quiet:
            self._away -= 1
            raise Temporary(f"{name}: the store is away")
        if dice.fires(Fault.STORE_AWAY):
            self._away = dice.rng.choice((3, 8, 30))
        if dice.fires(Fault.STORE_BUSY):
            raise Temporary(f"{name}: TransactionConflict")

    def _read(self, name: str, read: Callable[[], T]) -> T:
        def make() -> T:
            self._turned_away(name)
            if self._gate.dice.fires(Fault.STORE_REQUEST_LOST):
                raise Temporary(f"{name}: no answer")
            return read()

        return self._gate.call(name, make)

    def _change(self, name: str, change: Callable[[], T]) -> T:
        """A request that writes: lost on its way, or its reply on the way back, or both late."""

        def make() -> T:
            self._turned_away(name)
            dice, clock = self._gate.dice, self._gate.clock
            if dice.fires(Fault.STORE_REQUEST_LOST):
                raise OutcomeUnknown(f"{name}: no answer")
            if dice.fires(Fault.STORE_LATE):
                clock.after(dice.rng.randrange(LATEST_S * SECOND), lambda: _ignored(change))
                raise OutcomeUnknown(f"{name}: no answer yet")
            made = change()
            if dice.fires(Fault.STORE_REPLY_LOST):
                raise OutcomeUnknown(f"{name}: the answer was lost")
            return made

        return self._gate.call(name, make)

    def _repeated(self, name: str, change: Callable[[], None]) -> None:
        """A change that may be made again at any time: the adapter does not tell a lost reply from a lost request."""
        try:
            self._change(name, change)
        except OutcomeUnknown as error:
            raise Temporary(str(error)) from error

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        failed = self._change(f"commit {guard.value} {entry.key}", lambda: self._records.commit(entry, guard, epoch))
        gate = self._gate
        if gate.pause_after_plan and guard is Guard.PLAN and not failed:
            self._hold_up()
        return failed

    def _hold_up(self) -> None:
        """At once, or a moment later: when the engine has heard of the plan, and the order waits to be sent."""
        gate, rng = self._gate, self._gate.dice.rng
        held_up, gate.pause_after_plan = gate.pause_after_plan, 0
        wait = rng.choice((0, rng.randrange(gate.latency)))
        gate.clock.after(wait, lambda: gate.host.pause(held_up))
        if rng.random() < APART:
            gate.apart_until = gate.clock.now + held_up + 20 * SECOND

    def line(self, key: str) -> JournalEntry | None:
        return self._read(f"read line {key}", lambda: self._records.line(key))

    def lines(self) -> list[JournalEntry]:
        return self._read("read the journal", self._records.lines)

    def order(self, order_key: str) -> Order | None:
        return self._read(f"read order {order_key[:8]}", lambda: self._records.order(order_key))

    def seq_of_posting(self, posting_id: str) -> str | None:
        return self._read("read a posting", lambda: self._records.seq_of_posting(posting_id))

    def switch(self) -> Switch:
        return self._read("read the switch", self._records.switch)

    def set_switch(self, switch: Switch) -> None:
        self._repeated(f"set the switch {switch.trading}", lambda: self._records.set_switch(switch))

    def commands(self) -> list[Command]:
        return self._read("read commands", self._records.commands)

    def taken(self, command_id: str) -> None:
        self._repeated(f"take command {command_id}", lambda: self._records.taken(command_id))

    def decide(self, decisions: list[Decision], expires_at: int | None, /) -> None:
        """Decisions are for people; nothing is proven about them here."""

    def lease(self) -> Lease | None:
        return self._read("read the lease", self._records.lease)

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        return self._change(
            f"swap the lease to {after.epoch}.{after.beat}", lambda: self._records.swap_lease(before, after)
        )


def _ignored(call: Callable[[], object]) -> None:
    """A request that arrives when nobody waits for its answer any more."""
    call()


class FaultyVenue:
    """The venue as one process hears it: requests and replies over a network, notices over a socket."""

    def __init__(self, exchange: Exchange, gate: Gate) -> None:
        self.books = exchange.settings.books
        self.open_tokens: dict[str, None] = {}
        self.busy = True  # it says what it likes at any time
        self._exchange = exchange
        self._gate = gate
        self._notices: deque[Answer] = deque()

    # ------------------------------------------------------------------ requests

    def submit(self, order: Order, at: int) -> list[Answer]:
        key = order.order_key
        name = f"submit {key[:8]}{key[-2:]} {order.side.value} {order.size} {order.token} at {order.limit}"
        return self._gate.call(name, lambda: self._submitted(order, at))

    def _submitted(self, order: Order, at: int) -> list[Answer]:
        self._exchange.sent(order, self._gate.epoch)
        dice, key = self._gate.dice, order.order_key
        doubt = [Answer(at + TIMEOUT_NS, at + TIMEOUT_NS, OrderInDoubt(key, "time-out"))]
        if dice.fires(Fault.VENUE_BUSY):
            return [Answer(at + SECOND, at + SECOND, OrderRejected(key, dice.rng.choice(BUSY)))]
        if dice.fires(Fault.VENUE_REQUEST_LOST):
            return doubt
        if dice.fires(Fault.VENUE_LATE):
            self._later(lambda: self._exchange.submit(order))
            return doubt
        answers = self._exchange.submit(order)
        if dice.fires(Fault.VENUE_TWICE):
            answers = [*answers, *self._exchange.submit(order)]
        if dice.fires(Fault.VENUE_REPLY_LOST):
            return doubt
        return self._heard(answers, at)

    def cancel(self, order_key: str, at: int) -> list[Answer]:
        return self._asked(f"cancel {order_key[:8]}{order_key[-2:]}", lambda: self._exchange.cancel(order_key), at)

    def query(self, order_key: str, at: int) -> list[Answer]:
        return self._asked(f"query {order_key[:8]}{order_key[-2:]}", lambda: self._exchange.query(order_key), at)

    def _asked(self, name: str, ask: Callable[[], list[Answer]], at: int) -> list[Answer]:
        """A question may be asked again at any time, so a lost one is not answered at all."""

        def make() -> list[Answer]:
            dice = self._gate.dice
            if dice.fires(Fault.VENUE_REQUEST_LOST):
                return []
            if dice.fires(Fault.VENUE_LATE):
                self._later(ask)
                return []
            answers = ask()
            if dice.fires(Fault.VENUE_TWICE):
                answers = [*answers, *ask()]
            return [] if dice.fires(Fault.VENUE_REPLY_LOST) else self._heard(answers, at)

        return self._gate.call(name, make)

    def _later(self, call: Callable[[], list[Answer]]) -> None:
        """It arrives long after; what the venue says to it reaches whoever listens then."""
        wait = self._gate.dice.rng.randrange(LATEST_S * SECOND)
        self._gate.clock.after(wait, lambda: self._exchange.say(call()))

    def _heard(self, answers: Iterable[Answer], at: int) -> list[Answer]:
        """The venue's times are true time; this process hears of it by its own clock."""
        now = self._gate.clock.now
        return [replace(one, observed_at=at + max(one.observed_at - now, 0)) for one in self._haunted(list(answers))]

    def _haunted(self, answers: list[Answer]) -> list[Answer]:
        """The venue says that an order has ended, and tells its fills a little later; how much it filled in all it may
        know already, or, of purchases, may not. (Shares of which it denies that they were sold would be sold again, out
        of another sleeve: that is for a person to look at.)
        """
        ends = [one for one in answers if isinstance(one.payload, OrderReport) and one.payload.state in FINAL]
        if not ends or not self._gate.dice.fires(Fault.GHOST):
            return answers
        late = [one for one in answers if isinstance(one.payload, OrderFilled | FillStatus)]
        wait = self._gate.dice.rng.randrange(SECOND, 20 * SECOND)
        self._gate.clock.after(wait, lambda: self._exchange.say(late))
        told = [one for one in answers if one not in late]
        if self._gate.dice.rng.random() < 0.5:
            return told
        denied = self._exchange.denied_of([one.payload.fill for one in late if isinstance(one.payload, OrderFilled)])
        return [_without(one, denied) for one in told]

    def reports(self, at: int, since: int) -> Reports:
        def make() -> Reports:
            found = self._exchange.reports(since)
            missing = {part: None for part in PARTS if self._gate.dice.fires(Fault.UNREAD)}
            return replace(found, as_of=at, **missing)

        return self._gate.call("read reports", make)

    # ------------------------------------------------------------------ requests that may be repeated

    def _to_chain(self, name: str, call: Callable[[], list[Answer]], at: int) -> list[Answer]:
        def make() -> list[Answer]:
            dice = self._gate.dice
            if dice.fires(Fault.VENUE_REQUEST_LOST):
                return []
            if dice.fires(Fault.VENUE_TWICE):
                call()
            return self._heard(call(), at)

        return self._gate.call(name, make)

    def redeem(self, market: str, at: int) -> list[Answer]:
        return self._to_chain(f"redeem {market}", lambda: self._exchange.redeem(market), at)

    def merge(self, market: str, size: Shares, ref: str, at: int) -> list[Answer]:
        return self._to_chain(f"merge {market}", lambda: self._exchange.merge(market, size, ref), at)

    def deposit(self, ref: str, amount: int, at: int) -> None:
        def make() -> None:
            self._exchange.deposit(ref, amount)

        self._gate.call(f"deposit {ref}", make)

    def market(self, market: Market) -> None:
        """The venue knows its own markets."""

    # ------------------------------------------------------------------ notices

    def notice(self, answer: Answer) -> None:
        """The venue says something to everybody who listens; this process may hear it late, twice or not at all."""
        dice, clock = self._gate.dice, self._gate.clock
        if dice.fires(Fault.ANSWER_LOST):
            return
        wait = max(answer.observed_at - clock.now, 0)
        if dice.fires(Fault.ANSWER_LATE):
            wait += dice.rng.randrange(30 * SECOND)
        if dice.fires(Fault.ANSWER_TWICE):
            clock.after(wait + dice.rng.randrange(10 * SECOND), lambda: self._notices.append(answer))
        clock.after(wait, lambda: self._notices.append(answer))

    def show(self, batch: Batch, until: int) -> list[Answer]:
        """The venue knows its own books and trades; what was heard on the socket since the last time."""
        heard = [replace(one, observed_at=until) for one in self._haunted(list(self._notices))]
        self._notices.clear()
        return heard

    def heard(self) -> list[Answer]:
        """Nothing comes along with answers to something else."""
        return []

    def cancel_all(self, at: int) -> list[Answer]:
        return self._asked("cancel all", self._exchange.cancel_all, at)


def _without(answer: Answer, denied: list[Fill]) -> Answer:
    """The report on an order as it is before these executions are known; an order that they fill whole is cancelled."""
    report = answer.payload
    if not isinstance(report, OrderReport):
        return answer
    unknown = sum(fill.size for fill in denied if fill.order_key == report.order_key)
    state = OrderState.CANCELED if unknown and report.state is OrderState.FILLED else report.state
    return replace(answer, payload=replace(report, state=state, filled=Shares(report.filled - unknown)))
