"""An asynchronous driver on a running loop, with everything around it in reach."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from fargate.async_driver import AsyncDriver
from fargate.lanes import ThreadLane
from shared.adapters.clock import SystemClock
from shared.adapters.feeds.inbox import Inbox
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperTimes, PaperVenue, VenueSettings
from shared.domain.command import Command, CommandKind
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import Record
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    BookSnapshot,
    Event,
    FeedHealth,
    MarketListed,
    Payload,
    PlanCommitted,
    PlanRefused,
    RankingPublished,
    WhaleTrade,
)
from shared.domain.money import Fraction, Price, Shares, dollars
from shared.domain.order import Side
from shared.domain.tape import TapeRow
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.limits import Limits
from shared.ports import Heard, ShownVenue
from shared.research.taped import TapedEngine
from shared.strategies.whale_copy import Params, WhaleCopy

WALLET = "0x" + "aa" * 20
TOKENS = ("1", "2")
PRINTS, BOOKS = VenueSettings(), VenueSettings(books=True)
QUICK = PaperTimes(1 * MILLISECOND, 2 * MILLISECOND, 0, 1 * MILLISECOND)
PATIENCE_S = 5.0


class SlowStore(MemoryStore):
    """A store that takes its time, or breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.takes_s = 0.0
        self.error: BaseException | None = None

    def plan(self, record: Record) -> PlanCommitted | PlanRefused:
        time.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return super().plan(record)

    def write(self, record: Record) -> None:
        time.sleep(self.takes_s)
        super().write(record)


class HandLease:
    """The right to act, by hand."""

    def __init__(self) -> None:
        self.vouched = True
        self.lost = False


class World:
    """A driver on a running loop, with everything around it in reach."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: VenueSettings, earlier: "World | None" = None
    ) -> None:
        self.clock = SystemClock()
        self.store: SlowStore = earlier.store if earlier else SlowStore()
        self.rows: list[TapeRow] = []
        self.inbox = Inbox(lambda _: None)
        engine = TapedEngine("test", WhaleCopy(Params(sizing="ratio")), Limits(), strict_sources=frozenset({"rtds"}))
        engine.tape_to(self.rows.append, 0)
        self.lanes = [ThreadLane(name, loop, self.broken) for name in ("store", "venue")]
        self._earlier = earlier
        self.lease = HandLease()
        venue = self.opened(settings)
        self.driver = AsyncDriver(
            engine, venue, self.store, self.clock, self.inbox, self.lanes[0], self.lanes[1], self.lease
        )
        self.engine = engine

    def opened(self, settings: VenueSettings) -> ShownVenue:
        """The venue that the driver deals with."""
        fresh = PaperVenue(0, MemoryPaperLog(), QUICK, settings)
        self.venue: PaperVenue = self._earlier.venue.reopened(settings) if self._earlier else fresh
        return self.venue

    def close(self) -> None:
        """The life is over."""

    def broken(self, error: BaseException) -> None:
        self.driver.break_with(error)

    def begin(self) -> None:
        at = self.clock.now()
        day = 86_400 * SECOND
        market = Market(
            market="m",
            kind=MarketKind.EVENT,
            slug="will-it-rain",
            question="?",
            tokens=TOKENS,
            outcomes=("Yes", "No"),
            tick=Price(10_000),
            min_size=Shares(5_000_000),
            fee_rate=Fraction(0),
            start_at=at - day,
            end_at=at + 30 * day,
            volume_24h=dollars(250_000),
            best_bid=Price(490_000),
            best_ask=Price(500_000),
            accepting=True,
        )
        self.driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", dollars(10_000)), at)
        self.driver.handle_now(RankingPublished(Ranking(at, "test", (RankedWallet(WALLET, 1),))), at)
        self.driver.handle_now(MarketListed(market), at)
        self.hear("market", BookSnapshot("m", "1", ((490_000, 5_000_000_000),), ((500_000, 5_000_000_000),)))

    def hear(self, source: str, payload: Payload) -> None:
        at = self.clock.now()
        self.inbox.hear(Heard(source, at, at, payload))

    def healths(self, feed: str) -> list[bool]:
        """What the engine was told of a feed's health."""
        told = [row.payload for row in self.rows if isinstance(row, Event)]
        return [one.healthy for one in told if isinstance(one, FeedHealth) and one.feed == feed]

    def whale_buys(self, tx: str) -> None:
        self.hear("rtds", WhaleTrade(WALLET, "m", "1", Side.BUY, 500_000, 1_000_000_000, tx, 1))

    async def until(self, seen: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < deadline, self.engine.decisions
            await asyncio.sleep(0.002)


def lived(
    story: Callable[[World], Awaitable[None]],
    settings: VenueSettings = PRINTS,
    before: Callable[[World], None] = lambda _: None,
    made: Callable[[asyncio.AbstractEventLoop, VenueSettings], World] = World,
) -> World:
    """Tell the story once our books were compared with the venue's; what ``before`` does comes first of all."""

    async def told(world: World) -> None:
        await world.until(lambda: world.driver.rounds.done)
        await story(world)

    async def body() -> World:
        world = made(asyncio.get_running_loop(), settings)
        before(world)
        world.begin()
        running = asyncio.ensure_future(world.driver.run())
        try:
            telling = asyncio.ensure_future(told(world))
            await asyncio.wait({running, telling}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
            telling.cancel()
            for lane in world.lanes:
                await lane.drain()
        finally:
            ended = running.done()
            running.cancel()
            results = await asyncio.gather(running, return_exceptions=True)
            for lane in world.lanes:
                lane.close()
            world.close()
        if ended and isinstance(results[0], BaseException):
            raise results[0]
        return world

    return asyncio.run(body())
