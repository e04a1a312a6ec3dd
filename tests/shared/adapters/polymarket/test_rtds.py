"""The activity stream over real sockets: several at once, silence, the gap, and who stands in meanwhile."""

import asyncio
import itertools
import time
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from shared.adapters.polymarket.poll_feed import PollFeed
from shared.adapters.polymarket.polling import PollingFeed, PollingSettings
from shared.adapters.polymarket.rtds import RtdsFeed
from shared.domain.instants import HOUR, SECOND
from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind, WhaleTrade
from shared.engine.detection import Deliveries, DetectionParams
from shared.ports import Heard
from tests.shared.adapters.polymarket.rtds_rows import FOLLOWED, OTHER, frame
from tests.shared.adapters.polymarket.venue import START_S, WALLET, run, trade, world
from tests.shared.adapters.sockets.fakes import QUICK, Venue, running, until, venue

LENIENT = DetectionParams(window_ns=10**6 * HOUR)
"""The frames are dated in the test's year; how late that is, is not the matter here."""


class Fallback:
    def __init__(self) -> None:
        self.since: list[int] = []

    def backfill_since(self, at: int) -> None:
        self.since.append(at)


class Stream:
    """An activity stream: what is ``said`` goes to every connection that is not mute; others hear only pongs."""

    def __init__(self) -> None:
        self.mute = False
        self.asked: list[str] = []
        self.pings = 0
        self._wires: dict[int, ServerConnection] = {}
        self._mute: dict[int, bool] = {}
        self._numbers = itertools.count(1)

    async def talk(self, wire: ServerConnection) -> None:
        number = next(self._numbers)
        self._wires[number], self._mute[number] = wire, self.mute
        beat = asyncio.create_task(self._beat(number))
        try:
            while True:
                text = await wire.recv()
                if text == "PING":
                    self.pings += 1
                    await wire.send("")
                else:
                    self.asked.append(str(text))
        except ConnectionClosed:
            pass
        finally:
            beat.cancel()
            del self._wires[number]

    async def _beat(self, number: int) -> None:
        """Somebody always trades."""
        for n in itertools.count():
            if not self._mute[number]:
                await self._wires[number].send(frame(proxyWallet=OTHER, stamp=n).decode())
            await asyncio.sleep(0.01)

    def silence(self) -> None:
        """Every connection of now says nothing any more, and so does every new one."""
        self.mute = True
        self._mute = dict.fromkeys(self._mute, True)

    async def say(self, kind: str = "trades", **changes: Any) -> None:
        for number, wire in list(self._wires.items()):
            if not self._mute[number]:
                await wire.send(frame(kind, connection=str(number), **changes).decode())


class Desk:
    def __init__(self, place: Venue, fallback: Any = None, sockets: int = 3) -> None:
        self.heard: list[Heard] = []
        self.feed = RtdsFeed(
            place.url,
            time.time_ns,
            itertools.count(1),
            sockets=sockets,
            silence_s=0.2,
            detection=LENIENT,
            fallback=fallback,
            settings=QUICK,
        )

    def trades(self) -> list[WhaleTrade]:
        return [one.payload for one in self.heard if isinstance(one.payload, WhaleTrade)]

    def health(self) -> list[bool]:
        told = [one.payload for one in self.heard if isinstance(one.payload, FeedHealth)]
        return [one.healthy for one in told if one.feed == "rtds"]

    def down(self) -> str:
        return next(one.payload.reason for one in self.heard[::-1] if isinstance(one.payload, FeedHealth))

    def reasons(self, kind: NoticeKind) -> list[str]:
        notices = [one.payload for one in self.heard if isinstance(one.payload, FeedNotice)]
        return [one.reason for one in notices if one.kind is kind]

    def connected(self) -> int:
        return self.feed.pool.connected if self.feed.pool else 0


def test_several_sockets_subscribe_and_each_trade_is_heard_once() -> None:
    async def body() -> None:
        stream = Stream()
        async with venue(stream.talk) as place:
            desk = Desk(place)
            desk.feed.watch([FOLLOWED])
            async with running(desk.feed.run(desk.heard.append)):
                await until(lambda: desk.connected() == 3 and len(stream.asked) == 3 and desk.health() == [True])
                for kind in ("trades", "orders_matched"):
                    for stamp in (1, 2):
                        await stream.say(kind, stamp=stamp)
                await stream.say(transactionHash="0xlast")
                await until(lambda: bool(desk.trades()) and desk.trades()[-1].tx == "0xlast")
                desk.feed.watch([OTHER])
                await until(lambda: desk.trades()[-1].wallet == OTHER)
            followed = [one for one in desk.trades() if one.wallet == FOLLOWED.lower()]
            assert len(followed) == 3
            assert desk.feed.name == "rtds"
            assert {one.delivery for one in desk.trades()} == {1}
            assert len(desk.reasons(NoticeKind.CONNECTED)) == 3

    run(body())


