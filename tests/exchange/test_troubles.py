"""Each fault by name does what its sentence says, to the servers it names, and is over when it ends."""

import asyncio
import json

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from shared.domain.errors import BadInput
from tests.exchange import troubles
from tests.exchange.catalogue import Listing
from tests.exchange.clients import ACTIVITY, WHALE, dial, furnish, hear, hear_json, quiet, run, subscribe
from tests.exchange.troubles import FAULTS, Planned, parse_plan
from tests.exchange.world import World

ISSUE = ("silent", "stall", "late", "dup", "reorder", "cut", "slow", "crossed", "stale-book", "tick-change")
ISSUE_TOO = ("429", "425", "html", "truncated", "huge", "clock-skew")


def trade(world: World, market: Listing, size: float = 10.0) -> str:
    return world.trade(WHALE, market.tokens[0], "BUY", 0.51, size)


async def sizes(socket: ClientConnection, count: int) -> list[float]:
    """Sizes of the whale's fills in the order they come."""
    found: list[float] = []
    while len(found) < count:
        frame = await hear_json(socket)
        if frame["type"] == "trades" and frame["payload"]["proxyWallet"].lower() == WHALE:
            found.append(frame["payload"]["size"])
    return found


async def status_of(world: World, path: str) -> tuple[int, bytes]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(world.venue.base_url + path)
        return answer.status_code, answer.content


def test_every_fault_of_the_issue_has_a_name_and_a_sentence() -> None:
    assert {*ISSUE, *ISSUE_TOO} <= set(FAULTS)
    assert all(kind.sentence and kind.servers for kind in FAULTS.values())


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("silent", Planned("silent", 5.0, 30.0)),
        ("stale-book@0+1.5", Planned("stale-book", 0.0, 1.5)),
        ("429@10+600", Planned("429", 10.0, 600.0)),
    ],
)
def test_a_fault_is_planned_by_its_name_and_times(text: str, planned: Planned) -> None:
    assert parse_plan(text) == planned


@pytest.mark.parametrize("text", ["", "quiet", "silent@5", "silent@5+", "silent@-1+2", "silent@5+30s"])
def test_a_plan_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(BadInput, match="NAME"):
        parse_plan(text)


def test_a_planned_fault_begins_and_ends_by_itself() -> None:
    async def body() -> None:
        async with World() as world:
            world.troubles.plan(Planned("slow", 0.02, 0.05))
            assert not world.troubles.on("slow", "rtds")
            await asyncio.sleep(0.04)
            assert world.troubles.on("slow", "rtds")
            assert not world.troubles.on("late", "rtds")
            await asyncio.sleep(0.06)
            assert not world.troubles.on("slow", "rtds")

    run(body())


def test_a_silent_socket_answers_pings_only_until_it_is_replaced() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds, dial(world, "CLOB_WS_URL") as books:
                world.troubles.begin("silent")
                trade(world, market)
                await books.send("PING")
                assert await hear(books) == b"PONG"
                await (await rtds.ping())
                assert await quiet(rtds)
                world.troubles.end("silent")
                trade(world, market)
                assert await quiet(rtds)
            async with dial(world, "RTDS_URL", ACTIVITY) as fresh:
                trade(world, market, 77)
                assert await sizes(fresh, 1) == [77]

    run(body())


def test_a_stalled_socket_answers_nothing_and_stays_open() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            async with dial(world, "CLOB_WS_URL", subscribe(market.tokens[0])) as socket:
                await hear(socket)
                world.troubles.begin("stall")
                pong = asyncio.ensure_future(await socket.ping())
                await socket.send("PING")
                world.book(market.tokens[0], {0.1: 1}, {0.9: 1})
                assert await quiet(socket)
                assert not pong.done()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1), dial(world, "RTDS_URL"):
                        pass
            assert (await status_of(world, "/clob/ok"))[0] == 200

    run(body())


