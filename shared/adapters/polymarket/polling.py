"""Polling as a feed: what the streams miss is asked for every few seconds, and at once after every gap of theirs.

The venue grants some fifty requests about wallets in three seconds; more wallets take turns. Trades are heard once
each, as one delivery per source (``activity`` of wallets, ``trades`` of markets); market data goes with them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.polymarket.poll_feed import Heard as Polled
from shared.adapters.sockets import Hear, Sparing, Voice
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.messages import NoticeKind, WhaleTrade
from shared.engine.detection import Deliveries
from shared.ports import Heard

NAME = "activity"
REMEMBERED_NS = 2 * HOUR
"""How long a trade is known: longer than the gaps that are filled by looking back."""


class PollingSettings(Struct, frozen=True):
    """``at_once``: wallets of one poll. ``down_after_s``: no answer for this long and the feed is down."""

    every_s: float = 3.0
    at_once: int = 48
    down_after_s: float = 15.0
    watch_every_s: float = 1.0


class Poller(Protocol):
    """What is asked of ``PollFeed``."""

    wallets: tuple[str, ...]
    answers: int

    def follow(self, wallets: Iterable[str]) -> None:
        """Poll these wallets and no others."""

    def look_back(self, since_s: int) -> None:
        """Reach back to this epoch second in every wallet's next poll."""

    async def poll(
        self, watched: Sequence[str], waiting: Sequence[str], wallets: Sequence[str] | None = None
    ) -> list[Polled]:
        """One delivery; ``Temporary`` when nothing was answered."""


def _nothing() -> Sequence[str]:
    return ()


class PollingFeed:
    """Feed ``activity``. ``clock`` tells nanoseconds UTC; ``numbers`` gives the number its trades carry.

    ``watched`` and ``waiting`` answer, at each poll, which markets' data is followed and which markets' prints open
    orders wait for. It is a ``Fallback`` of the fast source.
    """

    def __init__(
        self,
        feed: Poller,
        clock: Callable[[], int],
        numbers: Iterator[int],
        *,
        watched: Callable[[], Sequence[str]] = _nothing,
        waiting: Callable[[], Sequence[str]] = _nothing,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        settings: PollingSettings | None = None,
    ) -> None:
        self.polls = 0
        self._feed = feed
        self._clock = clock
        self._watched = watched
        self._waiting = waiting
        self._sleep = sleep
        self._monotonic = monotonic
        self._settings = settings or PollingSettings()
        self._delivery = next(numbers)
        self._known = {source: Deliveries(REMEMBERED_NS) for source in ("activity", "trades")}
        self._voice = Voice(NAME, lambda _: None, clock)
        self._turn = 0
        self._hurry = 0
        self._wake = asyncio.Event()
        self._healthy: bool | None = None
        self._answers = feed.answers
        self._answered_s = 0.0
        self._failure = "not asked yet"

    @property
    def name(self) -> str:
        """Leads its notices and its health; also the source of the wallets' trades."""
        return NAME

    @property
    def healthy(self) -> bool:
        """Whether the venue answers."""
        return self._healthy is True

    def watch(self, wallets: Iterable[str]) -> None:
        """Ask for these wallets and no others from the next poll on."""
        self._feed.follow(wallets)

    # ------------------------------------------------------------------ the fallback of the fast source

    def backfill_since(self, at: int) -> None:
        """Ask every wallet, without a pause, for what it did since this instant (nanoseconds); doubles stay unsaid."""
        # Further back, a trade heard by polling itself would be new again; what polling missed it asks for anyway.
        known_since = self._clock() - REMEMBERED_NS + MINUTE
        self._feed.look_back(max(at, known_since) // SECOND - 1)
        self._hurry = -(-len(self._feed.wallets) // self._settings.at_once)
        self._wake.set()

    # ------------------------------------------------------------------ polling

    async def run(self, hear: Hear) -> None:
        """Poll until cancelled."""
        self._voice = Voice(NAME, hear, self._clock)
        self._answered_s = self._monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll_for_ever(hear))
            group.create_task(self._watch())

    async def _poll_for_ever(self, hear: Hear) -> None:
        failures = Sparing(self._voice, NoticeKind.LOST, self._clock)
        while True:
            began = self._monotonic()
            self._wake.clear()
            try:
                await self._poll(hear)
            except Temporary as error:
                self._failure = str(error)
                failures.say(self._failure)
                self._judge()
                await self._sleep(self._settings.every_s)  # in a hurry or not: no storm on a venue that is down
                continue
            self._hurry = max(0, self._hurry - 1)
            if not self._hurry:
                await self._pause(self._settings.every_s - (self._monotonic() - began))

    async def _poll(self, hear: Hear) -> None:
        """One poll of the wallets whose turn it is."""
        self.polls += 1
        found = await self._feed.poll(self._watched(), self._waiting(), self._next_wallets())
        self._answered_s = self._monotonic()
        self._judge(answered=True)  # before its trades are heard: while nobody is well, none would be copied
        now = self._clock()
        for fact in found:
            payload = fact.payload
            if isinstance(payload, WhaleTrade):
                if not self._known[fact.source].is_new(payload, fact.source, now):
                    continue
                payload = replace(payload, delivery=self._delivery)
            hear(Heard(fact.source, now, fact.venue_at, payload))

    def _next_wallets(self) -> tuple[str, ...]:
        wallets, size = self._feed.wallets, self._settings.at_once
        if self._turn >= len(wallets):
            self._turn = 0
        first, self._turn = self._turn, self._turn + size
        return wallets[first : self._turn]

    async def _pause(self, seconds: float) -> None:
        """Until the next poll is due or wanted at once."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due = asyncio.ensure_future(self._sleep(seconds))
        wanted = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait([due, wanted], return_when=asyncio.FIRST_COMPLETED)
        finally:
            due.cancel()
            wanted.cancel()

    # ------------------------------------------------------------------ health

    async def _watch(self) -> None:
        """A poll that hangs is no answer either; one of many wallets that takes its time is."""
        while True:
            await self._sleep(self._settings.watch_every_s)
            self._judge()

    def _judge(self, *, answered: bool = False) -> None:
        now = self._monotonic()
        if answered or self._feed.answers != self._answers:
            self._answers, self._answered_s = self._feed.answers, now
            self._say("the venue answers", healthy=True)
        elif now - self._answered_s > self._settings.down_after_s:
            self._say(f"no answer for {now - self._answered_s:.0f} s: {self._failure}", healthy=False)

    def _say(self, reason: str, *, healthy: bool) -> None:
        if healthy is self._healthy:
            return
        self._healthy = healthy
        self._voice.health(healthy=healthy, reason=reason)
