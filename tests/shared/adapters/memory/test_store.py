"""What only the memory store does; what every store does is in tests/contracts/store."""

import pytest

from shared.adapters.memory.store import MemoryStore
from shared.domain.errors import Corrupt
from shared.domain.ledger import Record, RecordKind
from shared.domain.messages import PlanCommitted
from shared.domain.money import dollars
from shared.engine.ledger import deposit_record, plan_record
from shared.engine.limits import Limits
from shared.ports import Switch
from tests.shared.engine.builders import NOON, House, order


def test_long_replays_may_do_without_decisions() -> None:
    for keeps in (True, False):
        house = House(store=MemoryStore(keeps)).ready()
        house.whale()
        house.store.decide(house.decisions)
        assert house.store.decisions == (house.decisions if keeps else [])


def test_a_plan_without_an_order_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="a plan without an order"):
        MemoryStore().plan(Record(RecordKind.PLANNED, "test", NOON))


def test_a_plan_that_was_written_is_read_back_even_when_the_switch_is_off_by_now() -> None:
    store = MemoryStore()
    store.write(deposit_record("test", dollars(100), NOON, "initial"))
    record = plan_record(order(), Limits())
    assert store.plan(record) == PlanCommitted("intent.1")
    store.set_switch(Switch(trading=False))
    assert store.plan(record) == PlanCommitted("intent.1", existed=True)
