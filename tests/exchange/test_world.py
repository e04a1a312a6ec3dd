"""One happening, told by every source alike."""

import asyncio
import json
import time
from typing import Any

import httpx

from shared.adapters.polymarket.clob_public import ClobPublic
from shared.adapters.polymarket.data_api import DataApi
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.http import PublicHttp
from tests.exchange.catalogue import persona
from tests.exchange.clients import ACTIVITY, WHALE, dial, furnish, hear, hear_json, listing, quiet, run, subscribe
from tests.exchange.world import CROWD, World

LOGS = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["logs", {}]}


async def rest(world: World, path: str, *query: tuple[str, str]) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(world.venue.base_url + path, params=list(query))).json()


def test_a_trade_is_the_same_trade_on_every_source() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            token = market.tokens[0]
            async with (
                dial(world, "CLOB_WS_URL", subscribe(token)) as prints,
                dial(world, "RTDS_URL", ACTIVITY) as rtds,
                dial(world, "POLYGON_WS_URL", LOGS) as chain,
            ):
                await hear(prints)
                await hear(chain)
                tx = world.trade(WHALE, token, "BUY", 0.51, 1030.92)
                printed = await hear_json(prints)
                assert (printed["event_type"], printed["asset_id"], printed["transaction_hash"]) == (
                    "last_trade_price",
                    token,
                    tx,
                )
                assert (printed["price"], printed["size"], printed["side"]) == ("0.51", "1030.92", "BUY")
                told = [await hear_json(rtds) for _ in range(3)]
                logs = [(await hear_json(chain))["params"]["result"] for _ in range(2)]
            assert [frame["type"] for frame in told] == ["orders_matched", "trades", "trades"]
            mine, theirs = told[1]["payload"], told[2]["payload"]
            assert (mine["proxyWallet"].lower(), theirs["proxyWallet"].lower()) == (WHALE, CROWD)
            assert (mine["price"], mine["size"], mine["side"], mine["transactionHash"]) == (0.51, 1030.92, "BUY", tx)
            assert mine["name"] == persona(WHALE).name
            row = (await rest(world, "/data/v2/activity", ("user", WHALE)))["data"][0]
            assert (row["price"], row["size"], row["side"], row["transaction_hash"]) == (0.51, 1030.92, "BUY", tx)
            assert (row["token_id"], row["name"], row["timestamp"]) == (token, mine["name"], mine["timestamp"])
            words = [int(logs[1]["data"][2 + 64 * n : 66 + 64 * n], 16) for n in range(7)]
            assert words[:4] == [0, int(token), 525_769_200, 1_030_920_000]
            assert logs[1]["topics"][2].endswith(WHALE[2:])
            assert {log["transactionHash"] for log in logs} == {tx}

    run(body())


def test_every_rtds_frame_has_a_time_of_its_own() -> None:
    async def body() -> None:
        async with World(clock=lambda: 1_790_000_000 * 10**9) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.trade(WHALE, market.tokens[0], "BUY", 0.5, 10)
                world.trade(WHALE, market.tokens[0], "BUY", 0.5, 10)
                stamps = [(await hear_json(rtds))["timestamp"] for _ in range(6)]
            assert len(set(stamps)) == 6

    run(body())


def test_only_takers_are_in_the_trades_of_takers() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            world.trade(WHALE, market.tokens[0], "BUY", 0.5, 10, maker=True)
            assert (await rest(world, "/data/v2/trades", ("user", WHALE)))["data"] == []
            everything = await rest(world, "/data/v2/trades", ("user", WHALE), ("taker_only", "false"))
            assert [row["side"] for row in everything["data"]] == ["BUY"]

    run(body())


def test_the_market_channel_dumps_changes_and_unsubscribes() -> None:
    async def body() -> None:
        async with World() as world:
            first, second = furnish(world, "a", "b")
            async with dial(world, "CLOB_WS_URL", subscribe(first.tokens[0])) as socket:
                dump = await hear_json(socket)
                assert [book["event_type"] for book in dump] == ["book"]
                assert dump[0]["bids"] == [{"price": "0.48", "size": "250.5"}, {"price": "0.49", "size": "100"}]
                assert dump[0]["asks"][-1] == {"price": "0.51", "size": "120"}
                await socket.send(json.dumps({"operation": "subscribe", "assets_ids": [second.tokens[1]]}))
                added = await hear_json(socket)
                assert (added["asset_id"], added["bids"][-1]["price"]) == (second.tokens[1], "0.49")
                world.book(first.tokens[0], {0.5: 7, 0.48: 250.5}, {0.51: 120, 0.52: 300})
                changed = await hear_json(socket)
                assert changed["event_type"] == "price_change"
                assert [(c["side"], c["price"], c["size"]) for c in changed["price_changes"]] == [
                    ("BUY", "0.49", "0"),
                    ("BUY", "0.5", "7"),
                ]
                last = changed["price_changes"][-1]
                assert (last["best_bid"], last["best_ask"]) == ("0.5", "0.51")
                shown = await rest(world, "/clob/book", ("token_id", first.tokens[0]))
                assert shown["hash"] == last["hash"]
                await socket.send(json.dumps({"operation": "unsubscribe", "assets_ids": [first.tokens[0]]}))
                await socket.send("PING")
                assert await hear(socket) == b"PONG"
                world.book(first.tokens[0], {0.4: 7}, {0.6: 1})
                assert await quiet(socket)

    run(body())


