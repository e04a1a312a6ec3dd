"""The venue's own client reads the local exchange unmodified and finds the values that were put in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from polymarket import AsyncPublicClient
from polymarket._internal.environment import PRODUCTION_CONFIG, with_environment_config
from polymarket.environments import PRODUCTION
from polymarket.models.data.activity import TradeActivity
from polymarket.streams import CryptoPricesSpec, MarketSpec

from tests.exchange.clients import WHALE, furnish, listing, run
from tests.exchange.world import World

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@asynccontextmanager
async def official(world: World) -> AsyncIterator[AsyncPublicClient]:
    """The official client with its addresses replaced."""
    here = world.settings()
    config = replace(
        PRODUCTION_CONFIG,
        clob_url=here["CLOB_URL"],
        gamma_url=here["GAMMA_URL"],
        data_url=here["DATA_API_URL"],
        clob_market_ws_url=here["CLOB_WS_URL"],
        rtds_ws_url=here["RTDS_URL"],
    )
    client = AsyncPublicClient(environment=with_environment_config(PRODUCTION, config=config))
    try:
        yield client
    finally:
        await client.close()


async def next_of(handle: Any) -> Any:
    async with asyncio.timeout(3.0):
        return await anext(handle)


def test_the_official_client_reads_every_event_of_the_market_channel() -> None:
    async def body() -> None:
        async with World() as world, official(world) as client:
            (market,) = furnish(world)
            token = market.tokens[0]
            handle = await client.subscribe(MarketSpec(asset_ids=[token], custom_feature_enabled=True))
            book = (await next_of(handle)).payload
            assert (book.asset_id, book.condition_id) == (token, market.condition_id)
            assert [(level.price, level.size) for level in book.bids] == [
                (Decimal("0.48"), Decimal("250.5")),
                (Decimal("0.49"), Decimal(100)),
            ]
            assert book.tick_size == Decimal("0.01")
            world.book(token, {0.5: 7, 0.48: 250.5}, {0.51: 120, 0.52: 300})
            event = await next_of(handle)
            last = event.payload.price_changes[-1]
            assert (event.type, last.price, last.size, last.side) == ("price_change", Decimal("0.5"), Decimal(7), "BUY")
            assert (last.best_bid, last.best_ask) == (Decimal("0.5"), Decimal("0.51"))
            best = (await next_of(handle)).payload
            assert (best.best_bid, best.best_ask, best.spread) == (Decimal("0.5"), Decimal("0.51"), Decimal("0.01"))
            tx = world.trade(WHALE, token, "SELL", 0.5, 3.25)
            printed = (await next_of(handle)).payload
            assert (printed.price, printed.size, printed.side) == (Decimal("0.5"), Decimal("3.25"), "SELL")
            assert printed.transaction_hash == tx
            world.troubles.stretch = 0.01
            world.tick_size(market.condition_id, 0.001)
            tick = (await next_of(handle)).payload
            assert (tick.old_tick_size, tick.new_tick_size) == (Decimal("0.01"), Decimal("0.001"))
            assert (await next_of(handle)).payload.tick_size == Decimal("0.001")
            world.list_market(listing("another"))
            new = (await next_of(handle)).payload
            assert (new.slug, new.asset_ids, new.outcomes) == ("another", listing("another").tokens, ("Yes", "No"))
            world.resolve(market.condition_id, "Yes")
            resolved = (await next_of(handle)).payload
            assert (resolved.winning_asset_id, resolved.winning_outcome) == (token, "Yes")
            assert client._get_market_manager().dropped_events == 0

    run(body())


def test_the_official_client_reads_the_price_topics_of_rtds() -> None:
    async def body() -> None:
        async with World() as world, official(world) as client:
            binance = await client.subscribe(CryptoPricesSpec(topic="prices.crypto.binance", symbols=["btcusdt"]))
            link = await client.subscribe(CryptoPricesSpec(topic="prices.crypto.chainlink", symbols=["btc/usd"]))
            await asyncio.sleep(0.05)
            world.price("BTC", 84_123.45)
            near, far = (await next_of(binance)).payload, (await next_of(link)).payload
            assert near.value == Decimal("84081.39")
            assert far.value == Decimal("84123.45")

    run(body())


def test_the_official_client_reads_the_same_books_and_trades_over_rest() -> None:
    async def body() -> None:
        async with World() as world, official(world) as client:
            (market,) = furnish(world)
            book = await client.get_order_book(token_id=market.tokens[1])
            assert max(level.price for level in book.bids) == Decimal("0.49")
            assert min(level.price for level in book.asks) == Decimal("0.51")
            assert book.hash == world.books[market.tokens[1]].wire()["hash"]

    run(body())


def test_the_official_client_reads_markets_and_activity_over_rest() -> None:
    async def body() -> None:
        async with World() as world, official(world) as client:
            (market,) = furnish(world)
            tx = world.trade(WHALE, market.tokens[0], "BUY", 0.51, 1030.92)
            found = await client.get_market(slug=market.slug)
            assert found.condition_id == market.condition_id
            rows = [row async for row in client.list_activity(user=WHALE).iter_items()]
            (row,) = rows
            assert isinstance(row, TradeActivity)
            assert (row.transaction_hash, row.shares, row.price) == (tx, Decimal("1030.92"), Decimal("0.51"))

    run(body())
