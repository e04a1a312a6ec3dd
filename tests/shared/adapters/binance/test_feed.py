import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from shared.adapters.binance.feed import RETRY_S, BinanceFeed
from shared.domain.errors import Corrupt
from shared.domain.messages import NoticeKind, SpotTrade
from shared.ports import Feed, Heard
from shared.settings import FeedSettings
from tests.shared.adapters.binance import frames
from tests.shared.adapters.sockets.fakes import QUICK, Listener, running, until, venue


class Exchange:
    """Trades with consecutive numbers on every connection, side by side; ``leaving`` connections are told so."""

    def __init__(self) -> None:
        self.wires: list[ServerConnection] = []
        self.paths: list[str] = []
        self.asked: list[bytes] = []
        self.number = 100

    async def talk(self, wire: ServerConnection) -> None:
        self.wires.append(wire)
        assert wire.request is not None
        self.paths.append(wire.request.path)
        with contextlib.suppress(ConnectionClosed):
            async for message in wire:
                self.asked.append(message.encode() if isinstance(message, str) else message)

    async def trade(self) -> None:
        self.number += 1
        for wire in self.wires:
            with contextlib.suppress(ConnectionClosed):
                await wire.send(frames.agg_trade(self.number, at_ms=time.time_ns() // 1_000_000).decode())

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[None]:
        async def job() -> None:
            while True:
                await self.trade()
                await asyncio.sleep(0.005)

        async with running(job()):
            yield


class Naps:
    """Real short sleeps; long ones are written down and over at once, unless held."""

    def __init__(self) -> None:
        self.long: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if seconds == RETRY_S:
            self.long.append(seconds)
            seconds = 0.01
        await asyncio.sleep(seconds)


def _feed(usual: str, data: str = "", nap: Naps | None = None, symbols: tuple[str, ...] = ("BTC",)) -> BinanceFeed:
    settings = FeedSettings(binance_url=usual, binance_data_url=data, symbols=symbols)
    return BinanceFeed(settings, time.time_ns, itertools.count(1), sleep=(nap or Naps()).sleep, sockets=QUICK)


def _trades(listener: Listener) -> list[int]:
    return [one.payload.trade_id for one in listener.heard if isinstance(one.payload, SpotTrade)]


def test_the_feed_is_a_feed_and_tells_trades_and_its_health() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        async with venue(exchange.talk) as host:
            feed: Feed = _feed(host.url)
            assert feed.name == "binance"
            async with running(feed.run(listener)), exchange.trading():
                await until(lambda: len(_trades(listener)) >= 3)
        assert exchange.paths[0].startswith("/ws/stream?streams=btcusdt@aggTrade/btcusdt@bookTicker/")
        assert listener.health()[0]
        assert listener.kinds()[0] is NoticeKind.CONNECTED

    asyncio.run(job())


def test_a_refused_country_is_served_by_the_data_host() -> None:
    async def job() -> None:
        usual, data, listener = Exchange(), Exchange(), Listener()
        async with venue(usual.talk) as host, venue(data.talk) as other:
            host.statuses = [451] * 5
            async with running(_feed(host.url, other.url).run(listener)), data.trading():
                await until(lambda: len(_trades(listener)) >= 1)
            assert host.upgrades == 1
        assert listener.kinds()[:3] == [NoticeKind.FALLBACK, NoticeKind.REFUSED, NoticeKind.CONNECTED]
        assert listener.health()[:2] == [False, True]

    asyncio.run(job())


def test_refused_everywhere_the_feed_says_so_stays_down_and_asks_again_after_ten_minutes() -> None:
    async def job() -> None:
        usual, data, listener, naps = Exchange(), Exchange(), Listener(), Naps()
        async with venue(usual.talk) as host, venue(data.talk) as other:
            host.statuses, other.statuses = [451, 451], [403, 403]
            async with running(_feed(host.url, other.url, naps).run(listener)), usual.trading():
                await until(lambda: len(_trades(listener)) >= 1)
            assert (host.upgrades, other.upgrades) == (3, 2)
        assert naps.long == [RETRY_S, RETRY_S]
        reasons = [one.reason for one in listener.notices()]
        assert reasons.count("no host of Binance serves us; asking again in 600 s") == 2
        assert listener.health()[:2] == [False, True]

    asyncio.run(job())


def test_a_server_about_to_leave_is_replaced_at_once_and_nothing_is_missed_or_doubled() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        async with venue(exchange.talk) as host:
            async with running(_feed(host.url).run(listener)), exchange.trading():
                await until(lambda: len(_trades(listener)) >= 3)
                await exchange.wires[0].send(frames.SHUTDOWN.decode())
                await until(lambda: len(exchange.wires) == 2 and host.open == 1)
                so_far = len(_trades(listener))
                await until(lambda: len(_trades(listener)) >= so_far + 3)
            assert host.upgrades == 2
        told = _trades(listener)
        assert told == list(range(told[0], told[-1] + 1))
        assert listener.health()[0]
        assert NoticeKind.GAP not in listener.kinds()

    asyncio.run(job())


def test_an_error_of_ours_ends_the_feed_also_while_one_connection_replaces_another() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()

        def hear(heard: Heard) -> None:
            if isinstance(heard.payload, SpotTrade) and len(exchange.wires) == 2:
                raise Corrupt("a bug of ours")
            listener(heard)

        async with venue(exchange.talk) as host:
            feed = asyncio.create_task(_feed(host.url).run(hear))
            await until(lambda: len(exchange.wires) == 1)
            await exchange.wires[0].send(frames.SHUTDOWN.decode())
            await until(lambda: len(exchange.wires) == 2)
            await exchange.wires[0].send(frames.agg_trade(1, at_ms=time.time_ns() // 1_000_000).decode())
            await asyncio.wait([feed], timeout=2.0)
            assert isinstance(feed.exception(), Corrupt)

    asyncio.run(job())


def test_what_passed_while_the_line_was_cut_is_a_gap() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        async with venue(exchange.talk) as host, running(_feed(host.url).run(listener)):
            await until(lambda: len(exchange.wires) == 1)
            await exchange.trade()
            await until(lambda: len(_trades(listener)) == 1)
            exchange.wires.pop().transport.abort()
            exchange.number += 7
            await until(lambda: len(exchange.wires) == 1)
            await exchange.trade()
            await until(lambda: len(_trades(listener)) == 2)
        gaps = [one.reason for one in listener.notices() if one.kind is NoticeKind.GAP]
        assert gaps == ["7 trades of BTC are missing, from number 102"]

    asyncio.run(job())


def test_following_other_symbols_asks_on_the_same_connection_slowly_enough() -> None:
    async def job() -> None:
        exchange, listener = Exchange(), Listener()
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            await asyncio.sleep(0.01 if seconds == 0.5 else seconds)

        async with venue(exchange.talk) as host:
            settings = FeedSettings(binance_url=host.url, binance_data_url="", symbols=("BTC",))
            feed = BinanceFeed(settings, time.time_ns, itertools.count(1), sleep=sleep, sockets=QUICK)
            await feed.follow(("BTC", "ETH"))
            async with running(feed.run(listener)):
                await until(lambda: listener.kinds() == [NoticeKind.CONNECTED])
                await feed.follow(("ETH", "SOL"))
                await until(lambda: len(exchange.asked) == 2)
        assert "ethusdt@aggTrade" in exchange.paths[0]
        asked = [msgspec.json.decode(one) for one in exchange.asked]
        assert [one["method"] for one in asked] == ["SUBSCRIBE", "UNSUBSCRIBE"]
        assert [one["params"][0] for one in asked] == ["solusdt@aggTrade", "btcusdt@aggTrade"]
        assert [one["id"] for one in asked] == [1, 2]
        assert waits.count(0.5) >= 2

    asyncio.run(job())
