"""Feed "binance": trades, books and one-second candles of every followed coin, for as long as the exchange lets us."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator

from shared.adapters.binance.dialect import NAME, SILENCE_S, BinanceDialect, Wishes, request
from shared.adapters.sockets import Health, Hear, Socket, SocketSettings, Voice
from shared.adapters.spot.desk import SpotDesk
from shared.domain.messages import NoticeKind
from shared.settings import FeedSettings

RETRY_S = 600.0
"""Refused on every host because of our country: that does not change by the minute."""
REQUEST_EVERY_S = 0.5
"""The exchange closes a connection that asks more than five times a second; every 250 ms was too often."""
HAND_OVER_POLL_S = 0.05

Serving = tuple[Socket, "asyncio.Task[None]"]


class BinanceFeed:
    """One connection for all symbols. ``clock`` tells nanoseconds UTC; ``numbers`` numbers connections."""

    def __init__(
        self,
        settings: FeedSettings,
        clock: Callable[[], int],
        numbers: Iterator[int],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        sockets: SocketSettings | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._settings = settings
        self._symbols = tuple(settings.symbols)
        self._clock = clock
        self._numbers = numbers
        self._sleep = sleep
        self._jitter = jitter
        self._sockets = sockets
        self._silence_s = silence_s
        self._dialect: BinanceDialect | None = None
        self._serving: list[Serving] = []
        self._asking = asyncio.Lock()
        self._requests = 0

    @property
    def name(self) -> str:
        """``binance``."""
        return NAME

    @property
    def desk(self) -> SpotDesk | None:
        """Counts and the clock's offset; None before ``run``."""
        return None if self._dialect is None else self._dialect.desk

    async def follow(self, symbols: Iterable[str]) -> None:
        """These symbols from now on, without a new connection."""
        self._symbols = tuple(symbols)
        if self._dialect is None:
            return
        wanted, unwanted = self._dialect.follow(self._symbols)
        async with self._asking:
            for method, streams in (("SUBSCRIBE", wanted), ("UNSUBSCRIBE", unwanted)):
                if streams:
                    self._requests += 1
                    for socket, _ in self._serving:
                        await socket.send(request(method, streams, self._requests))
                    await self._sleep(REQUEST_EVERY_S)

    async def run(self, hear: Hear) -> None:
        """Until cancelled."""
        wishes = Wishes()
        feeds, voice = self._settings, Voice(NAME, hear, self._clock)
        dialect = BinanceDialect(feeds.binance_url, feeds.binance_data_url, self._symbols, hear, self._clock, wishes)
        dialect.silence_s = self._silence_s
        self._dialect = dialect
        health = Health(voice)
        try:
            self._start(dialect, hear, health)
            while True:
                await self._wait(wishes)
                if wishes.shut_out:
                    await self._stop(self._serving)
                    voice.notice(NoticeKind.REFUSED, f"no host of Binance serves us; asking again in {RETRY_S:.0f} s")
                    await self._sleep(RETRY_S)
                    dialect.start_over()
                    self._start(dialect, hear, health)
                elif any(socket.connection in wishes.leaving for socket, _ in self._serving):
                    await self._replace(dialect, hear, health, wishes)
        finally:
            await self._stop(self._serving)

    def _start(self, dialect: BinanceDialect, hear: Hear, health: Health) -> Socket:
        socket = Socket(
            dialect,
            hear,
            self._clock,
            self._numbers,
            health=health,
            sleep=self._sleep,
            jitter=self._jitter,
            settings=self._sockets,
        )
        self._serving.append((socket, asyncio.create_task(socket.run())))
        return socket

    async def _wait(self, wishes: Wishes) -> None:
        """Until the dialect wishes something; an error of a socket's task is raised here."""
        wishing = asyncio.create_task(wishes.changed.wait())
        try:
            await asyncio.wait({wishing, *(task for _, task in self._serving)}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wishing.cancel()
        for _, task in self._serving:
            if task.done():
                task.result()
        wishes.changed.clear()

    async def _replace(self, dialect: BinanceDialect, hear: Hear, health: Health, wishes: Wishes) -> None:
        """A new connection first; the old one goes once the new one brings data."""
        old = list(self._serving)
        successor = self._start(dialect, hear, health)
        while not (successor.last_data_at or wishes.shut_out or any(task.done() for _, task in self._serving)):
            await self._sleep(HAND_OVER_POLL_S)
        if successor.last_data_at:
            await self._stop(old)

    async def _stop(self, ones: Iterable[Serving]) -> None:
        stopped = list(ones)
        for _, task in stopped:
            task.cancel()
        await asyncio.gather(*(task for _, task in stopped), return_exceptions=True)
        self._serving = [one for one in self._serving if one not in stopped]
