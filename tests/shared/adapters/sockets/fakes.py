"""A venue on loopback that does what the test says, and a dialect that writes down what it was told."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from shared.adapters.sockets import Health, Socket, SocketSettings, Voice
from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind
from shared.ports import Heard

QUICK = SocketSettings(backoff_first_s=0.01, backoff_max_s=0.05, close_timeout_s=0.2, watch_every_s=0.02)
POLL_S = 0.003
Talk = Callable[[ServerConnection], Awaitable[None]]


class Venue:
    """A WebSocket server; ``talk`` is what it does with each connection, ``statuses`` what it answers to upgrades."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.statuses: list[int] = []
        self.upgrades = 0
        self.open = 0
        self.url = ""

    async def serve(self, wire: ServerConnection) -> None:
        self.open += 1
        try:
            await self.talk(wire)
        finally:
            self.open -= 1

    def answer(self, wire: ServerConnection, request: Request) -> Response | None:
        self.upgrades += 1
        if self.statuses:
            return wire.respond(HTTPStatus(self.statuses.pop(0)), "no\n")
        return None


@asynccontextmanager
async def venue(talk: Talk) -> AsyncIterator[Venue]:
    one = Venue(talk)
    async with serve(
        one.serve, "127.0.0.1", 0, process_request=one.answer, ping_interval=None, close_timeout=0.2
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        one.url = f"ws://127.0.0.1:{port}/ws"
        yield one


async def flood(wire: ServerConnection) -> None:
    """Data every few milliseconds until the client is gone."""
    for n in itertools.count():
        await wire.send(f"data {n}")
        await asyncio.sleep(0.005)


class Script:
    """A dialect whose data begins with ``data``."""

    name = "script"
    ping: str | None = None
    ping_every_s = 0.02
    silence_s = 5.0
    max_age_s: float | None = None

    def __init__(self, url: str) -> None:
        self.urls = [url]
        self.said: list[tuple[str, int, str]] = []
        self.frames: list[tuple[bytes, int, int]] = []
        self.subscriptions = ["subscribe a", "subscribe b"]

    def url(self) -> str:
        return self.urls[0] if len(self.urls) == 1 else self.urls.pop(0)

    def hello(self) -> list[str]:
        return list(self.subscriptions)

    def opened(self, connection: int) -> None:
        self.said.append(("opened", connection, ""))

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        self.frames.append((data, connection, received_at))
        return data.startswith(b"data")

    def closed(self, connection: int, reason: str) -> None:
        self.said.append(("closed", connection, reason))

    def refused(self, status: int) -> str:
        return f"answered {status}"


class Listener:
    """Everything a socket let hear."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    def __call__(self, heard: Heard) -> None:
        self.heard.append(heard)

    def notices(self) -> list[FeedNotice]:
        return [one.payload for one in self.heard if isinstance(one.payload, FeedNotice)]

    def kinds(self) -> list[NoticeKind]:
        return [one.kind for one in self.notices()]

    def health(self) -> list[bool]:
        return [one.payload.healthy for one in self.heard if isinstance(one.payload, FeedHealth)]


def socket_of(script: Script, listener: Listener, **options: Any) -> Socket:
    """A socket with short waits, its health told to the listener."""
    health = Health(Voice(script.name, listener, time.time_ns))
    given: dict[str, Any] = {"settings": QUICK, "health": health, **options}
    return Socket(script, listener, time.time_ns, itertools.count(1), **given)


@asynccontextmanager
async def running(job: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """The job beside the test, cancelled at its end; afterwards nothing else may run."""
    task = asyncio.create_task(job)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool], seconds: float = 3.0) -> None:
    """Waits until it is true; fails when it does not become so in time."""
    for _ in range(round(seconds / POLL_S)):
        if true():
            return
        await asyncio.sleep(POLL_S)
    raise AssertionError(f"not so within {seconds:g} s")
