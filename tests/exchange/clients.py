"""What the tests of the exchange share: a market to trade in, and a plain WebSocket client."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.exchange.catalogue import Listing, digest
from tests.exchange.world import World

WHALE = "0x" + "ab" * 20
SOON_S = 3.0
"""A frame that does not come within this is not coming."""
ACTIVITY = {
    "action": "subscribe",
    "subscriptions": [{"topic": "activity", "type": "trades"}, {"topic": "activity", "type": "orders_matched"}],
}


def run(body: Coroutine[Any, Any, None]) -> None:
    """Run a test that waits."""
    asyncio.run(body)


def listing(slug: str = "will-it-rain", **changes: Any) -> Listing:
    """An open market on Yes and No that ends in the year 2100."""
    tokens = tuple(str(int(digest(slug, outcome), 16)) for outcome in ("Yes", "No"))
    facts: dict[str, Any] = {
        "condition_id": "0x" + digest(slug),
        "slug": slug,
        "question": slug.replace("-", " ").capitalize() + "?",
        "outcomes": ("Yes", "No"),
        "tokens": tokens,
        "end_s": 4_102_444_800.0,
    }
    return Listing(**(facts | changes))


def furnish(world: World, *slugs: str) -> list[Listing]:
    """Markets with a book of 0.49 and 0.51."""
    made = [listing(slug) for slug in slugs or ("will-it-rain",)]
    for one in made:
        world.list_market(one)
        world.book(one.tokens[0], {0.49: 100, 0.48: 250.5}, {0.51: 120, 0.52: 300})
    return made


@asynccontextmanager
async def dial(world: World, setting: str, *hellos: object, path: str = "") -> AsyncIterator[ClientConnection]:
    """A connection to one of the sockets, which has sent these frames."""
    url = world.settings()[setting] + path
    async with connect(url, compression=None, max_size=None, proxy=None, close_timeout=0.2) as socket:
        for hello in hellos:
            await socket.send(hello if isinstance(hello, str) else json.dumps(hello))
        if hellos:
            await asyncio.sleep(0.05)  # the subscriptions are in force
        yield socket


def subscribe(*tokens: str, **more: Any) -> dict[str, Any]:
    """The first frame of the market channel."""
    return {"type": "market", "assets_ids": list(tokens), **more}


async def hear(socket: ClientConnection) -> bytes:
    """The next frame; ``TimeoutError`` when none comes soon."""
    async with asyncio.timeout(SOON_S):
        return await socket.recv(decode=False)


async def hear_json(socket: ClientConnection) -> Any:
    """The next frame, decoded."""
    return json.loads(await hear(socket))


async def quiet(socket: ClientConnection, seconds: float = 0.15) -> bool:
    """Whether nothing is said for a while."""
    try:
        async with asyncio.timeout(seconds):
            await socket.recv(decode=False)
    except TimeoutError:
        return True
    return False
