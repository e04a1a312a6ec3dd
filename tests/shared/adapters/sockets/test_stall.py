"""What the watchdog thinks of a process that itself stood still; time is the test's."""

import asyncio
import itertools

from websockets.asyncio.server import ServerConnection

from shared.adapters.sockets import Socket
from shared.domain.messages import NoticeKind
from tests.shared.adapters.sockets.fakes import QUICK, Listener, Script, running, until, venue


class Leaps:
    """A monotonic clock that can be made to leap, and sleeps that take a blink."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sleeps = 0

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.002)
        self.now_s += seconds
        self.sleeps += 1


def test_a_machine_that_slept_is_not_a_silent_venue_but_silence_afterwards_is() -> None:
    async def body() -> None:
        async def talk(wire: ServerConnection) -> None:
            await wire.send("data")
            await wire.wait_closed()

        async with venue(talk) as place:
            script, listener, time = Script(place.url), Listener(), Leaps()
            script.silence_s = 1.0
            socket = Socket(
                script,
                listener,
                lambda: 0,
                itertools.count(1),
                sleep=time.sleep,
                monotonic=time.monotonic,
                settings=QUICK,
            )
            async with running(socket.run()):
                await until(lambda: len(script.frames) == 1)
                time.now_s += 3600
                sleeps = time.sleeps
                await until(lambda: time.sleeps > sleeps + 10)
                assert NoticeKind.SILENT not in listener.kinds()
                await until(lambda: NoticeKind.SILENT in listener.kinds())

    asyncio.run(body())
