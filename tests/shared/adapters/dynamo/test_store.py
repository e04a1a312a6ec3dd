"""What only a store across a network has to survive: lost requests, lost replies, old epochs, other processes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from msgspec.structs import replace
from pynamodb.exceptions import TransactWriteError

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.failures import ATTEMPTS
from shared.adapters.dynamo.lease import raise_epoch
from shared.adapters.dynamo.rebuild import verify_books
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.dynamo.transaction import Transaction
from shared.adapters.embedded.server import free_port
from shared.adapters.journal.entry import JournalEntry
from shared.domain.decision import Decision, Reason
from shared.domain.errors import BadInput, Corrupt, LeaseLost, OutcomeUnknown, Temporary
from shared.domain.ledger import HeadroomChange, Record, RecordKind
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.domain.order import Order, Side
from tests.contracts.embedded import Embedded
from tests.contracts.store.lives import life
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, planned

SEND = Transaction.send


class Wire:
    """Stands in for ``Transaction.send``. ``script`` says what happens to each request; after it all goes well."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.late: list[Transaction] = []
        self.sent = 0

    def send(self, transaction: Transaction) -> tuple[str, ...]:
        self.sent += 1
        fate = self.script.pop(0) if self.script else "delivered"
        if fate == "reply lost":
            SEND(transaction)
        if fate == "late":
            self.late.append(transaction)
        if fate == "busy":
            busy = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "TransactWriteItems")
            raise TransactWriteError("refused", busy)
        if fate == "refused":
            raise TransactWriteError("refused", EndpointConnectionError(endpoint_url="loopback"))
        if fate != "delivered":
            raise TransactWriteError("lost", ReadTimeoutError(endpoint_url="loopback"))
        return SEND(transaction)


WireIt = Callable[..., Wire]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> WireIt:
    def install(*script: str) -> Wire:
        made = Wire(*script)

        def send(transaction: Transaction) -> tuple[str, ...]:
            return made.send(transaction)

        monkeypatch.setattr(Transaction, "send", send)
        return made

    return install


@pytest.fixture
def store(embedded: Embedded) -> DurableStore:
    return life(embedded.backend(embedded.account()))


def planned_order(store: DurableStore) -> Order:
    """An account with money and an order to plan."""
    store.write(deposit(store.account))
    return buy(store.account, "a")


def check_books(store: DurableStore, embedded: Embedded, records: int) -> None:
    entries = store.entries()
    assert len(entries) == records
    verify_books(store.account, embedded.tables, entries)


@pytest.mark.parametrize("fate", ["reply lost", "request lost", "busy", "refused"])
def test_a_plan_is_committed_once_whatever_the_network_loses(
    store: DurableStore, embedded: Embedded, wire: WireIt, fate: str
) -> None:
    order = planned_order(store)
    wire(fate, fate, "delivered")
    assert store.plan(planned(order)) == PlanCommitted(order.order_key)
    check_books(store, embedded, 2)


def test_a_plan_turned_away_every_time_is_temporary_and_not_written(
    store: DurableStore, embedded: Embedded, wire: WireIt
) -> None:
    order = planned_order(store)
    made = wire(*["busy"] * ATTEMPTS)
    with pytest.raises(Temporary, match="ThrottlingException"):
        store.plan(planned(order))
    assert made.sent == ATTEMPTS
    check_books(store, embedded, 1)
    assert store.plan(planned(order)) == PlanCommitted(order.order_key)


@pytest.mark.parametrize("fate", ["reply lost", "request lost"])
def test_a_plan_never_answered_is_unknown_and_asking_again_tells(
    store: DurableStore, embedded: Embedded, wire: WireIt, fate: str
) -> None:
    order = planned_order(store)
    wire(*[fate] * ATTEMPTS)
    with pytest.raises(OutcomeUnknown):
        store.plan(planned(order))
    assert store.plan(planned(order)) == PlanCommitted(order.order_key)
    check_books(store, embedded, 2)


