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
from shared.domain.ledger import CASH, PROVISIONAL, PUSD, RESERVED, Entry, FillKey, RecordKind, SettlementStatus
from shared.domain.messages import Command, CommandKind
from shared.domain.money import ONE, Price, Shares, cost, proceeds, taker_fee
from shared.domain.order import FINAL, Order, OrderState, Side
from shared.ports import Switch

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
        self._planned: dict[str, Order] = {}
        self._caps = [Caps(world.limits.portfolio_usd, world.limits.market_usd)]
        self._caps_then: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._arrived: dict[str, Order] = {}
        self._filled: dict[FillKey, int] = {}
        self._reversed: dict[FillKey, None] = {}
        self._balances: Counter[tuple[str, str]] = Counter()
        self._states: dict[str, Order] = {}
        world.records.committed = self.committed
        world.records.switched = self.switched
        world.records.leased = self.leased
        world.records.took = self.took
        world.exchange.arrived = self.arrived
        world.exchange.sent = self.sent

    @property
    def plans(self) -> int:
        """Orders planned."""
        return len(self._planned)

    @property
    def fills(self) -> int:
        """Executions booked."""
        return len(self._filled)

    @property
    def reversed(self) -> int:
        """Executions that failed to settle, and were taken back."""
        return len(self._reversed)

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
        if order is not None:
            self._states[order.order_key] = order
        if record.position is not None:
            self._positions[record.position.key] = record.position.cost
        if isinstance(record.change, Change) and record.change.limits:
            told = {name: int(text) * ONE for name, text in record.change.limits}
            self._caps.append(Caps(told["portfolio_usd"], told["market_usd"]))
        if record.posting is not None:
            self._book(record.posting.entries)
        if record.fill is not None:
            key = (record.fill.trade_id, record.fill.order_key)
            if record.kind is RecordKind.FILLED:
                if key in self._filled:
                    self.fail(f"the execution {key} is booked twice")
                self._filled[key] = record.fill.size
            elif record.kind is RecordKind.REVERSED:
                self._reversed[key] = None

    def _check_plan(self, order: Order) -> None:
        if order.order_key in self._planned:
            self.fail(f"order {order.order_key} is planned twice")
        if not self._trading and order.rule != EMERGENCY:
            self.fail(f"order {order.order_key} is planned although the switch says stop")
        self._planned[order.order_key] = order
        self._caps_then[order.order_key] = len(self._caps) - 1

    def _book(self, entries: tuple[Entry, ...]) -> None:
        sums: Counter[str] = Counter()
        for entry in entries:
            sums[entry.asset] += entry.amount
            self._balances[entry.account, entry.asset] += entry.amount
        if any(sums.values()):
            self.fail(f"a posting sums to {dict(sums)}, not to zero")

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

    def arrived(self, order: Order) -> None:
        """An order has reached the venue, for the first time or again."""
        key = order.order_key
        self._world.tell(lambda: f"the venue gets {key[:8]}{key[-2:]}")
        if key not in self._planned:
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
        the venue.
        """
        booked = {key: n for n, key in enumerate(self._filled)}
        exposure: Counter[str] = Counter()
        made: list[tuple[tuple[bool, int], PaperOrder, int]] = []
        for paper in self._world.exchange.log.load():
            if paper.order.side is Side.BUY and paper.state not in FINAL:
                exposure[paper.order.market] += _claim(paper.order, paper.order.size - paper.filled)
            for n, fill in enumerate(paper.fills):
                place = booked.get((fill.trade_id, fill.order_key))
                made.append(((place is None, fill.venue_at if place is None else place), paper, n))
        held: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for _, paper, n in sorted(made, key=lambda one: one[0]):
            order, fill = paper.order, paper.fills[n]
            position = held[f"{order.token}#{order.sleeve}"]
            if order.side is Side.BUY:
                if paper.settled.get(fill.trade_id) is SettlementStatus.FAILED:
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
        return [key for key, order in self._states.items() if order.state is OrderState.IN_DOUBT]

    def unfinished(self) -> str:
        """What still is on its way; empty when nothing is."""
        drivers = [p.driver for p in self._world.processes if p.driver is not None]
        if not drivers:
            return "no trader has recovered"
        unequal = all("venue" in driver.engine.desk.risk.feeds_down for driver in drivers)
        if unequal:
            return "no trader's books were found equal to the venue's"
        waiting = [key for key, order in self._states.items() if order.state not in FINAL]
        if waiting:
            return f"orders {waiting} are {[self._states[key].state.value for key in waiting]}"
        papers = self._world.exchange.log.load()
        settling = [
            p.order.order_key
            for p in papers
            for one in p.settled.values()
            if one is SettlementStatus.MATCHED or one is SettlementStatus.MINED
        ]
        if settling:
            return f"executions of {settling} are settling"
        return self._money()

    def _money(self) -> str:
        """Where ledger and wallet differ: they may while a notice is on its way, and must not in the end."""
        cash, shares = self._wallet()
        booked = sum(self._balances[account, PUSD] for account in (CASH, RESERVED, PROVISIONAL))
        if booked != cash:
            return f"the ledger has {booked} micro-dollars, the wallet {cash}"
        held: Counter[str] = Counter()
        for (account, asset), amount in self._balances.items():
            if asset != PUSD and (account == PROVISIONAL or account.startswith("shares:")):
                held[asset] += amount
        for token in {**held, **shares}:
            if held[token] != shares[token]:
                return f"the ledger has {held[token]} of {token}, the wallet {shares[token]}"
        return ""

    def _wallet(self) -> tuple[int, Counter[str]]:
        cash, shares = 0, Counter[str]()
        log = self._world.exchange.log
        for paper in log.load():
            for fill in paper.fills:
                if paper.settled.get(fill.trade_id) is SettlementStatus.FAILED:
                    continue
                if paper.order.side is Side.BUY:
                    cash -= cost(fill.size, Price(fill.price)) + fill.fee
                    shares[paper.order.token] += fill.size
                else:
                    cash += proceeds(fill.size, Price(fill.price)) - fill.fee
                    shares[paper.order.token] -= fill.size
        for movement in log.movements():
            if movement.kind is MovementKind.PAYOUT:
                continue
            for asset, amount in movement.amounts.items():
                if asset == PUSD:
                    cash += amount
                else:
                    shares[asset] += amount
        return cash, shares

    def finished(self) -> None:
        """Everything has converged: what is booked is what happened, once, and nothing is held back."""
        happened: dict[FillKey, int] = {}
        failed: dict[FillKey, None] = {}
        for paper in self._world.exchange.log.load():
            for fill in paper.fills:
                key = (fill.trade_id, fill.order_key)
                happened[key] = fill.size
                if paper.settled.get(fill.trade_id) is SettlementStatus.FAILED:
                    failed[key] = None
        missing = [key for key in happened if key not in self._filled and key not in failed]
        if missing:
            self.fail(f"executions {missing} were lost")
        invented = [key for key in self._filled if key not in happened]
        if invented:
            self.fail(f"executions {invented} never happened")
        unreversed = [key for key in failed if key in self._filled and key not in self._reversed]
        if unreversed:
            self.fail(f"executions {unreversed} failed and still stand")
        if self._balances[RESERVED, PUSD]:
            self.fail(f"{self._balances[RESERVED, PUSD]} micro-dollars stay reserved without an open order")
        for account, asset in [key for key, amount in self._balances.items() if amount < 0]:
            if account in (CASH, RESERVED) or account.startswith("shares:"):
                self.fail(f"{account} holds {self._balances[account, asset]} of {asset}")
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
                held = self._balances[f"shares:{sleeve}", token]
                if room != held:
                    self.fail(f"{held} of {token} are held by {sleeve}, of which {room} can be sold")


def _same_wish(one: Order, other: Order) -> bool:
    return one.intent_id == other.intent_id


def _claim(order: Order, size: int) -> int:
    """What so many shares of a purchase may cost."""
    if size <= 0:
        return 0
    return cost(Shares(size), order.limit) + taker_fee(Shares(size), order.limit, order.fee_rate)
