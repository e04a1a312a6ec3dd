"""Journal file and tables after every kind of crash."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.adapters.durable.lease import acquire
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.controls import put_switch, read_switch
from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.rebuild import rebuild, verify_books
from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.adapters.journal.entry import JournalEntry, journal_key
from shared.adapters.journal.file import JournalFile
from shared.adapters.journal.reconcile import Reconciled, reconcile_journal
from shared.adapters.journal.store import JournaledStore
from shared.domain.decision import Decision, Reason
from shared.domain.errors import Corrupt
from shared.domain.ledger import CASH, Position, Record
from shared.domain.messages import PlanCommitted
from shared.domain.order import OrderCause, Side
from shared.engine.ledger import Projection, settle_record
from shared.ports import Switch
from tests.contracts.embedded import Embedded
from tests.contracts.store.lives import life
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, move_record, planned, sell

STOPPED = Switch(False, "drill", NOON)


class House:
    """An account with tables, a file, and a store over both."""

    def __init__(self, account: str, tables: Tables, path: Path) -> None:
        self.account = account
        self.tables = tables
        self.path = path
        self.file = JournalFile(path)

    def begin(self) -> JournaledStore:
        """A life: reconcile, take the lease, trade."""
        self.done = self.reconcile()
        return JournaledStore(life(DynamoBackend(self.account, self.tables)), self.file)

    def reconcile(self) -> Reconciled:
        return reconcile_journal(self.account, self.tables, self.file)

    def reopen(self) -> None:
        self.file.close()
        self.file = JournalFile(self.path)

    def table_entries(self) -> list[JournalEntry]:
        return read_journal(self.tables, self.account)


@pytest.fixture
def house(embedded: Embedded, tmp_path: Path) -> Iterator[House]:
    made = House(embedded.account(), embedded.tables, tmp_path / "journal")
    yield made
    made.file.close()


def noted(house: House) -> Switch | None:
    return house.file.switch


def busy_day(account: str) -> list[Record]:
    """Deposit, a part fill and a cancel, a whole fill, a sale, a settlement."""
    first, second = buy(account, "a"), buy(account, "b", token="t2")
    part = fill_record(first, None, fill_of(first, 40_000_000, price=390_000), NOON + 1, LIMITS)
    assert part.order is not None
    ended = move_record(part.order, OrderCause.CANCELED, NOON + 2, LIMITS)
    whole = fill_record(second, None, fill_of(second, 100_000_000), NOON + 3, LIMITS)
    exit_order = sell(account, "x", 15_000_000)
    sold = fill_record(exit_order, part.position, fill_of(exit_order, 15_000_000, "trade-2"), NOON + 4, LIMITS)
    held: Position | None = whole.position
    assert ended is not None
    assert held is not None
    return [
        deposit(account),
        planned(first),
        part,
        ended,
        planned(second),
        whole,
        planned(exit_order),
        sold,
        settle_record(held, 1_000_000, NOON + 5, LIMITS),
    ]


def commit(store: JournaledStore, records: list[Record]) -> None:
    for record in records:
        if record.kind.value == "planned":
            assert isinstance(store.plan(record), PlanCommitted)
        else:
            store.write(record)


def books_of(entries: list[JournalEntry]) -> Projection:
    books = Projection()
    for entry in entries:
        books.apply(entry.record)
    return books


def test_every_commit_is_in_the_file_when_it_returns(house: House) -> None:
    store = house.begin()
    for record in busy_day(house.account):
        commit(store, [record])
        assert house.file.entries()[-1].record == record
    assert house.file.entries() == house.table_entries()
    store.write(busy_day(house.account)[0])  # the same fact again is no second line
    assert house.file.entries() == house.table_entries()
    assert store.journal(house.account) == busy_day(house.account)


def test_a_tail_missing_in_the_file_is_copied_from_the_table(house: House) -> None:
    commit(house.begin(), busy_day(house.account))
    content = house.path.read_bytes()
    house.path.write_bytes(content[: len(content) * 2 // 3])  # the last lines lost, one torn
    house.reopen()
    assert house.file.cut > 0
    done = house.reconcile()
    assert done.copied > 0
    assert done.rebuilt == 0
    assert house.file.entries() == house.table_entries()
    assert house.reconcile() == Reconciled(0, 0, switch_restored=False)
    assert house.path.read_bytes() == content


def test_an_empty_table_is_rebuilt_from_the_file_to_the_micro_dollar(
    house: House, embedded: Embedded, tmp_path: Path
) -> None:
    commit(house.begin(), busy_day(house.account))
    before = books_of(house.table_entries())
    empty = Tables("rebuilt-", embedded.server.endpoint)
    empty.create()
    heard: list[tuple[int, int]] = []
    done = reconcile_journal(house.account, empty, house.file, lambda n, of: heard.append((n, of)))
    assert done.rebuilt == len(busy_day(house.account)) == len(heard)
    after = verify_books(house.account, empty, read_journal(empty, house.account))
    assert after.balances == before.balances
    assert after.room == before.room
    assert acquire(DynamoBackend(house.account, empty), "next", NOON) == 2


def test_a_rebuild_run_twice_or_from_the_middle_is_the_same_rebuild(house: House, embedded: Embedded) -> None:
    commit(house.begin(), busy_day(house.account))
    entries = house.table_entries()
    other = Tables("again-", embedded.server.endpoint)
    other.create()
    rebuild(house.account, other, entries[:4])
    rebuild(house.account, other, entries)
    rebuild(house.account, other, [])
    verify_books(house.account, other, entries)
    changed = JournalEntry(entries[0].key, replace(entries[0].record, at=NOON - 1))
    with pytest.raises(Corrupt, match="other content"):
        rebuild(house.account, other, [changed])


def test_after_a_kill_of_the_server_the_books_are_rebuilt_and_trading_goes_on(tmp_path: Path) -> None:
    server = EmbeddedAws(tmp_path / "aws", free_port())
    account, records = "paper", busy_day("paper")
    with server:
        tables = Tables("house-", server.endpoint)
        tables.create()
        house = House(account, tables, tmp_path / "journal")
        commit(house.begin(), records[:3])
    server.start()  # stopped gracefully and started again: three records are there
    assert len(house.table_entries()) == 3
    store = house.begin()
    commit(store, records[3:])
    store.set_switch(STOPPED)
    before = books_of(house.table_entries())
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    house.reopen()
    with server:
        assert len(house.table_entries()) == 3  # the server has forgotten the rest
        assert house.reconcile() == Reconciled(0, len(records) - 3, switch_restored=True)
        after = verify_books(account, tables, house.table_entries())
        assert after.balances == before.balances
        assert after.positions == before.positions
        assert after.room == before.room
        assert after.imbalance() == 0
        store = house.begin()
        assert store.switch() == STOPPED
        store.set_switch(Switch(True, "checked", NOON + 9))
        commit(store, [planned(buy(account, "after"))])
        assert house.file.entries() == house.table_entries()
    house.file.close()


def test_file_and_table_that_contradict_each_other_start_nothing(house: House, tmp_path: Path) -> None:
    store = house.begin()
    commit(store, [deposit(house.account)])
    other = JournalFile(tmp_path / "other")
    other.append(JournalEntry(journal_key(1, "trader", 0), deposit(house.account, 11)))
    with pytest.raises(Corrupt, match=r"the file has .* where the table has"):
        reconcile_journal(house.account, house.tables, other)
    assert len(house.table_entries()) == 1
    other.close()


def test_a_file_of_another_account_is_refused(house: House, tmp_path: Path) -> None:
    other = JournalFile(tmp_path / "other")
    other.append(JournalEntry(journal_key(1, "trader", 0), deposit("somebody")))
    with pytest.raises(Corrupt, match="belongs to account somebody"):
        reconcile_journal(house.account, house.tables, other)
    other.close()


def test_a_key_that_is_not_new_cannot_be_appended(house: House) -> None:
    entry = JournalEntry(journal_key(1, "trader", 0), deposit(house.account))
    house.file.append(entry)
    with pytest.raises(Corrupt, match="cannot follow"):
        house.file.append(entry)


def test_a_file_with_foreign_or_unordered_lines_is_corrupt(house: House) -> None:
    house.file._lines.append([b'{"type":"novel"}'])
    house.file.close()
    with pytest.raises(Corrupt, match="line 1 is not a journal line"):
        JournalFile(house.path)
    house.path.unlink()
    house.file = JournalFile(house.path)
    house.file.append(JournalEntry(journal_key(2, "trader", 0), deposit(house.account)))
    house.file._last = ""
    house.file.append(JournalEntry(journal_key(1, "trader", 0), deposit(house.account)))
    house.file.close()
    with pytest.raises(Corrupt, match="line 2 has key"):
        JournalFile(house.path)


@pytest.mark.parametrize("what", ["posting", "order", "position", "room", "extra room"])
def test_a_difference_between_books_and_journal_is_found(house: House, what: str) -> None:
    commit(house.begin(), busy_day(house.account))
    entries, tables = house.table_entries(), house.tables
    verify_books(house.account, tables, entries)
    match what:
        case "posting":
            posting = entries[0].record.posting
            assert posting is not None
            tables.ledger(posting_id=posting.posting_id).delete()
        case "order":
            item = tables.orders.get(buy(house.account, "a").order_key)
            item.update([tables.orders.body.set(item.body.replace("CANCELED", "FILLED"))])
        case "position":
            held = next(iter(tables.positions.query(house.account)))
            tables.positions(account=house.account, slot="t9#s", body=held.body).save()
        case "room":
            room = tables.control.get(house.account, f"room#{CASH}")
            room.update([tables.control.headroom.set(tables.control.headroom + 1)])
        case _:
            tables.control(account=house.account, item="room#new", headroom=1).save()
    with pytest.raises(Corrupt, match=f"the books differ from the journal: {what.removeprefix('extra ')}"):
        verify_books(house.account, tables, entries)


def test_the_later_switch_holds_and_at_a_tie_the_one_that_stops(house: House) -> None:
    tables, account = house.tables, house.account
    assert not house.reconcile().switch_restored
    assert noted(house) is None
    put_switch(tables, account, STOPPED)  # by somebody else, before anything was in the file
    house.reconcile()
    assert noted(house) == STOPPED
    later = Switch(True, "resumed", NOON + 1)
    put_switch(tables, account, later)
    house.reconcile()
    assert noted(house) == later
    put_switch(tables, account, Switch(False, "at the same instant", NOON + 1))
    house.reconcile()
    assert noted(house) == Switch(False, "at the same instant", NOON + 1)
    put_switch(tables, account, later)
    assert house.reconcile().switch_restored
    assert not read_switch(tables, account).trading


def test_a_switch_set_by_others_is_noted_when_it_is_seen(house: House) -> None:
    store = house.begin()
    assert store.switch() == Switch(True)
    assert noted(house) is None
    put_switch(house.tables, house.account, STOPPED)
    assert store.switch() == STOPPED
    assert noted(house) == STOPPED
    size = house.path.stat().st_size
    assert store.switch() == STOPPED
    assert house.path.stat().st_size == size


def test_commands_and_decisions_pass_through(house: House) -> None:
    store = house.begin()
    assert store.commands() == []
    store.taken("none")
    made = Decision(NOON, NOON, house.account, "s", "g", "w", "m", "t", Side.BUY, 1, 1, "tx", Reason.STALE)
    store.decide([made])
    assert len(list(house.tables.decisions.query(f"{house.account}#2026-03-22"))) == 1
    assert house.file.entries() == []
