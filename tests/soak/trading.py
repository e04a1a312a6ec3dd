"""A trader's present on whatever exchange the settings name: real sockets, lanes and tape; the store in memory.

What stands around it keeps nothing, so that memory measured over time is the trader's own.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fargate.async_driver import AsyncDriver
from fargate.compose import LIVE_DETECTION, LIVE_VENUE
from fargate.lanes import Lane
from fargate.leased import UNCONTESTED
from fargate.present import LIVE_SOURCES, Present
from fargate.streams import clients_of, public_http
from fargate.trader import About, Stopped, Trader
from shared.adapters.clock import SystemClock
from shared.adapters.feeds.quantiles import Quantiles
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue
from shared.adapters.s3.lake import FolderLake
from shared.adapters.s3.tape import Tape
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Decision
from shared.domain.market import Market
from shared.domain.messages import RankingPublished
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.screens import Screen, Stored, Tabs
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.limits import Limits
from shared.research.taped import TapedEngine
from shared.settings import read_settings
from shared.strategies.whale_copy import Params, WhaleCopy

CAPITAL = dollars(10_000_000)
WIDE = Limits(
    portfolio_usd=CAPITAL,
    market_usd=CAPITAL,
    source_usd=CAPITAL,
    strategy_usd=CAPITAL,
    positions_max=100_000,
    entries_per_minute=1_000_000,
    daily_loss_usd=CAPITAL,
    daily_loss_of_equity=Fraction(ONE),
    source_daily_loss_usd=CAPITAL,
    drawdown_reduce=Fraction(ONE),
    drawdown_halt=Fraction(ONE),
    losses_to_pause=1_000_000,
)
"""Limits that let nearly every whale trade become an order: a soak that skips everything would prove nothing."""


class Nobody:
    """Views that nobody looks at."""

    def put_live(self, live: Mapping[str, Any]) -> None:
        """Forget it."""

    def put_marks(self, marks: Mapping[str, int]) -> None:
        """Forget them."""

    def put_risk(self, risk: Mapping[str, Any]) -> None:
        """Forget it."""

    def put_operations(self, operations: Mapping[str, Any]) -> None:
        """Forget it."""

    def put_metrics(self, at: int, point: Mapping[str, Any]) -> None:
        """Forget it."""

    def put_whales(self, whales: Sequence[Mapping[str, Any]]) -> None:
        """Forget them."""

    def put_market(self, market: Market) -> None:
        """Forget it."""

    def put_screen(self, name: str, screen: Tabs | Screen | Stored) -> None:
        """Forget it."""


class Trading:
    """``settings`` lead to the exchange; ``wallets`` are followed; the tape goes into ``folder``."""

    def __init__(
        self, settings: Mapping[str, str], wallets: Sequence[str], folder: Path, *, keep_decisions: bool = True
    ) -> None:
        self.said: list[str] = []
        """What people would have been told."""
        self.store = MemoryStore(keep_decisions=keep_decisions)
        self.clock = SystemClock()
        self.engine = TapedEngine(
            "soak", WhaleCopy(Params("ratio", Fraction(1_000_000))), WIDE, LIVE_DETECTION, LIVE_SOURCES
        )
        self.tape = Tape(FolderLake(folder), "tape/soak", self.clock.now())
        self.present: Present
        self._settings = read_settings(dict(settings))
        self._wallets = list(wallets)
        self._stop = False

    def _trader(self, driver: AsyncDriver, lane: Lane) -> Trader[AsyncDriver]:
        about = About("soak", "live", CAPITAL)
        return Trader(driver, self.store, Nobody(), self.tape, self.clock, about, lambda: self._stop, lane)

    async def _run(self, ready: asyncio.Event) -> None:
        house: Any = SimpleNamespace(
            engine=self.engine,
            clock=self.clock,
            store=self.store,
            venue=PaperVenue(0, MemoryPaperLog(), settings=LIVE_VENUE),
            keeper=UNCONTESTED,
        )
        async with public_http() as http:
            self.present = Present(
                self._settings, house, clients_of(self._settings, http), self._trader, self.said.append
            )
            at, driver = self.clock.now(), self.present.driver
            self.engine.tape_to(self.tape.add, at)
            driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", CAPITAL), at)
            ranked = tuple(RankedWallet(wallet, n) for n, wallet in enumerate(self._wallets, start=1))
            driver.handle_now(RankingPublished(Ranking(at, "soak", ranked)), at)
            ready.set()
            await self.present.run()

    async def during(self, story: Callable[["Trading"], Awaitable[None]]) -> None:
        """Trade while the story is told; what breaks either ends both."""
        ready = asyncio.Event()
        running = asyncio.ensure_future(self._run(ready))
        waiting = asyncio.ensure_future(ready.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        telling = asyncio.ensure_future(self._told(story, running))
        try:
            await asyncio.wait((running, telling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop = True
            if running.done():
                telling.cancel()
            ended = await asyncio.gather(running, telling, return_exceptions=True)
        for error in ended:
            if error is not None and not isinstance(error, Stopped | asyncio.CancelledError):
                raise error

    async def _told(self, story: Callable[["Trading"], Awaitable[None]], running: "asyncio.Future[None]") -> None:
        if not running.done():
            await story(self)
            self.present.driver.flush()

    # ------------------------------------------------------------------ what a story asks

    @property
    def doing(self) -> dict[str, str]:
        """Which source does which job."""
        return dict(self.present.roles.doing())

    def decisions(self) -> list[Decision]:
        """Every decision stored so far."""
        return self.store.decisions

    async def until(self, seen: Callable[[], object], within_s: float) -> bool:
        """Wait for something to come true; False when it has not within this time."""
        ends = time.monotonic() + within_s
        while not seen():
            if time.monotonic() >= ends:
                return False
            await asyncio.sleep(0.02)
        return True

    def received(self) -> dict[str, int]:
        """Frames read so far by channel, pongs of the activity stream among them."""
        streams = self.present.streams
        assert streams.rtds is not None
        assert streams.market is not None
        pool = streams.rtds.pool
        return {"rtds": 0 if pool is None else pool.frames, "market": streams.market.counts.backlog.frames}

    def forget_delays(self) -> None:
        """Count delays from now on: what was slow while everything was made ready is no figure of the load."""
        self.present.driver.decided, self.present.lag = Quantiles(), Quantiles()
