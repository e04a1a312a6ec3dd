"""A whale's trade in an unknown market waits for its data; in a known one it passes at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from shared.adapters.feeds.market_data import MarketData, Patience
from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.gamma_market import GammaMarket, gamma_market
from shared.adapters.polymarket.wire import Page
from shared.domain.errors import Corrupt, Temporary
from shared.domain.instants import SECOND
from shared.domain.market import Market
from shared.domain.messages import BookSnapshot, MarketChanged, MarketListed, MarketResolved, WhaleTrade
from shared.domain.order import Side
from shared.ports import Heard
from tests.exchange.content import Content
from tests.fargate.live_world import CONDITION, TOKENS, furnish

QUICK = Patience(hold_s=0.2, retry_s=0.01, refresh_s=60.0, ended_s=5.0)
NOW = 1_790_000_000 * SECOND


def found_market(**changes: object) -> GammaMarket:
    content = Content(lambda: 0.0)
    furnish(content)
    return gamma_market({**content.markets[0], **changes})


@dataclass
class Venue:
    """Catalogue and books of a venue that may be away."""

    catalogue: dict[str, GammaMarket] = field(default_factory=lambda: {CONDITION: found_market()})
    shown: bool = True
    failing: int = 0
    dated: int = NOW
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def markets(
        self, *, condition_ids: Sequence[str] = (), closed: bool | None = None, fresh: bool = False
    ) -> Page[GammaMarket]:
        assert closed is None
        assert fresh
        await asyncio.sleep(0)
        self.asked.append(tuple(condition_ids))
        if self.failing:
            self.failing -= 1
            raise Temporary("HTTP 502")
        return Page(tuple(self.catalogue[one] for one in condition_ids if one in self.catalogue), ())

    async def books(self, token_ids: Iterable[str]) -> Page[RestBook]:
        await asyncio.sleep(0)
        rows = [
            RestBook(one, CONDITION, ((490_000, 1),), ((500_000, 1),), self.dated, "h", None, None, None, None)
            for one in token_ids
        ]
        return Page(tuple(rows) if self.shown else (), ())


@dataclass
class Engine:
    """What has been handed on, and what is known by it."""

    handed: list[Heard] = field(default_factory=list)
    known: dict[str, Market] = field(default_factory=dict)
    books: dict[str, None] = field(default_factory=dict)
    refusing: bool = False
    streaming: bool = False
    well: bool = True

    def market(self, market: str) -> Market | None:
        return self.known.get(market)

    def has_book(self, token: str) -> bool:
        return token in self.books

    def takes(self, book: RestBook) -> bool:
        if self.streaming:
            self.books[book.token_id] = None
        return self.streaming

    def ready(self) -> bool:
        return self.well

    def hand(self, heard: Heard) -> None:
        if self.refusing:
            raise Corrupt("time runs backwards")
        self.handed.append(heard)
        match heard.payload:
            case MarketListed() | MarketChanged() as told:
                self.known[told.market.market] = told.market
            case BookSnapshot() as book:
                self.books[book.token] = None
            case _:
                pass

    def kinds(self) -> list[str]:
        return [type(heard.payload).__name__ for heard in self.handed]


async def until(seen: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5.0
    while not seen():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


class World:
    def __init__(self) -> None:
        self.venue, self.engine, self.at = Venue(), Engine(), NOW
        self.broken: list[BaseException] = []
        venue, engine = self.venue, self.engine
        self.data = MarketData(venue, venue, engine, engine.hand, self.now, self.broken.append, QUICK)

    def now(self) -> int:
        self.at += SECOND // 1000
        return self.at

    def trade(self, tx: str, token: str = TOKENS[0]) -> tuple[Heard, WhaleTrade]:
        trade = WhaleTrade("0xa", CONDITION, token, Side.BUY, 500_000, 1_000_000, tx, 1)
        return Heard("rtds", self.at, self.at, trade), trade

    def admitted(self, tx: str, token: str = TOKENS[0]) -> bool:
        return self.data.admit(*self.trade(tx, token))

    async def settled(self) -> None:
        await until(lambda: not self.data._tasks)


def told(story: Callable[[World], Awaitable[None]]) -> World:
    async def body() -> World:
        world = World()
        await story(world)
        await world.data.stop()
        return world

    return asyncio.run(body())


def test_a_trade_in_an_unknown_market_is_decided_after_its_market_and_book_are_known() -> None:
    async def story(world: World) -> None:
        assert not world.admitted("0x1")
        await world.settled()

    world = told(story)
    assert world.engine.kinds() == ["MarketListed", "BookSnapshot", "WhaleTrade"]
    assert (world.data.held, world.data.handed_without) == (1, 0)


def test_a_trade_in_a_known_market_passes_at_once() -> None:
    async def story(world: World) -> None:
        world.admitted("0x1")
        await world.settled()
        assert world.admitted("0x2")

    assert len(told(story).venue.asked) == 1


def test_trades_of_one_market_keep_their_order_while_they_wait() -> None:
    async def story(world: World) -> None:
        for tx in ("0x1", "0x2", "0x3"):
            assert not world.admitted(tx, TOKENS[tx == "0x2"])
        await world.settled()

    world = told(story)
    assert [h.payload.tx for h in world.engine.handed if isinstance(h.payload, WhaleTrade)] == ["0x1", "0x2", "0x3"]
    assert set(world.engine.books) == set(TOKENS)


def test_a_venue_that_is_away_for_a_moment_is_asked_again() -> None:
    async def story(world: World) -> None:
        world.venue.failing = 3
        world.admitted("0x1")
        await world.settled()

    world = told(story)
    assert world.engine.kinds()[-1] == "WhaleTrade"
    assert (len(world.venue.asked), world.data.handed_without) == (4, 0)


def test_a_trade_whose_data_never_comes_is_handed_on_all_the_same_and_counted() -> None:
    async def story(world: World) -> None:
        world.venue.shown = False
        world.admitted("0x1")
        await world.settled()

    world = told(story)
    assert world.engine.kinds() == ["MarketListed", "WhaleTrade"]
    assert world.data.handed_without == 1


def test_a_book_from_long_before_the_trade_stands_still_and_is_not_taken_for_news() -> None:
    async def story(world: World) -> None:
        world.venue.dated = NOW - 11 * SECOND
        world.admitted("0x1")
        await world.settled()

    world = told(story)
    assert world.engine.kinds() == ["MarketListed", "WhaleTrade"]
    assert world.data.stale_books > 1


def test_a_book_whose_token_is_followed_by_a_stream_is_told_by_the_stream_alone() -> None:
    async def story(world: World) -> None:
        world.engine.streaming = True
        world.admitted("0x1")
        await world.settled()

    assert told(story).engine.kinds() == ["MarketListed", "WhaleTrade"]


def test_a_buy_waits_for_the_sources_that_entries_need_and_a_sale_does_not() -> None:
    async def story(world: World) -> None:
        world.admitted("0x1")
        await world.settled()
        world.engine.well = False
        assert not world.admitted("0x2")
        heard, trade = world.trade("0x3")
        await world.settled()
        assert world.data.admit(heard, replace(trade, side=Side.SELL))
        assert not world.admitted("0x4")
        world.engine.well = True
        await world.settled()
        assert world.data.handed_without == 1

    told(story)


def test_a_book_of_ten_seconds_before_the_trade_is_taken() -> None:
    async def story(world: World) -> None:
        world.venue.dated = NOW - 9 * SECOND
        world.admitted("0x1")
        await world.settled()

    assert told(story).data.stale_books == 0


def test_an_error_that_is_nobodys_answer_is_told_and_not_swallowed() -> None:
    async def story(world: World) -> None:
        world.engine.refusing = True
        world.admitted("0x1")
        await until(lambda: world.broken)

    assert [str(error) for error in told(story).broken] == ["time runs backwards"]


def test_a_trade_held_in_the_very_moment_of_the_end_is_handed_on_too() -> None:
    async def story(world: World) -> None:
        world.admitted("0x1")

    assert told(story).engine.kinds() == ["WhaleTrade"]


def test_what_is_held_at_the_end_is_handed_on_and_not_lost() -> None:
    async def story(world: World) -> None:
        world.venue.shown = False
        world.admitted("0x1")
        await asyncio.sleep(0)

    assert told(story).engine.kinds()[-1] == "WhaleTrade"


def test_a_market_of_ours_is_read_again_every_minute_and_soon_after_its_end() -> None:
    async def story(world: World) -> None:
        running = asyncio.ensure_future(world.data.run(lambda: [CONDITION], every_s=0.001))
        await until(lambda: len(world.venue.asked) >= 1)
        await asyncio.sleep(0.02)
        assert len(world.venue.asked) == 1
        world.at += 61 * SECOND
        await until(lambda: len(world.venue.asked) >= 2)
        end = found_market().end_ns
        assert end is not None
        world.at = end + 6 * SECOND
        world.venue.catalogue[CONDITION] = found_market(closed=True, outcomePrices='["1", "0"]')
        await until(lambda: "MarketResolved" in world.engine.kinds())
        asked = len(world.venue.asked)
        world.at += 3600 * SECOND
        await asyncio.sleep(0.02)
        assert len(world.venue.asked) == asked
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    world = told(story)
    resolved = [h.payload for h in world.engine.handed if isinstance(h.payload, MarketResolved)]
    assert resolved == [MarketResolved(CONDITION, {TOKENS[0]: 1_000_000, TOKENS[1]: 0})]


def test_a_venue_that_is_away_does_not_end_the_reading() -> None:
    async def story(world: World) -> None:
        world.venue.failing = 2
        running = asyncio.ensure_future(world.data.run(lambda: [CONDITION], every_s=0.001))
        await until(lambda: world.engine.handed)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert told(story).engine.kinds() == ["MarketListed"]


def test_both_tokens_of_recently_traded_markets_are_of_interest_until_they_are_resolved() -> None:
    async def story(world: World) -> None:
        world.admitted("0x1")
        await world.settled()
        assert world.data.tokens_of_interest() == list(TOKENS)
        world.data.resolved(CONDITION)
        assert world.data.tokens_of_interest() == []
        assert world.admitted("0x2")  # the engine says that it is resolved

    told(story)
