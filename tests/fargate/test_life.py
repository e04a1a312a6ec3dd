"""What lives in the present begin and end with: the lease around them, and the last words after their lanes."""

import asyncio

import pytest

from fargate.life import finished, leased, traded
from fargate.trader import Stopped
from shared.adapters.clock import running_ns
from shared.adapters.durable.lease import Keeper
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.decision import Reason
from shared.domain.errors import Temporary
from shared.settings import LeaseSettings
from tests.fargate.async_world import BOOKS, World


def keeper(backend: MemoryBackend, owner: str) -> Keeper:
    return Keeper(backend, owner, running_ns, LeaseSettings())


def nothing() -> None:
    pass


def test_the_lease_is_held_and_renewed_meanwhile_and_the_next_life_takes_it_at_once() -> None:
    backend = MemoryBackend("paper")
    first, said = keeper(backend, "first"), list[str]()
    with leased(first, "paper", said.append, nothing) as heartbeat:
        assert first.vouched
        heartbeat.check()
        assert not keeper(backend, "second").take()
    assert first.says == "let go by us"
    assert keeper(backend, "second").take()
    assert said == []


def test_a_life_that_fails_lets_the_lease_go_too() -> None:
    backend = MemoryBackend("paper")

    def fails() -> None:
        with leased(keeper(backend, "first"), "paper", print, nothing):
            raise Temporary("the store is away")

    with pytest.raises(Temporary):
        fails()
    assert keeper(backend, "second").take()


def test_who_is_stopped_while_he_waits_leaves_the_lease_to_its_holder() -> None:
    backend = MemoryBackend("paper")
    said: list[str] = []

    def told_to_stop() -> None:
        if said:
            raise Stopped

    with leased(keeper(backend, "first"), "paper", print, nothing) as heartbeat:
        with pytest.raises(Stopped), leased(keeper(backend, "second"), "paper", said.append, told_to_stop):
            pytest.fail("nobody has let the lease go")
        heartbeat.check()
        lease = backend.lease()
        assert lease is not None
        assert (lease.owner, lease.released) == ("first", False)
    assert said == [
        "waiting for the lease of paper: held by first, taken over in 30 s at the latest unless it is renewed"
    ]


def test_a_stop_ends_every_order_and_the_decisions_made_last_are_kept_although_the_lanes_are_closed() -> None:
    said: list[str] = []

    async def life() -> World:
        world = World(asyncio.get_running_loop(), BOOKS)
        stopping: list[bool] = []

        def look(_: int) -> None:
            if stopping:
                raise Stopped

        world.driver.on_look = look
        world.begin()
        trading = asyncio.ensure_future(traded(world.driver, said.append))
        await world.until(lambda: world.driver.rounds.done)
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.decisions.get(Reason.COPIED))
        stopping.append(True)
        with pytest.raises(Stopped):
            await trading
        await finished(world.driver, world.lanes)
        return world

    world = asyncio.run(life())
    assert said == ["stopping: orders at the venue are cancelled"]
    assert not world.engine.desk.execution.open_orders()
    assert world.store.decisions == []
    world.driver.flush()
    assert [decision.reason for decision in world.store.decisions] == [Reason.COPIED]
