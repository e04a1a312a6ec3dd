"""The thread that renews, against a backend in memory and real time in small steps."""

import time
from collections.abc import Callable

import pytest

from fargate.heartbeat import Heartbeat, await_lease
from fargate.trader import Stopped
from shared.adapters.clock import running_ns
from shared.adapters.durable.backend import Lease
from shared.adapters.durable.lease import Keeper, LeaseSettings, acquire
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.errors import BadInput, LeaseLost
from shared.domain.instants import MILLISECOND
from tests.contracts.faulty import BUSY, REQUEST_LOST, Faulty

QUICK = LeaseSettings(ttl_ns=400 * MILLISECOND, beat_ns=20 * MILLISECOND, margin_ns=300 * MILLISECOND)


class Denied(MemoryBackend):
    """Once ``denied``, credentials no longer do."""

    denied = False

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        if self.denied:
            raise BadInput("changing the lease: AccessDeniedException")
        return super().swap_lease(before, after)


class Beating:
    """A keeper that holds the lease, and its heartbeat."""

    def __init__(self) -> None:
        self.backend = Denied("paper")
        self.wire = Faulty(self.backend)
        self.keeper = Keeper(self.wire, "us", running_ns, QUICK)
        assert self.keeper.take()
        self.heart = Heartbeat(self.keeper)
        self.heart.start()

    @property
    def beat(self) -> int:
        lease = self.backend.lease()
        return -1 if lease is None else lease.beat


@pytest.fixture
def beating() -> Beating:
    return Beating()


def until(seen: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not seen():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_the_lease_is_renewed_until_told_to_stop(beating: Beating) -> None:
    until(lambda: beating.beat >= 5)
    beating.heart.check()
    beating.heart.stop()
    beat = beating.beat
    time.sleep(0.1)
    assert beating.beat == beat
    beating.heart.stop()


def test_renewals_that_are_not_answered_are_tried_again(beating: Beating) -> None:
    beating.wire.fates = [BUSY, REQUEST_LOST] * 3
    until(lambda: not beating.wire.fates)
    beat = beating.beat
    until(lambda: beating.beat > beat)
    beating.heart.check()
    beating.heart.stop()
    assert not beating.keeper.lost


def test_a_lease_that_another_took_ends_it(beating: Beating) -> None:
    acquire(beating.backend, "another", 0)
    until(lambda: beating.keeper.lost)
    beating.heart.stop()
    with pytest.raises(LeaseLost, match=r"^the lease of paper \(epoch 1\) is lost: it is held by another under"):
        beating.heart.check()
    lease = beating.backend.lease()
    assert lease is not None
    assert (lease.owner, lease.beat) == ("another", 0)


def test_what_no_further_try_can_mend_ends_it_too(beating: Beating) -> None:
    beating.backend.denied = True
    beating.heart._thread.join(10)
    with pytest.raises(BadInput, match="AccessDenied"):
        beating.heart.check()
    beating.heart.stop()


def test_one_that_was_never_started_can_be_stopped() -> None:
    Heartbeat(Keeper(MemoryBackend("paper"), "us", running_ns)).stop()


def test_the_lease_of_another_is_waited_for_with_a_line_on_who_holds_it() -> None:
    backend, said, checked = MemoryBackend("paper"), list[str](), list[bool]()
    acquire(backend, "another", 0)
    keeper = Keeper(backend, "us", running_ns, QUICK)
    began = time.monotonic()
    await_lease(keeper, "paper", said.append, lambda: checked.append(True))
    assert time.monotonic() - began >= 0.4
    assert keeper.epoch == 2
    assert said == [
        "waiting for the lease of paper: held by another, taken over in 1 s at the latest unless it is renewed"
    ]
    assert checked


def test_a_signal_ends_the_waiting() -> None:
    backend = MemoryBackend("paper")
    acquire(backend, "another", 0)

    def check() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await_lease(Keeper(backend, "us", running_ns), "paper", lambda _: None, check)


def test_a_free_lease_is_taken_without_a_word() -> None:
    said: list[str] = []
    await_lease(Keeper(MemoryBackend("paper"), "us", running_ns), "paper", said.append, lambda: None)
    assert said == []
