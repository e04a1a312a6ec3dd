"""One connection's talk with a node, from its subscriptions to its back-fills; and the dialect that drives it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from shared.adapters.chain.backlog import Backlog
from shared.adapters.chain.fills import Fills
from shared.adapters.chain.logs import filled, head, quantity, wallet_filter
from shared.adapters.chain.rpc import Rpc, frame_of
from shared.adapters.polymarket.http import batches
from shared.adapters.sockets import Sparing, Voice
from shared.domain.errors import BadInput, Temporary
from shared.domain.messages import NoticeKind

SILENCE_S = 12.0
"""A block comes every two seconds."""
WALLETS_MAX = 300
"""Wallets per subscription; a node that refuses gets smaller ones."""
WALLETS_LEAST = 10
OVERLAP_BLOCKS = 5
"""Read again after a gap: the last blocks before it may have been reorganised while nobody looked."""
HEADS_AHEAD_MAX = 1_000_000
"""A head this far beyond the last one is a wrong number."""
TIME_AFTER_S = 0.3
"""A log may come just before its block's header; only after this is the node asked for the block's time."""
TIME_ATTEMPTS = 3
TIMES_AT_ONCE = 8
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 30.0

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class ChainDialect:
    """``spawn`` starts a task beside the socket (an error in it is the feed's); ``refusals`` hears of bad frames."""

    ping: str | None = None
    ping_every_s = 0.0
    silence_s = SILENCE_S
    max_age_s: float | None = None

    def __init__(
        self,
        name: str,
        url: str,
        voice: Voice,
        refusals: Sparing,
        fills: Fills,
        rpc: Rpc,
        sleep: Callable[[float], Awaitable[None]],
        spawn: Spawn,
    ) -> None:
        self.name = name
        self.refusals = refusals
        self.last_block = 0
        self.backlog = Backlog(voice, sleep)
        self._url = url
        self._voice = voice
        self._fills = fills
        self._rpc = rpc
        self._sleep = sleep
        self._spawn = spawn
        self._work = asyncio.Event()
        self._caught_up = False
        self._rewatch = False
        self._wallets_max = WALLETS_MAX
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._asking = asyncio.Semaphore(TIMES_AT_ONCE)

    def rewatch(self) -> None:
        """The watch list changed: the subscriptions are renewed."""
        self._rewatch = True
        self._work.set()

    # ------------------------------------------------------------------ Dialect

    def url(self) -> str:
        """Where to connect."""
        return self._url

    def hello(self) -> list[str]:
        """Nothing: the session asks and waits for answers."""
        return []

    def opened(self, connection: int) -> None:
        """A connection stands: a new delivery begins."""
        self._fills.fresh()
        self._rpc.opened()
        self._caught_up = False
        self._start(self._session(connection, self.last_block))

    def closed(self, _connection: int, reason: str, /) -> None:
        """A connection is no more: everything since the last block told completely must be read again."""
        self._rpc.lost(reason)
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        for block in self._fills.cut():
            self.backlog.add(block, block)

    def refused(self, status: int) -> str:
        """The node says no to the upgrade: mostly the key."""
        hint = {401: ": is the key right?", 403: ": is the key right?", 429: ": too many requests"}.get(status, "")
        return f"the node answered the upgrade with {status}{hint}"

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        """An answer, a head or a log."""
        try:
            frame = frame_of(data)
            if frame.params is None:
                self._rpc.answered(frame, received_at)
                return False
            news = bytes(frame.params.result)
            if b'"topics"' in news:
                self._log(news, connection, received_at)
            else:
                self._head(news, connection, received_at)
        except BadInput as error:
            self.refusals.say(str(error), connection)
            return False
        return True

    # ------------------------------------------------------------------ news

    def _log(self, news: bytes, connection: int, received_at: int) -> None:
        fill = filled(news)
        block = self._fills.take(fill, received_at, connection)
        if block is not None:
            self._start(self._time_of(block))

    def _head(self, news: bytes, connection: int, received_at: int) -> None:
        number, at = head(news)
        if self.last_block and number > self.last_block + HEADS_AHEAD_MAX:
            raise BadInput(f"number of a block must not leap from {self.last_block} to {number}")
        if self._caught_up and self.last_block and number > self.last_block + 1:
            self._gap(self.last_block + 1, number, connection)
        self.last_block = max(self.last_block, number)
        self._fills.block(number, at)
        self._fills.expire(received_at)

    def _gap(self, first: int, last: int, connection: int) -> None:
        self._voice.notice(NoticeKind.GAP, f"blocks {first} to {last} passed without us: reading them", connection)
        self.backlog.add(first, last)
        self._work.set()

    # ------------------------------------------------------------------ talk

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(job)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _session(self, connection: int, since: int) -> None:
        """Subscribe, catch up, and wait for work; whatever fails is tried again while the connection stands.

        ``since`` is the last block of the connection before, 0 without one.
        """
        subscribed: list[str] | None = None
        heads = False
        failures = 0
        while True:
            try:
                if subscribed is None or self._rewatch:
                    old, subscribed = subscribed or [], await self._subscribe(connection)
                    await self._unsubscribe(old)
                if not heads:
                    # Heads last: as long as there are no logs there is no data, and the watchdog ends the connection.
                    heads = bool(await self._rpc.text("eth_subscribe", ["newHeads"]))
                if not self._caught_up:
                    await self._catch_up(connection, since)
                    self._caught_up = True
                await self._read(connection)
            except (BadInput, Temporary) as error:
                failures += 1
                self._voice.notice(NoticeKind.REFUSED, f"{error} (attempt {failures})", connection)
                await self._sleep(min(RETRY_MAX_S, RETRY_FIRST_S * 2.0 ** min(failures, 10)))
            else:
                failures = 0
                await self._work.wait()
                self._work.clear()

    async def _subscribe(self, connection: int) -> list[str]:
        """Subscriptions to the watch list as it stands; smaller ones where the node refuses large ones."""
        while True:
            self._rewatch = False
            made: list[str] = []
            try:
                for chunk in batches(list(self._fills.watched), self._wallets_max):
                    made += [await self._rpc.text("eth_subscribe", ["logs", wallet_filter(chunk)])]
            except (BadInput, Temporary) as error:
                self._rewatch = True
                if isinstance(error, Temporary) or self._wallets_max <= WALLETS_LEAST:
                    raise
                self._wallets_max = max(WALLETS_LEAST, self._wallets_max // 2)
                reason = f"{error}; trying {self._wallets_max} wallets per subscription"
                self._voice.notice(NoticeKind.FALLBACK, reason, connection)
                await self._unsubscribe(made)
            else:
                return made

    async def _unsubscribe(self, subscriptions: list[str]) -> None:
        for one in subscriptions:
            await self._rpc.call("eth_unsubscribe", [one])

    async def _catch_up(self, connection: int, since: int) -> None:
        """After a gap: everything from the last block seen before it to the present one."""
        if not since:
            return
        number = quantity("eth_blockNumber", await self._rpc.text("eth_blockNumber", []))
        if number > since + HEADS_AHEAD_MAX:
            raise BadInput(f"eth_blockNumber must not leap from {since} to {number}")
        # Heads may have come in the meantime.
        self.last_block = max(number, self.last_block)
        self._gap(max(0, since - OVERLAP_BLOCKS), self.last_block, connection)

    async def _read(self, connection: int) -> None:
        ranges = self.backlog.ranges
        if not ranges:
            return
        read = 0

        def take(log: bytes, received_at: int) -> None:
            nonlocal read
            read += 1
            try:
                self._log(log, connection, received_at)
            except BadInput as error:
                self.refusals.say(str(error), connection)

        await self.backlog.read(self._rpc, lambda: list(self._fills.watched), self._wallets_max, take)
        reason = f"blocks {ranges[0][0]} to {ranges[-1][1]} were read after a gap: {read} fills"
        self._voice.notice(NoticeKind.RESYNC, reason, connection)

    async def _time_of(self, block: int) -> None:
        """Ask for a block's time, unless its header comes by itself."""
        reason = "the node does not know the block"
        for attempt in range(TIME_ATTEMPTS):
            await self._sleep(TIME_AFTER_S * 2.0**attempt)
            try:
                async with self._asking:
                    if self._fills.knows(block):
                        return
                    answer = await self._rpc.call("eth_getBlockByNumber", [hex(block), False])
                number, at = head(answer.result)
            except (BadInput, Temporary) as error:
                reason = str(error)
                continue
            if number == block:
                self._fills.block(number, at)
                return
        self._fills.undated(block, reason)
