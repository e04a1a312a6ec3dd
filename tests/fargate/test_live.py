"""The live run against the local venue, in one process: what is heard, what the venue's silence does, how it ends."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from fargate.leased import UNCONTESTED
from fargate.live import LiveRun
from fargate.present import LIVE_SOURCES
from fargate.schedule import Schedule
from fargate.streams import Tempo
from fargate.trader import Stopped
from shared.adapters.clock import SystemClock
from shared.adapters.discovery.rankings import Published
from shared.adapters.feeds.market_data import Patience
from shared.adapters.paper.orders import SettlementSettings, VenueSettings
from shared.adapters.polymarket.http import HttpSettings
from shared.adapters.polymarket.polling import PollingSettings
from shared.domain.decision import Reason
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, MILLISECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.money import dollars
from shared.domain.order import Purpose
from shared.domain.whale import RankedWallet, Ranking
from shared.settings import read_settings
from tests.exchange.faults import broken, slow
from tests.exchange.server import LocalVenue
from tests.fargate.fakes import Life
from tests.fargate.live_world import CROWD, LEADER, TOKENS, furnish, trade

FAST = Tempo(
    http=HttpSettings(attempts=1),
    polling=PollingSettings(every_s=0.05, down_after_s=0.25, watch_every_s=0.05),
    patience=Patience(hold_s=0.3, retry_s=0.05),
)
QUICK_VENUE = VenueSettings(
    books=True,
    settlement=SettlementSettings(enabled=True, mined_min_ns=0, mined_max_ns=50 * MILLISECOND, confirmed_ns=0),
)
"""Executions are on the chain at once, and all of them."""
NO_STREAMS = dict.fromkeys(("RTDS_URL", "CLOB_WS_URL", "BINANCE_URL", "COINBASE_URL"), "off")
PATIENCE_S = 10.0


class Shelf:
    """A lake that remembers what was written to it."""

    def __init__(self) -> None:
        self.tables: dict[str, pa.Table] = {}

    def write(self, key: str, table: pa.Table) -> None:
        self.tables[key] = table


def published(run: str, *wallets: str, hours_ago: float = 12.0) -> Published:
    """A ranking in force: these wallets, best first."""
    ranked = tuple(RankedWallet(wallet, rank, 100, 10_000_000) for rank, wallet in enumerate(wallets, start=1))
    return Published(run, Ranking(time.time_ns() - round(hours_ago * HOUR), "scored", ranked))


class Run:
    """A live run on a local venue, and the story a test tells it. ``ranking``: what is published; ``ranks``: what one
    round of ranking does.
    """

    def __init__(self, venue: LocalVenue, records: list[Any], ranking: Published | None) -> None:
        self.stop = False
        self.said: list[str] = []
        self.ranking = ranking
        self.ranks: asyncio.Future[Callable[[], str]] = asyncio.get_running_loop().create_future()
        self.life = Life(stopping=lambda: self.stop, strict=LIVE_SOURCES)
        self.shelf = Shelf()
        house: Any = SimpleNamespace(
            engine=self.life.driver.engine,
            store=self.life.store,
            venue=self.life.driver.venue,
            clock=SystemClock(),
            records=records,
            lake=self.shelf,
            resume_at=lambda: 0,
            keeper=UNCONTESTED,
            views=self.life.board,
            live={"equity": 7},
            gauges=None,
        )
        urls = {"DATA_API_URL": venue.data_url, "GAMMA_URL": venue.gamma_url, "CLOB_URL": venue.clob_url}
        settings = read_settings({**urls, **NO_STREAMS})
        self.life.driver.tick_every = 1
        self.life.driver.on_tick = self.life.trader.tick
        schedule = Schedule(lambda: self.ranking, self._rank, self.said.append, 24 * HOUR, look_every_s=0.05)
        self.run = LiveRun(settings, house, self.life.trader, self.said.append, schedule, FAST, QUICK_VENUE)

    async def _rank(self) -> str:
        return (await asyncio.shield(self.ranks))()

    @property
    def followed(self) -> dict[str, bool]:
        """Whose trades are heard, and whether they are copied."""
        return {wallet: whale.entries for wallet, whale in self.life.driver.engine.detection.whales.items()}

    @property
    def reasons(self) -> dict[Reason, int]:
        return self.life.driver.engine.decisions

    async def until(self, seen: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < deadline, (self.reasons, self.said)
            await asyncio.sleep(0.02)


Story = Callable[[LocalVenue, Run], Coroutine[Any, Any, None]]


def lived(
    story: Story, records: list[Any] | None = None, ranked: tuple[str, ...] | None = (LEADER,), hours_ago: float = 12.0
) -> Run:
    """Tell the story beside the run, then stop it. ``ranked``: who was published before it; None: nothing was."""

    async def body() -> Run:
        async with LocalVenue(clock=time.time, limits={}) as venue:
            furnish(venue.content)
            run = Run(
                venue, records or [], None if ranked is None else published("before", *ranked, hours_ago=hours_ago)
            )
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
    await run.until(lambda: "whales is back: activity: the venue answers" in run.said)


def test_a_new_trade_is_copied_once_however_often_it_is_polled() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons.get(Reason.COPIED) == 1)
        polls = len(venue.requests)
        await run.until(lambda: len(venue.requests) > polls + 15)

    run = lived(story)
    assert run.reasons == {Reason.COPIED: 1}
    assert run.life.driver.engine.counts.whale_trades == 1
    assert len(run.life.driver.engine.desk.books.orders) == 1


def test_a_copy_is_filled_from_the_book_that_polling_brings_and_no_size_twice() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.books[TOKENS[0]] |= {"asks": [{"price": "0.50", "size": "40"}]}
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons)
        await run.until(lambda: run.life.driver.engine.desk.books.fills)
        polls = len(venue.requests)
        await run.until(lambda: len(venue.requests) > polls + 15)

    books = lived(story).life.driver.engine.desk.books
    (order,) = books.orders.values()
    assert (books.fills, order.filled) == (1, 40_000_000)


def test_books_of_what_we_hold_are_read_while_no_stream_brings_them() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        present = run.run.present
        assert present is not None
        present.books_every_s = 0.05
        venue.content.add_rows([trade(1, time.time())])
        await run.until(run.life.driver.engine.desk.open_positions)
        venue.content.books[TOKENS[0]] |= {"bids": [{"price": "0.48", "size": "70"}]}
        book = run.life.driver.engine.filters.books[TOKENS[0]]
        await run.until(lambda: book.best_bid == 480_000)
        venue.fail("clob/books", broken())
        venue.content.books[TOKENS[0]] |= {"bids": [{"price": "0.47", "size": "70"}]}
        await run.until(lambda: book.best_bid == 470_000)

    lived(story)


def test_the_books_are_compared_with_the_venues_and_equal_after_a_fill_has_settled() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        present = run.run.present
        assert present is not None
        rounds = present.driver.rounds
        await run.until(lambda: rounds.equal_at)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: settled(run))
        rounds.due_at, done = 0, rounds.done
        await run.until(lambda: rounds.done > done)
        assert rounds.findings == ()

    run = lived(story)
    assert run.life.driver.engine.desk.risk.trading
    assert "venue" not in run.life.driver.engine.desk.risk.feeds_down


def settled(run: "Run") -> bool:
    """Whether there are executions and all of them are on the chain."""
    booked = run.life.driver.engine.desk.books.booked.values()
    return bool(booked) and all(one.status is SettlementStatus.CONFIRMED for one in booked)


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
        down = run.life.driver.engine.desk.risk.feeds_down
        await run.until(lambda: not down)
        venue.fail("data/v2/activity", *[broken()] * 400)
        await run.until(lambda: {"activity", "whales", "books"} <= down.keys())
        await run.until(lambda: "no answer for" in run.run.trader.feeds.get("whales", ""))
        venue._faults.clear()
        await run.until(lambda: not down)
        await run.until(lambda: "whales" not in run.run.trader.feeds)

    heads = [line.partition(":")[0] for line in lived(story).said]
    assert [head for head in heads if head.split(" is ")[0] in ("activity", "whales", "books")] == [
        *("whales is back", "books is back"),
        *("activity is down", "whales is down", "books is down"),
        *("activity is back", "whales is back", "books is back"),
    ]


def test_while_the_feed_is_down_entries_are_refused_with_that_reason() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        await run.until(lambda: not run.life.driver.engine.desk.risk.feeds_down)
        run.life.driver.engine.desk.risk.feeds_down["whales"] = "away"
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
    assert "live: hearing the streams" not in run.said
    assert run.life.driver.now == 0


# ---------------------------------------------------------------------- who is followed


def test_before_anything_is_published_leaders_are_watched_and_after_it_the_ranked_are_copied() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        assert run.followed == {LEADER: False}
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons == {Reason.NOT_RANKED: 1})

        def rank() -> str:
            run.ranking = published("first", LEADER)
            return "ranked"

        run.ranks.set_result(rank)
        await run.until(lambda: run.followed == {LEADER: True})
        venue.content.add_rows([trade(2, time.time())])
        await run.until(lambda: run.reasons.get(Reason.COPIED) == 1)

    run = lived(story, ranked=None)
    assert run.said.count("nobody is ranked yet: watching 1 wallets without copying them") == 1
    assert any(line.startswith("following 1 wallets of the ranking of ") for line in run.said)


def test_a_new_publication_changes_who_is_followed_and_polled_without_a_restart() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        assert run.followed == {LEADER: True}
        run.ranking = published("second", CROWD)
        await run.until(lambda: run.followed == {CROWD: True})
        venue.content.add_rows([trade(1, time.time()), trade(2, time.time(), proxy_wallet=CROWD)])
        await run.until(lambda: run.reasons.get(Reason.COPIED))
        polls = len(venue.requests)
        await run.until(lambda: len(venue.requests) > polls + 15)

    run = lived(story)
    assert {order.source for order in run.life.driver.engine.desk.books.orders.values()} == {CROWD}
    assert sum(run.reasons.values()) == 1


def test_who_leaves_the_list_is_followed_out_of_what_it_brought_us() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons.get(Reason.COPIED) == 1)
        await run.until(lambda: settled(run))
        run.ranking = published("second", CROWD)
        await run.until(lambda: run.followed == {CROWD: True, LEADER: False})
        venue.content.add_rows([trade(3, time.time(), side="SELL")])
        await run.until(lambda: Purpose.EXIT in purposes(run))

    def purposes(run: Run) -> list[Purpose]:
        orders = run.life.driver.engine.desk.books.orders.values()
        return [order.purpose for order in orders if order.source == LEADER]

    assert purposes(lived(story)) == [Purpose.ENTRY, Purpose.EXIT]


def test_a_ranking_that_fails_leaves_the_old_list_and_says_so() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        def rank() -> str:
            raise Temporary("the venue named no candidate wallet")

        run.ranks.set_result(rank)
        await polling(run)
        await run.until(lambda: any("no new ranking" in line for line in run.said))
        assert run.followed == {LEADER: True}
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons.get(Reason.COPIED) == 1)

    said = lived(story, hours_ago=48).said
    assert "no new ranking: the venue named no candidate wallet; the list in force stays" in said


def test_a_ranking_that_follows_nobody_watches_the_leaders_and_copies_nobody() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons)

    run = lived(story, ranked=())
    assert run.reasons == {Reason.NOT_RANKED: 1}
    assert any("follows nobody: watching 1 wallets" in line for line in run.said)


def test_what_happened_before_the_ranking_is_learnt_from_and_not_traded() -> None:
    async def with_past(venue: LocalVenue, run: Run) -> None:
        venue.content.add_rows([trade(n, time.time() - 3600 + 90 * n) for n in range(5)])
        await polling(run)

    run = lived(with_past, hours_ago=0.1)
    assert run.reasons == {}
    assert run.life.driver.engine.detection.whales[LEADER].seen == 5
