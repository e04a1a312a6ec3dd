"""What these tests share: a client on fake time against the local venue, and rows in wire form."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from shared.adapters.polymarket.clob_public import ClobPublic
from shared.adapters.polymarket.data_api import DataApi
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.http import HttpSettings, PublicHttp
from shared.adapters.polymarket.limits import RateLimits
from tests.exchange.clock import FakeTime
from tests.exchange.content import Wire
from tests.exchange.server import Limits, LocalVenue

Value = TypeVar("Value")

WALLET = "0x" + "ab" * 20
CONDITION = "0x" + "c1" * 32
TOKEN = "39059140761102735867213780342524176318432598655322903326399219585443003760474"
START_S = 1_790_000_000


@dataclass(frozen=True)
class World:
    """A local venue and the clients that look at it."""

    venue: LocalVenue
    time: FakeTime
    http: PublicHttp
    data: DataApi
    gamma: Gamma
    clob: ClobPublic


@asynccontextmanager
async def world(
    *,
    settings: HttpSettings | None = None,
    documented: dict[str, int] | None = None,
    venue_limits: Limits | None = None,
) -> AsyncIterator[World]:
    """A venue and clients on one fake time; no wait takes real time."""
    time = FakeTime(START_S)
    limits = RateLimits() if documented is None else RateLimits(documented, margin_percent=100)
    # Loopback is plain HTTP; leaving the certificate store unread makes a world ten times cheaper.
    transport = httpx.AsyncHTTPTransport(verify=False)
    async with (
        LocalVenue(clock=time.seconds, limits=venue_limits) as venue,
        PublicHttp(
            clock=time.clock,
            sleep=time.sleep,
            jitter=lambda: 0.5,
            settings=settings,
            limits=limits,
            transport=transport,
        ) as http,
    ):
        yield World(
            venue=venue,
            time=time,
            http=http,
            data=DataApi(http, nonce=time.clock, base_url=venue.data_url),
            gamma=Gamma(http, nonce=time.clock, base_url=venue.gamma_url),
            clob=ClobPublic(http, base_url=venue.clob_url),
        )


def run(body: Coroutine[Any, Any, Value]) -> Value:
    """The result of a coroutine in an event loop of its own."""
    return asyncio.run(body)


def trade(number: int = 0, **changes: Any) -> Wire:
    """A good TRADE row in v2 form; ``number`` gives it its own second and transaction."""
    row: Wire = {
        "proxy_wallet": WALLET,
        "timestamp": START_S - 1000 + number,
        "condition_id": CONDITION,
        "type": "TRADE",
        "size": 10.5,
        "usdc_size": 4.2,
        "transaction_hash": f"0x{number:064x}",
        "price": 0.4,
        "token_id": TOKEN,
        "side": "BUY",
        "outcome_index": 0,
        "title": "Bitcoin Up or Down",
        "slug": "btc-updown-15m-1771353900",
        "event_slug": "btc-updown-15m-1771353900",
        "outcome": "Up",
    }
    return {name: value for name, value in (row | changes).items() if value is not ...}
