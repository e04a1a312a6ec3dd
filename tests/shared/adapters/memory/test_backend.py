"""What only the backend in memory shows; what it shares with DynamoDB is in tests/contracts/store."""

import pytest
from msgspec.structs import replace

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import JOURNAL, LEASE, ORDER, POSTING, SWITCH, Guard, merged
from shared.adapters.durable.lease import acquire
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.errors import Corrupt
from shared.domain.ledger import CASH, HeadroomChange, Record, RecordKind
from shared.domain.money import dollars
from shared.domain.order import EMERGENCY
from shared.ports import Switch
from tests.contracts.store.records import LIMITS, NOON, Limits, buy, deposit, fill_of, fill_record, planned, sell
from tests.shared.engine.builders import House


@pytest.fixture
def backend() -> MemoryBackend:
    made = MemoryBackend("paper")
    acquire(made, "test", NOON)
    return made


def entry(key: str, record: Record) -> JournalEntry:
    return JournalEntry(key, record)


def tables(backend: MemoryBackend) -> tuple[object, ...]:
    tables = (backend.journal, backend.orders, backend.positions, backend.postings, backend.rooms)
    return tuple(dict(table) for table in tables)


def test_every_condition_that_fails_is_told_in_the_order_of_the_transaction(backend: MemoryBackend) -> None:
    assert backend.commit(entry("0", deposit("paper", 50)), Guard.WRITE, 1) == ()
    first = planned(buy("paper", "a", 100_000_000), Limits(portfolio_usd=dollars(50)))
    assert backend.commit(entry("1", first), Guard.PLAN, 1) == ()
    backend.set_switch(Switch(False, "drill", NOON))
    before = tables(backend)
    short = ("room#cash", "room#portfolio")
    assert backend.commit(entry("1", first), Guard.PLAN, 2) == (LEASE, SWITCH, ORDER, POSTING, JOURNAL, *short)
    assert backend.commit(entry("1", first), Guard.WRITE, 2) == (LEASE, POSTING, JOURNAL)
    assert backend.commit(entry("1", first), Guard.REBUILD, 2) == (POSTING, JOURNAL)
    assert tables(backend) == before


def test_without_a_lease_only_a_rebuild_is_committed() -> None:
    backend = MemoryBackend("paper")
    assert backend.commit(entry("0", deposit("paper")), Guard.WRITE, 0) == (LEASE,)
    assert backend.commit(entry("0", deposit("paper")), Guard.REBUILD, 0) == ()


def test_what_a_commit_writes_is_found_by_its_keys(backend: MemoryBackend) -> None:
    order = buy("paper", "a")
    fill = fill_record(order, None, fill_of(order, 40_000_000), NOON, LIMITS)
    for key, record in (("2", fill), ("0", deposit("paper")), ("1", planned(order))):
        assert backend.commit(entry(key, record), Guard.WRITE, 1) == ()
    assert [line.key for line in backend.lines()] == ["0", "1", "2"]
    assert backend.line("2") == entry("2", fill)
    assert backend.line("3") is None
    assert backend.order(order.order_key) == planned(order).order  # the last one committed
    assert backend.order("none") is None
    assert fill.posting is not None
    assert backend.seq_of_posting(fill.posting.posting_id) == "2"
    assert backend.seq_of_posting("none") is None
    assert list(backend.positions) == ["t1#whale_copy/whale"]


def test_a_room_that_nobody_has_used_is_as_large_as_its_limit(backend: MemoryBackend) -> None:
    def take(amount: int, limit: int, key: str) -> tuple[str, ...]:
        order = sell("paper", key, 1)
        record = Record(RecordKind.PLANNED, "paper", NOON, order, headroom=(HeadroomChange("r", -amount, limit),))
        return backend.commit(entry(key, record), Guard.PLAN, 1)

    assert take(11, 10, "0") == ("room#r",)
    assert "r" not in backend.rooms
    assert take(10, 10, "0") == ()
    assert take(1, 10_000, "1") == ("room#r",)  # its size counted when it was first used
    assert backend.rooms == {"r": 0}


def test_a_fact_may_leave_a_room_below_zero(backend: MemoryBackend) -> None:
    record = Record(RecordKind.EXTERNAL, "paper", NOON, headroom=(HeadroomChange(CASH, -5, 0),))
    assert backend.commit(entry("0", record), Guard.WRITE, 1) == ()
    assert backend.rooms == {CASH: -5}


def test_the_switch_lets_sales_pass_that_a_person_told_us_to_make(backend: MemoryBackend) -> None:
    backend.set_switch(Switch(False, "drill", NOON))
    told = replace(sell("paper", "s", 1), rule=EMERGENCY)
    record = Record(RecordKind.PLANNED, "paper", NOON, told)
    assert backend.commit(entry("0", record), Guard.PLAN, 1) == ()


def test_a_room_given_two_limits_is_corrupt_before_anything_is_asked(backend: MemoryBackend) -> None:
    changes = (HeadroomChange("r", 5, 10), HeadroomChange("r", 1, 11))
    with pytest.raises(Corrupt, match="room r is given two limits, 10 and 11"):
        backend.commit(entry("0", Record(RecordKind.MOVED, "paper", NOON, headroom=changes)), Guard.WRITE, 1)
    assert backend.journal == {}
    assert merged((HeadroomChange("r", 5, 10), HeadroomChange("s", 1, 0), HeadroomChange("r", -5, 10))) == [
        HeadroomChange("s", 1, 0)
    ]


def test_long_runs_may_do_without_decisions() -> None:
    house = House().ready()
    house.whale()
    for keeps in (True, False):
        backend = MemoryBackend("paper", keeps)
        backend.decide(house.decisions, None)
        assert backend.decisions == (house.decisions if keeps else [])


def test_the_lease_in_force_is_whatever_was_swapped_last(backend: MemoryBackend) -> None:
    held = Lease(1, "test", at=NOON)
    assert backend.lease() == held
    assert backend.swap_lease(held, Lease(2, "next"))
    assert backend.commit(entry("0", deposit("paper")), Guard.WRITE, 1) == (LEASE,)
