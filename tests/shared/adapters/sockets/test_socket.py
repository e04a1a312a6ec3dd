"""Sockets against a server on loopback: what happens to the wire, and what is said of it."""

import asyncio
import itertools
import time
from contextlib import suppress

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from shared.adapters.sockets import Health, Pool, Socket, SocketSettings, Voice
from shared.domain.errors import BadInput
from shared.domain.messages import NoticeKind
from tests.shared.adapters.sockets.fakes import QUICK, Listener, Script, flood, running, socket_of, until, venue


def test_a_socket_says_its_subscriptions_and_hands_every_frame_on_with_its_connection() -> None:
    async def body() -> None:
        async def talk(wire: ServerConnection) -> None:
            heard.append([await wire.recv(), await wire.recv()])
            await wire.send("data 1")
            await wire.send(b"data 2")
            await wire.wait_closed()

        heard: list[list[str | bytes]] = []
        async with venue(talk) as place:
            script, listener = Script(place.url), Listener()
            one = socket_of(script, listener)
            async with running(one.run()):
                await until(lambda: len(script.frames) == 2)
                assert (one.connected, one.connection, one.frames) == (True, 1, 2)
                assert one.last_data_at == script.frames[1][2]
            assert heard == [["subscribe a", "subscribe b"]]
            assert [(data, number) for data, number, _ in script.frames] == [(b"data 1", 1), (b"data 2", 1)]
            assert abs(time.time_ns() - script.frames[0][2]) < 5 * 10**9
            assert listener.notices()[0].kind is NoticeKind.CONNECTED
            assert (one.connected, one.connection, one.frames) == (False, 0, 2)

    asyncio.run(body())


def test_cancelling_leaves_no_task_and_no_connection_behind() -> None:
    async def body() -> None:
        async with venue(flood) as place:
            script, listener = Script(place.url), Listener()
            before = asyncio.all_tasks()
            async with running(socket_of(script, listener).run()):
                await until(lambda: len(script.frames) > 3)
            await until(lambda: place.open == 0)
            await until(lambda: asyncio.all_tasks() == before)
            assert script.said == [("opened", 1, ""), ("closed", 1, "stopped")]
            own = asyncio.current_task()
            await until(
                lambda: not [task for task in asyncio.all_tasks() if task is not own and "Socket" in repr(task)]
            )

    asyncio.run(body())


@pytest.mark.parametrize("answers", [True, False], ids=["pongs only", "not even pongs"])
def test_silence_is_noticed_although_pongs_come_and_the_connection_is_replaced(answers: bool) -> None:
    async def body() -> None:
        async def talk(wire: ServerConnection) -> None:
            if place.upgrades > 1:
                await flood(wire)
            async for _ in wire:
                if answers:
                    await wire.send("")

        async with venue(talk) as place:
            script, listener = Script(place.url), Listener()
            script.silence_s, script.ping = 0.2, "PING"
            async with running(socket_of(script, listener).run()):
                await until(lambda: listener.health() == [False, True])
            silent = next(one for one in listener.notices() if one.kind is NoticeKind.SILENT)
            assert silent.reason.startswith("no data for 0.2")
            assert silent.connection == 1
            assert any(data == b"" for data, _, _ in script.frames) is answers
            assert listener.kinds()[:3] == [NoticeKind.CONNECTED, NoticeKind.SILENT, NoticeKind.CONNECTED]

    asyncio.run(body())


def test_the_text_ping_is_sent_again_and_again() -> None:
    async def body() -> None:
        heard: list[str | bytes] = []

        async def listen(wire: ServerConnection) -> None:
            with suppress(ConnectionClosed):
                while True:
                    heard.append(await wire.recv())

        async with venue(listen) as place:
            script, listener = Script(place.url), Listener()
            script.ping, script.subscriptions = "PING", []
            async with running(socket_of(script, listener).run()):
                await until(lambda: heard.count("PING") >= 3)
            assert set(heard) == {"PING"}

    asyncio.run(body())


def test_a_connection_that_is_cut_or_closed_is_made_anew_under_a_new_number() -> None:
    async def body() -> None:
        async def talk(wire: ServerConnection) -> None:
            await wire.send("data")
            if place.upgrades == 1:
                wire.transport.abort()
            elif place.upgrades == 2:
                await wire.close(1001, "going away")
            else:
                await wire.wait_closed()

        async with venue(talk) as place:
            script, listener = Script(place.url), Listener()
            async with running(socket_of(script, listener).run()):
                await until(lambda: [number for _, number, _ in script.frames] == [1, 2, 3])
            losses = [one for one in listener.notices() if one.kind is NoticeKind.LOST]
            assert [(one.connection, one.reason) for one in losses[:2]] == [
                (1, "cut without a close"),
                (2, "closed by the venue: 1001 going away"),
            ]
            assert listener.health() == [True, False, True, False, True, False]

    asyncio.run(body())


def test_a_refused_upgrade_is_told_in_the_words_of_the_dialect_which_may_go_elsewhere() -> None:
    async def body() -> None:
        async with venue(flood) as place, venue(flood) as elsewhere:
            place.statuses = [451]
            script, listener = Script(place.url), Listener()
            script.urls = [place.url, elsewhere.url]
            async with running(socket_of(script, listener).run()):
                await until(lambda: bool(script.frames))
            first = listener.notices()[0]
            assert (first.kind, first.connection) == (NoticeKind.REFUSED, 0)
            assert first.reason.startswith("answered 451; attempt 2 in 0.0 s")
            assert (place.open, elsewhere.upgrades) == (0, 1)
            assert script.frames[0][1] == 1

    asyncio.run(body())


