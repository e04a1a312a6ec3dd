"""A socket that stays: it connects again after every end, waits longer after every failure, and never grows too old."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator

from shared.adapters.sockets.backoff import Backoff
from shared.adapters.sockets.connection import Connection
from shared.adapters.sockets.dialect import Dialect, Hear, SocketSettings
from shared.adapters.sockets.handshake import NotOpened, open_socket
from shared.adapters.sockets.health import Health
from shared.adapters.sockets.voice import Voice
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind

Held = tuple[Connection, "asyncio.Task[None]"]
"""A connection and the task that keeps it."""


class Socket:
    """One socket of a feed. ``clock`` tells nanoseconds UTC; ``numbers`` gives every connection made its own number.

    Sockets of one feed share a ``health``; without one, nobody says ``FeedHealth``. ``frames`` and ``last_data_at``
    count over all its connections.
    """

    def __init__(
        self,
        dialect: Dialect,
        hear: Hear,
        clock: Callable[[], int],
        numbers: Iterator[int],
        *,
        health: Health | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        settings: SocketSettings | None = None,
    ) -> None:
        self._dialect = dialect
        self._voice = Voice(dialect.name, hear, clock)
        self._clock = clock
        self._numbers = numbers
        self._health = health or Health(Voice(dialect.name, lambda _: None, clock))
        self._sleep = sleep
        self._jitter = jitter
        self._monotonic = monotonic
        self._settings = settings or SocketSettings()
        self._backoff = Backoff(self._settings.backoff_first_s, self._settings.backoff_max_s, jitter)
        self._held: dict[int, Held] = {}
        self._frames_before = 0
        self._last_data_before = 0

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""
        return bool(self._held)

    @property
    def connection(self) -> int:
        """The number of the newest connection that stands; 0 without one."""
        return next(reversed(self._held), 0)

    @property
    def frames(self) -> int:
        """Frames of every connection so far."""
        return self._frames_before + sum(held.frames for held, _ in self._held.values())

    @property
    def last_data_at(self) -> int:
        """When data came last (nanoseconds UTC); 0 before any."""
        return max([self._last_data_before, *(held.last_data_at for held, _ in self._held.values())])

    async def run(self) -> None:
        """Keep a connection until cancelled; then nothing of it is left running."""
        try:
            current = await self._connect()
            while True:
                if await self._until_due(current):
                    current = await self._hand_over(current, await self._connect())
                else:
                    await self._sleep(self._backoff.next_s())
                    current = await self._connect()
        finally:
            await self._leave(list(self._held.values()), "stopped")

    async def send(self, text: str) -> None:
        """A frame on every connection that stands; ignored while there is none, because the hello says everything."""
        for held, _ in list(self._held.values()):
            await held.send(text)

    # ------------------------------------------------------------------ one connection

    async def _connect(self) -> Held:
        """The next connection that stands, however many attempts it takes."""
        while True:
            try:
                wire = await open_socket(self._dialect.url(), self._settings, keepalive=self._dialect.ping is None)
            except NotOpened as error:
                await self._not_opened(error)
                continue
            number = next(self._numbers)
            held = Connection(
                wire,
                number,
                self._dialect,
                self._settings,
                clock=self._clock,
                monotonic=self._monotonic,
                sleep=self._sleep,
                on_data=self._health.up,
            )
            self._dialect.opened(number)
            self._voice.notice(NoticeKind.CONNECTED, "connected", number)
            kept = held, asyncio.create_task(self._keep(held))
            self._held[number] = kept
            return kept

    async def _not_opened(self, error: NotOpened) -> None:
        wait_s = self._backoff.next_s()
        if error.status is None:
            kind, reason = NoticeKind.LOST, str(error)
        else:
            kind, reason = NoticeKind.REFUSED, self._dialect.refused(error.status)
        self._voice.notice(kind, f"{reason}; attempt {self._backoff.failures + 1} in {wait_s:.1f} s")
        if not self._held:
            self._health.down(0, reason)
        await self._sleep(wait_s)

    async def _keep(self, held: Connection) -> None:
        reason = "stopped"
        try:
            ended = await held.hold()
            reason = ended.reason
            self._voice.notice(ended.kind, reason, held.number)
        finally:
            self._held.pop(held.number, None)
            self._frames_before += held.frames
            self._last_data_before = max(self._last_data_before, held.last_data_at)
            self._dialect.closed(held.number, reason)
            self._health.down(held.number, reason)

    # ------------------------------------------------------------------ from one to the next

    async def _until_due(self, kept: Held) -> bool:
        """True when the connection is about to be too old, False when it ended before."""
        held, keeping = kept
        age_s = self._dialect.max_age_s
        # Some time before the limit, and not at the same instant as its sisters.
        young_s = None if age_s is None else age_s * (0.9 - 0.1 * self._jitter())
        grown = asyncio.create_task(self._grow(held, young_s))
        try:
            await asyncio.wait([keeping, grown], return_when=asyncio.FIRST_COMPLETED)
        finally:
            grown.cancel()
        if held.last_data_at - held.opened_at >= self._settings.healthy_after_s * SECOND:
            self._backoff.reset()
        if keeping.done():
            keeping.result()  # an error of the dialect is ours, and ends the feed
            return False
        return True

    async def _grow(self, held: Connection, age_s: float | None) -> None:
        """Returns when the connection has this age; never without one."""
        if age_s is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._sleep(max(0.0, age_s - (self._monotonic() - held.opened_s)))

    async def _hand_over(self, old: Held, new: Held) -> Held:
        """The connection to go on with: the new one once it brings data; the old one while the new brings none."""
        fed = asyncio.create_task(new[0].wait_fed())
        try:
            await asyncio.wait([fed, old[1], new[1]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            fed.cancel()
        if new[1].done() and not old[1].done():
            new[1].result()
            await self._sleep(self._backoff.next_s())
            return old
        await self._leave([old], f"replaced by connection {new[0].number} before it was too old")
        return new

    async def _leave(self, ones: list[Held], reason: str) -> None:
        """Close these connections politely; whatever happens, none of their tasks stays behind."""
        try:
            await asyncio.gather(*(held.leave(reason) for held, _ in ones))
            await asyncio.gather(*(keeping for _, keeping in ones), return_exceptions=True)
        finally:
            for _, keeping in ones:
                keeping.cancel()
            await asyncio.gather(*(keeping for _, keeping in ones), return_exceptions=True)
