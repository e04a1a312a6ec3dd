"""A trader's present on the exchange of loopback: real sources over real sockets, memory for a store."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from fargate.async_driver import AsyncDriver
from fargate.compose import LIVE_VENUE
from fargate.lanes import Lane
from fargate.leased import UNCONTESTED
from fargate.present import LIVE_SOURCES, Present
from fargate.streams import Tempo, clients_of, public_http
from fargate.trader import About, Stopped, Trader
from shared.adapters.feeds.clock_watch import ClockSettings
from shared.adapters.feeds.market_data import Patience
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue, VenueSettings
from shared.adapters.polymarket.http import HttpSettings
from shared.adapters.polymarket.market_channel import CheckSettings, MarketFeedSettings
from shared.adapters.polymarket.polling import PollingSettings
from shared.adapters.sockets import SocketSettings
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Decision, Reason
from shared.domain.instants import HOUR
from shared.domain.messages import FeedNotice, RankingPublished
from shared.domain.money import dollars
from shared.domain.tape import TapeRow
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.detection import DetectionParams
from shared.engine.limits import Limits
from shared.ports import Heard
from shared.research.taped import TapedEngine
from shared.settings import read_settings
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.exchange.clients import WHALE, furnish
from tests.exchange.world import CROWD, World
from tests.fargate.fakes import Board, ListTape

PATIENCE_S = 20.0
QUICK = {"RTDS_SILENCE_S": "1", "SYMBOLS": "BTC"}
WHALES = (WHALE, *(f"0x{n:040x}" for n in (0xA1, 0xA2, 0xA3)))
MARKETS = 4
"""Markets in which whales trade; every pair of a whale and a market is a burst of its own."""
SOCKETS = SocketSettings(open_timeout_s=0.5, close_timeout_s=0.1, backoff_first_s=0.05, backoff_max_s=0.3)
TEMPO = Tempo(
    http=HttpSettings(attempts=1, read_timeout_s=1.0, attempt_timeout_s=1.0),
    polling=PollingSettings(every_s=0.35, down_after_s=1.0, watch_every_s=0.1),
    market=MarketFeedSettings(
        silence_s=1.0,
        checks=CheckSettings(doubt_s=0.2, quiet_s=1.0, hush_s=0.3, hush_every_s=0.9),
        socket=SOCKETS,
    ),
    sockets=SOCKETS,
    clock=ClockSettings(every_s=0.23),
    patience=Patience(retry_s=0.1),
    chain_silence_s=1.0,
    spot_silence_s=1.0,
)
"""Everything production does, in a tenth of its time; a trade is held as long as there."""
IMPATIENT = replace(TEMPO, patience=Patience(hold_s=0.4, retry_s=0.1))
LIMITS = Limits(entries_per_minute=1_000)


class TurnedClock:
    """The machine's clock, which a story may turn forward; the world and the trader share it."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return time.time_ns() + self.ahead


