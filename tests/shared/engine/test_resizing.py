"""Rooms after a change of limits: in belief and in the store, what is left is the limit less what is used."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.change import Change
from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.ledger import HeadroomChange, Record, RecordKind
from shared.domain.messages import MarketListed, PlanCommitted, PlanRefused, RefusedBy
from shared.domain.money import Usd, dollars
from shared.domain.order import OrderState
from shared.engine.ledger import Projection, exposure_room, room_names, room_size
from shared.engine.limits import Limits
from shared.engine.resizing import ROOMS_AT_ONCE, change_records, resize_records, resized
from tests.shared.engine.builders import NOON, PLAIN, RATIO, House, market, order, trade

MARKETS = ("m", "n", "o")
SIZED = ("portfolio_usd", "market_usd", "source_usd", "strategy_usd")
LIMITS = replace(PLAIN, entries_per_minute=1_000)


def ready(**changes: Any) -> House:
    house = House(replace(LIMITS, **changes), RATIO).ready("whale", "other")
    for name in MARKETS[1:]:
        house.give(MarketListed(market(name)))
    return house


def uneven(books: Projection, limits: Limits) -> list[str]:
    """Rooms that are not the limit less what is used."""
    sizes = {name: room_size(name, limits) for name in books.room}
    return [name for name, size in sizes.items() if size is not None and books.room[name] != size - books.used[name]]


def agree(house: House) -> bool:
    """Belief and store say the same of every room that the store knows, and both say what the limits do."""
    belief, stored = house.engine.desk.books, house.store.books
    same = all(belief.room[name] == left for name, left in stored.room.items())
    return same and uneven(belief, house.engine.limits) == uneven(stored, house.engine.limits) == []


def test_every_exposure_room_has_the_size_that_plans_give_it() -> None:
    sizes = Limits(dollars(1), dollars(2), dollars(3), dollars(4))
    made = exposure_room(order(), -1, sizes)
    assert [room_size(change.name, sizes) for change in made] == [change.limit for change in made]
    assert [change.name for change in made] == list(room_names(order()))
    assert [room_size(name, sizes) for name in ("cash", "shares#market#x")] == [None, None]


def test_a_changed_limit_is_a_delta_to_every_room_it_sizes_in_the_record_of_the_change() -> None:
    house = ready()
    house.bought()
    house.bought(trade(token="n:yes", tx="tx2"))
    house.change("c", limits={"market_usd": "80"})
    record = house.store.records[-1]
    less = dollars(80) - PLAIN.market_usd
    assert record.headroom == tuple(
        HeadroomChange(f"market#{name}", less, int(PLAIN.market_usd)) for name in ("m", "n")
    )
    assert (record.kind, record.ref, record.posting) == (RecordKind.CHANGED, "c", None)
    assert agree(house)
    assert house.whale(trade(tx="tx3"), after=61 * SECOND) is Reason.COPIED
    assert house.sent[-1].reserved < dollars(32)


def test_after_lowering_below_what_is_used_nothing_is_planned_until_there_is_room_again() -> None:
    house = ready()
    house.bought()
    house.change(limits={"portfolio_usd": "20"})
    assert house.store.books.room["portfolio"] < 0
    assert house.whale(trade(token="n:yes", tx="tx2")) is Reason.CAP_PORTFOLIO
    house.resolve()
    assert house.store.books.room["portfolio"] == dollars(20)
    assert house.whale(trade(token="n:yes", tx="tx3"), after=61 * SECOND) is Reason.COPIED
    assert agree(house)


@pytest.mark.parametrize(("cap", "committed"), [("40", False), ("60", True)])
def test_a_plan_of_the_old_limits_that_arrives_after_the_change_meets_the_new_ones(cap: str, committed: bool) -> None:
    house = ready()
    house.commits = False
    assert house.whale() is Reason.COPIED
    house.change(limits={"market_usd": cap})
    answer = house.answer_plan(house.plans[-1])
    assert isinstance(answer, PlanCommitted) is committed
    if isinstance(answer, PlanRefused):
        assert (answer.by, answer.detail) == (RefusedBy.HEADROOM, "market#m")
    assert house.store.books.room["market#m"] >= 0
    assert agree(house)


def test_settings_that_change_between_two_lives_move_the_rooms_that_earlier_lives_used() -> None:
    house = ready(portfolio_usd=dollars(100), strategy_usd=dollars(100))
    house.bought()
    more = replace(LIMITS, portfolio_usd=dollars(1_000), strategy_usd=dollars(1_000))
    life = house.restarted(limits=more)
    assert life.store.records[-1].kind is RecordKind.RESIZED
    assert agree(life)
    assert life.bought(trade(token="n:yes", tx="tx2")).reserved == 0
    assert life.bought(trade(token="o:yes", tx="tx3")).reserved == 0
    less = life.restarted(limits=replace(more, portfolio_usd=dollars(50)))
    assert less.store.books.room["portfolio"] < 0
    assert agree(less)
    records = len(less.store.records)
    assert len(less.restarted().store.records) == records


def test_many_rooms_are_resized_in_as_many_records_as_the_store_can_take() -> None:
    books = Projection()
    for n in range(2 * ROOMS_AT_ONCE):
        used = exposure_room(order(market=f"m{n}"), -dollars(1), PLAIN)
        books.apply(Record(RecordKind.PLANNED, "test", NOON, headroom=used))
    limits, change = replace(PLAIN, market_usd=dollars(10), source_usd=dollars(10)), Change()
    made = change_records("test", books, limits, NOON, change, "c")
    assert [(one.kind, one.ref, len(one.headroom)) for one in made] == [
        (RecordKind.CHANGED, "c", ROOMS_AT_ONCE),
        (RecordKind.RESIZED, "", ROOMS_AT_ONCE),
        (RecordKind.RESIZED, "", 1),
    ]
    books.apply(made[0])  # and then the process is killed
    rest = resize_records("test", books, limits, NOON)
    assert [one.headroom for one in rest] == [one.headroom for one in made[1:]]
    for one in rest:
        books.apply(one)
    assert uneven(books, limits) == []
    assert resized(books, limits) == []
    assert [one.headroom for one in change_records("test", books, limits, NOON, change, "d")] == [()]


def test_a_record_that_resizes_uses_nothing() -> None:
    books = Projection()
    books.apply(Record(RecordKind.PLANNED, "test", NOON, headroom=(HeadroomChange("portfolio", -5, 10),)))
    books.apply(Record(RecordKind.RESIZED, "test", NOON, headroom=(HeadroomChange("portfolio", -7, 10),)))
    assert (books.room["portfolio"], books.used["portfolio"]) == (-2, 5)


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["plan", "late", "refuse", "fill", "part", "end", "set", "restart", "resolve"]),
        st.integers(0, 3),
        st.integers(11, 300),
    ),
    max_size=25,
)


class Story:
    """A house to which things happen; each step leaves rooms as they must be."""

    def __init__(self) -> None:
        self.house = ready()
        self.steps = 0

    def take(self, step: Step) -> None:
        """One step; those that nothing can be done about now do nothing."""
        name, which, amount = step
        self.steps += 1
        getattr(self, name)(which, amount)
        assert agree(self.house)

    def _copied(self, which: int) -> bool:
        row = trade(("whale", "other")[which % 2], f"{MARKETS[which % 3]}:yes", tx=f"tx{self.steps}")
        return self.house.whale(row, after=61 * SECOND) in (Reason.COPIED, Reason.TOPPED_UP)

    def plan(self, which: int, _amount: int) -> None:
        if self._copied(which):
            self.check_caps()

    def late(self, which: int, amount: int) -> None:
        """The plan is answered after a change."""
        self.house.commits = False
        made = self._copied(which)
        self.set(which, amount)
        if made and isinstance(self.house.answer_plan(self.house.plans[-1]), PlanCommitted):
            self.check_caps()
        self.house.commits = True

    def refuse(self, which: int, amount: int) -> None:
        """The plan never reaches the store."""
        self.house.commits = False
        if self._copied(which):
            sent = self.house.plans[-1].record.order
            assert sent is not None
            self.set(which, amount)
            self.house.give(PlanRefused(sent.order_key, RefusedBy.STORE, "away"))
        self.house.commits = True

    def check_caps(self) -> None:
        """Whatever was just committed fits under every limit in force."""
        sent = self.house.plans[-1].record.order
        assert sent is not None
        assert all(self.house.store.books.room[name] >= 0 for name in room_names(sent))

    def fill(self, which: int, _amount: int) -> None:
        self._execute(which, whole=True)

    def part(self, which: int, _amount: int) -> None:
        self._execute(which, whole=False)

    def _execute(self, which: int, whole: bool) -> None:
        orders = self.house.engine.desk.execution.open_orders()
        if orders:
            sent = orders[which % len(orders)]
            self.house.fill(sent, None if whole else max(sent.remaining // 2, 1))

    def end(self, which: int, _amount: int) -> None:
        orders = self.house.engine.desk.execution.open_orders()
        if orders:
            self.house.report(orders[which % len(orders)], OrderState.CANCELED)

    def set(self, which: int, amount: int) -> None:
        self.house.change(f"set-{self.steps}", limits={SIZED[which]: str(amount)})

    def restart(self, which: int, amount: int) -> None:
        """Another life, perhaps under other settings."""
        limits = replace(self.house.engine.changes.base, **{SIZED[which]: Usd(dollars(amount))})
        self.house = self.house.restarted(limits=limits)

    def resolve(self, which: int, _amount: int) -> None:
        if which < len(MARKETS) and MARKETS[which] not in self.house.engine.desk.payouts:
            self.house.resolve(MARKETS[which])


@given(STEPS)
def test_whatever_is_planned_filled_and_changed_rooms_are_limits_less_what_is_used(steps: list[Step]) -> None:
    story = Story()
    for step in steps:
        story.take(step)
    rebuilt = Projection()
    for record in story.house.store.records:
        rebuilt.apply(record)
    assert rebuilt.room == story.house.store.books.room
    assert uneven(rebuilt, story.house.engine.limits) == []
