"""The catalogue finds the crypto windows that trade now, follows their tokens, and says how they ended."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from fargate.streams import clients_of, public_http
from shared.adapters.polymarket.catalogue import Catalogue, CatalogueSettings
from shared.adapters.polymarket.http import HttpSettings
from shared.domain.instants import SECOND
from shared.domain.messages import FeedNotice, MarketListed, MarketResolved, NoticeKind
from shared.ports import Heard
from shared.settings import read_settings
from tests.exchange.catalogue import Listing
from tests.exchange.clients import listing
from tests.exchange.world import World

SOON_S = 5.0


class Life:
    """A catalogue on the loopback exchange."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heard: list[Heard] = []
        self.wanted: list[Sequence[str]] = []
        self.now_s = int(time.time()) // 300 * 300 + 60

    def window(self, coin: str, starts_in_s: int, lasts_s: int = 300) -> Listing:
        start = self.now_s - 60 + starts_in_s
        one = listing(f"{coin}-updown-5m-{start}", start_s=float(start), end_s=float(start + lasts_s))
        self.world.list_market(one)
        return one

    def clock(self) -> int:
        return self.now_s * SECOND

    def told(self, kind: type) -> list[object]:
        return [heard.payload for heard in self.heard if isinstance(heard.payload, kind)]

    async def until(self, seen: Callable[[], object]) -> None:
        deadline = time.monotonic() + SOON_S
        while not seen():
            assert time.monotonic() < deadline, (self.heard, self.wanted)
            await asyncio.sleep(0.005)


def lived(story: Callable[[Life], Awaitable[None]]) -> Life:
    async def body() -> Life:
        async with World(limits={}) as world, public_http(HttpSettings(attempts=1)) as http:
            life = Life(world)
            clients = clients_of(read_settings(world.settings()), http)
            catalogue = Catalogue(
                clients.gamma, life.clock, ("BTC", "ETH"), life.wanted.append, settings=CatalogueSettings(every_s=0.02)
            )
            running = asyncio.ensure_future(catalogue.run(life.heard.append))
            try:
                await story(life)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
            return life

    return asyncio.run(body())


def test_windows_that_trade_now_or_soon_are_followed_and_later_ones_are_known() -> None:
    async def story(life: Life) -> None:
        now, soon, later = (life.window("btc", starts) for starts in (0, 300, 3600))
        other = life.window("sol", 0)
        life.world.list_market(listing("will-it-rain"))
        await life.until(lambda: life.wanted)
        assert life.wanted[-1] == [*now.tokens, *soon.tokens]
        listed = [one.market.market for one in life.told(MarketListed) if isinstance(one, MarketListed)]
        assert sorted(listed) == sorted(one.condition_id for one in (now, soon, later))
        assert other.condition_id not in listed

    lived(story)


def test_each_market_is_told_once_however_often_it_is_read() -> None:
    async def story(life: Life) -> None:
        life.window("btc", 0)
        await life.until(lambda: life.wanted)
        await asyncio.sleep(0.15)

    life = lived(story)
    assert len(life.told(MarketListed)) == 1
    assert len(life.wanted) == 1


def test_an_ended_window_is_asked_for_until_it_is_resolved_and_followed_no_longer() -> None:
    async def story(life: Life) -> None:
        one = life.window("eth", 0)
        await life.until(lambda: life.wanted)
        life.now_s += 400
        await life.until(lambda: list(life.wanted[-1]) == [])
        life.world.resolve(one.condition_id, "Yes")
        await life.until(lambda: life.told(MarketResolved))
        assert life.told(MarketResolved) == [
            MarketResolved(one.condition_id, {one.tokens[0]: 1_000_000, one.tokens[1]: 0})
        ]

    lived(story)


def test_a_catalogue_that_does_not_answer_is_told_and_asked_again() -> None:
    async def story(life: Life) -> None:
        life.world.troubles.begin("html", ("gamma",))
        life.window("btc", 0)
        await life.until(lambda: life.told(FeedNotice))
        life.world.troubles.end("html")
        await life.until(lambda: life.wanted)

    kinds = [one.kind for one in lived(story).told(FeedNotice) if isinstance(one, FeedNotice)]
    assert kinds[0] is NoticeKind.LOST
