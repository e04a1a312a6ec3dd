"""Polling as a feed: turns, once each, health, and standing in for the fast source; no wait is longer than a blink."""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from shared.adapters.polymarket.http import HttpSettings
from shared.adapters.polymarket.poll_feed import Heard as Polled
from shared.adapters.polymarket.poll_feed import PollFeed
from shared.adapters.polymarket.polling import PollingFeed, PollingSettings
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, SECOND
from shared.domain.messages import FeedHealth, FeedNotice, MarketListed, NoticeKind, WhaleTrade
from shared.domain.order import Side
from shared.engine.detection import Deliveries
from shared.ports import Heard
from tests.exchange.faults import broken
from tests.shared.adapters.polymarket.venue import START_S, WALLET, World, run, trade, world
from tests.shared.adapters.sockets.fakes import running, until

QUICK = PollingSettings(every_s=0.01, at_once=2, down_after_s=0.05, watch_every_s=0.01)
NOW = START_S * SECOND


def _row(tx: str = "0xa", source: str = "activity", delivery: int = 0) -> Polled:
    payload = WhaleTrade(WALLET, "0xc", "1", Side.BUY, 400_000, 1_000_000, tx, delivery)
    return Polled(NOW - SECOND, source, payload)


class FakePoller:
    """Answers what the test prepared; ``down`` makes every poll fail."""

    def __init__(self, wallets: Sequence[str] = ("0x1", "0x2", "0x3")) -> None:
        self.wallets = tuple(wallets)
        self.answers = 0
        self.down = False
        self.hangs = False
        self.rows: list[list[Polled]] = []
        self.asked: list[tuple[str, ...]] = []
        self.looked_back: list[int] = []

    def follow(self, wallets: Iterable[str]) -> None:
        self.wallets = tuple(wallets)

    def look_back(self, since_s: int) -> None:
        self.looked_back.append(since_s)

    async def poll(
        self, watched: Sequence[str], waiting: Sequence[str], wallets: Sequence[str] | None = None
    ) -> list[Polled]:
        self.asked.append(tuple(wallets or ()))
        if self.hangs:
            await asyncio.Event().wait()
        if self.down:
            raise Temporary("no poll was answered")
        self.answers += len(wallets or ())
        await asyncio.sleep(0)
        return self.rows.pop(0) if self.rows else []


class Desk:
    def __init__(self, poller: FakePoller | PollFeed, **options: Any) -> None:
        self.heard: list[Heard] = []
        given: dict[str, Any] = {"settings": QUICK, **options}
        self.feed = PollingFeed(poller, lambda: NOW, itertools.count(5), **given)

    def trades(self) -> list[WhaleTrade]:
        return [one.payload for one in self.heard if isinstance(one.payload, WhaleTrade)]

    def health(self) -> list[bool]:
        return [one.payload.healthy for one in self.heard if isinstance(one.payload, FeedHealth)]

    def notices(self) -> list[FeedNotice]:
        return [one.payload for one in self.heard if isinstance(one.payload, FeedNotice)]


def test_wallets_take_turns_and_every_turn_comes_round() -> None:
    async def body() -> None:
        poller = FakePoller()
        desk = Desk(poller)
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: len(poller.asked) >= 4)
        assert poller.asked[:4] == [("0x1", "0x2"), ("0x3",), ("0x1", "0x2"), ("0x3",)]
        assert desk.health() == [True]

    run(body())


def test_rows_of_every_poll_are_heard_once_and_equal_rows_of_one_poll_are_separate_fills() -> None:
    async def body() -> None:
        poller = FakePoller()
        polls = [
            [_row(delivery=1)],
            [_row(delivery=2), _row(delivery=2)],
            [_row(delivery=3)],
            [_row("0xb", delivery=4)],
        ]
        poller.rows = [list(rows) for rows in polls]
        desk, engine = Desk(poller), Deliveries(65 * SECOND)
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: len(poller.asked) > len(polls))
        assert [one.tx for one in desk.trades()] == ["0xa", "0xa", "0xb"]
        assert {one.delivery for one in desk.trades()} == {5}
        assert all(engine.is_new(one, "activity", NOW) for one in desk.trades())
        heard = next(one for one in desk.heard if isinstance(one.payload, WhaleTrade))
        assert (heard.source, heard.received_at, heard.venue_at) == ("activity", NOW, NOW - SECOND)

    run(body())


def test_a_print_is_heard_although_its_wallets_row_was() -> None:
    async def body() -> None:
        poller = FakePoller()
        poller.rows = [[_row(delivery=1), _row(source="trades", delivery=1)]]
        desk = Desk(poller)
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: len(desk.trades()) == 2)
        assert [one.source for one in desk.heard if isinstance(one.payload, WhaleTrade)] == ["activity", "trades"]

    run(body())


