"""The lease, in memory and on DynamoDB alike: one wins, silence is waited for, and a lost reply is found out."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from shared.adapters.durable.backend import Backend, Lease
from shared.adapters.durable.lease import Keeper, LeaseSettings, acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.errors import LeaseLost, Temporary
from shared.domain.instants import SECOND
from tests.contracts.embedded import Embedded
from tests.contracts.faulty import BUSY, LATE, REPLY_LOST, REQUEST_LOST, Faulty
from tests.contracts.store.records import NOON, deposit

TTL, BEAT, MARGIN = LeaseSettings().ttl_ns, LeaseSettings().beat_ns, LeaseSettings().margin_ns


class Clock:
    """Seconds pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["in memory", "on DynamoDB"])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "in memory":
        return MemoryBackend("paper")
    embedded: Embedded = request.getfixturevalue("embedded")
    return embedded.backend(embedded.account())


@pytest.fixture
def keeper(backend: Backend, clock: Clock) -> Callable[[str], tuple[Keeper, Faulty]]:
    """A process of the given name and its network."""

    def made(owner: str) -> tuple[Keeper, Faulty]:
        wire = Faulty(backend)
        return Keeper(wire, owner, clock, wall=lambda: NOON), wire

    return made


Made = Callable[[str], tuple[Keeper, Faulty]]


def test_a_lease_is_replaced_only_as_it_was_seen(backend: Backend) -> None:
    assert backend.lease() is None
    first = Lease(1, "a", at=NOON)
    assert not backend.swap_lease(first, first)  # it is not there
    assert backend.swap_lease(None, first)
    assert not backend.swap_lease(None, replace(first, owner="b"))
    for other in (
        replace(first, epoch=2),
        replace(first, owner="b"),
        replace(first, beat=1),
        replace(first, released=True),
    ):
        assert not backend.swap_lease(other, Lease(9, "thief"))
    assert backend.lease() == first
    second = Lease(2, "b", 7, released=True, at=NOON + 1)
    assert backend.swap_lease(replace(first, at=5), second)  # wall time is for people
    assert backend.lease() == second
    assert backend.swap_lease(second, replace(second, released=False))


def test_what_is_free_is_taken_at_once_and_renewed(backend: Backend, keeper: Made, clock: Clock) -> None:
    mine, _ = keeper("a")
    assert (mine.epoch, mine.vouched, mine.says) == (0, False, "not taken yet")
    assert mine.take()
    assert backend.lease() == Lease(1, "a", at=NOON)
    assert (mine.epoch, mine.vouched, mine.due_at) == (1, True, clock.now + BEAT)
    clock.now += BEAT
    assert mine.due_in == 0
    assert mine.renew()
    assert backend.lease() == Lease(1, "a", 1, at=NOON)
    clock.now += MARGIN - 1
    assert (mine.vouched, mine.lost) == (True, False)
    clock.now += 1
    assert (mine.vouched, mine.lost) == (False, False)
    assert mine.renew()
    assert (mine.vouched, mine.lost) == (True, False)
    assert mine.take()  # asked again, it is still ours
    assert mine.says == "held by us under epoch 1, renewed 0 s ago"


def test_anothers_is_taken_after_as_long_a_silence_as_we_saw_ourselves(
    backend: Backend, keeper: Made, clock: Clock
) -> None:
    holder, _ = keeper("a")
    other, _ = keeper("b")
    assert holder.take()
    clock.now += TTL  # silence that nobody has watched does not count
    assert not other.take()
    assert other.says == "held by a, taken over in 30 s at the latest unless it is renewed"
    clock.now += TTL - 1
    assert holder.renew()
    assert not other.take()
    clock.now += TTL - 1
    assert not other.take()
    assert other.says == "held by a, taken over in 1 s at the latest unless it is renewed"
    clock.now += 1
    assert other.take()
    assert other.epoch == 2
    with pytest.raises(LeaseLost, match=r"\(epoch 1\) is lost: it is held by b under epoch 2"):
        holder.renew()
    assert (holder.lost, holder.vouched, holder.epoch) == (True, False, 1)
    with pytest.raises(LeaseLost, match="cannot be taken again: the lease of"):
        holder.take()
    holder.release()
    assert backend.lease() == Lease(2, "b", at=NOON)


def test_what_was_let_go_is_taken_at_once(backend: Backend, keeper: Made) -> None:
    holder, _ = keeper("a")
    other, _ = keeper("b")
    assert holder.take()
    assert not other.take()
    holder.release()
    assert (holder.vouched, holder.lost, holder.says) == (False, False, "let go by us")
    assert other.take()
    assert other.epoch == 2
    with pytest.raises(LeaseLost, match="cannot be renewed: let go by us"):
        holder.renew()


def test_letting_go_twice_or_before_it_was_ours_changes_nothing(backend: Backend, keeper: Made) -> None:
    holder, _ = keeper("a")
    waiting, _ = keeper("b")
    assert holder.take()
    waiting.take()
    waiting.release()
    assert backend.lease() == Lease(1, "a", at=NOON)
    holder.release()
    holder.release()
    assert backend.lease() == Lease(1, "a", released=True, at=NOON)


