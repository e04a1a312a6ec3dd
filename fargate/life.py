"""What every life in the present does: it has the lease, trades until somebody stops it, and finishes what it began."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from fargate.async_driver import AsyncDriver
from fargate.heartbeat import Heartbeat, await_lease
from fargate.lanes import ThreadLane
from fargate.trader import Stopped
from shared.adapters.durable.lease import Keeper

WIND_UP_S = 15.0
"""How long a stop waits for cancels to be answered; what is open then is asked about by the next life."""

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


async def finished(lanes: Iterable[ThreadLane]) -> None:
    """Every call that was posted is made and its result handed on; the lanes take no more."""
    for lane in lanes:
        await lane.drain()
        lane.close()
