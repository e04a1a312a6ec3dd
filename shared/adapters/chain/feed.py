"""Feed "polygon": fills of the watched wallets as the chain itself records them, over the user's own node."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator

from shared.adapters.chain.fills import FillCounts, Fills
from shared.adapters.chain.rpc import TIMEOUT_S, Rpc
from shared.adapters.chain.secrets import hiding
from shared.adapters.chain.session import SILENCE_S, ChainDialect
from shared.adapters.sockets import Health, Hear, Socket, SocketSettings, Sparing, Voice
from shared.domain.messages import NoticeKind

NAME = "polygon"


class ChainFeed:
    """``url`` is the node's WebSocket address, with the user's key in it: no notice repeats it.

    ``market_of`` answers a token's market, or None while it is unknown: the caller then finds out and says ``known``.
    ``clock`` tells nanoseconds UTC; ``numbers`` numbers connections, which are deliveries.
    """

    def __init__(
        self,
        url: str,
        market_of: Callable[[str], str | None],
        clock: Callable[[], int],
        numbers: Iterator[int],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        sockets: SocketSettings | None = None,
        answer_timeout_s: float = TIMEOUT_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._url = url
        self._market_of = market_of
        self._clock = clock
        self._numbers = numbers
        self._sleep = sleep
        self._jitter = jitter
        self._sockets = sockets
        self._answer_timeout_s = answer_timeout_s
        self._silence_s = silence_s
        self._watched: dict[str, None] = {}
        self._fills: Fills | None = None
        self._dialect: ChainDialect | None = None
        self._socket: Socket | None = None

    @property
    def name(self) -> str:
        """``polygon``."""
        return NAME

    @property
    def counts(self) -> FillCounts:
        """What came of the logs so far."""
        return FillCounts() if self._fills is None else self._fills.counts

    @property
    def last_block(self) -> int:
        """The newest block heard of; 0 before any."""
        return 0 if self._dialect is None else self._dialect.last_block

    def watch(self, wallets: Iterable[str]) -> None:
        """These wallets from now on; subscriptions are renewed at once, without a new connection."""
        wanted = dict.fromkeys(one.lower() for one in wallets)
        if wanted.keys() == self._watched.keys():
            return
        self._watched.clear()
        self._watched.update(wanted)
        if self._dialect is not None:
            self._dialect.rewatch()

    def known(self, token: str, market: str) -> None:
        """A token's market is known now: fills that waited for it are told."""
        if self._fills is not None:
            self._fills.known(token, market)

    async def run(self, hear: Hear) -> None:
        """Until cancelled."""
        quiet = hiding(hear, self._url)
        voice = Voice(NAME, quiet, self._clock)
        self._fills = Fills(NAME, quiet, voice, self._market_of, self._watched)
        async with asyncio.TaskGroup() as group:
            rpc = Rpc(self._send, self._answer_timeout_s)
            refusals = Sparing(voice, NoticeKind.REFUSED, self._clock)
            dialect = ChainDialect(NAME, self._url, voice, refusals, self._fills, rpc, self._sleep, group.create_task)
            dialect.silence_s = self._silence_s
            self._socket = Socket(
                dialect,
                quiet,
                self._clock,
                self._numbers,
                health=Health(voice),
                sleep=self._sleep,
                jitter=self._jitter,
                settings=self._sockets,
            )
            self._dialect = dialect
            await self._socket.run()

    async def _send(self, text: str) -> None:
        if self._socket is not None:
            await self._socket.send(text)
