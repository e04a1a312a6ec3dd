"""How a paper life opens: under the lease, waited for where another holds it, and let go at the end."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fargate.compose import House, Opening, engine_of, open_deployed, open_house
from fargate.trader import Stopped
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.paper.orders import PaperOrder
from shared.domain.errors import BadInput, LeaseLost
from shared.domain.order import OrderState
from shared.settings import read_settings
from tests.contracts.embedded import Embedded, embedded
from tests.contracts.store.records import NOON, buy, deposit

__all__ = ["embedded"]
QUICK = {"LEASE_TTL_S": "1", "LEASE_BEAT_S": "0.1", "LEASE_MARGIN_S": "0.5"}


class Account:
    """An account of the embedded server, and lives that open on it."""

    def __init__(self, embedded: Embedded, folder: Path) -> None:
        self.name = embedded.account()
        self.backend = embedded.backend(self.name)
        self.said: list[str] = []
        self._env = {"ACCOUNT": self.name, "TABLE_PREFIX": "test-", **QUICK}
        self.settings = read_settings(self._env)
        self._endpoint = embedded.server.endpoint
        self._folder = folder

    def open(self, stopping: Callable[[], bool] = lambda: False) -> House:
        self._folder.mkdir(exist_ok=True)
        return open_house(self._opening(stopping), self._folder)

    def deployed(self, **env: str) -> House:
        """The same in a deployment; nothing of the folder is touched."""
        self.settings = read_settings({**self._env, **env})
        return open_deployed(self._opening(lambda: False), lambda: self.said.append("ready"))

    def _opening(self, stopping: Callable[[], bool]) -> Opening:
        engine = engine_of(self.settings, "kelly", frozenset())
        return Opening(self.settings, self._endpoint, engine, 0, self.said.append, stopping)

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


# ---------------------------------------------------------------------- in a deployment


def test_a_deployed_life_remembers_in_the_tables_alone(account: Account, embedded: Embedded, tmp_path: Path) -> None:
    house = account.deployed()
    assert account.said == ["ready"]
    house.store.write(deposit(account.name))
    log = DynamoPaperLog(account.name, embedded.tables)
    log.put(PaperOrder(buy(account.name, "a"), OrderState.LIVE, NOON))
    house.close()
    again = account.deployed()
    assert again.records == [deposit(account.name)]
    assert list(again.venue.open_tokens) == [buy(account.name, "a").token]
    assert (again.reconciled.copied, again.reconciled.rebuilt, again.keeper.epoch) == (0, 0, 2)
    again.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_life_of_this_machine_left_in_the_tables_goes_on_in_a_deployment(account: Account) -> None:
    house = account.open()
    house.store.write(deposit(account.name))
    house.close()
    again = account.deployed()
    assert again.records == house.store.journal(account.name)
    again.close()


def test_nobody_ranks_beside_a_deployed_trader_and_only_there_alarms_and_people_elsewhere_are_told(
    account: Account,
) -> None:
    house = account.open()
    assert (house.schedule.ranks, house.gauges, house.notices) == (True, None, None)
    house.close()
    house = account.deployed()
    assert not house.schedule.ranks
    assert house.gauges is not None
    assert house.notices is None
    house.close()
    house = account.deployed(ALERTS_QUEUE_URL="http://127.0.0.1:9/queue")
    assert house.notices is not None
    assert house.notices.component().says == "0 sent, 0 wait, 0 lost"
    house.close()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TABLE_PREFIX", "other-", r"^there is no table other-control: deploy first, or set TABLE_PREFIX"),
        ("LAKE_BUCKET", "no-lake", r"^there is no bucket no-lake: deploy first, or set LAKE_BUCKET"),
        ("DEPLOYMENT", "live", r"^DEPLOYMENT is live: orders at the venue cannot be sent yet, only paper trades$"),
    ],
)
def test_what_is_not_deployed_is_said_before_anything_is_begun(
    account: Account, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        account.deployed(**{name: value})
    assert account.said == []
    assert account.backend.lease() is None