class Streaming:
    """A present with followed wallets and open markets with good books; the story of a test in ``lived``."""

    def __init__(
        self,
        world: World,
        clock: TurnedClock,
        settings: dict[str, str],
        limits: Limits,
        tempo: Tempo,
        venue: VenueSettings = LIVE_VENUE,
    ) -> None:
        self.world = world
        self.tempo = tempo
        self.venue = venue
        self.listing, self.other, *more = furnish(world, "will-it-rain", "will-it-snow", "c", "d", "e")
        self.listings = [self.listing, *more]
        self._bought: list[tuple[int, str]] = []
        self.told: list[FeedNotice] = []
        self.said: list[str] = []
        self.stop = False
        self.board, self.tape, self.store = Board(), ListTape(), MemoryStore()
        self.engine = TapedEngine(
            "test", WhaleCopy(Params(sizing="ratio")), limits, DetectionParams(window_ns=2 * HOUR), LIVE_SOURCES
        )
        self.rows: list[TapeRow] = []
        """The tape of this life."""
        self.engine.tape_to(self.rows.append, 1)
        self.clock = clock
        self.settings = read_settings({**world.settings(), **QUICK, **settings})
        self.present: Present

    def _trader(self, driver: AsyncDriver, lane: Lane) -> Trader[AsyncDriver]:
        about = About("test", "live", dollars(10_000))
        return Trader(driver, self.store, self.board, self.tape, self.clock, about, lambda: self.stop, lane)

    async def run(self) -> None:
        """Until the test stops it."""
        house: Any = SimpleNamespace(
            engine=self.engine,
            clock=self.clock,
            store=self.store,
            venue=PaperVenue(0, MemoryPaperLog(), settings=self.venue),
            keeper=UNCONTESTED,
        )
        async with public_http(self.tempo.http) as http:
            clients = clients_of(self.settings, http)
            self.present = Present(self.settings, house, clients, self._trader, self.said.append, self.tempo)
            self._listen()
            at = self.clock.now()
            driver = self.present.driver
            driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", dollars(10_000)), at)
            ranked = tuple(RankedWallet(wallet, rank) for rank, wallet in enumerate(WHALES, 1))
            driver.handle_now(RankingPublished(Ranking(at, "test", ranked)), at)
            await self.present.run()

    def _listen(self) -> None:
        """Keep every notice, as a tape would."""
        hear = self.present.hearing.hear

        def listening(heard: Heard) -> bool:
            if isinstance(heard.payload, FeedNotice):
                self.told.append(heard.payload)
            return hear(heard)

        self.present.driver.on_heard = listening

    # ------------------------------------------------------------------ what a story tells and asks

    def whale_buys(self, market: int = 0, size: float = 400.0, price: float = 0.51) -> str:
        """A whale buys what it has not bought before; the transaction."""
        whale = WHALES[sum(1 for where, _ in self._bought if where == market)]
        tx = self.world.trade(whale, self.listings[market].tokens[0], "BUY", price, size)
        self._bought.append((market, tx))
        return tx

    @property
    def bought(self) -> list[str]:
        """The whales' transactions so far."""
        return [tx for _, tx in self._bought]

    async def accounted(self, extra: int = 0) -> dict[str, Reason]:
        """What became of each whale trade, once all are decided: each exactly once, and each order for one of them.

        ``extra``: trades that the world has made up beside them.
        """
        await self.until(lambda: self.engine.counts.whale_trades >= len(self.bought) + extra)
        self.present.driver.flush()
        await self.until(lambda: len(self.store.decisions) >= len(self.bought) + extra)
        found = [(decision.tx, decision.reason) for decision in self.store.decisions]
        assert len(dict(found)) == len(found), found
        assert set(self.bought) <= set(dict(found))
        orders = list(self.engine.desk.books.orders.values())
        assert len(orders) == len(dict.fromkeys(order.signal_tx for order in orders))
        return {tx: reason for tx, reason in found if tx in self.bought}

    @property
    def reasons(self) -> dict[Reason, int]:
        """What became of the whale trades so far."""
        return self.engine.decisions

    @property
    def doing(self) -> dict[str, str]:
        """Which source does which job."""
        return dict(self.present.roles.doing())

    def noticed(self, feed: str, kind: str) -> int:
        """How many notices of a kind a source has given."""
        return self.present.hearing.notices.get(f"{feed} {kind}", 0)

    def decisions(self) -> list[Decision]:
        """Every decision stored so far."""
        self.present.driver.flush()
        return self.store.decisions

    async def until(self, seen: Callable[[], object], within_s: float = PATIENCE_S) -> float:
        """Wait for something to come true; how many seconds it took."""
        began = time.monotonic()
        while not seen():
            assert time.monotonic() < began + within_s, (self.reasons, self.present.figures(), self.said[-8:])
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    def reasons_of(self, feed: str) -> list[str]:
        """The notices of a source."""
        return [f"{one.kind.value}: {one.reason}" for one in self.told if one.feed == feed]

    @property
    def down(self) -> dict[str, str]:
        """Sources and jobs the engine knows to be down."""
        return self.engine.desk.risk.feeds_down

    async def ready(self) -> None:
        """The stream is heard and the clocks are compared; books are heard as soon as one is wanted."""
        await self.until(lambda: self.doing.get("whales") == "rtds" and "clock" not in self.down)

    async def going(self) -> None:
        """Ready, a trade in each market copied, and their books followed on the stream."""
        await self.ready()
        for market in range(MARKETS):
            self.whale_buys(market)
        await self.until(lambda: self.reasons.get(Reason.COPIED) == MARKETS)
        tokens = [listing.tokens[0] for listing in self.listings]
        await self.until(lambda: all(self.present.streams.book_of(token) for token in tokens))

    async def bustle(self) -> None:
        """The rest of the world goes on: somebody trades elsewhere, coins are traded, blocks are made."""
        turn = 0
        while True:
            turn += 1
            self.world.trade(CROWD, self.other.tokens[0], "BUY", 0.51, 1 + turn % 7)
            token = self.listings[turn % MARKETS].tokens[0]
            self.world.set_levels(token, [("BUY", 400_000, (1 + turn % 7) * 1_000_000)])
            self.world.price("BTC", 80_000 + turn % 13)
            if turn % 5 == 0:
                self.world.polygon.new_head()
            await asyncio.sleep(0.05)


Story = Callable[[Streaming], Awaitable[None]]


def lived(
    story: Story,
    settings: dict[str, str] | None = None,
    limits: Limits = LIMITS,
    tempo: Tempo = TEMPO,
    venue: VenueSettings = LIVE_VENUE,
    **world: Any,
) -> Streaming:
    """Tell the story beside the run, then stop it."""

    async def body() -> Streaming:
        clock = TurnedClock()
        async with World(**{"clock": clock.now, "limits": {}, "stretch": 0.05, **world}) as exchange:
            run = Streaming(exchange, clock, settings or {}, limits, tempo, venue)
            running = asyncio.ensure_future(run.run())
            await asyncio.sleep(0)
            telling = asyncio.ensure_future(story(run))
            around = asyncio.ensure_future(run.bustle())
            await asyncio.wait((running, telling), return_when=asyncio.FIRST_COMPLETED)
            run.stop = True
            around.cancel()
            if running.done():  # the run has failed: what the story still waits for will not come
                telling.cancel()
            told, ended = await asyncio.gather(telling, running, return_exceptions=True)
            for error in (told, ended):
                if error is not None and not isinstance(error, Stopped | asyncio.CancelledError):
                    raise error
            assert isinstance(ended, Stopped)
            return run

    return asyncio.run(body())
