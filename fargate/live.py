"""Paper trading on the live venue's public data: the last hours first, then the present, until somebody stops it."""

from collections.abc import Callable, Iterable
from typing import Any

from fargate.async_driver import AsyncDriver
from fargate.compose import LIVE_VENUE, House
from fargate.condition import Component
from fargate.lanes import Lane
from fargate.past import Dealt, Past
from fargate.present import Present
from fargate.schedule import Schedule, held_sources, said_of, watch_list
from fargate.streams import Clients, Tempo, clients_of, public_http
from fargate.trader import Trader
from shared.adapters.paper.orders import VenueSettings
from shared.adapters.polymarket.poll_feed import PollFeed
from shared.domain.instants import SECOND
from shared.domain.messages import RankingPublished
from shared.domain.whale import Ranking
from shared.engine.changes import pinned_in
from shared.research.driver import Driver
from shared.settings import Settings

LEADERS = 50
OVERLAP_NS = 30 * SECOND
"""The present asks for this much of the past once more: rows appear late and out of order."""

PAST = "past"
"""The component that says how far we are with the past: nobody enters now while it is dealt with."""

Say = Callable[[str], None]


class LiveRun:
    """One live run. ``trader`` is the housekeeping of the past, and then of the present; ``venue`` says how unkind the
    paper venue of the present is.
    """

    def __init__(
        self,
        settings: Settings,
        house: House,
        trader: Trader[Driver],
        say: Say,
        schedule: Schedule,
        tempo: Tempo | None = None,
        venue: VenueSettings = LIVE_VENUE,
    ) -> None:
        self.trader: Trader[Any] = trader
        self.present: Present | None = None
        self._tempo = tempo or Tempo()
        self._venue = venue
        self._schedule = schedule
        self._leaders: list[str] = []
        self._settings = settings
        self._house = house
        self._before = trader
        self._say = say

    async def run(self) -> None:
        """Ends by the trader's ``Stopped``. ``Temporary`` when the first answers do not come."""
        async with public_http(self._tempo.http) as http:
            clients = clients_of(self._settings, http)
            ranked = self._schedule.latest()
            parts = self._before.health.components
            parts[PAST] = lambda: Component(False, self._before.progress, needed=True)
            dealt = await self._past(clients, ranked)
            del parts[PAST]
            # Of the past there are no books, only prints; from now on the venue fills from books alone.
            self._house.venue = self._house.venue.reopened(self._venue)
            present = Present(self._settings, self._house, clients, self._trader_of, self._say, self._tempo)
            present.driver.now = self._before.driver.now
            present.driver.schedule(self._before.driver.hand_over())
            present.hearing.printed(dealt.shown)
            present.streams.polling.backfill_since(dealt.until - OVERLAP_NS)
            self.present = present
            # What resolved before the ranking is in its record: after the past was read, the record is put right.
            self._follow(present.driver, ranked)
            self._say("live: hearing the streams")
            await present.run(self._schedule.run(lambda found: self._follow(present.driver, found)))

    async def _past(self, clients: Clients, ranked: Ranking | None) -> Dealt:
        if ranked is None or not ranked.wallets:
            page = await clients.data.leaderboard("month", "PNL", LEADERS)
            self._leaders = [row.wallet for row in page.rows]
        # What people have pinned is known to the engine once it has recovered; the past is read before that.
        watch = self._watch(ranked, self._house.clock.now(), pinned_in(self._house.records))
        wallets = [one.wallet for one in watch.wallets]
        feed = PollFeed(clients.data, clients.gamma, clients.clob, wallets, self._house.clock.now)
        past = Past(self._house, self._before, self._say, self._settings.copy.backfill_hours)
        return await past.deal(feed, watch, 0 if ranked is None else ranked.as_of)

    def _trader_of(self, driver: AsyncDriver, lane: Lane) -> Trader[AsyncDriver]:
        """The same housekeeping around the driver of the present."""
        self.trader = made = self._before.again(driver, lane)
        return made

    # ------------------------------------------------------------------ who is followed

    def _watch(self, ranked: Ranking | None, at: int, by_hand: Iterable[str] = ()) -> Ranking:
        known = self._house.engine.detection.whales
        held = held_sources(self._house.records)
        return watch_list(ranked, (*self._settings.copy.pinned_wallets, *by_hand), self._leaders, held, known, at)

    def _follow(self, driver: AsyncDriver, ranked: Ranking | None) -> None:
        """Follow this ranking from now on; who left it stays watched as long as we hold what it brought us."""
        now = max(self._house.clock.now(), driver.now)
        watch = self._watch(ranked, now)
        driver.handle_now(RankingPublished(watch), now)
        self._schedule.tell_voices(driver.handle_now, now)
        self.trader.ranked = {one.wallet: one for one in watch.wallets}
        self._say(said_of(watch, ranked))
