"""The feed against a venue on loopback: subscriptions as they change, losses and returns, and a reader that lags."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.market_channel import MarketFeed, MarketFeedSettings
from shared.adapters.polymarket.market_channel import feed as feed_module
from shared.domain.messages import BookChange, BookSnapshot, NoticeKind
from tests.shared.adapters.polymarket.market_channel.frames import (
    NO,
    YES,
    Levels,
    book,
    change,
    changes,
    encode,
    rest,
)
from tests.shared.adapters.sockets.fakes import QUICK, Listener, running, until, venue

SETTINGS = MarketFeedSettings(socket=QUICK, tokens_max=2)


def now_ms() -> int:
    return time.time_ns() // 10**6


class Books:
    """The venue's talk: it shows a book of every token it is asked for, and keeps its peers and what they said."""

    def __init__(self, bids: Levels = (("0.45", "50"),)) -> None:
        self.bids = bids
        self.said: list[dict[str, object]] = []
        self.peers: list[ServerConnection] = []
        self.mute = False

    async def talk(self, wire: ServerConnection) -> None:
        self.peers.append(wire)
        with suppress(ConnectionClosed):
            async for text in wire:
                await self.answer(wire, text if isinstance(text, str) else text.decode())
        self.peers.remove(wire)

    async def answer(self, wire: ServerConnection, text: str) -> None:
        if text == "PING":
            await wire.send("PONG")
            return
        asked = json.loads(text)
        self.said.append(asked)
        if asked.get("operation") != "unsubscribe" and not self.mute:
            await wire.send(encode([book(token, bids=self.bids, at=now_ms()) for token in asked["assets_ids"]]))

    async def send(self, content: object) -> None:
        await self.peers[-1].send(content if isinstance(content, bytes) else encode(content))


async def no_rest(tokens: Sequence[str]) -> Sequence[RestBook]:
    return []


def feed_of(url: str, **options: Any) -> MarketFeed:
    given: dict[str, Any] = {"settings": SETTINGS, **options}
    return MarketFeed(url, time.time_ns, itertools.count(1), no_rest, **given)


def books_told(listener: Listener) -> list[tuple[str, bool]]:
    """Token, and whether its book has anything in it."""
    told = [heard.payload for heard in listener.heard if isinstance(heard.payload, BookSnapshot)]
    return [(one.token, bool(one.bids)) for one in told]


def test_wanted_tokens_are_subscribed_and_their_books_and_changes_told() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                await place.send(changes(change("0.46", "1", best=("0.46", "0.5")), at=now_ms()))
                await until(lambda: isinstance(listener.heard[-1].payload, BookChange))
                age = feed.age(YES, time.time_ns())
                assert age is not None
                assert age < 3 * 10**9
                assert feed.healthy
            assert listener.health()[0] is True
            assert place.said[0]["type"] == "market"
            assert feed.counts.backlog.frames == 2

    asyncio.run(body())


def test_subscriptions_follow_what_is_wanted() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                feed.want([NO])
                await until(lambda: feed.book_of(NO) is not None)
                assert feed.book_of(YES) is None
                await until(lambda: len(place.said) == 3)
            operations = [(said.get("operation"), said["assets_ids"]) for said in place.said[1:]]
            assert sorted(operations, key=str) == [("subscribe", [NO]), ("unsubscribe", [YES])]
            assert books_told(listener)[:3] == [(YES, True), (YES, False), (NO, True)]

    asyncio.run(body())


def test_more_tokens_than_a_connection_takes_open_another_and_the_rest_is_told() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([str(n) for n in range(3)])
            async with running(feed.run(listener)):
                await until(lambda: all(feed.book_of(str(n)) for n in range(3)))
                assert len(place.peers) == 2
                feed.want([str(n) for n in range(23)])
                await until(lambda: all(feed.book_of(str(n)) for n in range(20)))
                assert len(place.peers) == 10
                (refused,) = [one for one in listener.notices() if one.kind is NoticeKind.REFUSED]
                assert refused.reason == "3 tokens are not followed: 20 fill all connections"

    asyncio.run(body())


def test_a_lost_connection_empties_its_books_until_the_next_one_shows_them() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                await place.peers[0].close()
                await until(lambda: len(books_told(listener)) == 3)
        assert books_told(listener)[:3] == [(YES, True), (YES, False), (YES, True)]
        assert listener.health()[:3] == [True, False, True]

    asyncio.run(body())


