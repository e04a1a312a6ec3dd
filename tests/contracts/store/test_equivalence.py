"""Whatever happens, the durable store answers as the memory store does and ends with the same books."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.adapters.dynamo.lease import acquire
from shared.adapters.dynamo.rebuild import verify_books
from shared.adapters.dynamo.store import DynamoStore
from shared.adapters.memory.store import MemoryStore
from shared.domain.change import Change, Mode
from shared.domain.money import Shares, Usd, dollars
from shared.domain.order import FINAL, Order, OrderCause, Purpose, Side
from shared.engine.ledger import room_size
from shared.engine.resizing import change_records
from shared.ports import Switch
from tests.contracts.embedded import Embedded
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


class Pair:
    """Both stores of one account, given the same records."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.memory = MemoryStore()
        self.limits = TIGHT
        epoch = acquire(embedded.tables, self.account, "pair", NOON)
        self.dynamo = DynamoStore(self.account, embedded.tables, epoch)

    def step(self, n: int, what: str, dice: int) -> None:
        orders = list(self.memory.books.orders.values())
        chosen = orders[dice % len(orders)] if orders else None
        if what == "deposit":
            record = deposit_micro(self.account, dice * 97, str(n))
            self.memory.write(record)
            self.dynamo.write(record)
        elif what in ("stop", "go"):
            switch = Switch(what == "go", f"step {n}", NOON + n)
            self.memory.set_switch(switch)
            self.dynamo.set_switch(switch)
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
        assert self.memory.switch() == self.dynamo.switch()

    def set(self, n: int, size: Usd) -> None:
        """A person changes a cap; the rooms follow."""
        self.limits = replace(self.limits, **{SIZED[n % len(SIZED)]: size})
        change = Change(mode=Mode.TRADE)
        for record in change_records(self.account, self.memory.books, self.limits, NOON + n, change, str(n)):
            self.memory.write(record)
            self.dynamo.write(record)

    def plan(self, order: Order) -> None:
        record = planned(order, self.limits)
        assert self.memory.plan(record) == self.dynamo.plan(record)

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
        self.memory.write(record)
        self.dynamo.write(record)


@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(steps=STEPS)
def test_the_durable_store_answers_as_the_memory_store_does(embedded: Embedded, steps: list[tuple[str, int]]) -> None:
    pair = Pair(embedded)
    for n, (what, dice) in enumerate([("deposit", 2**20), *steps]):
        pair.step(n, what, dice)
    assert pair.dynamo.journal(pair.account) == pair.memory.journal(pair.account)
    books = verify_books(pair.account, embedded.tables, pair.dynamo.entries(pair.account))
    assert books.balances == pair.memory.books.balances
    assert books.imbalance() == 0
    sizes = {name: room_size(name, pair.limits) for name in books.room}
    for name, left in books.room.items():
        size = sizes[name]
        assert left >= 0 if size is None else left == size - books.used[name]


def test_the_steps_reach_sales_of_what_was_bought(embedded: Embedded) -> None:
    pair = Pair(embedded)
    for n, step in enumerate([("deposit", 2**20), ("buy", 600_000), ("fill", 2**20), ("sell", 400_000), ("fill", 99)]):
        pair.step(n, *step)
    sold = [order for order in pair.memory.books.orders.values() if order.side is Side.SELL and order.filled]
    assert [order.purpose for order in sold] == [Purpose.EXIT]
