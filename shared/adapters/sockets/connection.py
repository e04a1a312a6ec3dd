"""One connection from its hello to its end: read, ping, watch."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from msgspec import Struct
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from shared.adapters.sockets.dialect import Dialect, SocketSettings
from shared.domain.messages import NoticeKind

STALLED_S = 1.0
"""Woken this much too late, the process itself stood still: that was no silence of the venue."""


class Ended(Struct, frozen=True):
    """Why a connection is no more."""

    kind: NoticeKind
    reason: str


class Connection:
    """A connection that stands. ``clock`` tells nanoseconds UTC, ``monotonic`` seconds; ``on_data`` hears of the first.

    ``data`` counts frames the dialect called data, ``last_data_at`` is when the last of them came.
    """

    def __init__(
        self,
        wire: ClientConnection,
        number: int,
        dialect: Dialect,
        settings: SocketSettings,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        on_data: Callable[[int], None],
    ) -> None:
        self.number = number
        self.opened_s = monotonic()
        self.opened_at = clock()
        self.frames = 0
        self.data = 0
        self.last_data_at = 0
        self._fed = asyncio.Event()
        self._left = ""
        self._wire = wire
        self._dialect = dialect
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._on_data = on_data
        self._writing = asyncio.Lock()

    async def hold(self) -> Ended:
        """Say hello, then keep the connection until it is lost or silent; the wire is closed when this returns."""
        jobs: list[Coroutine[Any, Any, Ended]] = [self._read(), self._hello(), self._watch()]
        if self._dialect.ping is not None:
            jobs.append(self._ping(self._dialect.ping))
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task.result() for task in tasks if task in done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Whoever was silent will not answer a close either: no handshake, the successor should not wait for it.
            self._wire.transport.abort()

    async def send(self, text: str) -> None:
        """One frame, after the hello; nothing happens when the connection is gone."""
        async with self._writing:
            await self._write(text)

    async def wait_fed(self) -> None:
        """Returns when the first data has come."""
        await self._fed.wait()

    async def leave(self, reason: str) -> None:
        """Close politely, within the time-out of the settings; ``hold`` then returns with this reason."""
        self._left = reason
        await self._wire.close()

    async def _write(self, text: str) -> bool:
        try:
            await self._wire.send(text)
        except ConnectionClosed:
            return False  # the reader says why
        return True

    async def _hello(self) -> Ended:
        async with self._writing:
            for text in self._dialect.hello():
                await self._write(text)
        return await self._never()

    async def _read(self) -> Ended:
        receive, clock, take, number = self._wire.recv, self._clock, self._dialect.frame, self.number
        overhear, name = self._settings.overhear, self._dialect.name
        try:
            while True:
                data = await receive(decode=False)
                received_at = clock()
                self.frames += 1
                if overhear is not None:
                    overhear(received_at, name, number, data)
                if take(data, number, received_at):
                    self.data += 1
                    self.last_data_at = received_at
                    if self.data == 1:
                        self._fed.set()
                        self._on_data(number)
        except ConnectionClosed as error:
            return self._lost(error)

    def _lost(self, error: ConnectionClosed) -> Ended:
        sent, received = error.sent, error.rcvd
        if self._left:
            return Ended(NoticeKind.LOST, self._left)
        if sent is not None and sent.code == CloseCode.MESSAGE_TOO_BIG:
            limit = self._settings.frame_max_bytes
            return Ended(NoticeKind.REFUSED, f"a frame above {limit} bytes was not read")
        if received is not None:
            return Ended(NoticeKind.LOST, f"closed by the venue: {received.code} {received.reason}"[:200].rstrip())
        if sent is not None:
            return Ended(NoticeKind.LOST, f"given up: {sent.code} {sent.reason}"[:200].rstrip())
        return Ended(NoticeKind.LOST, "cut without a close")

    async def _ping(self, text: str) -> Ended:
        while True:
            await self._sleep(self._dialect.ping_every_s)
            await self.send(text)

    async def _watch(self) -> Ended:
        silence_s = self._dialect.silence_s
        every_s = min(self._settings.watch_every_s, silence_s / 8)
        seen, since = 0, self._monotonic()
        before = since
        while True:
            await self._sleep(every_s)
            now = self._monotonic()
            stalled = now - before > every_s + STALLED_S
            before = now
            if self.data != seen or stalled:
                seen, since = self.data, now
            elif now - since >= silence_s:
                return Ended(NoticeKind.SILENT, f"no data for {now - since:.1f} s")

    async def _never(self) -> Ended:
        never: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        return await never
