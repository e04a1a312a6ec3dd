"""Whatever happens, every store answers the same and ends with the same books.

One life at a time: the store of replays, and the durable one in memory and on DynamoDB. Two lives that change places,
on a network that loses requests and replies: the durable one in memory and on DynamoDB.
"""

import random
from collections import Counter

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.adapters.durable.backend import Backend
from shared.adapters.durable.conditions import merged
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.rebuild import verify_books
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.memory.backend import MemoryBackend
from shared.adapters.memory.store import MemoryStore
from shared.domain.change import Change, Mode
from shared.domain.errors import HouseError
from shared.domain.ledger import Record, RecordKind
from shared.domain.messages import PlanCommitted, PlanRefused
from shared.domain.money import Shares, Usd, dollars
from shared.domain.order import FINAL, Order, OrderCause, Purpose, Side
from shared.engine.ledger import Projection, room_size
from shared.engine.resizing import change_records
from shared.ports import Store, Switch
from tests.contracts.embedded import Embedded
from tests.contracts.faulty import DELIVERED, FATES, Faulty
from tests.contracts.store.lives import life
from tests.contracts.store.records import (
    NOON,
    Limits,
    buy,
    deposit_micro,
    fill_of,
    fill_record,
    move_record,
    planned,
    sell,
)

TIGHT = Limits(dollars(120), dollars(70), dollars(90), dollars(110))
SIZED = ("portfolio_usd", "market_usd", "source_usd", "strategy_usd")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["deposit", "buy", "buy", "buy", "sell", "fill", "fill", "cancel", "again", "stop", "go", "set"]
        ),
        st.integers(1, 2**20),
    ),
    min_size=4,
    max_size=14,
)


