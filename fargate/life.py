"""What every life in the present does: it has the lease, trades until somebody stops it, and finishes what it began."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from fargate.async_driver import AsyncDriver
from fargate.components import store_of
from fargate.condition import Component
from fargate.heartbeat import Heartbeat, await_lease
from fargate.lanes import ThreadLane
from fargate.trader import Stopped
from shared.adapters.durable.lease import Keeper
from shared.domain.instants import MILLISECOND

WIND_UP_S = 15.0
"""How long a stop waits for cancels to be answered; what is open then is asked about by the next life."""

SILENT_S = 10.0
"""A lane whose call has had no result for so long is not well."""

Say = Callable[[str], None]


@contextmanager
def leased(keeper: Keeper, account: str, say: Say, check: Callable[[], None]) -> Iterator[Heartbeat]:
    """Wait for the lease and renew it beside whatever is done meanwhile; at the end it is let go, so that the next
    process takes it at once. ``check`` raises what ends the waiting.
    """
    heartbeat = Heartbeat(keeper)
    try:
        await_lease(keeper, account, say, check)
        heartbeat.start()
        yield heartbeat
    finally:
        heartbeat.stop()
        keeper.release()


async def traded(driver: AsyncDriver, say: Say) -> None:
    """Trade until somebody stops it: then what rests at the venue is cancelled, and ``Stopped`` raised."""
    try:
        await driver.run()
    except Stopped:
        say("stopping: orders at the venue are cancelled")
        await driver.wind_up("the trader is stopping", WIND_UP_S)
        raise


async def finished(driver: AsyncDriver, lanes: Iterable[ThreadLane]) -> None:
    """Every call that was posted is made and its result handed on; the lanes take no more."""
    for lane in lanes:
        await lane.drain()
        lane.close()
    driver.leave_lanes()


def silent(lane: ThreadLane) -> str:
    """How long a lane's call has had no result, in words; empty while that is no trouble."""
    return f"no answer for {lane.oldest_s:.0f} s" if lane.oldest_s > SILENT_S else ""


def answering(driver: AsyncDriver, lane: ThreadLane) -> Component:
    """The store, as the engine was told, and whether the calls of this moment come back at all."""
    away = silent(lane)
    if away:
        return Component(False, away, needed=True)
    told = store_of(driver.engine.desk.risk)
    half = f", half of the time within {driver.store_watch.median / MILLISECOND:.3f} ms" if told.ok else ""
    return Component(told.ok, told.says + half, needed=True)
