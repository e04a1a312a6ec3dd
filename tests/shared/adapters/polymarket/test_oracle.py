"""The venue's own client as oracle: its models and its transport, on the same bodies, give the same values.

Pointing it at another host goes through ``polymarket._internal`` (private), which is why it stands in one place.
"""

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from polymarket import AsyncPublicClient
from polymarket._internal.environment import get_environment_config, with_environment_config
from polymarket.environments import PRODUCTION
from polymarket.models.clob.order_book import OrderBook
from polymarket.models.data.activity import Trade, TradeActivity
from polymarket.models.gamma.market import Market

from shared.adapters.polymarket.clob_public import rest_book
from shared.adapters.polymarket.gamma_market import gamma_market
from shared.adapters.polymarket.wire import ActivityRow
from shared.domain.money import ONE
from tests.exchange.content import Wire
from tests.exchange.recorded import activity_page, gamma_markets
from tests.exchange.server import LocalVenue
from tests.shared.adapters.polymarket.venue import CONDITION, START_S, TOKEN, run, trade, world

ADDRESS = "0x7c3db723f1d4d8cb9c550095203b686cb11e5c6b"


@asynccontextmanager
async def official_client(venue: LocalVenue) -> AsyncIterator[AsyncPublicClient]:
    config = dataclasses.replace(
        get_environment_config(PRODUCTION),
        data_url=venue.data_url,
        gamma_url=venue.gamma_url,
        clob_url=venue.clob_url,
    )
    async with AsyncPublicClient(environment=with_environment_config(PRODUCTION, config=config)) as client:
        yield client


def in_micro(value: Decimal) -> int:
    return round(value * ONE)


def same_trade(ours: ActivityRow, theirs: Trade | TradeActivity) -> None:
    size = theirs.size if isinstance(theirs, Trade) else theirs.shares
    assert (ours.wallet, ours.token_id, ours.condition_id) == (
        theirs.wallet.lower(),
        theirs.asset_id,
        theirs.condition_id,
    )
    assert (ours.side, ours.size_micro, ours.price_micro) == (theirs.side, in_micro(size), in_micro(theirs.price))
    assert ours.timestamp_s == int(theirs.timestamp.timestamp())
    assert ours.tx_hash == theirs.transaction_hash.lower()
    assert (ours.outcome or None, ours.outcome_index) == (theirs.outcome, theirs.outcome_index)
    assert (ours.slug or None, ours.event_slug) == (theirs.slug, theirs.event_slug)


def test_the_official_client_and_ours_page_through_the_same_trades() -> None:
    rows = [
        trade(n, proxy_wallet=ADDRESS, size=1.5 + n / 7, price=0.1 + n / 100, outcome_index=999 if n % 2 else 1)
        for n in range(25)
    ]

    async def body() -> None:
        async with world() as here, official_client(here.venue) as official:
            here.venue.content.add_rows(rows)
            ours = [row async for page in here.data.activity(ADDRESS, limit=10) for row in page.rows]
            theirs = [item async for page in official.list_activity(user=ADDRESS, page_size=10) for item in page.items]
            assert len(ours) == len(theirs) == 25
            for row, item in zip(ours, theirs, strict=True):
                assert isinstance(item, TradeActivity)
                same_trade(row, item)
                assert row.usdc_micro == in_micro(item.amount)
            trades = [row async for page in here.data.trades(ADDRESS, limit=10) for row in page.rows]
            official_trades = [
                item
                async for page in official.list_trades(user=ADDRESS, taker_only=False, page_size=10)
                for item in page.items
            ]
            assert len(trades) == len(official_trades) == 25
            for row, one in zip(trades, official_trades, strict=True):
                same_trade(row, one)

    run(body())


@pytest.mark.parametrize("name", ["dataapi_activity_2026-02-17.json", "dataapi_activity_k9Q2_2026-03-17.json"])
def test_recorded_trades_have_the_values_of_the_official_models(recordings: Path, name: str) -> None:
    rows: list[Wire] = [row for row in activity_page(recordings, name) if row["type"] == "TRADE"]

    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows(rows)
            user = rows[0]["proxy_wallet"]
            page = await here.data.fetch_recent(user, 1)
            mine = [row for row in rows if row["proxy_wallet"] == user]
            mine.sort(key=lambda row: int(row["timestamp"]))
            assert len(page.rows) == len(mine) > 10
            for ours, raw in zip(page.rows, mine, strict=True):
                same_trade(ours, TradeActivity.parse_response(raw))

    run(body())


def test_recorded_markets_have_the_values_of_the_official_models(recordings: Path) -> None:
    raw = recordings / "raw"
    objects = [json.loads((raw / "gamma_market_btc-updown-15m_sample.json").read_bytes())]
    objects += json.loads((raw / "gamma_markets_page_sample.json").read_bytes())["markets"]
    objects += [json.loads(path.read_bytes()) for path in sorted((raw / "wire_nautilus").glob("rust_gamma_*.json"))]
    objects += gamma_markets(recordings, slug_part="updown-15m-17732")
    assert len(objects) > 100
    for item in objects:
        ours, theirs = gamma_market(item), Market.parse_response(item)
        outcomes = (theirs.outcomes.yes, theirs.outcomes.no)
        assert (ours.condition_id, ours.slug) == (theirs.condition_id, theirs.slug)
        assert ours.outcomes == tuple(outcome.label for outcome in outcomes)
        assert ours.token_ids == tuple(outcome.token_id for outcome in outcomes)
        assert ours.closed == bool(theirs.state.closed)
        for mine, official in (
            (ours.best_bid_micro, theirs.prices.best_bid),
            (ours.best_ask_micro, theirs.prices.best_ask),
            (ours.tick_size_micro, theirs.trading.minimum_tick_size),
            (ours.min_size_micro, theirs.trading.minimum_order_size),
            (ours.volume_24h_micro, theirs.metrics.volume_24hr),
        ):
            assert mine == (None if official is None else in_micro(official))
        end = theirs.state.end_date
        assert ours.end_ns == (None if end is None else round(end.timestamp()) * 10**9)


def test_the_official_client_reads_the_catalogue_and_books_of_the_local_venue() -> None:
    book = {
        "market": CONDITION,
        "asset_id": TOKEN,
        "timestamp": str(START_S * 1000),
        "hash": "h",
        "bids": [{"price": "0.01", "size": "10"}, {"price": "0.1", "size": "12.5"}],
        "asks": [{"price": "0.98", "size": "50"}, {"price": "0.14", "size": "70.25"}],
        "min_order_size": "5",
        "tick_size": "0.01",
        "neg_risk": False,
        "last_trade_price": "0.51",
    }
    ours, theirs = rest_book(book), OrderBook.parse_response(book)
    assert ours.bids[0] == (in_micro(theirs.bids[-1].price), in_micro(theirs.bids[-1].size))
    assert ours.asks[0] == (in_micro(theirs.asks[-1].price), in_micro(theirs.asks[-1].size))
    assert theirs.timestamp is not None
    assert ours.venue_at_ns == round(theirs.timestamp.timestamp()) * 10**9

    async def body() -> None:
        async with world() as here, official_client(here.venue) as official:
            here.venue.content.books[TOKEN] = book
            assert (await official.get_order_book(token_id=TOKEN)) == theirs
            assert await here.clob.book(TOKEN) == ours
            assert list(await official.get_order_books(token_ids=[TOKEN])) == [theirs]
            assert (await here.clob.books([TOKEN])).rows == (ours,)

    run(body())