def test_a_request_that_arrives_after_the_next_record_changes_nothing(
    store: DurableStore, embedded: Embedded, wire: WireIt
) -> None:
    order = planned_order(store)
    made = wire(*["late"] * ATTEMPTS)
    with pytest.raises(OutcomeUnknown):
        store.plan(planned(order))
    store.write(deposit(store.account, key="second"))
    for transaction in made.late:
        assert SEND(transaction) != ()
    check_books(store, embedded, 2)


def test_a_record_whose_fate_was_unknown_is_heard_of_when_the_next_one_finds_it(
    store: DurableStore, embedded: Embedded, wire: WireIt
) -> None:
    order = planned_order(store)
    heard: list[JournalEntry] = []
    store.on_commit = heard.append
    wire(*["reply lost"] * ATTEMPTS)
    with pytest.raises(OutcomeUnknown):
        store.plan(planned(order))
    second = deposit(store.account, key="second")
    store.write(second)
    assert [entry.record for entry in heard] == [planned(order), second]
    check_books(store, embedded, 3)


def test_a_fact_written_twice_is_one_fact(store: DurableStore, embedded: Embedded) -> None:
    order = planned_order(store)
    store.plan(planned(order))
    fill = fill_record(order, None, fill_of(order, 40_000_000), NOON + 1, LIMITS)
    store.write(fill)
    store.write(fill)
    check_books(store, embedded, 3)


def test_under_an_old_epoch_nothing_is_planned_or_written(store: DurableStore, embedded: Embedded) -> None:
    order = planned_order(store)
    acquire(embedded.backend(store.account), "another", NOON)
    answer = store.plan(planned(order))
    assert isinstance(answer, PlanRefused)
    assert answer.by is RefusedBy.EPOCH
    with pytest.raises(LeaseLost, match="epoch 1"):
        store.write(deposit(store.account, key="second"))
    check_books(store, embedded, 1)


def test_without_a_lease_nothing_is_written(embedded: Embedded) -> None:
    account = embedded.account()
    with pytest.raises(LeaseLost):
        DurableStore(embedded.backend(account), 0).write(deposit(account))


def test_two_processes_under_one_epoch_and_name_are_noticed(store: DurableStore, embedded: Embedded) -> None:
    store.write(deposit(store.account))
    twin = DurableStore(embedded.backend(store.account), store.epoch)
    with pytest.raises(LeaseLost, match="another process"):
        twin.write(deposit(store.account, key="twin"))


def test_an_order_of_an_earlier_life_counts_as_existing(store: DurableStore, embedded: Embedded) -> None:
    order = planned_order(store)
    store.plan(planned(order))
    later = life(embedded.backend(store.account))
    assert later.plan(planned(order)) == PlanCommitted(order.order_key, existed=True)
    assert later.journal(store.account) == store.journal(store.account)


def test_an_order_key_of_another_account_is_corrupt(store: DurableStore, embedded: Embedded) -> None:
    order = planned_order(store)
    store.plan(planned(order))
    other = embedded.account()
    thief = life(embedded.backend(other))
    with pytest.raises(Corrupt, match=f"a record of account {store.account} in the store of {other}"):
        thief.plan(Record(RecordKind.PLANNED, other, NOON, order))
    with pytest.raises(Corrupt, match=f"exists for intent .* of account {store.account}"):
        thief.plan(Record(RecordKind.PLANNED, other, NOON, replace(order, account=other)))


def test_a_record_of_another_account_is_corrupt(store: DurableStore) -> None:
    with pytest.raises(Corrupt, match="somebody"):
        store.write(deposit("somebody"))


def test_a_room_named_twice_in_a_record_is_changed_by_the_sum(store: DurableStore, embedded: Embedded) -> None:
    changes = (HeadroomChange("r", 5, 10), HeadroomChange("r", -2, 10), HeadroomChange("unmoved", 0, 7))
    store.write(Record(RecordKind.MOVED, store.account, NOON, headroom=changes))
    check_books(store, embedded, 1)
    with pytest.raises(Corrupt, match="two limits"):
        store.write(Record(RecordKind.MOVED, store.account, NOON, headroom=(changes[0], HeadroomChange("r", 1, 11))))