def test_a_venue_that_is_not_there_is_told_with_each_attempt_and_found_when_it_comes() -> None:
    async def body() -> None:
        async with venue(flood) as place:
            script, listener = Script(place.url), Listener()
            script.urls = ["ws://127.0.0.1:9/ws", "nonsense", place.url]
            async with running(socket_of(script, listener).run()):
                await until(lambda: bool(script.frames))
            kinds = listener.kinds()
            assert kinds[:3] == [NoticeKind.LOST, NoticeKind.LOST, NoticeKind.CONNECTED]
            assert "ConnectionRefusedError" in listener.notices()[0].reason
            assert "nonsense" in listener.notices()[1].reason
            assert listener.health()[:2] == [False, True]

    asyncio.run(body())


def test_a_frame_above_the_limit_is_refused_and_the_socket_comes_back() -> None:
    async def body() -> None:
        async def talk(wire: ServerConnection) -> None:
            await wire.send("data" if place.upgrades > 1 else "data" + "x" * 2000)
            await wire.wait_closed()

        settings = SocketSettings(backoff_first_s=0.01, close_timeout_s=0.2, frame_max_bytes=1000)
        async with venue(talk) as place:
            script, listener = Script(place.url), Listener()
            async with running(socket_of(script, listener, settings=settings).run()):
                await until(lambda: bool(script.frames))
            assert [data for data, _, _ in script.frames] == [b"data"]
            refused = listener.notices()[1]
            assert (refused.kind, refused.reason) == (NoticeKind.REFUSED, "a frame above 1000 bytes was not read")

    asyncio.run(body())


def test_an_ageing_connection_is_replaced_without_a_gap() -> None:
    async def body() -> None:
        async with venue(flood) as place:
            script, listener = Script(place.url), Listener()
            script.max_age_s = 0.15
            async with running(socket_of(script, listener).run()):
                await until(lambda: ("opened", 4, "") in script.said)
            ended = ("closed", 1, "replaced by connection 2 before it was too old")
            assert script.said.index(("opened", 2, "")) < script.said.index(ended)
            first_of_two = next(n for n, (_, number, _) in enumerate(script.frames) if number == 2)
            last_of_one = max(n for n, (_, number, _) in enumerate(script.frames) if number == 1)
            assert last_of_one >= first_of_two - 1
            assert listener.health() == [True, False]  # down only when the test stopped it

    asyncio.run(body())


def test_the_old_connection_stays_while_its_successor_brings_nothing() -> None:
    async def body() -> None:
        async def talk(wire: ServerConnection) -> None:
            await (flood(wire) if place.upgrades in {1, 3} else wire.wait_closed())

        async with venue(talk) as place:
            script, listener = Script(place.url), Listener()
            script.max_age_s, script.silence_s = 0.1, 0.15
            async with running(socket_of(script, listener).run()):
                await until(lambda: ("closed", 1, "replaced by connection 3 before it was too old") in script.said)
            said = [(what, number) for what, number, _ in script.said[:5]]
            assert said == [("opened", 1), ("opened", 2), ("closed", 2), ("opened", 3), ("closed", 1)]
            assert False not in listener.health()[:-1]

    asyncio.run(body())


def test_a_frame_sent_while_there_is_no_connection_is_ignored_and_later_ones_arrive() -> None:
    async def body() -> None:
        heard: list[str | bytes] = []

        async def listen(wire: ServerConnection) -> None:
            with suppress(ConnectionClosed):
                while True:
                    heard.append(await wire.recv())

        async with venue(listen) as place:
            script, listener = Script(place.url), Listener()
            one = socket_of(script, listener)
            await one.send("too early")
            async with running(one.run()):
                await until(lambda: len(heard) == 2)
                await one.send("subscribe c")
                await until(lambda: len(heard) == 3)
            await one.send("too late")
            assert heard == ["subscribe a", "subscribe b", "subscribe c"]

    asyncio.run(body())


def test_an_error_of_a_dialect_ends_the_feed_instead_of_being_hidden() -> None:
    class Broken(Script):
        def frame(self, data: bytes, connection: int, received_at: int) -> bool:
            raise ZeroDivisionError("a mistake of ours")

    async def body() -> None:
        async with venue(flood) as place:
            with pytest.raises(ZeroDivisionError):
                await socket_of(Broken(place.url), Listener()).run()
            await until(lambda: place.open == 0)

    asyncio.run(body())


def test_a_pool_is_up_while_one_of_its_sockets_is() -> None:
    async def body() -> None:
        async with venue(flood) as place:
            listener = Listener()
            health = Health(Voice("script", listener, time.time_ns))
            numbers = itertools.count(1)
            script = Script(place.url)

            def make(_: int) -> Socket:
                return Socket(script, listener, time.time_ns, numbers, health=health, settings=QUICK)

            pool = Pool(make, 3)
            async with running(pool.run()):
                await until(lambda: {number for _, number, _ in script.frames} == {1, 2, 3})
                assert pool.connected == 3
                assert pool.frames >= 3
                assert pool.last_data_at > 0
                await pool.send("hello again")
            assert listener.health() == [True, False]
            assert pool.connected == 0

    asyncio.run(body())


@pytest.mark.parametrize("count", [0, 11])
def test_a_pool_of_no_or_too_many_sockets_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match=f"between 1 and 10, not {count}"):
        Pool(lambda _: socket_of(Script("ws://127.0.0.1:9"), Listener()), count)