def test_quotes_and_lifecycle_are_for_those_with_the_custom_feature() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            token = market.tokens[0]
            plain_hello, custom_hello = subscribe(token), subscribe(token, custom_feature_enabled=True)
            async with (
                dial(world, "CLOB_WS_URL", plain_hello) as plain,
                dial(world, "CLOB_WS_URL", custom_hello) as custom,
            ):
                await hear(plain)
                await hear(custom)
                world.book(token, {0.47: 5}, {0.53: 5})
                assert (await hear_json(custom))["event_type"] == "price_change"
                best = await hear_json(custom)
                assert (best["event_type"], best["best_bid"], best["best_ask"], best["spread"]) == (
                    "best_bid_ask",
                    "0.47",
                    "0.53",
                    "0.06",
                )
                world.list_market(listing("another"))
                assert (await hear_json(custom))["slug"] == "another"
                world.resolve(market.condition_id, "No")
                resolved = await hear_json(custom)
                assert (resolved["event_type"], resolved["winning_outcome"]) == ("market_resolved", "No")
                assert (await hear_json(plain))["event_type"] == "price_change"
                assert await quiet(plain)
            shown = await rest(world, "/gamma/markets/slug/will-it-rain")
            assert (shown["closed"], json.loads(shown["outcomePrices"])) == (True, ["0", "1"])
            assert "error" in await rest(world, "/clob/book", ("token_id", token))

    run(body())


def test_filters_and_pings_of_rtds_are_honoured() -> None:
    async def body() -> None:
        async with World() as world:
            wet, dry = furnish(world, "wet", "dry")
            wanted = {"topic": "activity", "type": "trades", "filters": json.dumps({"market_slug": "dry"})}
            async with dial(world, "RTDS_URL", {"action": "subscribe", "subscriptions": [wanted]}) as socket:
                await socket.send("PING")
                assert await hear(socket) == b""
                world.trade(WHALE, wet.tokens[0], "BUY", 0.5, 10)
                world.trade(WHALE, dry.tokens[0], "BUY", 0.5, 10)
                assert (await hear_json(socket))["payload"]["slug"] == "dry"

    run(body())


def test_with_latency_a_source_tells_later_but_tells() -> None:
    async def body() -> None:
        async with World(latency=0.02) as world:
            (market,) = furnish(world)
            async with dial(world, "RTDS_URL", ACTIVITY) as rtds:
                world.trade(WHALE, market.tokens[0], "BUY", 0.5, 10)
                assert world.told == {}
                await hear(rtds)
            assert world.told["market"] == 1

    run(body())


def test_what_happened_before_is_known_to_those_who_ask() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            world.trade(WHALE, market.tokens[0], "BUY", 0.5, 10)
            asked = {"id": 7, "method": "eth_getLogs", "params": [{"fromBlock": "earliest", "toBlock": "latest"}]}
            wide = {"id": 8, "method": "eth_getLogs", "params": [{"fromBlock": "0x0", "toBlock": "latest"}]}
            topics = {"topics": [None, None, ["0x" + WHALE[2:].zfill(64)]], "fromBlock": hex(world.polygon.block)}
            mine = {"id": 9, "method": "eth_getLogs", "params": [topics]}
            number = {"id": 10, "method": "eth_blockNumber", "params": []}
            async with dial(world, "POLYGON_WS_URL", asked, wide, mine, number) as chain:
                answers = [await hear_json(chain) for _ in range(4)]
            assert [answer["id"] for answer in answers] == [7, 8, 9, 10]
            assert "too wide" in answers[0]["error"]["message"]
            assert "too wide" in answers[1]["error"]["message"]
            assert len(answers[2]["result"]) == 1
            assert int(answers[3]["result"], 16) == world.polygon.block

    run(body())


def test_the_houses_own_clients_read_the_same() -> None:
    async def body() -> None:
        async with World() as world:
            (market,) = furnish(world)
            tx = world.trade(WHALE, market.tokens[0], "BUY", 0.51, 1030.92)
            async with PublicHttp(clock=time.monotonic_ns, sleep=asyncio.sleep, jitter=lambda: 0.5) as http:
                data = DataApi(http, nonce=time.time_ns, base_url=world.venue.data_url)
                gamma = Gamma(http, nonce=time.time_ns, base_url=world.venue.gamma_url)
                clob = ClobPublic(http, base_url=world.venue.clob_url)
                (row,) = (await data.fetch_recent(WHALE, 0)).rows
                assert (row.tx_hash, row.price_micro, row.size_micro) == (tx, 510_000, 1_030_920_000)
                (listed,) = (await gamma.markets(condition_ids=[market.condition_id])).rows
                assert (listed.token_ids, listed.best_bid_micro, listed.closed) == (market.tokens, 490_000, False)
                (book,) = (await clob.books([market.tokens[0]])).rows
                assert (book.bids[0], book.asks[0]) == ((490_000, 100_000_000), (510_000, 120_000_000))

    run(body())
