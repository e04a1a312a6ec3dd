"""Paper trading on the live venue's public data: the last hours first, then poll after poll until somebody stops it."""

import asyncio
import random
import time
from collections.abc import Callable

from msgspec import Struct

from fargate.compose import House
from fargate.trader import Trader
from shared.adapters.polymarket.clob_public import ClobPublic
from shared.adapters.polymarket.data_api import DataApi
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.http import HttpSettings, PublicHttp
from shared.adapters.polymarket.normal import frame_of, market_of, payouts_of, trade_of
from shared.adapters.polymarket.poll_feed import Heard, PollFeed
from shared.adapters.polymarket.wire import ActivityRow
from shared.adapters.replay.recording import Recording, TapePrints
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.market import Market
from shared.domain.messages import Event, FeedHealth, MarketListed, MarketResolved, RankingPublished, WhaleTrade
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.detection import Deliveries
from shared.settings import Settings

LIVE_SOURCES = frozenset({"activity", "trades"})
"""Sources of trades happening now: where market data is missing, they are not copied."""
LEADERS = 50
PRINTS_KNOWN_NS = 10 * MINUTE
VENUE_LAG_NS = 45 * SECOND
"""Public prints are heard up to this much late (polymarket.md 5.5: polling p90); the paper venue waits for them."""

Say = Callable[[str], None]


class Polling(Struct, frozen=True):
    """How often the venue is asked, for how long it may be silent before entries stop, and how one request is made."""

    every_s: float = 3.0
    down_after_ns: int = MINUTE
    http: HttpSettings = HttpSettings()


