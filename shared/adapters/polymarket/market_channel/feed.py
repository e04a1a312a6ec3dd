"""The market channel as a feed: live books of whatever is wanted, trades, tick sizes, resolutions, new markets."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

from msgspec import Struct

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.market_channel.answers import Outcome, take_answer
from shared.adapters.polymarket.market_channel.backlog import MERGE_FROM, Backlog, BacklogCounts, Frame
from shared.adapters.polymarket.market_channel.checks import Checks, CheckSettings, Fetch
from shared.adapters.polymarket.market_channel.kept import KeeperCounts
from shared.adapters.polymarket.market_channel.reader import Listed, Reader
from shared.adapters.polymarket.market_channel.shard import TOKENS_MAX, Shard, subscribe, unsubscribe
from shared.adapters.polymarket.market_channel.shelf import FEED, Shelf
from shared.adapters.polymarket.market_channel.wire import WireCounts
from shared.adapters.sockets import SOCKETS_MAX, Health, Hear, Socket, SocketSettings, Voice
from shared.domain.messages import BookSnapshot, NoticeKind
from shared.ports import Heard

SWEEP_EVERY_S = 0.5
FLUSH_EVERY = 2_048
"""Frames after which even a reader that keeps lagging tells how the books stand."""


class MarketFeedSettings(Struct, frozen=True):
    """``silence_s``: no data for this long, unexplained by REST, and a connection is replaced."""

    silence_s: float = 15.0
    tokens_max: int = TOKENS_MAX
    checks: CheckSettings = CheckSettings()
    socket: SocketSettings = SocketSettings()


class MarketFeedCounts(Struct, frozen=True):
    """Everything counted, for views and tests."""

    keeper: KeeperCounts
    wire: WireCounts
    backlog: BacklogCounts
    fetches_failed: int


class MarketFeed:
    """A ``Feed``. ``clock`` tells nanoseconds UTC; ``numbers`` numbers connections; ``fetch`` gets books over REST.

    ``is_ours`` chooses new markets by slug; ``listed`` hears of them (slug, condition id, tokens).
    """

    name = FEED

    def __init__(
        self,
        url: str,
        clock: Callable[[], int],
        numbers: Iterator[int],
        fetch: Fetch,
        *,
        is_ours: Callable[[str], bool] = lambda _: False,
        listed: Listed = lambda _slug, _market, _tokens: None,
        settings: MarketFeedSettings | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = url
        self._clock = clock
        self._numbers = numbers
        self._settings = settings or MarketFeedSettings()
        self._sleep = sleep
        self._hear: Hear = _nobody
        self._shelf = Shelf(self._say, self._ask)
        self._reader = Reader(self._shelf, is_ours, listed)
        self._backlog = Backlog(self._dropped)
        self._checks = Checks(self._shelf, fetch, self._anew, self._settings.checks)
        self._health = Health(Voice(FEED, self._say, clock))
        self._shards: list[Shard] = []
        self._sockets: list[Socket] = []
        self._shard_of: dict[str, Shard] = {}
        self._group: asyncio.TaskGroup | None = None

    # ------------------------------------------------------------------ what others see

    @property
    def counts(self) -> MarketFeedCounts:
        """What was counted so far."""
        return MarketFeedCounts(self._shelf.counts, self._reader.wire.counts, self._backlog.counts, self._checks.failed)

    @property
    def healthy(self) -> bool:
        """Whether some connection brings data now."""
        return self._health.healthy

    def book_of(self, token: str) -> BookSnapshot | None:
        """The book as it stands; None while it is unknown."""
        return self._shelf.book_of(token)

    def age(self, token: str, now: int) -> int | None:
        """Nanoseconds since the token's book was last known to be right; None while it is unknown."""
        return self._shelf.age(token, now)

    def takes(self, rest: RestBook) -> bool:
        """Take a book that somebody else asked for over REST; False when no connection follows its token now."""
        shard = self._shard_of.get(rest.token_id)
        if shard is None or not shard.connection:
            return False
        if take_answer(self._shelf, rest, self._clock()) is Outcome.CONTRADICTED:
            shard.contradicted = True
        return True

    def want(self, tokens: Sequence[str]) -> None:
        """Follow exactly these tokens from now on; in the running loop, or before it."""
        wanted = dict.fromkeys(tokens)
        self._drop([token for token in self._shard_of if token not in wanted])
        left = [token for token in wanted if token not in self._shard_of]
        for shard in self._shards:
            left = self._add(shard, left)
        while left and len(self._shards) < SOCKETS_MAX:
            left = self._add(self._new_shard(), left)
        if left:
            reason = f"{len(left)} tokens are not followed: {len(self._shard_of)} fill all connections"
            self._shelf.notice(NoticeKind.REFUSED, reason, self._clock())

    # ------------------------------------------------------------------ running

    async def run(self, hear: Hear) -> None:
        """Say everything heard until cancelled."""
        self._hear = hear
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for socket in self._sockets:
                    group.create_task(socket.run())
                group.create_task(self._read())
                group.create_task(self._sweep())
                group.create_task(self._checks.run(self._clock, self._shard_of.get))
        finally:
            self._group = None
            self._hear = _nobody

    async def _read(self) -> None:
        """The only reader. When it lags, books are told as they stand once it has caught up, or now and then."""
        backlog, shelf, take = self._backlog, self._shelf, self._reader.take
        flushed = 0
        while True:
            await backlog.wait()
            shelf.merging = shelf.merging or len(backlog) > MERGE_FROM
            for line, connection, data, received_at in backlog.take():
                if connection == line.connection:  # else its books are unknown, and come anew
                    take(data, line, received_at)
            if shelf.merging and (not len(backlog) or backlog.counts.frames - flushed >= FLUSH_EVERY):
                flushed = backlog.counts.frames
                shelf.merging = len(backlog) > 0
                shelf.flush(self._clock())
            await asyncio.sleep(0)

    async def _sweep(self) -> None:
        while True:
            await self._sleep(SWEEP_EVERY_S)
            self._checks.sweep(self._shards, self._clock())

    # ------------------------------------------------------------------ subscriptions

    def _new_shard(self) -> Shard:
        shard = Shard(self._url, self._shelf, self._backlog, self._lost, self._clock, self._settings.silence_s)
        socket = Socket(
            shard,
            self._say,
            self._clock,
            self._numbers,
            health=self._health,
            sleep=self._sleep,
            settings=self._settings.socket,
        )
        self._shards.append(shard)
        self._sockets.append(socket)
        if self._group is not None:
            self._group.create_task(socket.run())
        return shard

    def _add(self, shard: Shard, tokens: list[str]) -> list[str]:
        """Ask for as many as the shard has room for; the others are given back."""
        room = self._settings.tokens_max - len(shard.tokens)
        now, later = tokens[:room], tokens[room:]
        at = self._clock()
        for token in now:
            shard.tokens[token] = None
            self._shard_of[token] = shard
            self._shelf.keep(token, at)
        if now:
            self._send(shard, subscribe(now))
        return later

    def _drop(self, tokens: list[str]) -> None:
        by_shard: dict[int, list[str]] = {}
        now = self._clock()
        for token in tokens:
            shard = self._shard_of.pop(token)
            del shard.tokens[token]
            by_shard.setdefault(self._shards.index(shard), []).append(token)
            self._shelf.drop(token, now)
        for index, gone in by_shard.items():
            self._send(self._shards[index], unsubscribe(gone))

    def _anew(self, token: str) -> None:
        """The stream shows a token's book when it is subscribed to."""
        shard = self._shard_of.get(token)
        if shard is not None:
            self._send(shard, unsubscribe([token]))
            self._send(shard, subscribe([token]))

    def _send(self, shard: Shard, text: str) -> None:
        """Before the connection stands there is nothing to send: its hello says everything."""
        if self._group is not None and shard.connection:
            self._group.create_task(self._sockets[self._shards.index(shard)].send(text))

    # ------------------------------------------------------------------ what went wrong

    def _lost(self, shard: Shard, _reason: str) -> None:
        """The socket says why; the books of the connection are unknown until the next one shows them."""
        now = self._clock()
        for token in shard.tokens:
            kept = self._shelf.kept[token]
            if kept.book is not None:
                self._shelf.forget(kept, now)

    def _dropped(self, frames: list[Frame]) -> None:
        """The reader could not keep up at all: nothing of these connections is known any more."""
        now = self._clock()
        reason = f"{len(frames)} frames waited, which is too many; none of them is read"
        self._shelf.notice(NoticeKind.DROPPED, reason, now)
        for shard in self._shards:
            if any(frame[0] is shard for frame in frames):
                self._shelf.lose_all(shard.tokens, "frames about them were dropped", now)

    def _ask(self, token: str) -> None:
        self._checks.ask(token)

    def _say(self, heard: Heard) -> None:
        self._hear(heard)


def _nobody(_heard: Heard) -> None:
    """Takes what is said while the feed does not run."""
