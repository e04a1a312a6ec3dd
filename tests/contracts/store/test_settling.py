"""Every kind of money record passes through every store once, however often it is asked, and can be rebuilt."""

import itertools

import pytest
from hypothesis import Phase, given, settings

from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.rebuild import rebuild, verify_books
from shared.adapters.dynamo.tables import Tables
from shared.adapters.memory.store import MemoryStore
from shared.domain.change import Change, Mode
from shared.domain.errors import Corrupt
from shared.domain.ledger import HeadroomChange, Record, RecordKind, SettlementStatus
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.domain.money import ONE, Usd
from shared.engine.ledger import Projection, plan_record, shares_room
from shared.engine.resizing import change_records
from shared.engine.settling import external_record, rebate_record, unmerged_record
from shared.ports import Store
from tests.contracts.embedded import Embedded
from tests.contracts.store.conftest import Kept
from tests.contracts.store.lives import life
from tests.shared.engine.settling_world import ANYTHING, LIMITS, World, faults, rebuilt, steps

STATUS = SettlementStatus
_prefixes = itertools.count(1)


def commit(store: Store, record: Record) -> None:
    """A plan is planned, a fact written; a fact with a posting is written twice, as after a reply that was lost."""
    if record.kind is RecordKind.PLANNED:
        assert isinstance(store.plan(record), PlanCommitted)
        return
    store.write(record)
    if record.posting is not None:
        store.write(record)


def busy_life(world: World) -> World:
    """Every kind of record: purchases, one failed, a merge, sales mined and failed, a settlement, a halt, a change."""
    first, second = world.buy(100, 60), world.buy(80, 30, token="m:no")
    mined, failed = world.fill(first, 60), world.fill(first, 40, better=5)
    world.fill(second, 50, settles=False)
    world.cancel(second.order_key)
    world.status(mined, STATUS.MINED)
    world.status(mined, STATUS.CONFIRMED)
    world.status(failed, STATUS.FAILED)
    world.merge(20 * ONE, f"{world.account}-merge")
    world.ask_merge(5 * ONE, f"{world.account}-in vain")
    world.take(unmerged_record(world.account, f"{world.account}-in vain", world.at))
    sale = world.sell(30, 70)
    gone, sold = world.fill(sale, 10), world.fill(sale, 20, better=3)
    world.status(gone, STATUS.MINED)
    world.status(gone, STATUS.FAILED)
    world.status(sold, STATUS.CONFIRMED)
    world.take(rebate_record(world.account, Usd(123_456), "day-1", world.at))
    world.take(external_record(world.account, "pUSD", -5_000_000, "foreign-1", world.at))
    world.take(external_record(world.account, "m:no", 7_000_000, "foreign-1", world.at))
    world.settle(250_000)
    world.take(Record(RecordKind.REDEEMED, world.account, world.at, ref="m"))
    world.take(Record(RecordKind.HALTED, world.account, world.at, ref="halted_drawdown"))
    world.take(Record(RecordKind.RESUMED, world.account, world.at))
    world.take(Record(RecordKind.VOIDED, world.account, world.at))
    for record in change_records(world.account, world.books, LIMITS, world.at, Change(mode=Mode.OBSERVE), "c"):
        world.take(record)
    world.take(Record(RecordKind.RESIZED, world.account, world.at, headroom=(HeadroomChange("portfolio", 5, 1),)))
    world.take(Record(RecordKind.RESIZED, world.account, world.at, headroom=(HeadroomChange("portfolio", -5, 1),)))
    return world


def projected(records: list[Record]) -> Projection:
    books = Projection()
    for record in records:
        books.apply(record)
    return books


def test_every_kind_of_record_is_kept_once_and_gives_the_same_books(kept: Kept) -> None:
    world = busy_life(World(lambda record: commit(kept.store, record), kept.account))
    assert {record.kind for record in world.records} == set(RecordKind)
    journal = kept.store.journal(kept.account)
    assert journal == world.records
    assert vars(projected(journal)).keys() == vars(world.books).keys()
    for name, found in vars(projected(journal)).items():
        assert found == getattr(world.books, name), name
    assert list(faults(world)) == []


def test_a_status_that_moves_nothing_may_be_told_twice(kept: Kept) -> None:
    world = World(lambda record: commit(kept.store, record), kept.account)
    key = world.fill(world.buy(100))
    world.status(key, STATUS.MINED)
    record = world.status(key, STATUS.CONFIRMED)
    assert record is not None
    kept.store.write(record)
    books = projected(kept.store.journal(kept.account))
    assert (books.booked, books.room, books.unsettled) == (world.books.booked, world.books.room, {})


def test_another_amount_under_a_known_rebate_is_corrupt(kept: Kept) -> None:
    kept.store.write(rebate_record(kept.account, Usd(5), "day-1", 1))
    with pytest.raises(Corrupt, match="exists with other content"):
        kept.store.write(rebate_record(kept.account, Usd(6), "day-1", 1))


def test_the_store_itself_refuses_to_sell_shares_that_are_not_mined(kept: Kept) -> None:
    world = World(lambda record: commit(kept.store, record), kept.account)
    key = world.fill(world.buy(100))
    other = World(account=kept.account)
    other.fill(other.buy(100), settles=False)
    sale = other.sell(100)
    room = shares_room(sale.token, sale.sleeve)
    assert kept.store.plan(plan_record(sale, LIMITS)) == PlanRefused(sale.order_key, RefusedBy.HEADROOM, room)
    world.status(key, STATUS.MINED)
    assert kept.store.plan(plan_record(sale, LIMITS)) == PlanCommitted(sale.order_key)


@settings(max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink])
@given(happenings=steps(ANYTHING, most=14))
def test_whatever_happens_the_stores_agree_with_the_books(
    embedded: Embedded, happenings: list[tuple[str, int]]
) -> None:
    account = embedded.account()
    memory = MemoryStore()
    dynamo = life(embedded.backend(account))

    def both(record: Record) -> None:
        commit(memory, record)
        commit(dynamo, record)

    world = World(both, account)
    world.fill(world.buy(50))
    for n, (what, dice) in enumerate(happenings):
        world.step(n, what, dice)
    assert dynamo.journal(account) == memory.journal(account) == world.records
    books = verify_books(account, embedded.tables, dynamo.entries())
    for name in vars(books):
        assert getattr(books, name) == getattr(world.books, name) == getattr(memory.books, name), name


def test_a_rebuild_that_was_interrupted_anywhere_is_run_again_to_the_same_books(embedded: Embedded) -> None:
    account = embedded.account()
    store = life(embedded.backend(account))
    world = busy_life(World(lambda record: commit(store, record), account))
    entries = read_journal(embedded.tables, account)
    for done in (1, len(entries) // 2, len(entries) - 1):
        tables = Tables(f"rebuilt-{next(_prefixes)}-", embedded.server.endpoint)
        tables.create()
        rebuild(account, tables, entries[:done])
        rebuild(account, tables, entries)
        books = verify_books(account, tables, entries)
        assert read_journal(tables, account) == entries
        assert (books.balances, books.booked) == (rebuilt(world).balances, world.books.booked)
