"""What every store promises of changes that people make: its rooms decide, and a change takes its command with it."""

import pytest
from msgspec.structs import replace

from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.ledger import CASH, HeadroomChange, Record, RecordKind
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.domain.money import dollars
from shared.domain.order import OrderCause
from shared.engine.ledger import Projection
from shared.engine.limits import Limits
from shared.engine.resizing import ROOMS_AT_ONCE, change_records
from tests.contracts.store.conftest import Kept
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, move_record, order_key_of, planned

ASKED = Change(limits=(("market_usd", "60"),))
LESS = replace(LIMITS, market_usd=dollars(60))


def books(kept: Kept) -> Projection:
    found = Projection()
    for record in kept.store.journal(kept.account):
        found.apply(record)
    return found


def set_limits(kept: Kept, limits: Limits, believed: Projection | None = None, command: str = "c") -> Record:
    """The change that leads to these limits; ``believed``: the books of the engine, those of the journal if None."""
    (record,) = change_records(kept.account, believed or books(kept), limits, NOON, ASKED, command)
    kept.store.write(record)
    return record


def test_a_change_is_read_back_as_it_was_written_and_takes_its_command_with_it(kept: Kept) -> None:
    mine = Command("c", CommandKind.SET, "why", change=ASKED, at=NOON)
    other = Command("d", CommandKind.SET, "why", change=Change(reset=True), at=NOON + 1)
    kept.request(mine, NOON)
    kept.request(other, NOON + 1)
    assert kept.store.commands() == [mine, other]
    record = set_limits(kept, LESS)
    assert kept.store.journal(kept.account) == [record]
    assert kept.store.commands() == [other]


def test_a_change_that_nobody_put_as_a_command_is_written_all_the_same(kept: Kept) -> None:
    record = set_limits(kept, LESS)
    assert kept.store.journal(kept.account) == [record]


def test_a_lower_limit_leaves_less_room_than_none_and_a_plan_fits_again_once_there_is_some(kept: Kept) -> None:
    first, second = buy(kept.account, "a"), buy(kept.account, "b")
    kept.store.write(deposit(kept.account))
    for order in (first, second):
        assert isinstance(kept.store.plan(planned(order)), PlanCommitted)
    set_limits(kept, LESS)
    assert books(kept).room["market#m1"] == dollars(60) - first.reserved - second.reserved < 0
    third = planned(buy(kept.account, "c", size=10_000_000), LESS)
    refused = PlanRefused(order_key_of(kept.account, "c"), RefusedBy.HEADROOM, "market#m1")
    assert kept.store.plan(third) == refused
    ended = move_record(first, OrderCause.NEVER_SENT, NOON, LESS)
    assert ended is not None
    kept.store.write(ended)
    assert isinstance(kept.store.plan(third), PlanCommitted)


@pytest.mark.parametrize(("cap", "fits"), [(dollars(30), False), (dollars(60), True)])
def test_a_plan_of_the_old_limits_that_arrives_after_the_change_meets_the_new_ones(
    kept: Kept, cap: int, fits: bool
) -> None:
    kept.store.write(deposit(kept.account))
    plan = planned(buy(kept.account, "a"))
    believed = books(kept)
    believed.apply(plan)
    set_limits(kept, replace(LIMITS, market_usd=cap), believed)
    assert isinstance(kept.store.plan(plan), PlanCommitted) is fits
    assert books(kept).room["market#m1"] == cap - (plan.order.reserved if fits and plan.order else 0)


def test_a_raised_limit_lets_in_what_the_old_one_refused(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    assert isinstance(kept.store.plan(planned(buy(kept.account, "a"), LESS)), PlanCommitted)
    more = planned(buy(kept.account, "b"), LIMITS)
    assert isinstance(kept.store.plan(more), PlanRefused)
    set_limits(kept, LIMITS)
    assert isinstance(kept.store.plan(more), PlanCommitted)


def test_a_change_may_resize_as_many_rooms_as_one_record_names(kept: Kept) -> None:
    rooms = tuple(HeadroomChange(f"market#m{n}", -5, 10) for n in range(ROOMS_AT_ONCE))
    record = Record(RecordKind.CHANGED, kept.account, NOON, headroom=rooms, ref="c", change=ASKED)
    kept.request(Command("c", CommandKind.SET, "why", change=ASKED), NOON)
    kept.store.write(record)
    assert kept.store.journal(kept.account) == [record]
    assert kept.store.commands() == []
    assert set(books(kept).room.values()) == {5}
    assert books(kept).balance(CASH) == 0
