"""Requests that arrive after they were given up, and facts that could not be written: nothing lands behind our back."""

from collections.abc import Callable

import pytest

from shared.adapters.durable.conditions import Guard
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.errors import Corrupt, LeaseLost, OutcomeUnknown, Temporary
from shared.domain.ledger import Record, RecordKind
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.ports import Switch
from tests.contracts.store.records import NOON, buy, deposit, planned


class Slow(MemoryBackend):
    """A backend whose next commits are lost, fail, or arrive later: ``late`` has those under way.

    ``first`` happens just before the place of a plan is taken.
    """

    def __init__(self) -> None:
        super().__init__("a")
        self.fates: list[str] = []
        self.late: list[Callable[[], tuple[str, ...]]] = []
        self.first: Callable[[], object] = list

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        if entry.record.kind is RecordKind.VOIDED:
            self.first()
        fate = self.fates.pop(0) if self.fates else ""
        if fate == "away":
            raise Temporary("away")
        if fate == "late":
            self.late.append(lambda: MemoryBackend.commit(self, entry, guard, epoch))
            raise OutcomeUnknown("no answer yet")
        failed = super().commit(entry, guard, epoch)
        if fate == "reply lost":
            raise OutcomeUnknown("the answer was lost")
        return failed


def opened(backend: Slow) -> DurableStore:
    """A life with money."""
    store = DurableStore(backend, acquire(backend, "test", NOON))
    store.write(deposit("a"))
    return store


def key_of(plan: Record) -> str:
    """The key of the order that is planned."""
    assert plan.order is not None
    return plan.order.order_key


def given_up(backend: Slow, store: DurableStore) -> Record:
    """A plan whose request is still on its way when nobody waits for its answer any more."""
    plan = planned(buy("a", "one"))
    backend.fates = ["late"]
    with pytest.raises(OutcomeUnknown):
        store.plan(plan)
    return plan


def stop(backend: Slow, trading: bool = False) -> None:
    """A person sets the switch."""
    backend.set_switch(Switch(trading, "a person", NOON))


def kinds(backend: Slow) -> list[RecordKind]:
    """What the journal has, in its order."""
    return [entry.record.kind for entry in backend.lines()]


def test_a_plan_that_was_given_up_and_is_refused_now_can_never_land_later() -> None:
    backend = Slow()
    store = opened(backend)
    plan = given_up(backend, store)
    stop(backend)
    assert store.plan(plan) == PlanRefused(key_of(plan), RefusedBy.SWITCH, "a person")
    stop(backend, trading=True)
    assert backend.late[0]() != ()  # it arrives after all, and finds its place taken
    assert backend.orders == {}
    assert kinds(backend) == [RecordKind.DEPOSITED, RecordKind.VOIDED]


def test_a_plan_that_lands_while_it_is_refused_is_committed() -> None:
    backend = Slow()
    store = opened(backend)
    plan = given_up(backend, store)
    stop(backend)

    def lands() -> None:
        stop(backend, trading=True)
        assert backend.late[0]() == ()

    backend.first = lands
    assert store.plan(plan) == PlanCommitted(key_of(plan))
    assert kinds(backend) == [RecordKind.DEPOSITED, RecordKind.PLANNED]
    store.write(deposit("a", key="second"))
    assert kinds(backend) == [RecordKind.DEPOSITED, RecordKind.PLANNED, RecordKind.DEPOSITED]


def test_under_a_new_epoch_nothing_of_the_old_one_lands_so_nothing_keeps_it_out() -> None:
    backend = Slow()
    store = opened(backend)
    plan = given_up(backend, store)
    acquire(backend, "another", NOON)
    refused = store.plan(plan)
    assert isinstance(refused, PlanRefused)
    assert refused.by is RefusedBy.EPOCH
    assert backend.late[0]() != ()
    assert kinds(backend) == [RecordKind.DEPOSITED]


def test_a_lease_that_is_lost_while_a_plan_is_kept_out_ends_both() -> None:
    backend = Slow()
    store = opened(backend)
    plan = given_up(backend, store)
    stop(backend)
    backend.first = lambda: acquire(backend, "another", NOON)
    assert isinstance(store.plan(plan), PlanRefused)
    assert backend.late[0]() != ()
    assert kinds(backend) == [RecordKind.DEPOSITED]


@pytest.mark.parametrize("fate", ["away", "reply lost", "late"])
def test_after_a_fact_that_could_not_be_written_nothing_is_until_it_is(fate: str) -> None:
    backend = Slow()
    store = opened(backend)
    fact, later = deposit("a", key="fact"), deposit("a", key="later")
    backend.fates = [fate]
    with pytest.raises((Temporary, OutcomeUnknown)):
        store.write(fact)
    with pytest.raises(Corrupt, match="before the deposited that was not written yet"):
        store.write(later)
    with pytest.raises(Corrupt):
        store.plan(planned(buy("a", "one")))
    store.write(fact)
    store.write(later)
    assert [entry.record for entry in backend.lines()][1:] == [fact, later]


def test_a_plan_that_is_certainly_not_written_may_be_given_up() -> None:
    backend = Slow()
    store = opened(backend)
    backend.fates = ["away"]
    with pytest.raises(Temporary):
        store.plan(planned(buy("a", "one")))
    store.write(deposit("a", key="later"))
    assert kinds(backend) == [RecordKind.DEPOSITED, RecordKind.DEPOSITED]


def test_under_an_old_epoch_a_fact_is_refused_for_good() -> None:
    backend = Slow()
    store = opened(backend)
    acquire(backend, "another", NOON)
    for _ in range(2):
        with pytest.raises(LeaseLost):
            store.write(deposit("a", key="late"))