class Three:
    """All three stores of one account, given the same records."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.memory = MemoryStore()
        self.limits = TIGHT
        self.backend = MemoryBackend(self.account)
        self.durable = life(self.backend)
        self.dynamo = life(embedded.backend(self.account))
        self.stores: tuple[Store, ...] = (self.memory, self.durable, self.dynamo)

    def step(self, n: int, what: str, dice: int) -> None:
        orders = list(self.memory.books.orders.values())
        chosen = orders[dice % len(orders)] if orders else None
        if what == "deposit":
            record = deposit_micro(self.account, dice * 97, str(n))
            self.write(record)
        elif what in ("stop", "go"):
            switch = Switch(what == "go", f"step {n}", NOON + n)
            for store in self.stores:
                store.set_switch(switch)
        elif what == "set":
            self.set(n, dollars(20 + dice % 150))
        elif what == "buy":
            self.plan(
                buy(self.account, f"i{n}", 5_000_000 + dice * 100, 100_000 + dice % 800_000, market=f"m{dice % 2}")
            )
        elif what == "sell":
            self.plan(sell(self.account, f"i{n}", dice * 100))
        elif chosen is not None:
            self.touch(chosen, what, dice, n)
        assert self.memory.switch() == self.durable.switch() == self.dynamo.switch()

    def set(self, n: int, size: Usd) -> None:
        """A person changes a cap; the rooms follow."""
        self.limits = replace(self.limits, **{SIZED[n % len(SIZED)]: size})
        change = Change(mode=Mode.TRADE)
        for record in change_records(self.account, self.memory.books, self.limits, NOON + n, change, str(n)):
            self.write(record)

    def plan(self, order: Order) -> None:
        record = planned(order, self.limits)
        assert self.memory.plan(record) == self.durable.plan(record) == self.dynamo.plan(record)

    def write(self, record: Record) -> None:
        for store in self.stores:
            store.write(record)

    def touch(self, order: Order, what: str, dice: int, n: int) -> None:
        """Something happens to a known order: planned again, filled in part or whole, or cancelled."""
        if what == "again":
            self.plan(order)
            return
        if order.state in FINAL:
            return
        at = NOON + n
        if what == "cancel":
            record = move_record(order, OrderCause.CANCELED, at, self.limits)
        else:
            size = Shares(min(order.remaining, 1 + dice * 200))
            position = self.memory.books.positions.get(f"{order.token}#{order.sleeve}")
            record = fill_record(order, position, fill_of(order, size, f"trade-{n}"), at, self.limits)
        assert record is not None
        self.write(record)


def kept_as(backend: MemoryBackend) -> tuple[object, ...]:
    """Orders, positions and rooms as the backend keeps them."""
    return backend.orders, backend.positions, backend.rooms


def kept_in(books: Projection, entries: list[JournalEntry]) -> tuple[object, ...]:
    """The same as the records say; a room that was never moved is kept nowhere."""
    moved = {change.name for entry in entries for change in merged(entry.record.headroom)}
    return books.orders, books.positions, {name: left for name, left in books.room.items() if name in moved}


@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(steps=STEPS)
def test_every_store_answers_the_same(embedded: Embedded, steps: list[tuple[str, int]]) -> None:
    three = Three(embedded)
    for n, (what, dice) in enumerate([("deposit", 2**20), *steps]):
        three.step(n, what, dice)
    assert three.dynamo.entries() == three.durable.entries()
    assert three.dynamo.journal(three.account) == three.memory.journal(three.account)
    books = verify_books(three.account, embedded.tables, three.dynamo.entries())
    assert books.balances == three.memory.books.balances
    assert kept_as(three.backend) == kept_in(books, three.dynamo.entries())
    assert books.imbalance() == 0
    sizes = {name: room_size(name, three.limits) for name in books.room}
    for name, left in books.room.items():
        size = sizes[name]
        assert left >= 0 if size is None else left == size - books.used[name]


def test_the_steps_reach_sales_of_what_was_bought(embedded: Embedded) -> None:
    three = Three(embedded)
    for n, step in enumerate([("deposit", 2**20), ("buy", 600_000), ("fill", 2**20), ("sell", 400_000), ("fill", 99)]):
        three.step(n, *step)
    sold = [order for order in three.memory.books.orders.values() if order.side is Side.SELL and order.filled]
    assert [order.purpose for order in sold] == [Purpose.EXIT]


# ---------------------------------------------------------------------- two lives, and a network that loses things

HARSH_STEPS = [
    "deposit",
    "buy",
    "buy",
    "buy",
    "sell",
    "fill",
    "fill",
    "cancel",
    "again",
    "again",
    "stop",
    "go",
    "go",
    "take",
    "land",
]
HARSH_FATES = [DELIVERED, DELIVERED, *FATES]
WHO = [0, 0, 1]
HARSH = st.lists(
    st.tuples(
        st.sampled_from(
            ["deposit", "buy", "buy", "buy", "sell", "fill", "cancel", "again", "stop", "go", "take", "land"]
        ),
        st.integers(0, 1),
        st.sampled_from([DELIVERED, *FATES]),
        st.integers(1, 2**20),
    ),
    min_size=6,
    max_size=16,
)


class Lives:
    """One backend under two processes of the account, on networks of their own."""

    def __init__(self, backend: Backend) -> None:
        self.wires = (Faulty(backend), Faulty(backend))
        self.heard: list[JournalEntry] = []
        # The second one begins without the lease.
        self.stores = [life(self.wires[0], "process 0"), DurableStore(self.wires[1], 0)]
        for store in self.stores:
            store.on_commit = self.heard.append

    def ask(self, who: int, fate: str, record: Record) -> object:
        """What the store answers or raises, in words that can be compared."""
        self.wires[who].fates = [fate]
        store = self.stores[who]
        try:
            if record.kind is RecordKind.PLANNED:
                return store.plan(record)
            store.write(record)
        except HouseError as error:
            return (type(error), str(error))
        return None

    def take(self, who: int) -> int:
        """The process begins a new life, which ends the other's."""
        store = self.stores[who] = life(self.wires[who], f"process {who}")
        store.on_commit = self.heard.append
        return store.epoch