def test_a_venue_that_does_not_answer_is_down_and_up_again_when_it_does() -> None:
    async def body() -> None:
        poller = FakePoller()
        desk = Desk(poller)
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: desk.health() == [True])
            poller.down = True
            await until(lambda: desk.health() == [True, False])
            assert not desk.feed.healthy
            poller.down = False
            await until(lambda: desk.health() == [True, False, True])
        lost = [one for one in desk.notices() if one.kind is NoticeKind.LOST]
        assert [one.reason for one in lost] == ["no poll was answered"]

    run(body())


def test_a_poll_that_hangs_is_no_answer() -> None:
    async def body() -> None:
        poller = FakePoller()
        poller.hangs = True
        desk = Desk(poller)
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: desk.health() == [False])
            poller.answers += 1  # one wallet of many answered, the rest take their time
            await until(lambda: desk.health() == [False, True])

    run(body())


def test_after_a_gap_every_wallet_is_asked_without_a_pause() -> None:
    async def body() -> None:
        poller = FakePoller([f"0x{n}" for n in range(7)])
        desk = Desk(poller, settings=PollingSettings(every_s=60.0, at_once=2))
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: len(poller.asked) == 1)
            desk.feed.backfill_since(NOW - 40 * SECOND)
            await until(lambda: len(poller.asked) == 5)
            with suppress(AssertionError):
                await until(lambda: len(poller.asked) > 5, 0.05)
        assert poller.looked_back == [START_S - 41]
        assert len(poller.asked) == 5
        assert {wallet for wallets in poller.asked for wallet in wallets} == set(poller.wallets)

    run(body())


def test_nobody_looks_further_back_than_trades_are_known() -> None:
    poller = FakePoller()
    Desk(poller).feed.backfill_since(NOW - 10 * HOUR)
    assert START_S - 7200 < poller.looked_back[0] < START_S - 7000


def test_a_backfill_from_a_venue_that_is_down_does_not_become_a_storm() -> None:
    async def body() -> None:
        poller = FakePoller()
        poller.down = True
        desk = Desk(poller, settings=PollingSettings(every_s=60.0, at_once=2))
        async with running(desk.feed.run(desk.heard.append)):
            await until(lambda: len(poller.asked) == 1)
            desk.feed.backfill_since(NOW)
            with suppress(AssertionError):
                await until(lambda: len(poller.asked) > 1, 0.05)
        assert len(poller.asked) == 1

    run(body())


# ------------------------------------------------------------------ over HTTP


def _feed(place: World) -> PollFeed:
    return PollFeed(place.data, place.gamma, place.clob, [WALLET], place.time.clock)


def test_over_http_a_gap_is_fetched_and_nothing_is_heard_twice() -> None:
    async def body() -> None:
        async with world() as place:
            recent = [trade(number, timestamp=START_S - 100 + number) for number in range(100)]
            place.venue.content.add_rows(recent)
            desk = Desk(_feed(place))
            async with running(desk.feed.run(desk.heard.append)):
                await until(lambda: desk.feed.polls >= 2)
                first = {one.tx for one in desk.trades()}
                assert first == {f"0x{number:064x}" for number in range(70, 100)}
                desk.feed.backfill_since((START_S - 90) * SECOND)
                await until(lambda: len(desk.trades()) >= 91)
                polls = desk.feed.polls
                await until(lambda: desk.feed.polls >= polls + 3)
            assert len(desk.trades()) == len({one.tx for one in desk.trades()}) == 91
            assert not [one for one in desk.heard if isinstance(one.payload, MarketListed)]

    run(body())


def test_a_first_poll_that_fails_loses_nothing_of_what_it_would_have_got() -> None:
    async def body() -> None:
        settings = HttpSettings(attempts=1)
        async with world(settings=settings) as place:
            place.venue.content.add_rows([trade(1, timestamp=START_S - 25)])
            feed = _feed(place)
            place.venue.fail("data/v2/activity", broken())
            with pytest.raises(Temporary):
                await feed.poll((), ())
            place.time.advance(3600)
            found = [one.payload for one in await feed.poll((), ())]
            assert [one.tx for one in found if isinstance(one, WhaleTrade)] == [f"0x{1:064x}"]
            assert feed.answers == 1

    run(body())


def test_a_wallet_followed_anew_is_asked_for_the_present_only() -> None:
    async def body() -> None:
        async with world() as place:
            place.venue.content.add_rows([trade(1, timestamp=START_S + 5)])
            feed = _feed(place)
            await feed.poll((), ())
            feed.follow([])
            place.time.advance(3600)
            feed.follow([WALLET.upper().replace("0X", "0x")])
            assert feed.wallets == (WALLET,)
            assert await feed.poll((), ()) == []

    run(body())


def test_a_look_back_asked_for_while_a_poll_is_under_way_is_not_forgotten() -> None:
    async def body() -> None:
        async with world() as place:
            place.venue.content.add_rows([trade(1, timestamp=START_S - 80), trade(2, timestamp=START_S - 5)])
            feed = _feed(place)
            poll = asyncio.create_task(feed.poll((), ()))
            await until(lambda: WALLET in feed._since)  # the request is on its way
            feed.look_back(START_S - 90)
            assert len(await poll) == 1
            assert len(await feed.poll((), ())) == 2

    run(body())
