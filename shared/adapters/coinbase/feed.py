"""Feed "coinbase": trades and best prices in dollars of every followed coin."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator

from shared.adapters.coinbase.dialect import NAME, SILENCE_S, CoinbaseDialect
from shared.adapters.sockets import Health, Hear, Socket, SocketSettings, Voice
from shared.adapters.spot.desk import SpotDesk
from shared.settings import FeedSettings

REQUEST_EVERY_S = 0.2
"""Eight requests a second are allowed."""


class CoinbaseFeed:
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
        self._url = settings.coinbase_url
        self._symbols = tuple(settings.symbols)
        self._clock = clock
        self._numbers = numbers
        self._sleep = sleep
        self._jitter = jitter
        self._sockets = sockets
        self._silence_s = silence_s
        self._dialect: CoinbaseDialect | None = None
        self._socket: Socket | None = None
        self._asking = asyncio.Lock()

    @property
    def name(self) -> str:
        """``coinbase``."""
        return NAME

    @property
    def desk(self) -> SpotDesk | None:
        """Counts and the clock's offset; None before ``run``."""
        return None if self._dialect is None else self._dialect.desk

    async def follow(self, symbols: Iterable[str]) -> None:
        """These symbols from now on, without a new connection."""
        self._symbols = tuple(symbols)
        if self._dialect is None or self._socket is None:
            return
        frames = self._dialect.follow(self._symbols)
        async with self._asking:
            for frame in frames:
                await self._socket.send(frame)
                await self._sleep(REQUEST_EVERY_S)

    async def run(self, hear: Hear) -> None:
        """Until cancelled."""
        self._dialect = CoinbaseDialect(self._url, self._symbols, hear, self._clock)
        self._dialect.silence_s = self._silence_s
        self._socket = Socket(
            self._dialect,
            hear,
            self._clock,
            self._numbers,
            health=Health(Voice(NAME, hear, self._clock)),
            sleep=self._sleep,
            jitter=self._jitter,
            settings=self._sockets,
        )
        await self._socket.run()