def test_late_trades_are_old_ones_and_the_fresh_ones_come_from_others() -> None:
    async def body() -> None:
        async with World(stretch=0.0001) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.troubles.begin("late")
                tx = trade(world, market)
                old = (await hear_json(rtds))["payload"]
                age = world.now_ms() / 1000 - old["timestamp"]
                assert 1795 < age < 3605
                assert old["transactionHash"] != tx
                await hear(rtds)  # the other side of the old match
                assert (await hear_json(rtds))["payload"]["transactionHash"] == tx  # held back, 0.18-0.36 s here
            _, rows = await status_of(world, f"/data/v2/activity?user={WHALE}")
            assert [row["transaction_hash"] for row in json.loads(rows)["data"]] == [tx, old["transactionHash"]]

    run(body())


def test_a_doubled_frame_is_the_same_bytes() -> None:
    async def body() -> None:
        async with World(stretch=0.01) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.troubles.begin("dup")
                trade(world, market)
                frames = [await hear(rtds) for _ in range(6)]
                assert len(set(frames)) == 3
                assert await quiet(rtds)

    run(body())


def test_reordered_trades_all_arrive_in_another_order() -> None:
    async def body() -> None:
        async with World(stretch=0.01) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.troubles.begin("reorder")
                for size in range(1, 21):
                    trade(world, market, size)
                came = await sizes(rtds, 20)
                assert came != sorted(came)
                assert sorted(came) == list(range(1, 21))

    run(body())


def test_a_cut_resets_old_and_new_connections_until_it_is_over() -> None:
    async def body() -> None:
        async with World(stretch=0.02) as world:
            furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.troubles.begin("cut")
                with pytest.raises(ConnectionClosed):
                    await hear(rtds)
            async with dial(world, "RTDS_URL", ACTIVITY) as again:
                with pytest.raises(ConnectionClosed):
                    await hear(again)
            world.troubles.end("cut")
            async with dial(world, "RTDS_URL", ACTIVITY) as healthy:
                assert await quiet(healthy)

    run(body())


def test_slow_frames_keep_their_order() -> None:
    async def body() -> None:
        async with World(stretch=0.05) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.troubles.begin("slow")
                for size in (1, 2, 3):
                    trade(world, market, size)
                assert await quiet(rtds, 0.1)
                assert await sizes(rtds, 3) == [1, 2, 3]

    run(body())


def test_crossed_books_are_crossed_on_the_socket_and_sound_in_rest() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            token = market.tokens[0]
            world.troubles.begin("crossed")
            async with dial(world, "CLOB_WS_URL", subscribe(token)) as socket:
                book = (await hear_json(socket))[0]
                assert max(float(x["price"]) for x in book["bids"]) > min(float(x["price"]) for x in book["asks"])
                world.book(token, {0.49: 3}, {0.51: 3})
                last = (await hear_json(socket))["price_changes"][-1]
                assert float(last["best_bid"]) > float(last["best_ask"])
                shown = json.loads((await status_of(world, f"/clob/book?token_id={token}"))[1])
                assert (shown["bids"][-1]["price"], shown["asks"][-1]["price"]) == ("0.49", "0.51")
                world.troubles.end("crossed")
                world.book(token, {0.48: 3}, {0.51: 3})
                assert [c["side"] for c in (await hear_json(socket))["price_changes"]] == ["BUY", "BUY"]

    run(body())


def test_stale_books_stand_still_everywhere_while_prints_go_on() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            token = market.tokens[0]
            async with dial(world, "CLOB_WS_URL", subscribe(token)) as socket:
                await hear(socket)
                before = (await status_of(world, f"/clob/book?token_id={token}"))[1]
                world.troubles.begin("stale-book")
                world.book(token, {0.3: 5}, {0.7: 5})
                trade(world, market)
                assert (await hear_json(socket))["event_type"] == "last_trade_price"
                assert (await status_of(world, f"/clob/book?token_id={token}"))[1] == before
                world.troubles.end("stale-book")
                assert b'"0.3"' in (await status_of(world, f"/clob/book?token_id={token}"))[1]
                world.book(token, {0.31: 5}, {0.7: 5})
                assert (await hear_json(socket))["price_changes"][-1]["best_bid"] == "0.31"

    run(body())