def test_a_name_like_ours_is_another_process(backend: Backend, keeper: Made, clock: Clock) -> None:
    acquire(backend, "a", NOON)
    mine, _ = keeper("a")
    assert not mine.take()
    clock.now += TTL
    assert mine.take()
    assert mine.epoch == 2


def test_a_take_whose_reply_was_lost_is_found_by_looking_again(keeper: Made) -> None:
    mine, wire = keeper("a")
    wire.fates = [REPLY_LOST]
    assert mine.take()
    assert mine.vouched


@pytest.mark.parametrize("fate", [REQUEST_LOST, BUSY])
def test_a_take_that_did_not_arrive_is_tried_again(keeper: Made, fate: str) -> None:
    mine, wire = keeper("a")
    wire.fates = [fate]
    assert not mine.take()
    assert mine.says in ("no answer", "turned away")
    assert mine.take()
    assert mine.epoch == 1


def test_a_take_that_arrives_late_counts_from_when_it_was_sent(backend: Backend, keeper: Made, clock: Clock) -> None:
    mine, wire = keeper("a")
    wire.fates = [LATE]
    assert not mine.take()
    clock.now += MARGIN
    assert wire.land() == [True]
    assert mine.take()
    assert (mine.epoch, mine.vouched) == (1, False)  # another may have watched it since it was sent
    assert mine.renew()
    assert mine.vouched


def test_a_renewal_whose_reply_was_lost_is_gone_on_from(backend: Backend, keeper: Made, clock: Clock) -> None:
    mine, wire = keeper("a")
    assert mine.take()
    clock.now += BEAT
    wire.fates = [REPLY_LOST]
    assert mine.renew()
    assert mine.due_at == clock.now + BEAT
    clock.now += BEAT
    wire.fates = [LATE]
    assert not mine.renew()
    assert mine.trouble == "no answer"
    assert mine.due_in < BEAT
    sent = clock.now
    clock.now += 2 * SECOND
    assert wire.land() == [True]
    assert mine.renew()  # refused as it stands, and found to be our own
    assert mine.due_at == sent + BEAT
    assert mine.renew()
    assert backend.lease() == Lease(1, "a", 3, at=NOON)


@pytest.mark.parametrize("fate", [REQUEST_LOST, BUSY])
def test_a_renewal_that_was_not_answered_is_no_loss(keeper: Made, clock: Clock, fate: str) -> None:
    mine, wire = keeper("a")
    assert mine.take()
    clock.now += BEAT
    wire.fates = [fate]
    assert not mine.renew()
    assert (mine.lost, mine.vouched, mine.due_at) == (False, True, clock.now + BEAT // 5)
    assert mine.renew()
    assert mine.trouble == ""


def test_letting_go_is_tried_again_and_says_when_nobody_answers(backend: Backend, keeper: Made) -> None:
    mine, wire = keeper("a")
    assert mine.take()
    wire.fates = [REQUEST_LOST, REPLY_LOST]
    mine.release()
    assert mine.trouble == ""
    other, wire = keeper("b")
    assert other.take()
    wire.fates = [BUSY] * 3
    other.release()
    assert other.trouble == "turned away"
    assert not other.vouched
    lease = backend.lease()
    assert lease is not None
    assert not lease.released


def test_a_take_under_way_is_let_go_where_it_has_arrived(backend: Backend, keeper: Made) -> None:
    mine, wire = keeper("a")
    wire.fates = [LATE]
    assert not mine.take()
    wire.land()
    mine.release()
    assert backend.lease() == Lease(1, "a", released=True, at=NOON)


def test_taking_at_once_asks_again_and_gives_up_after_a_while(backend: Backend) -> None:
    wire, paused = Faulty(backend), list[float]()
    wire.fates = [BUSY, REPLY_LOST]
    assert acquire(wire, "a", NOON, paused.append) == 2  # the lost reply cost an epoch
    wire.fates = [BUSY] * 50
    with pytest.raises(Temporary, match="turned away"):
        acquire(wire, "a", NOON, paused.append)
    assert len(paused) == 22


def test_who_took_over_writes_and_who_lost_does_not(backend: Backend, keeper: Made, clock: Clock) -> None:
    first, _ = keeper("a")
    assert first.take()
    store = DurableStore(backend, first.epoch)
    store.write(deposit(backend.account, key="first"))
    second, _ = keeper("b")
    assert not second.take()
    clock.now += TTL
    assert second.take()
    with pytest.raises(LeaseLost, match="epoch 1 of account"):
        store.write(deposit(backend.account, key="second"))
    DurableStore(backend, second.epoch).write(deposit(backend.account, key="third"))
    assert len(backend.lines()) == 2


def test_a_lease_that_vanished_is_lost(keeper: Made) -> None:
    mine, wire = keeper("a")
    assert mine.take()
    wire._backend = MemoryBackend("paper")
    with pytest.raises(LeaseLost, match="it is gone"):
        mine.renew()


def test_always_losing_the_race_is_temporary() -> None:
    class Contended(MemoryBackend):
        def swap_lease(self, before: Lease | None, after: Lease) -> bool:
            return False

    with pytest.raises(Temporary, match="the lease of paper is contended: lost 20 times"):
        acquire(Contended("paper"), "a", NOON)
