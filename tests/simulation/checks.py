"""What must be true, looked at from outside: from what was written, what reached the venue and what the venue did.

Nothing here uses the engine's rules. Amounts are millionths; the ledger is judged by its raw entries.
"""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import Guard
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.paper.orders import MovementKind, PaperOrder
from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.ledger import PUSD, SettlementStatus
from shared.domain.money import ONE, Price, Shares, cost, taker_fee
from shared.domain.order import FINAL, Order, OrderState, Side
from shared.ports import Switch
from tests.simulation.audit import Books, settling

if TYPE_CHECKING:
    from tests.simulation.world import World

ROUNDING = 5_000
"""Half a cent: fees are rounded fill by fill, and an order reserves a tenth of a cent for it."""
EMERGENCY = "emergency_exit"


class Caps(NamedTuple):
    """The caps in force, in micro-dollars."""

    portfolio: int
    market: int


class Violation(AssertionError):
    """Something that must never be is so; the message says what."""


class Checks:
    """Hears everything that is written and everything that reaches the venue."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._epoch = 0
        self._trading = True
        self._stopped = 0
        self._flipped_at = self._resume_at = -1
        self._asked: dict[str, int] = {}
        self._books = Books()
        self._caps = [Caps(world.limits.portfolio_usd, world.limits.market_usd)]
        self._caps_then: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._arrived: dict[str, Order] = {}
        world.records.committed = self.committed
        world.records.switched = self.switched
        world.records.leased = self.leased
        world.records.took = self.took
        world.exchange.arrived = self.arrived
        world.exchange.sent = self.sent
        world.exchange.merged = self.merged

    @property
    def plans(self) -> int:
        """Orders planned."""
        return len(self._books.planned)

    @property
    def fills(self) -> int:
        """Executions booked."""
        return len(self._books.filled)

    @property
    def reversed(self) -> int:
        """Executions that failed to settle, and were taken back."""
        return len(self._books.reversed)

    @property
    def merges(self) -> int:
        """Merges that were asked for."""
        return len(self._books.merges)

    def fail(self, sentence: str) -> None:
        """It is wrong."""
        self._world.tell(lambda: f"WRONG: {sentence}")
        raise Violation(sentence)

    # ------------------------------------------------------------------ what is written

    def leased(self, lease: Lease) -> None:
        """The lease has changed."""
        if lease.epoch < self._epoch:
            self.fail(f"the epoch fell from {self._epoch} to {lease.epoch}")
        self._epoch = lease.epoch

    def switched(self, switch: Switch) -> None:
        """The kill switch was set or cleared."""
        if switch.trading and self._flipped_at > self._resume_at:
            self.fail("the switch says trade again, although it was set after the last person asked for that")
        self._trading = switch.trading
        if not switch.trading:
            self._stopped += 1
        self._world.tell(lambda: f"the switch says {'trade' if switch.trading else 'stop'}")

    def committed(self, entry: JournalEntry, guard: Guard, epoch: int) -> None:
        """A record is durable from now on."""
        record, order = entry.record, entry.record.order
        self._world.tell(
            lambda: f"written {entry.key}: {record.kind.value} {'' if order is None else order.order_key[-6:]}"
        )
        if epoch != self._epoch:
            self.fail(f"{record.kind.value} was written under epoch {epoch}, {self._epoch} is in force")
        if guard is Guard.PLAN:
            assert order is not None
            self._check_plan(order)
        if record.position is not None:
            self._positions[record.position.key] = record.position.cost
        if isinstance(record.change, Change) and record.change.limits:
            told = {name: int(text) * ONE for name, text in record.change.limits}
            self._caps.append(Caps(told["portfolio_usd"], told["market_usd"]))
        self._not(self._books.add(record))

    def _not(self, wrong: str) -> None:
        """Nothing may be wrong."""
        if wrong:
            self.fail(wrong)

    def _check_plan(self, order: Order) -> None:
        if not self._trading and order.rule != EMERGENCY:
            self.fail(f"order {order.order_key} is planned although the switch says stop")
        self._caps_then[order.order_key] = len(self._caps) - 1

    def asked(self, command: Command) -> None:
        """A person asks for something."""
        self._asked[command.command_id] = self._stopped
        if command.kind is CommandKind.RESUME:
            self._resume_at = self._world.clock.now

    def flipped(self) -> None:
        """A person sets the switch with their own hands."""
        self._flipped_at = self._world.clock.now

    def took(self, command: Command) -> None:
        """A command is not delivered again: what it asked for must have become durable."""
        stopped_since = self._asked[command.command_id] != self._stopped
        if command.kind is CommandKind.KILL and self._trading and not stopped_since:
            self.fail(f"the kill command {command.command_id} is forgotten, and nothing has stopped")

    # ------------------------------------------------------------------ what reaches the venue

    def sent(self, order: Order, epoch: int) -> None:
        """A process begins to send an order."""
        if epoch != self._epoch:
            self.fail(f"order {order.order_key} is sent under epoch {epoch}, {self._epoch} is in force")

    def merged(self, ref: str) -> None:
        """The venue is asked for a merge."""
        if ref not in self._books.merges:
            self.fail(f"merge {ref} was asked for before it was written down")

    def arrived(self, order: Order) -> None:
        """An order has reached the venue, for the first time or again."""
        key = order.order_key
        self._world.tell(lambda: f"the venue gets {key[:8]}{key[-2:]}")
        if key not in self._books.planned:
            self.fail(f"order {key} reached the venue without a written plan")
        before = self._arrived.get(key)
        if before is not None and before != order:
            self.fail(f"order {key} reached the venue twice, with different content")
        if before is None:
            self._arrived[key] = order
            papers = self._world.exchange.log.load()
            if any(paper.order.order_key == key and paper.state is not OrderState.REJECTED for paper in papers):
                self._check_legs(order, papers)
                self._check_cap(order)

    def _check_legs(self, order: Order, papers: list[PaperOrder]) -> None:
        """At most one order of an intent is open at the venue."""
        opened = [one.order.order_key for one in papers if _same_wish(one.order, order) and one.state not in FINAL]
        if len(opened) > 1:
            self.fail(f"orders {opened} of one intent are open at once")

    def _check_cap(self, order: Order) -> None:
        """What is held at cost and what may still be bought stays within the caps since it was planned. A sale that
        failed counts as made: what comes back by it was bought within them.
        """
        if order.side is Side.SELL:
            return
        exposure, since = self._exposure(), self._caps[self._caps_then[order.order_key] :]
        market, total = exposure[order.market], sum(exposure.values())
        cap_market, cap = max(one.market for one in since), max(one.portfolio for one in since)
        if market > cap_market + ROUNDING:
            self.fail(f"order {order.order_key} brings {order.market} to {market}, the cap is {cap_market}")
        if total > cap + ROUNDING:
            self.fail(f"order {order.order_key} brings the portfolio to {total}, the cap is {cap}")

    def _exposure(self) -> Counter[str]:
        """By market: what positions cost, and what open purchases may still cost.

        What a sale takes of a cost depends on the order of things: it is that in which they were booked, then that of
        the venue. A purchase that the venue has denied once was nobody's to count when the next one was planned.
        """
        booked = {key: n for n, key in enumerate(self._books.filled)}
        exposure: Counter[str] = Counter()
        made: list[tuple[tuple[bool, int], PaperOrder, int]] = []
        for paper in self._world.exchange.log.load():
            if paper.order.side is Side.BUY and paper.state not in FINAL:
                exposure[paper.order.market] += _claim(paper.order, paper.order.size - paper.filled)
            for n, fill in enumerate(paper.fills):
                place = booked.get((fill.trade_id, fill.order_key))
                made.append(((place is None, fill.venue_at if place is None else place), paper, n))
        denied = self._world.exchange.denied
        held: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for _, paper, n in sorted(made, key=lambda one: one[0]):
            order, fill = paper.order, paper.fills[n]
            position = held[f"{order.token}#{order.sleeve}"]
            if order.side is Side.BUY:
                if (
                    paper.settled.get(fill.trade_id) is SettlementStatus.FAILED
                    or (fill.trade_id, fill.order_key) in denied
                ):
                    continue
                position[0] += fill.size
                position[1] += cost(fill.size, Price(fill.price)) + fill.fee
            elif position[0]:
                sold = min(fill.size, position[0])
                position[1] -= position[1] * sold // position[0]
                position[0] -= sold
        self._merge(held)
        gone = self._world.resolved
        for key, (_, paid) in held.items():
            market = key.partition(":")[0]
            if market not in gone:
                exposure[market] += paid
        return exposure

    def _merge(self, held: dict[str, list[int]]) -> None:
        """Shares that were merged are gone; of which purchase, the venue does not know: here, of the dearest."""
        for movement in self._world.exchange.log.movements():
            if movement.kind is not MovementKind.MERGE:
                continue
            for token, amount in movement.amounts.items():
                inside = [one for key, one in held.items() if key.startswith(f"{token}#") and one[0]]
                left = -amount if token != PUSD else 0
                for position in sorted(inside, key=lambda one: -one[1] * ONE // one[0]):
                    gone = min(position[0], left)
                    position[1] -= position[1] * gone // position[0]
                    position[0] -= gone
                    left -= gone

    # ------------------------------------------------------------------ at any time

    def alive(self) -> None:
        """No life has found its own books false, and who was told to stop has."""
        for process in self._world.processes:
            if process.corrupt:
                self.fail(process.corrupt)
            if process.longest_stop > 20 * 1_000_000_000:
                self.fail(f"{process.name} took {process.longest_stop / 1e9:.1f} s to stop")

    # ------------------------------------------------------------------ the end

    def in_doubt(self) -> list[str]:
        """Orders of unknown outcome, by what is written."""
        return [key for key, order in self._books.orders.items() if order.state is OrderState.IN_DOUBT]

    def unfinished(self) -> str:
        """What still is on its way; empty when nothing is."""
        drivers = [p.driver for p in self._world.processes if p.driver is not None]
        if not drivers:
            return "no trader has recovered"
        unequal = all("venue" in driver.engine.desk.risk.feeds_down for driver in drivers)
        if unequal:
            return "no trader's books were found equal to the venue's"
        waiting = [key for key, order in self._books.orders.items() if order.state not in FINAL]
        if waiting:
            return f"orders {waiting} are {[self._books.orders[key].state.value for key in waiting]}"
        if self._books.merging:
            return f"merges {self._books.merging} are not answered"
        papers = self._world.exchange.log.load()
        on_their_way = settling(papers)
        if on_their_way:
            return f"executions of {on_their_way} are settling"
        return self._books.unequal(papers, self._world.exchange.log.movements())

    def finished(self) -> None:
        """Everything has converged: what is booked is what happened, once, and nothing is held back."""
        self._not(self._books.misbooked(self._world.exchange.log.load()))
        self._not(self._books.held_back())
        self._rooms()

    def _rooms(self) -> None:
        """The room for sales is what the sleeve holds: nothing of a position is locked for ever. The room of the
        portfolio is its cap less what positions cost.
        """
        cap, cost_of_all = self._caps[-1].portfolio, sum(self._positions.values())
        left = self._world.records.rooms.get("portfolio", cap)
        if left != cap - cost_of_all:
            self.fail(f"positions cost {cost_of_all} under a cap of {cap}, and {left} of it is left")
        for name, room in self._world.records.rooms.items():
            if name.startswith("shares#"):
                token, _, sleeve = name.removeprefix("shares#").partition("#")
                held = self._books.balances[f"shares:{sleeve}", token]
                if room != held:
                    self.fail(f"{held} of {token} are held by {sleeve}, of which {room} can be sold")


def _same_wish(one: Order, other: Order) -> bool:
    return one.intent_id == other.intent_id


def _claim(order: Order, size: int) -> int:
    """What so many shares of a purchase may cost."""
    if size <= 0:
        return 0
    return cost(Shares(size), order.limit) + taker_fee(Shares(size), order.limit, order.fee_rate)
