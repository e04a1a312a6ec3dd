import asyncio
import itertools
import time

import msgspec
from websockets.asyncio.server import ServerConnection

from shared.adapters.coinbase.feed import CoinbaseFeed
from shared.domain.messages import NoticeKind, SpotTrade
from shared.ports import Feed
from shared.settings import FeedSettings
from tests.shared.adapters.coinbase import frames
from tests.shared.adapters.sockets.fakes import QUICK, Listener, running, until, venue


class Exchange:
    """Begins with a trade of its own number once BTC is asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.wires: list[ServerConnection] = []
        self.number = 100

    async def talk(self, wire: ServerConnection) -> None:
        self.wires.append(wire)
        async for message in wire:
            asked = msgspec.json.decode(message, type=dict[str, object])
            self.asked.append(asked)
            if asked["product_ids"] == ["BTC-USD"] and asked["type"] == "subscribe":
                await wire.send(frames.match(self.number, time.time_ns(), kind="last_match").decode())


def _feed(url: str) -> CoinbaseFeed:
    settings = FeedSettings(coinbase_url=url, symbols=("BTC", "ETH"))
    return CoinbaseFeed(settings, time.time_ns, itertools.count(1), sockets=QUICK)


def _trades(listener: Listener) -> list[int]:
    return [one.payload.trade_id for one in listener.heard if isinstance(one.payload, SpotTrade)]


def test_the_feed_subscribes_at_once_and_again_after_a_cut_and_tells_the_gap() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        async with venue(exchange.talk) as host:
            feed: Feed = _feed(host.url)
            assert feed.name == "coinbase"
            async with running(feed.run(listener)):
                await until(lambda: _trades(listener) == [100])
                exchange.number = 104
                exchange.wires[0].transport.abort()
                await until(lambda: _trades(listener) == [100, 104])
        assert [one["product_ids"] for one in exchange.asked] == [["BTC-USD"], ["ETH-USD"]] * 2
        assert [one.reason for one in listener.notices() if one.kind is NoticeKind.GAP] == [
            "3 trades of BTC are missing, from number 101"
        ]
        assert listener.health()[:3] == [True, False, True]

    asyncio.run(job())


def test_following_other_symbols_asks_on_the_same_connection() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        async with venue(exchange.talk) as host:
            feed = _feed(host.url)
            await feed.follow(("BTC",))
            async with running(feed.run(listener)):
                await until(lambda: _trades(listener) == [100])
                await feed.follow(("SOL",))
                await until(lambda: len(exchange.asked) == 3)
            assert feed.desk is not None
            assert feed.desk.counts.trades == 1
            assert host.upgrades == 1
        assert [(one["type"], one["product_ids"]) for one in exchange.asked] == [
            ("subscribe", ["BTC-USD"]),
            ("subscribe", ["SOL-USD"]),
            ("unsubscribe", ["BTC-USD"]),
        ]

    asyncio.run(job())


def test_a_refused_upgrade_is_said() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        async with venue(exchange.talk) as host:
            host.statuses = [503]
            async with running(_feed(host.url).run(listener)):
                await until(lambda: _trades(listener) == [100])
        first = listener.notices()[0]
        assert first.kind is NoticeKind.REFUSED
        assert first.reason.startswith("Coinbase answered the upgrade with 503")

    asyncio.run(job())