class LiveRun:
    """One live run around a driver that has not begun yet."""

    def __init__(
        self, settings: Settings, house: House, trader: Trader, say: Say, polling: Polling | None = None
    ) -> None:
        self._polling = polling or Polling()
        self._settings = settings
        self._house = house
        self._trader = trader
        self._driver = trader.driver
        self._say = say
        self._prints = Deliveries(PRINTS_KNOWN_NS)
        self._seq = 0
        self._answered_at = 0
        self._down = False

    async def run(self) -> None:
        """Backfill, then poll; ends by the trader's ``Stopped``. ``Temporary`` when the first answers do not come."""
        venue = self._settings.venue
        async with PublicHttp(
            clock=time.monotonic_ns, sleep=asyncio.sleep, jitter=random.random, settings=self._polling.http
        ) as http:
            data = DataApi(http, nonce=time.time_ns, base_url=venue.data_api_url)
            gamma = Gamma(http, nonce=time.time_ns, base_url=venue.gamma_url)
            clob = ClobPublic(http, base_url=venue.clob_url)
            wallets = await self._wallets(data)
            feed = PollFeed(data, gamma, clob, wallets, self._house.clock.now)
            await self._backfill(feed)
            await self._poll(feed)

    async def _wallets(self, data: DataApi) -> list[str]:
        """The month's leaders by profit, and the wallets pinned by hand."""
        page = await data.leaderboard("month", "PNL", LEADERS)
        wallets = [row.wallet for row in page.rows]
        return list(dict.fromkeys([*self._settings.copy.pinned_wallets, *wallets]))

    # ------------------------------------------------------------------ the past

    async def _backfill(self, feed: PollFeed) -> None:
        now = self._house.clock.now()
        hours = self._settings.copy.backfill_hours
        self._say(f"reading the last {hours} h of {len(feed.wallets)} wallets")
        said = [time.monotonic()]

        def progress(done: int, rows: int) -> None:
            self._trader.check()
            if time.monotonic() - said[0] >= 2.0:
                said[0] = time.monotonic()
                self._say(f"  {done} of {len(feed.wallets)} wallets, {rows:,} rows")

        rows = await feed.backfill((now - hours * HOUR) // SECOND, progress)
        self._say(f"{len(rows):,} rows of activity")
        pinned = self._settings.copy.pinned_wallets
        ranked = tuple(RankedWallet(w, n, pinned=w in pinned) for n, w in enumerate(feed.wallets, start=1))
        start = max(now - hours * HOUR, self._house.resume_at())
        publish = RankingPublished(Ranking(start, "leaderboard", ranked))
        self._driver.engine.warm(Event(0, now - hours * HOUR, now, "driver", publish))
        trades = [row for row in rows if row.type == "TRADE"]
        if trades:
            self._house.lake.write(f"bronze/activity/{now}.parquet", frame_of(rows).to_arrow())
            await self._replay_past(feed, trades, start, now)
        else:
            self._begin(start)

    def _begin(self, start: int) -> None:
        self._driver.recover(self._house.records, start)
        if not self._house.records:
            self._trader.deposit(self._trader.about.capital, start)

    async def _replay_past(self, feed: PollFeed, trades: list[ActivityRow], start: int, now: int) -> None:
        """Run the past through the engine as a recording: warm up to where an earlier life stopped, trade the rest."""
        engine, driver = self._driver.engine, self._driver
        recording = Recording(frame_of(trades), seed=0, source="backfill")
        found = await feed.markets(recording.markets)
        known: dict[str, Market] = {market.condition_id: market_of(market) for market in found}
        for at, market in recording.listings(known):
            engine.warm(Event(0, min(at, start), at, "driver", MarketListed(market)))
        events = iter(recording.events())
        rest = [event for event in events if event.observed_at <= now]
        late = next((i for i, event in enumerate(rest) if event.observed_at > start), len(rest))
        for event in rest[:late]:
            engine.warm(event)
        for gamma in found:
            paid, resolved_at = payouts_of(gamma), gamma.closed_ns or gamma.end_ns
            if paid is None or resolved_at is None:
                continue
            resolved = MarketResolved(gamma.condition_id, paid)
            if resolved_at <= start:
                engine.warm(Event(0, start, resolved_at, "driver", resolved))
            else:
                driver.schedule(resolved, min(resolved_at, now))
        self._begin(start)
        self._trader.progress = f"catching up on {len(rest) - late:,} rows"
        self._say(f"trading {len(rest) - late:,} of them on paper")
        driver.play(rest[late:], TapePrints(recording))
        # What open orders have been shown here must not fill them again when polls bring it once more.
        shown = rest[-1].observed_at if rest else start
        for row in trades:
            if row.timestamp_s * SECOND <= shown:
                self._prints.is_new(trade_of(row, 0), "activity", now)

    # ------------------------------------------------------------------ the present

    async def _poll(self, feed: PollFeed) -> None:
        """Poll after poll. A poll that fails is told after a while, and trading waits until one succeeds."""
        driver, trader = self._driver, self._trader
        driver.venue_lag_ns = VENUE_LAG_NS
        self._answered_at = self._house.clock.now()
        self._say("live: polling")
        while True:
            began = time.monotonic()
            execution, desk = driver.engine.desk.execution, driver.engine.desk
            watched = list(dict.fromkeys([*desk.positions, *execution.open_by_market]))
            try:
                self._take(await feed.poll(watched, list(execution.open_by_market)))
            except Temporary as error:
                self._silent(str(error))
            now = max(self._house.clock.now(), driver.now)
            driver.catch_up(now)
            trader.progress = f"live: poll {feed.deliveries}, {feed.refused} rows refused"
            while True:
                trader.tick(max(self._house.clock.now(), driver.now))
                left = self._polling.every_s - (time.monotonic() - began)
                if left <= 0:
                    break
                await asyncio.sleep(min(left, 0.2))

    def _take(self, heard: list[Heard]) -> None:
        """Hand a delivery to the venue and the engine, observed now."""
        now = max(self._house.clock.now(), self._driver.now)
        self._answered_at = now
        if self._down:
            self._down = False
            self._trader.feeds["polling"] = "ok"
            self._driver.handle_now(FeedHealth("polling", healthy=True, reason="answers again"), now)
        for fact in heard:
            if isinstance(fact.payload, WhaleTrade) and self._prints.is_new(fact.payload, fact.source, now):
                self._driver.show_print(fact.payload, fact.venue_at)
        for fact in heard:
            self._seq += 1
            self._driver.take(Event(self._seq, now, min(fact.venue_at, now), fact.source, fact.payload))

    def _silent(self, error: str) -> None:
        now = max(self._house.clock.now(), self._driver.now)
        if not self._down and now - self._answered_at >= self._polling.down_after_ns:
            self._down = True
            self._trader.feeds["polling"] = error[:120]
            self._say(f"the venue is silent: {error}")
            self._driver.handle_now(FeedHealth("polling", healthy=False, reason=error), now)