def test_a_tick_change_comes_before_its_book_and_is_taken_back() -> None:
    async def body() -> None:
        async with World(stretch=0.05) as world:
            (market,) = furnish(world)
            async with dial(world, "CLOB_WS_URL", subscribe(market.tokens[0])) as socket:
                await hear(socket)
                for act, tick in ((world.troubles.begin, "0.001"), (world.troubles.end, "0.01")):
                    act("tick-change")
                    assert (await hear_json(socket))["new_tick_size"] == tick
                    book = await hear_json(socket)
                    assert (book["event_type"], book["tick_size"]) == ("book", tick)

    run(body())


@pytest.mark.parametrize(
    ("name", "path", "status", "upgrade"),
    [
        ("429", "/data/v2/activity", 429, 429),
        ("425", "/clob/ok", 425, None),
        ("html", "/gamma/markets/keyset", 200, 403),
    ],
)
def test_refusals_answer_rest_and_upgrades(name: str, path: str, status: int, upgrade: int | None) -> None:
    async def body() -> None:
        async with World() as world:
            world.troubles.begin(name)
            answered, told = await status_of(world, path)
            assert answered == status
            assert (b"<html>" in told) == (name == "html")
            if upgrade is not None:
                with pytest.raises(InvalidStatus) as refused:
                    async with dial(world, "RTDS_URL"):
                        pass
                assert refused.value.response.status_code == upgrade
            world.troubles.end(name)
            async with dial(world, "RTDS_URL"):
                assert (await status_of(world, "/clob/ok"))[0] == 200

    run(body())


def test_a_country_refused_by_binance_finds_the_data_only_host() -> None:
    async def body() -> None:
        async with World() as world:
            world.troubles.begin("451")
            with pytest.raises(InvalidStatus) as refused:
                async with dial(world, "BINANCE_URL", path="/ws/btcusdt@aggTrade"):
                    pass
            assert refused.value.response.status_code == 451
            async with dial(world, "BINANCE_DATA_URL", path="/ws/btcusdt@aggTrade") as socket:
                world.price("BTC", 84_000.0)
                assert (await hear_json(socket))["e"] == "aggTrade"

    run(body())


def test_truncated_frames_are_no_json_and_bodies_end_early() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            world.troubles.begin("truncated")
            async with dial(world, "CLOB_WS_URL", subscribe(market.tokens[0])) as socket:
                with pytest.raises(ValueError, match=r"."):
                    json.loads(await hear(socket))
            with pytest.raises(httpx.RemoteProtocolError):
                await status_of(world, "/data/v2/status")

    run(body())


def test_huge_frames_and_bodies_have_16_mebibytes() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            async with dial(world, "CLOB_WS_URL", subscribe(market.tokens[0])) as socket:
                await hear(socket)
                world.troubles.begin("huge", ["market", "clob"])
                assert len(await hear(socket)) == 16 * 1024 * 1024
                world.book(market.tokens[0], {0.1: 1}, {0.9: 1})
                assert (await hear_json(socket))["event_type"] == "price_change"
            assert len((await status_of(world, "/clob/ok"))[1]) == 16 * 1024 * 1024

    run(body())


def test_skewed_clocks_are_five_seconds_ahead_in_frames_and_answers() -> None:
    async def body() -> None:
        async with World(clock=lambda: 1_790_000_000 * 10**9) as world:
            (market,) = furnish(world)
            world.troubles.begin("clock-skew")
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                trade(world, market)
                assert (await hear_json(rtds))["timestamp"] == 1_790_000_005_000
            assert (await status_of(world, "/clob/time"))[1] == b"1790000005"
            world.troubles.end("clock-skew")
            assert (await status_of(world, "/clob/time"))[1] == b"1790000000"

    run(body())


def test_faults_come_together() -> None:
    async def body() -> None:
        async with World(stretch=0.01) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.troubles.begin("dup")
                world.troubles.begin("clock-skew")
                world.troubles.begin("silent", ["market"])
                trade(world, market)
                frames = [await hear_json(rtds) for _ in range(6)]
            assert all(frame["timestamp"] > world.now_ms() - 1000 for frame in frames)
            assert world.now_ms() > world.venue.clock() * 1000 + troubles.SKEW_MS - 100

    run(body())