def test_a_silent_stream_says_so_and_its_gap_is_fetched_once_it_is_over() -> None:
    async def body() -> None:
        stream, fallback = Stream(), Fallback()
        async with venue(stream.talk) as place:
            desk = Desk(place, fallback, sockets=2)
            async with running(desk.feed.run(desk.heard.append)):
                await until(lambda: desk.health() == [True] and desk.connected() == 2)
                before = time.time_ns()
                stream.silence()
                await until(lambda: desk.health() == [True, False])
                assert desk.down().startswith("no data for 0.2")
                assert fallback.since == []
                stream.mute = False
                await until(lambda: desk.health() == [True, False, True])
            assert len(fallback.since) == 1
            assert abs(fallback.since[0] - before) < SECOND // 10
            assert len(desk.reasons(NoticeKind.SILENT)) >= 2
            assert desk.reasons(NoticeKind.GAP)[0].endswith("it is fetched by polling")

    run(body())


def test_one_silent_socket_is_replaced_and_the_feed_stays_well() -> None:
    async def body() -> None:
        stream = Stream()
        async with venue(stream.talk) as place:
            desk = Desk(place)
            async with running(desk.feed.run(desk.heard.append)):
                await until(lambda: desk.connected() == 3)
                stream._mute[2] = True
                await until(lambda: len(desk.reasons(NoticeKind.CONNECTED)) == 4)
                await until(lambda: desk.connected() == 3)
                assert desk.health() == [True]
            assert len(desk.reasons(NoticeKind.SILENT)) == 1
            assert desk.reasons(NoticeKind.GAP) == []

    run(body())


def test_a_stream_that_cannot_be_reached_from_the_beginning_is_a_gap_too() -> None:
    async def body() -> None:
        stream, fallback = Stream(), Fallback()
        async with venue(stream.talk) as place:
            place.statuses = [503, 429]
            desk, before = Desk(place, fallback, sockets=1), time.time_ns()
            async with running(desk.feed.run(desk.heard.append)):
                await until(lambda: desk.health() == [False, True])
            assert "the activity stream answered the upgrade with 429" in desk.reasons(NoticeKind.REFUSED)[1]
            assert before <= fallback.since[0] <= time.time_ns()

    run(body())


def test_whatever_the_stream_misses_is_copied_once_through_polling() -> None:
    """Frames to facts of both feeds, counted as the engine counts them."""

    async def body() -> None:
        stream = Stream()
        async with venue(stream.talk) as place, world() as rest:

            def happens(number: int) -> dict[str, Any]:
                rest.venue.content.add_rows([trade(number, timestamp=START_S - 5, size=4.33, price=0.45)])
                return {"proxyWallet": WALLET, "transactionHash": f"0x{number:064x}", "timestamp": START_S - 5}

            poller = PollFeed(rest.data, rest.gamma, rest.clob, [WALLET], rest.time.clock)
            polling = PollingFeed(
                poller, time.time_ns, itertools.count(100), settings=PollingSettings(every_s=0.02, watch_every_s=0.02)
            )
            desk = Desk(place, polling, sockets=2)
            desk.feed.watch([WALLET])
            async with running(desk.feed.run(desk.heard.append)), running(polling.run(desk.heard.append)):
                await until(lambda: desk.connected() == 2 and polling.healthy and desk.feed.pool is not None)
                await until(lambda: len(stream.asked) == 2)
                await stream.say(**happens(1))
                await stream.say(**happens(2))
                stream.silence()
                happens(3)
                await until(lambda: desk.health() == [True, False])
                happens(4)
                stream.mute = False
                await until(lambda: bool(desk.reasons(NoticeKind.GAP)))
                await stream.say(**happens(5))
                polls = polling.polls
                await until(lambda: polling.polls > polls + 2)
            engine = Deliveries(65 * SECOND)
            facts = [
                (one.payload, one.source)
                for one in desk.heard
                if isinstance(one.payload, WhaleTrade) and one.payload.wallet == WALLET
            ]
            new = [fact.tx for fact, source in facts if engine.is_new(fact, source, START_S * SECOND)]
            assert sorted(new) == [f"0x{number:064x}" for number in (1, 2, 3, 4, 5)]
            assert len(facts) == 8  # three by both sources, two by polling alone

    run(body())
