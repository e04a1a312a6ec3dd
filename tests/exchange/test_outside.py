"""Binance, Coinbase and the Polygon node speak as documented."""

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.exchange.clients import WHALE, dial, furnish, hear_json, quiet, run
from tests.exchange.world import World

STREAMS = "/stream?streams=btcusdt@aggTrade/btcusdt@bookTicker/btcusdt@kline_1s"


def test_binance_tells_a_trade_its_quote_and_its_candle() -> None:
    async def body() -> None:
        async with World() as world:
            async with dial(world, "BINANCE_URL", path=STREAMS) as socket:
                world.price("BTC", 84_000.0, size=0.25, side="SELL")
                trade, quote, candle = [await hear_json(socket) for _ in range(3)]
            assert trade["stream"] == "btcusdt@aggTrade"
            assert (trade["data"]["p"], trade["data"]["q"], trade["data"]["m"]) == ("83958.00", "0.25000", True)
            assert float(quote["data"]["b"]) < 83_958.0 < float(quote["data"]["a"])
            assert (candle["data"]["k"]["c"], candle["data"]["k"]["n"], candle["data"]["k"]["x"]) == (
                "83958.00",
                1,
                False,
            )

    run(body())


def test_binance_subscriptions_change_on_the_open_socket() -> None:
    async def body() -> None:
        async with World() as world, dial(world, "BINANCE_URL", path="/ws") as socket:
            await socket.send(json.dumps({"method": "SUBSCRIBE", "params": ["ethusdt@aggTrade"], "id": 4}))
            assert await hear_json(socket) == {"result": None, "id": 4}
            world.price("ETH", 2900.0)
            assert (await hear_json(socket))["s"] == "ETHUSDT"
            await socket.send(json.dumps({"method": "UNSUBSCRIBE", "params": ["ethusdt@aggTrade"], "id": 5}))
            assert (await hear_json(socket))["id"] == 5
            world.price("ETH", 2901.0)
            assert await quiet(socket)

    run(body())


def test_binance_closes_on_a_client_that_talks_too_much() -> None:
    async def body() -> None:
        async with World() as world:
            async with dial(world, "BINANCE_URL", path="/ws") as socket:
                for number in range(7):
                    await socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
                answers = [await hear_json(socket) for _ in range(5)]
                assert [answer["id"] for answer in answers] == list(range(5))
                with pytest.raises(ConnectionClosed) as closed:
                    await hear_json(socket)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Too many requests")

    run(body())


def test_binance_pings_and_announces_its_end() -> None:
    async def body() -> None:
        async with World() as world:
            world.spot.binance.ping_every_s = 0.05
            async with dial(world, "BINANCE_URL", path=STREAMS) as socket:
                await asyncio.sleep(0.2)
                (peer,) = world.spot.binance.peers.values()
                assert len(peer.heard) >= 2  # pongs
                world.spot.binance.shut_down(world.now_ms(), after_s=0.05)
                assert (await hear_json(socket))["e"] == "serverShutdown"
                with pytest.raises(ConnectionClosed):
                    await hear_json(socket)

    run(body())


def test_coinbase_names_the_makers_side_in_matches_and_the_takers_in_tickers() -> None:
    async def body() -> None:
        hello = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches", "ticker", "heartbeat"]}
        async with World() as world:
            async with dial(world, "COINBASE_URL", hello) as socket:
                assert (await hear_json(socket))["type"] == "subscriptions"
                world.price("BTC", 84_000.0, size=0.25, side="BUY")
                match, ticker = await hear_json(socket), await hear_json(socket)
            assert (match["type"], match["price"], match["size"], match["side"]) == (
                "match",
                "84000.00",
                "0.25000000",
                "sell",
            )
            assert (ticker["type"], ticker["side"], ticker["trade_id"]) == ("ticker", "buy", match["trade_id"])
            async with dial(world, "COINBASE_URL", hello) as again:
                assert (await hear_json(again))["type"] == "subscriptions"
                assert (await hear_json(again))["type"] == "last_match"

    run(body())


def test_coinbase_refuses_what_it_does_not_know() -> None:
    async def body() -> None:
        hello = {"type": "subscribe", "product_ids": ["NOPE-USD"], "channels": ["matches"]}
        async with World() as world, dial(world, "COINBASE_URL", hello) as socket:
            assert (await hear_json(socket))["type"] == "error"

    run(body())


def test_the_walk_moves_every_price_and_closes_candles() -> None:
    async def body() -> None:
        async with World() as world:
            async with dial(world, "BINANCE_URL", path="/ws/btcusdt@kline_1s") as socket:
                walking = asyncio.create_task(world.spot.walk(world.chance))
                async with asyncio.timeout(3):
                    while not (await hear_json(socket))["k"]["x"]:
                        pass
                walking.cancel()
            prices = [coin.price for coin in world.spot.coins.values()]
            assert 84_000.0 not in prices

    run(body())


def test_the_node_filters_by_topic_and_forgets_on_unsubscribe() -> None:
    async def body() -> None:
        padded = "0x" + WHALE[2:].zfill(64)
        ask = {"id": 1, "method": "eth_subscribe", "params": ["logs", {"topics": [None, None, [padded]]}]}
        async with World() as world:
            (market,) = furnish(world)
            async with dial(world, "POLYGON_WS_URL", ask) as socket:
                name = (await hear_json(socket))["result"]
                world.trade("0x" + "11" * 20, market.tokens[0], "BUY", 0.5, 10)
                world.trade(WHALE, market.tokens[0], "SELL", 0.25, 8)
                log = (await hear_json(socket))["params"]
                assert log["subscription"] == name
                words = [int(log["result"]["data"][2 + 64 * n : 66 + 64 * n], 16) for n in range(4)]
                assert words == [1, int(market.tokens[0]), 8_000_000, 2_000_000]
                assert log["result"]["topics"][3].endswith(log["result"]["address"][2:])
                block = {"id": 2, "method": "eth_getBlockByNumber", "params": [log["result"]["blockNumber"], False]}
                await socket.send(json.dumps(block))
                assert int((await hear_json(socket))["result"]["timestamp"], 16) <= world.now_ms() / 1000
                await socket.send(json.dumps({"id": 3, "method": "eth_unsubscribe", "params": [name]}))
                assert (await hear_json(socket))["result"] is True
                world.trade(WHALE, market.tokens[0], "SELL", 0.25, 8)
                assert await quiet(socket)

    run(body())


@pytest.mark.parametrize("said", ["{", '{"id":1,"method":"eth_mine"}', '{"id":1,"method":"eth_getLogs","params":[3]}'])
def test_the_node_answers_nonsense_with_an_error(said: str) -> None:
    async def body() -> None:
        async with World() as world, dial(world, "POLYGON_WS_URL", said) as socket:
            assert "message" in (await hear_json(socket))["error"]

    run(body())