def test_tables_that_do_not_exist_are_named(embedded: Embedded) -> None:
    tables = Tables("absent-", embedded.server.endpoint)
    with pytest.raises(BadInput, match="ResourceNotFoundException"):
        DurableStore(DynamoBackend("a", tables), 1).write(deposit("a"))
    with pytest.raises(BadInput, match="reading the switch"):
        DurableStore(DynamoBackend("a", tables), 1).switch()


def test_a_server_that_is_not_there_is_temporary() -> None:
    tables = Tables("test-", Endpoint("us-east-1", f"http://127.0.0.1:{free_port()}", "k", "s"))
    store = DurableStore(DynamoBackend("a", tables, pause=lambda _: None), 1)
    with pytest.raises(Temporary, match="8 attempts"):
        store.write(deposit("a"))
    with pytest.raises(Temporary, match="8 attempts"):
        store.commands()


def test_a_request_aws_cannot_read_is_corrupt(store: DurableStore) -> None:
    with pytest.raises(Corrupt, match="ValidationException"):
        store.taken("x" * 2000)


def test_the_epoch_only_grows(embedded: Embedded) -> None:
    account = embedded.account()
    backend = embedded.backend(account)
    assert backend.lease() is None
    assert [acquire(backend, owner, NOON) for owner in ("a", "b")] == [1, 2]
    raise_epoch(embedded.tables, account, 7)
    assert backend.lease() == Lease(7, "an earlier run", at=NOON)  # who may still be there, and is waited for
    raise_epoch(embedded.tables, account, 3)
    assert acquire(backend, "c", NOON) == 8


def test_decisions_are_kept_by_day_and_those_of_one_instant_in_order(embedded: Embedded, store: DurableStore) -> None:
    made = [
        Decision(NOON, NOON, store.account, "s", "sig", "w", "m", "t", Side.BUY, n, 1, f"tx{n}", Reason.STALE)
        for n in range(60)
    ]
    store.decide(made[:30])
    store.decide(made[30:])
    store.decide([])
    found = list(embedded.tables.decisions.query(f"{store.account}#2026-03-22"))
    assert len(found) == 60
    assert [item.moment for item in found] == [f"2026-03-22T12:00:00.000000000Z#sig#{n:06d}" for n in range(60)]


def test_decisions_expire_ninety_days_after_the_clock(embedded: Embedded) -> None:
    class Noon:
        def now(self) -> int:
            return NOON

    account = embedded.account()
    store = DurableStore(embedded.backend(account), 1, clock=Noon())
    store.decide([Decision(NOON, NOON, account, "s", "g", "w", "m", "t", Side.BUY, 1, 1, "tx", Reason.STALE)])
    (item,) = embedded.tables.decisions.query(f"{account}#2026-03-22")
    assert item.expires is not None
    assert int(item.expires.timestamp()) == NOON // 10**9 + 90 * 86_400


def test_an_open_order_is_in_the_sparse_index_until_it_is_final(embedded: Embedded, store: DurableStore) -> None:
    order = planned_order(store)
    store.plan(planned(order))
    index = embedded.tables.orders.open_orders
    assert [item.order_key for item in index.query(f"open#{store.account}")] == [order.order_key]
    store.write(fill_record(order, None, fill_of(order, order.size), NOON + 1, LIMITS))
    assert list(index.query(f"open#{store.account}")) == []


def test_traders_that_take_the_lease_at_once_get_an_epoch_each(embedded: Embedded) -> None:
    backend = embedded.backend(embedded.account())
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: acquire(backend, f"trader-{n}", NOON, lambda _: None), range(24)))
    assert sorted(taken) == list(range(1, 25))


def test_a_posting_of_an_order_that_is_not_there_is_corrupt(store: DurableStore, embedded: Embedded) -> None:
    order = planned_order(store)
    store.plan(planned(order))
    embedded.tables.orders(order_key=order.order_key).delete()
    with pytest.raises(Corrupt, match="exists without the order"):
        store.plan(planned(order))


def test_making_the_tables_again_changes_nothing(embedded: Embedded, store: DurableStore) -> None:
    store.write(deposit(store.account))
    embedded.tables.create()
    assert len(store.journal(store.account)) == 1
