"""The store's logic on a backend that contradicts itself; all else is in tests/contracts/store."""

import pytest
from msgspec.structs import replace

from shared.adapters.durable.store import DurableStore
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.errors import Corrupt, LeaseLost, OutcomeUnknown
from shared.domain.ledger import HeadroomChange, Record, RecordKind
from shared.domain.messages import PlanCommitted
from shared.domain.order import Order
from tests.contracts.faulty import LATE, Faulty
from tests.contracts.store.lives import life
from tests.contracts.store.records import NOON, buy, deposit, planned


class Blind(MemoryBackend):
    """Refuses what exists, but cannot show it."""

    def line(self, key: str) -> JournalEntry | None:
        return None

    def order(self, order_key: str) -> Order | None:
        return None


def test_what_was_refused_as_existing_but_cannot_be_read_is_corrupt() -> None:
    backend = Blind("paper")
    store = life(backend)
    store.write(deposit("paper"))
    order = buy("paper", "a")
    assert store.plan(planned(order)) == PlanCommitted(order.order_key)
    with pytest.raises(Corrupt, match=f"order {order.order_key} was refused as existing but cannot be read"):
        store.plan(planned(order))
    with pytest.raises(Corrupt, match=r"journal key 0000000001\.trader\.0000000000 was refused as existing"):
        DurableStore(backend, 1).write(deposit("paper", key="second"))
    with pytest.raises(Corrupt, match="exists with other content"):
        store.write(deposit("paper"))


def test_a_posting_nobody_can_find_exists_with_other_content() -> None:
    class Forgetful(MemoryBackend):
        def seq_of_posting(self, posting_id: str) -> str | None:
            return None

    store = life(Forgetful("paper"))
    store.write(deposit("paper"))
    with pytest.raises(Corrupt, match="exists with other content"):
        store.write(deposit("paper"))


def test_a_fact_refused_for_another_reason_than_its_posting_is_corrupt() -> None:
    class Strict(MemoryBackend):
        def _failed(self, *asked: object) -> list[str]:
            return ["room#cash"]

    store = life(Strict("paper"))
    with pytest.raises(Corrupt, match="a moved record was refused because of room#cash"):
        store.write(Record(RecordKind.MOVED, "paper", NOON, headroom=(HeadroomChange("cash", -1, 0),)))


def test_an_order_that_exists_for_another_intent_is_corrupt() -> None:
    store = life(MemoryBackend("paper"))
    store.write(deposit("paper"))
    order = buy("paper", "a")
    store.plan(planned(order))
    with pytest.raises(Corrupt, match="exists for intent paper/a of account paper"):
        store.plan(planned(replace(order, intent_id="paper/b")))


def test_a_late_request_finds_its_place_taken() -> None:
    backend = MemoryBackend("paper")
    wire = Faulty(backend)
    store = life(wire)
    heard: list[str] = []
    store.on_commit = lambda entry: heard.append(entry.key)
    store.write(deposit("paper"))
    wire.fates = [LATE]
    with pytest.raises(OutcomeUnknown):
        store.plan(planned(buy("paper", "given up")))
    store.write(deposit("paper", key="second"))
    assert wire.land() == [("journal",)]
    assert heard == list(backend.journal) == ["0000000001.trader.0000000000", "0000000001.trader.0000000001"]
    assert backend.orders == {}


def test_two_stores_of_one_life_notice_each_other() -> None:
    backend = MemoryBackend("paper")
    store = life(backend)
    store.write(deposit("paper"))
    with pytest.raises(LeaseLost, match="another process writes the journal as"):
        DurableStore(backend, store.epoch).write(deposit("paper", key="twin"))


def test_records_of_another_account_are_neither_taken_nor_told() -> None:
    store = life(MemoryBackend("paper"))
    store.write(deposit("paper"))
    with pytest.raises(Corrupt, match="a record of account other in the store of paper"):
        store.write(deposit("other"))
    assert len(store.journal("paper")) == 1
    assert store.journal("other") == []