def test_a_book_that_is_wrong_is_restored_over_rest() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()

        async def fetch(tokens: Sequence[str]) -> Sequence[RestBook]:
            return [rest(bids=[("0.48", "9")], at=now_ms(), token=token) for token in tokens]

        async with venue(place.talk) as server:
            feed = MarketFeed(server.url, time.time_ns, itertools.count(1), fetch, settings=SETTINGS)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                await place.send(changes(change("0.46", "1", best=("0.48", "0.5")), at=now_ms()))
                await until(lambda: (shown := feed.book_of(YES)) is not None and shown.bids[0][0] == 480_000)
        assert NoticeKind.RESYNC in listener.kinds()
        assert feed.counts.keeper.rest_replaced == 1

    asyncio.run(body())


def test_a_token_never_shown_is_subscribed_anew_when_rest_does_not_help() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        place.mute = True
        settings = MarketFeedSettings(socket=QUICK, silence_s=30.0)

        async def soon(_seconds: float) -> None:
            await asyncio.sleep(0.002)

        clock = itertools.count(time.time_ns(), 10**9)
        async with venue(place.talk) as server:
            feed = MarketFeed(
                server.url, lambda: next(clock), itertools.count(1), no_rest, settings=settings, sleep=soon
            )
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: len(place.said) >= 3)
        assert [said.get("operation") for said in place.said[:3]] == [None, "unsubscribe", "subscribe"]

    asyncio.run(body())


def test_a_connection_that_only_pongs_is_replaced() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        place.mute = True
        settings = MarketFeedSettings(socket=QUICK, silence_s=0.1)
        async with venue(place.talk) as server:
            feed = feed_of(server.url, settings=settings)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: NoticeKind.SILENT in listener.kinds())
                place.mute = False
                await until(lambda: feed.book_of(YES) is not None)

    asyncio.run(body())


def test_a_reader_that_lags_tells_each_book_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MERGE_FROM", 10)

    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                shard = feed._shards[0]
                for n in range(500):  # arrived while the reader had no turn
                    frame = encode(changes(change("0.46", str(n + 1)), at=now_ms()))
                    assert shard.frame(frame, shard.connection, time.time_ns())
                await until(lambda: len(feed._backlog) == 0)
                told = [heard.payload for heard in listener.heard if isinstance(heard.payload, BookChange)]
                assert told == []
                (first, last) = [heard.payload for heard in listener.heard if isinstance(heard.payload, BookSnapshot)]
                assert last.bids[0] == (460_000, 500_000_000)
                assert first.bids[0] == (450_000, 50_000_000)
                assert feed.counts.keeper.merged == 1

    asyncio.run(body())


def test_a_backlog_that_is_given_up_costs_the_books_and_is_told() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                shard = feed._shards[0]
                feed._backlog._frames_max = 5
                for _ in range(6):
                    shard.frame(encode(changes(change("0.46", "1"), at=now_ms())), shard.connection, time.time_ns())
                assert feed.book_of(YES) is None
                assert feed.counts.backlog.dropped == 6
        assert [one.kind for one in listener.notices()][1:3] == [NoticeKind.DROPPED, NoticeKind.RESYNC]

    asyncio.run(body())


def test_frames_of_a_connection_that_ended_are_not_read() -> None:
    async def body() -> None:
        place, listener = Books(), Listener()
        async with venue(place.talk) as server:
            feed = feed_of(server.url)
            feed.want([YES])
            async with running(feed.run(listener)):
                await until(lambda: feed.book_of(YES) is not None)
                shard = feed._shards[0]
                shard.frame(encode(book(bids=[("0.1", "1")], at=now_ms())), shard.connection, time.time_ns())
                shard.connection = 99
                await until(lambda: len(feed._backlog) == 0)
                shown = feed.book_of(YES)
                assert shown is not None
                assert shown.bids[0][0] == 450_000

    asyncio.run(body())


def test_before_it_runs_a_feed_only_remembers_what_is_wanted() -> None:
    feed = MarketFeed("ws://127.0.0.1:9/ws", lambda: 5, itertools.count(1), no_rest)
    feed.want([YES, NO])
    feed.want([NO])
    assert feed.book_of(YES) is None
    assert not feed.healthy
    assert feed.name == "market"
