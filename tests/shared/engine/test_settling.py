"""Executions that settle, fail, or fail too late: the books stay exact whatever happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ledger import (
    CASH,
    FEES,
    PROVISIONAL,
    RESIZING,
    VENUE,
    Fill,
    RecordKind,
    SettlementStatus,
    shares_account,
)
from shared.domain.money import ONE, Shares, Usd, dollars
from shared.domain.order import OrderState
from shared.engine.ledger import shares_room
from shared.engine.settling import (
    contradicts,
    reversible,
    status_record,
)
from tests.shared.engine.settling_world import (
    ANYTHING,
    LIMITS,
    TRADING,
    World,
    faults,
    may_fail,
    rebuilt,
    retold,
    steps,
)

STATUS = SettlementStatus
SLEEVE = "whale_copy/whale"
ROOM = shares_room("m:yes", SLEEVE)
YES = f"m:yes#{SLEEVE}"


def told(world: World) -> list[str]:
    return list(faults(world))


# ---------------------------------------------------------------------- whatever happens


@given(steps(ANYTHING))
def test_whatever_happens_the_books_are_exact_and_the_journal_alone_rebuilds_them(
    happenings: list[tuple[str, int]],
) -> None:
    world = World()
    for n, (what, dice) in enumerate(happenings):
        world.step(n, what, dice)
        assert told(world) == []
    found, books = rebuilt(world), world.books
    for name in vars(books):
        assert getattr(found, name) == getattr(books, name), name
    ids = [record.posting.posting_id for record in world.records if record.posting is not None]
    assert len(ids) == len(set(ids))


@given(steps(TRADING))
def test_after_failures_the_books_are_those_without_the_fills(happenings: list[tuple[str, int]]) -> None:
    world = World()
    for n, (what, dice) in enumerate(happenings):
        world.step(n, what, dice)
    failed = [key for key, booked in world.books.booked.items() if booked.status is STATUS.FAILED]
    world.end_all()
    assert retold(world, failed).outcome() == world.outcome()


@given(steps(("buy", "fill", "fill", "sell")), st.data())
def test_when_everything_fails_in_any_order_nothing_has_happened(
    happenings: list[tuple[str, int]], data: st.DataObject
) -> None:
    world = World()
    world.fill(world.buy(300), settles=False)
    for n, (what, dice) in enumerate(happenings):
        world.step(n, what, dice)
    world.end_all()
    failing = [key for key, booked in world.books.booked.items() if may_fail(booked)]
    for key in data.draw(st.permutations(failing)):
        assert reversible(world.books, key)
        assert world.status(key, STATUS.FAILED) is not None
        assert told(world) == []
    assert retold(world, failing).outcome() == world.outcome()
    assert world.books.unsettled == {}


@given(steps(("buy", "fill", "fill", "sell")), st.data())
def test_late_double_and_shuffled_statements_lead_to_the_same_books(
    happenings: list[tuple[str, int]], data: st.DataObject
) -> None:
    one, other = World(), World()
    for world in (one, other):
        world.fill(world.buy(300), settles=False)
        for n, (what, dice) in enumerate(happenings):
            world.step(n, what, dice)
    open_fills = [key for key, booked in one.books.booked.items() if may_fail(booked)]
    ends = {key: data.draw(st.sampled_from([STATUS.CONFIRMED, STATUS.FAILED])) for key in open_fills}
    for key, end in ends.items():
        one.status(key, end)
    said = [(key, status) for key, end in ends.items() for status in (STATUS.MATCHED, STATUS.MINED, end, end)]
    for key, status in data.draw(st.permutations(said)):
        other.status(key, status)
        assert told(other) == []
    assert other.outcome() == one.outcome()
    assert {key: booked.status for key, booked in other.books.booked.items()} == {
        key: booked.status for key, booked in one.books.booked.items()
    }


def test_the_steps_reach_failures_merges_settlements_and_sales_of_mined_shares() -> None:
    world = World()
    script = [("buy", 796), ("buy", 797), ("fill", 98), ("fill", 99), ("mined", 0), ("confirmed", 1), ("merge", 5)]
    script += [("sell", 40), ("fill", 2), ("failed", 2), ("settle", 700_000), ("cancel", 0), ("cancel", 0)]
    script += [("cancel", 0), ("settle", 700_000), ("rebate", 5), ("external", 7)]
    for n, (what, dice) in enumerate(script):
        world.step(n, what, dice)
        assert told(world) == []
    without_money = {RecordKind.HALTED, RecordKind.RESUMED, RecordKind.REDEEMED, RecordKind.VOIDED, *RESIZING}
    without_money.add(RecordKind.UNMERGED)
    assert {record.kind for record in world.records} == set(RecordKind) - without_money


# ---------------------------------------------------------------------- purchases


def test_bought_shares_cost_at_once_and_can_be_sold_only_once_they_are_mined() -> None:
    world = World()
    key = world.fill(world.buy(100))
    books = world.books
    assert books.positions[YES].size == 100 * ONE
    assert books.balance(CASH) == dollars(100_000) - dollars(50) - 1_250_000
    assert (books.room.get(ROOM, 0), books.balance(PROVISIONAL, "m:yes")) == (0, 100 * ONE)
    assert books.has_unsettled("m")
    record = world.status(key, STATUS.MINED)
    assert record is not None
    assert (record.kind, record.status) == (RecordKind.CONFIRMED, STATUS.MINED)
    assert (books.room[ROOM], books.balance(shares_account(SLEEVE), "m:yes")) == (100 * ONE, 100 * ONE)
    assert books.has_unsettled("m")
    assert told(world) == []


def test_confirmed_after_mined_moves_nothing_but_is_remembered() -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    record = world.status(key, STATUS.CONFIRMED)
    assert record is not None
    assert (record.posting, record.headroom, record.position) == (None, (), None)
    assert rebuilt(world).booked[key].status is STATUS.CONFIRMED
    assert not world.books.has_unsettled("m")
    world.books.apply(record)
    assert told(world) == []


def test_confirmed_without_mined_frees_the_shares() -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.CONFIRMED)
    assert world.books.room[ROOM] == 100 * ONE
    assert (world.books.unsettled, world.books.histories) == ({}, {})


def test_a_purchase_that_failed_never_happened_but_its_order_was_matched() -> None:
    world = World()
    bought = world.buy(100)
    before = world.books.balance(CASH) + bought.reserved
    key = world.fill(bought)
    record = world.status(key, STATUS.FAILED)
    books = world.books
    assert record is not None
    assert (record.kind, record.order, record.status) == (RecordKind.REVERSED, None, STATUS.FAILED)
    assert books.balance(CASH) == before
    assert [books.balance(account) for account in (PROVISIONAL, VENUE, FEES)] == [0, 0, 0]
    assert (books.positions[YES].size, books.positions[YES].cost, books.realized) == (0, 0, 0)
    assert (books.used["portfolio"], books.fees, books.fills, books.failed) == (0, 0, 1, 1)
    assert (books.orders[bought.order_key].filled, books.orders[bought.order_key].state) == (
        100 * ONE,
        OrderState.FILLED,
    )
    assert told(world) == []


def test_a_failed_part_leaves_what_the_rest_of_the_order_still_holds() -> None:
    world = World()
    bought = world.buy(100)
    key = world.fill(bought, 60)
    held = world.books.orders[bought.order_key].reserved
    world.status(key, STATUS.FAILED)
    assert world.books.orders[bought.order_key].reserved == held == world.books.used["portfolio"]
    assert told(world) == []


def test_a_failure_after_a_sale_of_other_shares_restates_what_that_sale_earned() -> None:
    world = World()
    world.fill(world.buy(100, 40), settles=False)
    dear = world.fill(world.buy(100, 90))
    world.fill(world.sell(50, 60), settles=False)
    together = world.books.realized
    world.status(dear, STATUS.FAILED)
    alone = World()
    alone.fill(alone.buy(100, 40), settles=False)
    alone.fill(alone.sell(50, 60), settles=False)
    assert world.books.positions[YES].cost == alone.books.positions[YES].cost
    assert world.books.realized == alone.books.realized > together
    assert told(world) == []


def test_a_mined_purchase_that_fails_takes_its_free_shares_back() -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    assert world.status(key, STATUS.FAILED) is not None
    assert world.books.room[ROOM] == 0
    assert told(world) == []


def test_shares_in_an_open_sale_come_off_a_room_that_is_made_up_when_the_sale_ends() -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    sold = world.sell(100)
    assert world.status(key, STATUS.FAILED) is not None
    assert world.books.room[ROOM] == -100 * ONE
    world.cancel(sold.order_key)
    assert world.books.room[ROOM] == 0
    assert told(world) == []


# ---------------------------------------------------------------------- sales


def test_proceeds_are_provisional_until_mined_while_exposure_ends_with_the_match() -> None:
    world = World()
    world.fill(world.buy(100, 50), settles=False)
    cash = world.books.balance(CASH)
    key = world.fill(world.sell(100, 60))
    books = world.books
    assert (books.balance(CASH), books.room[CASH]) == (cash, cash)
    assert books.balance(PROVISIONAL) == dollars(60) - 1_200_000
    assert (books.positions[YES].size, books.used["portfolio"]) == (0, 0)
    world.status(key, STATUS.CONFIRMED)
    assert books.balance(CASH) == books.room[CASH] == cash + dollars(60) - 1_200_000
    assert books.balance(PROVISIONAL) == 0


@pytest.mark.parametrize("mined", [False, True])
def test_a_sale_that_failed_gives_back_shares_cost_and_exposure(mined: bool) -> None:
    world = World()
    world.fill(world.buy(100, 50), settles=False)
    before = (world.books.balance(CASH), world.books.used["portfolio"], world.books.room[ROOM])
    key = world.fill(world.sell(100, 60))
    if mined:
        world.status(key, STATUS.MINED)
    world.status(key, STATUS.FAILED)
    books = world.books
    assert (books.balance(CASH), books.used["portfolio"], books.room[ROOM]) == before
    assert (books.positions[YES].size, books.realized) == (100 * ONE, 0)
    assert told(world) == []


@pytest.mark.parametrize("end", [STATUS.CONFIRMED, STATUS.FAILED])
def test_a_late_sale_takes_back_the_shares_that_its_order_had_given_up(end: SettlementStatus) -> None:
    world = World()
    world.fill(world.buy(100), settles=False)
    sale = world.sell(100)
    world.cancel(sale.order_key)
    assert world.books.room[ROOM] == 100 * ONE
    key = world.fill(sale, 30)
    assert world.books.room[ROOM] == 70 * ONE
    world.status(key, end)
    assert world.books.room[ROOM] == (70 if end is STATUS.CONFIRMED else 100) * ONE
    assert told(world) == []


def test_a_sale_that_fails_after_the_settlement_opens_the_position_again_to_be_settled_again() -> None:
    world = World()
    world.fill(world.buy(100, 50), settles=False)
    key = world.fill(world.sell(60, 60))
    world.settle(ONE)
    world.status(key, STATUS.FAILED)
    assert world.books.positions[YES].size == 60 * ONE
    world.settle(ONE)
    settled = [record.posting for record in world.records if record.kind is RecordKind.SETTLED]
    assert len({made.posting_id for made in settled if made is not None}) == 2
    assert world.books.realized == dollars(100) - dollars(50) - 1_250_000
    assert told(world) == []


def test_a_position_that_opens_again_at_the_same_instant_settles_under_another_name() -> None:
    world = World()
    for _ in range(3):
        world.fill(world.buy(100), settles=False)
        world.settle(ONE)
    settled = [record.posting for record in world.records if record.kind is RecordKind.SETTLED]
    assert len({made.posting_id for made in settled if made is not None}) == 3


# ---------------------------------------------------------------------- what cannot be undone


def test_shares_that_were_sold_cannot_fail_until_their_sale_has_failed() -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    assert reversible(world.books, key)
    sale = world.book(Fill("least", world.sell(1).order_key, 500_000, Shares(1), Usd(0), world.at, settles=True))
    assert not reversible(world.books, key)
    assert world.status(key, STATUS.FAILED) is None
    world.status(sale, STATUS.FAILED)
    assert reversible(world.books, key)
    assert world.status(key, STATUS.FAILED) is not None
    assert told(world) == []


def test_shares_sold_before_others_were_bought_cannot_fail_either() -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    world.fill(world.sell(100), settles=False)
    world.fill(world.buy(100), settles=False)
    assert not reversible(world.books, key)


@pytest.mark.parametrize("merged", [False, True])
def test_shares_that_were_settled_or_merged_cannot_fail(merged: bool) -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.fill(world.buy(100, token="m:no"), settles=False)
    world.status(key, STATUS.MINED)
    assert reversible(world.books, key)
    if merged:
        world.merge(100 * ONE, "ref")
    else:
        world.settle(ONE)
    assert not reversible(world.books, key)


@pytest.mark.parametrize("status", list(STATUS))
def test_what_has_ended_or_is_not_booked_changes_no_more(status: STATUS) -> None:
    world = World()
    sure = world.fill(world.buy(100), settles=False)
    failed = world.fill(world.buy(100))
    world.status(failed, STATUS.FAILED)
    for key in (sure, failed, ("unknown", "order")):
        assert status_record(world.books, key, status, world.at, LIMITS) is None
        assert not reversible(world.books, key)


@pytest.mark.parametrize("status", [STATUS.MATCHED, STATUS.MINED])
def test_what_is_known_already_is_no_record(status: STATUS) -> None:
    world = World()
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    assert world.status(key, status) is None


def test_only_two_different_ends_contradict_each_other() -> None:
    pairs = [(a, b) for a in STATUS for b in STATUS if contradicts(a, b)]
    assert pairs == [(STATUS.CONFIRMED, STATUS.FAILED), (STATUS.FAILED, STATUS.CONFIRMED)]
