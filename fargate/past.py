"""The past of a live run: the last hours of the watched wallets are read, learnt from, and traded as they would have
been, so that a run does not begin blind.
"""

import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from fargate.compose import House
from fargate.starting import Starting
from fargate.trader import Trader
from shared.adapters.polymarket.normal import frame_of, market_of, payouts_of
from shared.adapters.polymarket.poll_feed import PollFeed
from shared.adapters.polymarket.wire import ActivityRow
from shared.adapters.replay.recording import Recording, TapePrints
from shared.domain.instants import HOUR, SECOND
from shared.domain.market import Market
from shared.domain.messages import Event, MarketListed, MarketResolved, RankingPublished
from shared.domain.whale import Ranking
from shared.research.driver import Driver

Say = Callable[[str], None]


class Dealt(Struct, frozen=True):
    """Where the past ended: up to when it was read (nanoseconds), and the transactions the venue was shown."""

    until: int
    shown: tuple[str, ...] = ()


class Past:
    """Around a synchronous driver that has not begun yet."""

    def __init__(self, house: House, trader: Trader[Driver], say: Say, hours: int) -> None:
        self._house = house
        self._trader = trader
        self._driver = trader.driver
        self._say = say
        self._hours = hours
        self._starting = Starting(house.views, house.live, house.gauges, house.clock)

    async def deal(self, feed: PollFeed, watch: Ranking, ranked_at: int) -> Dealt:
        """Read the past of the watched wallets and trade it; what came before the ranking (``ranked_at``) is only
        learnt from, because who is on the list was decided knowing it.
        """
        now = self._house.clock.now()
        self._say(f"reading the last {self._hours} h of {len(feed.wallets)} wallets")
        said = [time.monotonic()]

        def progress(done: int, rows: int) -> None:
            self._trader.check()
            self._beat(f"reading the past: {done} of {len(feed.wallets)} wallets")
            if time.monotonic() - said[0] >= 2.0:
                said[0] = time.monotonic()
                self._say(f"  {done} of {len(feed.wallets)} wallets, {rows:,} rows")

        rows = await feed.backfill((now - self._hours * HOUR) // SECOND, progress)
        self._say(f"{len(rows):,} rows of activity")
        start = min(max(now - self._hours * HOUR, self._house.resume_at(), ranked_at), now)
        self._driver.engine.warm(Event(0, now - self._hours * HOUR, now, "driver", RankingPublished(watch)))
        trades = [row for row in rows if row.type == "TRADE"]
        if not trades:
            self._begin(start)
            return Dealt(now)
        self._house.lake.write(f"bronze/backfill/{now}.parquet", frame_of(rows).to_arrow())
        shown = await self._replay(feed, trades, start, now)
        return Dealt(now, tuple(dict.fromkeys(row.tx_hash for row in trades if row.timestamp_s * SECOND <= shown)))

    def _beat(self, progress: str) -> None:
        """It lives: for whoever asks the task, and for whoever looks at the tables."""
        self._trader.health.beat(progress)
        self._starting.show(progress)

    def _begin(self, start: int) -> None:
        self._driver.recover(self._house.records, start)
        self._trader.health.recovered()
        if not self._house.records:
            self._trader.deposit(self._trader.about.capital, start)

    async def _replay(self, feed: PollFeed, trades: Sequence[ActivityRow], start: int, now: int) -> int:
        """Run the past through the engine as a recording: warm up to where an earlier life stopped, trade the rest.

        Returns up to when the venue has been shown its prints (nanoseconds).
        """
        engine, driver = self._driver.engine, self._driver
        recording = Recording(frame_of(trades), seed=0, source="backfill")
        self._beat(f"asking for {len(recording.markets)} markets")
        found = await feed.markets(recording.markets)
        self._beat(f"learning from {len(trades):,} trades")
        known: dict[str, Market] = {market.condition_id: market_of(market) for market in found}
        for at, market in recording.listings(known):
            engine.warm(Event(0, min(at, start), at, "driver", MarketListed(market)))
        rest = [event for event in recording.events() if event.observed_at <= now]
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
        return rest[-1].observed_at if rest else start
