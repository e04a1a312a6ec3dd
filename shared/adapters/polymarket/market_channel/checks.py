"""Which books to ask for over REST, and asking: unknown ones, doubtful ones, and ones nothing was heard of for long."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.market_channel.answers import Outcome, take_answer
from shared.adapters.polymarket.market_channel.kept import Kept
from shared.adapters.polymarket.market_channel.shard import Shard
from shared.adapters.polymarket.market_channel.shelf import Shelf
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND

Fetch = Callable[[Sequence[str]], Awaitable[Sequence[RestBook]]]
"""Books over REST; tokens without one are absent. ``Temporary`` or ``BadInput`` when there is no answer."""
BATCH = 25
"""Books of one request: reading more at a stretch would keep everything else waiting for longer than 10 ms."""
ASKS_BEFORE_ANEW = 3
"""After so many answers that were of no use, the token is subscribed anew: that brings its book over the stream."""


class CheckSettings(Struct, frozen=True):
    """Seconds. ``doubt_s``: a doubt clears up within this.

    ``quiet_s``: after this long without news a book is compared with REST. ``hush_s`` and ``hush_every_s``: the same
    for a whole connection, so that a quiet market is not taken for a dead socket.
    """

    doubt_s: float = 2.0
    quiet_s: float = 30.0
    hush_s: float = 3.0
    hush_every_s: float = 9.0


class Checks:
    """``anew`` is called with a token to be subscribed again."""

    def __init__(self, shelf: Shelf, fetch: Fetch, anew: Callable[[str], None], settings: CheckSettings) -> None:
        self.failed = 0
        self._shelf = shelf
        self._fetch = fetch
        self._anew = anew
        self._doubt_ns = _ns(settings.doubt_s)
        self._quiet_ns, self._hush_ns = _ns(settings.quiet_s), _ns(settings.hush_s)
        self._hush_every_ns = _ns(settings.hush_every_s)
        self._asked: dict[str, None] = {}
        self._something = asyncio.Event()

    def ask(self, token: str) -> None:
        """This token's book is needed."""
        self._asked[token] = None
        self._something.set()

    def __len__(self) -> int:
        return len(self._asked)

    # ------------------------------------------------------------------ what to ask for

    def sweep(self, shards: Iterable[Shard], now: int) -> None:
        """Look over everything once; what is due is asked for."""
        for shard in shards:
            if not shard.connection:
                continue  # nothing can be kept while nothing is heard
            hushed = now - shard.last_data_at > self._hush_ns and now - shard.checked_at > self._hush_every_ns
            if hushed:
                shard.checked_at = now
            for token in shard.tokens:
                kept = self._shelf.kept[token]
                if hushed and kept.book is not None:
                    self.ask(token)
                elif self._due(kept, now):
                    self._want(kept, now)

    def _due(self, kept: Kept, now: int) -> bool:
        book = kept.book
        if book is None:
            return True
        if kept.doubted_at > book.at and now - kept.doubted_at > self._doubt_ns:
            return True
        return now - book.at > self._quiet_ns

    def _want(self, kept: Kept, now: int) -> None:
        if kept.book is None and kept.asks >= ASKS_BEFORE_ANEW and now >= kept.ask_after:
            self._anew(kept.token)
        self._shelf.want(kept, now)

    # ------------------------------------------------------------------ asking

    async def run(self, clock: Callable[[], int], shard_of: Callable[[str], Shard | None]) -> None:
        """Answer what is asked for until cancelled."""
        while True:
            while not self._asked:
                self._something.clear()
                await self._something.wait()
            await self.once(clock, shard_of)

    async def once(self, clock: Callable[[], int], shard_of: Callable[[str], Shard | None]) -> None:
        """Fetch a batch of what was asked for, and take the answers."""
        batch = list(self._asked)[:BATCH]
        for token in batch:
            del self._asked[token]
        try:
            books = await self._fetch(batch)
        except (Temporary, BadInput):
            self.failed += 1  # the next sweep asks again
            return
        now = clock()
        for rest in books:
            if take_answer(self._shelf, rest, now) is Outcome.CONTRADICTED:
                shard = shard_of(rest.token_id)
                if shard is not None:
                    shard.contradicted = True


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)