class Both:
    """The same two processes twice: on DynamoDB, and in memory. Whatever is asked of both must be answered alike."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.memory = MemoryBackend(self.account)
        self.sides = (Lives(self.memory), Lives(embedded.backend(self.account)))
        self.asked: list[Record] = []
        self.answers: list[object] = []

    def step(self, n: int, what: str, who: int, fate: str, dice: int) -> None:
        if what == "take":
            assert self.sides[0].take(who) == self.sides[1].take(who)
        elif what == "land":
            assert self.sides[0].wires[who].land() == self.sides[1].wires[who].land()
        elif what in ("stop", "go"):
            for side in self.sides:
                side.stores[who].set_switch(Switch(what == "go", f"step {n}", NOON + n))
        else:
            record = self.record(n, what, dice)
            if record is not None:
                self.asked.append(record)
                answers = [side.ask(who, fate, record) for side in self.sides]
                assert answers[0] == answers[1]
                self.answers.append(answers[0])
        assert self.sides[0].heard == self.sides[1].heard

    def record(self, n: int, what: str, dice: int) -> Record | None:
        """A record as an engine would make it that believes what is in the tables; "again" is one of the last two."""
        if what == "again":
            return self.asked[-1 - dice % min(2, len(self.asked))] if self.asked else None
        if what == "deposit":
            return deposit_micro(self.account, dice * 97, str(n))
        if what == "buy":
            order = buy(self.account, f"i{n}", 5_000_000 + dice * 100, 100_000 + dice % 800_000, market=f"m{dice % 2}")
            return planned(order, TIGHT)
        if what == "sell":
            return planned(sell(self.account, f"i{n}", dice * 100), TIGHT)
        going = [order for order in self.memory.orders.values() if order.state not in FINAL]
        if not going:
            return None
        chosen = going[dice % len(going)]
        if what == "cancel":
            return move_record(chosen, OrderCause.CANCELED, NOON + n, TIGHT)
        size = Shares(min(chosen.remaining, 1 + dice * 200))
        position = self.memory.positions.get(f"{chosen.token}#{chosen.sleeve}")
        if chosen.side is Side.SELL and (position is None or position.size < size):
            return None
        return fill_record(chosen, position, fill_of(chosen, size, f"trade-{n}"), NOON + n, TIGHT)


def check(both: Both, embedded: Embedded) -> Projection:
    """Both keep the same, the journal explains all of it, and no plan or fact is in it twice."""
    entries = both.memory.lines()
    assert entries == embedded.backend(both.account).lines()
    books = verify_books(both.account, embedded.tables, entries)
    assert kept_as(both.memory) == kept_in(books, entries)
    postings = [entry.record.posting.posting_id for entry in entries if entry.record.posting is not None]
    plans = [entry.record.order for entry in entries if entry.record.kind is RecordKind.PLANNED]
    assert len(postings) == len(set(postings))
    assert len(plans) == len({order.order_key for order in plans if order is not None})
    heard = both.sides[0].heard
    assert len(heard) == len({entry.key for entry in heard})
    assert set(heard) <= set(entries)
    assert books.imbalance() == 0
    return books


@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(steps=HARSH)
def test_two_lives_on_a_network_that_loses_things_are_answered_alike(
    embedded: Embedded, steps: list[tuple[str, int, str, int]]
) -> None:
    both = Both(embedded)
    for n, step in enumerate([("deposit", 0, DELIVERED, 2**20), *steps]):
        both.step(n, *step)
    check(both, embedded)


def test_the_harsh_steps_reach_every_answer(embedded: Embedded) -> None:
    dice = random.Random(11)
    kinds: Counter[str] = Counter()
    for _ in range(15):
        both = Both(embedded)
        both.step(0, "deposit", 0, DELIVERED, 2**20)
        for n in range(1, 25):
            fate = dice.choice(HARSH_FATES)
            both.step(n, dice.choice(HARSH_STEPS), dice.choice(WHO), fate, dice.randrange(1, 2**20))
        check(both, embedded)
        for answer in both.answers:
            kinds[answer.by.value if isinstance(answer, PlanRefused) else _named(answer)] += 1
    assert {"headroom", "epoch", "switch", "committed", "existed", "written"} <= set(kinds)
    assert {"OutcomeUnknown", "Temporary", "LeaseLost"} <= set(kinds)


def _named(answer: object) -> str:
    if isinstance(answer, PlanCommitted):
        return "existed" if answer.existed else "committed"
    return "written" if answer is None else str(answer[0].__name__) if isinstance(answer, tuple) else "other"
