"""How a paper life opens: under the lease, waited for where another holds it, and let go at the end."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fargate.compose import House, engine_of, open_house
from fargate.trader import Stopped
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.domain.errors import LeaseLost
from shared.settings import read_settings
from tests.contracts.embedded import Embedded, embedded
from tests.contracts.store.records import NOON, deposit

__all__ = ["embedded"]
QUICK = {"LEASE_TTL_S": "1", "LEASE_BEAT_S": "0.1", "LEASE_MARGIN_S": "0.5"}


class Account:
    """An account of the embedded server, and lives that open on it."""

    def __init__(self, embedded: Embedded, folder: Path) -> None:
        self.name = embedded.account()
        self.backend = embedded.backend(self.name)
        self.said: list[str] = []
        self.settings = read_settings({"ACCOUNT": self.name, "TABLE_PREFIX": "test-", **QUICK})
        self._endpoint = embedded.server.endpoint
        self._folder = folder

    def open(self, stopping: Callable[[], bool] = lambda: False) -> House:
        self._folder.mkdir(exist_ok=True)
        engine = engine_of(self.settings, "kelly", frozenset())
        return open_house(self.settings, self._endpoint, self._folder, engine, 0, self.said.append, stopping)

    def stands(self) -> tuple[int, bool]:
        lease = self.backend.lease()
        assert lease is not None
        return lease.epoch, lease.released


@pytest.fixture
def account(embedded: Embedded, tmp_path: Path) -> Account:
    return Account(embedded, tmp_path / "state")


def test_a_life_renews_its_lease_and_lets_it_go_so_that_the_next_one_need_not_wait(account: Account) -> None:
    house = account.open()
    assert house.keeper.vouched
    assert account.stands() == (1, False)
    time.sleep(1.2)  # longer than anything lives without a renewal
    assert house.keeper.vouched
    house.close()
    assert house.keeper.says == "let go by us"
    assert account.stands() == (1, True)
    account.open().close()
    assert account.stands() == (2, True)
    assert account.said == []


def test_what_the_last_holder_wrote_until_the_end_is_known_to_the_one_that_waited(account: Account) -> None:
    holder = DurableStore(account.backend, acquire(account.backend, "another", NOON))
    asked: list[bool] = []

    def stopping() -> bool:
        if not asked:
            asked.append(True)
            holder.write(deposit(account.name))  # after the waiting began
        return False

    house = account.open(stopping)
    assert [record.account for record in house.records] == [account.name]
    assert house.reconciled.copied == 1
    assert account.said[0].startswith(f"waiting for the lease of {account.name}: held by another, taken over in 1 s")
    with pytest.raises(LeaseLost):
        holder.write(deposit(account.name, key="second"))
    house.close()


def test_a_signal_while_waiting_ends_it_and_leaves_the_lease_alone(account: Account) -> None:
    acquire(account.backend, "another", NOON)
    with pytest.raises(Stopped):
        account.open(lambda: True)
    assert account.stands() == (1, False)
    account.open().close()  # the journal file was closed: it opens again


def test_once_another_has_taken_over_the_run_ends(account: Account) -> None:
    house = account.open()
    asked = house.watched(lambda: True)
    assert asked()
    acquire(account.backend, "thief", NOON)
    ends = time.monotonic() + 10
    while not house.keeper.lost and time.monotonic() < ends:
        time.sleep(0.02)
    with pytest.raises(LeaseLost, match=r"\(epoch 1\) is lost: it is held by thief under epoch 2$"):
        asked()
    house.close()
    assert account.stands() == (2, False)


def test_tables_that_were_lost_are_waited_for_and_rebuilt_below_our_epoch(account: Account, embedded: Embedded) -> None:
    house = account.open()
    house.store.write(deposit(account.name))
    house.close()
    for item in embedded.tables.control.query(account.name):
        item.delete()
    for line in embedded.tables.journal.query(account.name):
        line.delete()
    for posting in embedded.tables.ledger.scan(embedded.tables.ledger.account == account.name):
        posting.delete()
    house = account.open()
    assert house.keeper.epoch == 2
    assert house.reconciled.rebuilt == 1
    assert account.said[0].startswith(f"waiting for the lease of {account.name}: held by an earlier run")
    house.store.write(deposit(account.name, key="second"))
    assert len(house.store.journal(account.name)) == 2
    house.close()
