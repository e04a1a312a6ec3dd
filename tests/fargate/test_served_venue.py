"""The asynchronous driver with the paper venue behind a socket: the same trades, also when it dies and comes back."""

import asyncio

from shared.adapters.paper.served.client import ServedVenue
from shared.adapters.paper.venue import VenueSettings
from shared.domain.decision import Reason
from shared.domain.instants import MILLISECOND
from shared.domain.messages import BookSnapshot
from shared.domain.order import FINAL, Order, OrderState
from shared.ports import ShownVenue
from tests.fargate.async_world import BOOKS, QUICK, World, lived
from tests.shared.adapters.paper.served.hosting import Host
from tests.shared.adapters.paper.served.trading import at_once

TIMEOUT_S = 1.0
MUCH, LITTLE = 5_000_000_000, 2_000_000


class Served(World):
    """A world whose venue is served by another thread."""

    def opened(self, settings: VenueSettings) -> ShownVenue:
        self.host = Host(settings=settings, seed=0, times=QUICK)
        self.client = ServedVenue(self.host.port, TIMEOUT_S, at_once)
        return self.client

    def close(self) -> None:
        self.client.close()
        self.host.close()

    def show(self, asked: int) -> None:
        self.hear("market", BookSnapshot("m", "1", ((490_000, MUCH),), ((500_000, asked),)))

    async def ordered(self) -> Order:
        await self.until(self.engine.desk.execution.open_orders)
        return self.engine.desk.execution.open_orders()[0]

    async def equal(self) -> None:
        """A round from now on finds that our books equal the venue's."""
        began = self.clock.now()
        self.driver.rounds.due_at = 0
        await self.until(lambda: self.driver.rounds.equal_at > began)


def test_a_whale_trade_becomes_an_order_that_the_book_fills_and_the_books_are_equal() -> None:
    async def story(world: World) -> None:
        assert isinstance(world, Served)
        await world.until(lambda: world.engine.filters.books.get("1"))
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.desk.books.fills)
        await world.equal()

    world = lived(story, BOOKS, made=Served)
    assert world.engine.decisions[Reason.COPIED] == 1
    assert world.engine.desk.open_positions() == 1
    (order,) = world.engine.desk.books.orders.values()
    assert order.state is OrderState.FILLED


def test_an_order_sent_to_a_venue_that_is_away_is_rejected_for_now_and_tried_again_by_the_house() -> None:
    async def story(world: World) -> None:
        assert isinstance(world, Served)
        await world.until(lambda: world.engine.filters.books.get("1"))
        await asyncio.to_thread(world.host.close)
        world.whale_buys("0x1")
        orders = world.engine.desk.books.orders
        await world.until(lambda: any(one.state is OrderState.REJECTED for one in orders.values()))
        await asyncio.to_thread(world.host.start)
        await world.until(lambda: world.engine.desk.books.fills)
        await world.equal()

    world = lived(story, BOOKS, made=Served)
    states = [order.state for order in world.engine.desk.books.orders.values()]
    assert states[0] is OrderState.REJECTED
    assert states[-1] is OrderState.FILLED
    assert not any(order.dead for order in world.engine.desk.books.orders.values())


def test_an_order_that_rests_at_a_venue_that_dies_goes_on_in_its_next_life_and_fills_once() -> None:
    async def story(world: World) -> None:
        assert isinstance(world, Served)
        await world.until(lambda: world.engine.filters.books.get("1"))
        world.whale_buys("0x1")
        world.show(LITTLE)
        key = (await world.ordered()).order_key
        orders = world.engine.desk.books.orders
        await world.until(lambda: orders[key].state is OrderState.PARTIAL)
        await asyncio.to_thread(world.host.restart)
        world.show(MUCH)
        await world.until(lambda: orders[key].state in FINAL)
        await world.equal()

    def lagging(world: World) -> None:
        world.driver.venue_lag_ns = 60 * MILLISECOND  # what is heard after the trade is displayed when its order comes

    world = lived(story, BOOKS, lagging, made=Served)
    assert isinstance(world, Served)
    assert world.client.counts.lives == 2
    (order,) = world.engine.desk.books.orders.values()
    assert (order.state, order.filled) == (OrderState.FILLED, order.size)
    assert world.engine.desk.books.fills == 2
