"""The live run against the local venue, in one process: what is heard, what the venue's silence does, how it ends."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from fargate.live import LIVE_SOURCES, LiveRun, Polling
from fargate.trader import Stopped
from shared.adapters.clock import SystemClock
from shared.adapters.polymarket.http import HttpSettings
from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.money import dollars
from shared.settings import read_settings
from tests.exchange.faults import broken, slow
from tests.exchange.server import LocalVenue
from tests.fargate.fakes import Life
from tests.fargate.live_world import CROWD, furnish, trade

FAST = Polling(0.05, SECOND // 4, HttpSettings(attempts=1))
PATIENCE_S = 10.0


class Shelf:
    """A lake that remembers what was written to it."""

    def __init__(self) -> None:
        self.tables: dict[str, pa.Table] = {}

    def write(self, key: str, table: pa.Table) -> None:
        self.tables[key] = table


class Run:
    """A live run on a local venue, and the story a test tells it."""

    def __init__(self, venue: LocalVenue, records: list[Any]) -> None:
        self.stop = False
        self.said: list[str] = []
        self.life = Life(stopping=lambda: self.stop, strict=LIVE_SOURCES)
        self.shelf = Shelf()
        house: Any = SimpleNamespace(clock=SystemClock(), records=records, lake=self.shelf, resume_at=lambda: 0)
        settings = read_settings(
            {"DATA_API_URL": venue.data_url, "GAMMA_URL": venue.gamma_url, "CLOB_URL": venue.clob_url}
        )
        self.life.driver.tick_every = 1
        self.life.driver.on_tick = self.life.trader.tick
        self.run = LiveRun(settings, house, self.life.trader, self.said.append, FAST)

    @property
    def reasons(self) -> dict[Reason, int]:
        return self.life.driver.engine.decisions

    async def until(self, seen: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < deadline, (self.reasons, self.said)
            await asyncio.sleep(0.02)


def lived(story: Callable[[LocalVenue, Run], Coroutine[Any, Any, None]], records: list[Any] | None = None) -> Run:
    """Tell the story beside the run, then stop it."""

    async def body() -> Run:
        async with LocalVenue(clock=time.time, limits={}) as venue:
            furnish(venue.content)
            run = Run(venue, records or [])
            running = asyncio.ensure_future(run.run.run())
            telling = asyncio.ensure_future(story(venue, run))
            await asyncio.wait((running, telling), return_when=asyncio.FIRST_COMPLETED)
            run.stop = True
            ended = (await asyncio.gather(running, telling, return_exceptions=True))[::-1]
            for error in ended:
                if error is not None and not isinstance(error, Stopped):
                    raise error
            assert isinstance(ended[1], Stopped)
            return run

    return asyncio.run(body())


async def polling(run: Run) -> None:
    await run.until(lambda: "live: polling" in run.said)


def test_a_new_trade_is_copied_once_however_often_it_is_polled() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons.get(Reason.COPIED) == 1)
        polls = len(venue.requests)
        await run.until(lambda: len(venue.requests) > polls + 15)

    run = lived(story)
    assert run.reasons == {Reason.COPIED: 1}
    assert run.life.driver.engine.counts.duplicates >= 3
    assert len(run.life.driver.engine.desk.books.orders) == 1


def test_a_later_print_of_somebody_else_fills_the_copy_and_is_used_once() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons.get(Reason.COPIED) == 1)
        venue.content.add_rows([trade(2, time.time() + 2, proxy_wallet=CROWD, size=40.0)])
        await run.until(lambda: run.life.driver.engine.desk.books.fills)
        polls = len(venue.requests)
        await run.until(lambda: len(venue.requests) > polls + 15)

    books = lived(story).life.driver.engine.desk.books
    (order,) = books.orders.values()
    assert (books.fills, order.filled) == (1, 40_000_000)


def test_what_happened_before_is_traded_as_a_recording_and_kept_in_the_lake() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)

    async def with_past(venue: LocalVenue, run: Run) -> None:
        venue.content.add_rows([trade(n, time.time() - 3600 + 90 * n) for n in range(5)])
        await story(venue, run)

    run = lived(with_past)
    assert sum(run.reasons.values()) == 5
    assert run.reasons[Reason.COPIED] >= 1
    assert [table.num_rows for table in run.shelf.tables.values()] == [5]
    assert run.life.driver.engine.desk.books.balance("deposits") == -dollars(10_000)


def test_a_silent_venue_halts_entries_and_an_answer_lifts_the_halt() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.fail("data/v2/activity", *[broken()] * 400)
        await run.until(lambda: "polling" in run.life.driver.engine.desk.risk.feeds_down)
        assert run.life.trader.feeds["polling"].startswith("no poll was answered; the first: ")
        venue._faults.clear()
        await run.until(lambda: not run.life.driver.engine.desk.risk.feeds_down)
        assert run.life.trader.feeds["polling"] == "ok"

    names = [alert.name for alert in lived(story).life.driver.alerts]
    assert names[:2] == ["feed_down", "feed_up"]


def test_while_the_feed_is_down_entries_are_refused_with_that_reason() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        run.life.driver.engine.desk.risk.feeds_down["other"] = "away"
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons)

    assert lived(story).reasons == {Reason.HALTED_FEED: 1}


def test_a_market_that_gamma_does_not_know_is_not_copied() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        venue.content.markets = []
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons)

    assert lived(story).reasons == {Reason.MARKET_UNKNOWN: 1}


def test_a_trade_without_a_book_is_skipped_for_unknown_depth() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        venue.content.books = {}
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons)

    assert lived(story).reasons == {Reason.DEPTH_UNKNOWN: 1}


def test_a_sale_of_what_we_do_not_hold_is_skipped() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.add_rows([trade(1, time.time() - 25), trade(2, time.time() - 25, side="SELL")])
        await run.until(lambda: sum(run.reasons.values()) == 2)

    assert lived(story).reasons == {Reason.COPIED: 1, Reason.NO_SLEEVE: 1}


def test_a_stop_during_the_backfill_is_heard() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        venue.fail("data/v2/activity", slow(0.5))
        await run.until(lambda: any(line.startswith("reading the last") for line in run.said))

    run = lived(story)
    assert "live: polling" not in run.said
    assert run.life.driver.now == 0
