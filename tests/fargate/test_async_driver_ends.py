"""The asynchronous driver acts only under its lease, and its lives end in order."""

import asyncio
import time

import pytest

from shared.domain.decision import Reason
from shared.domain.effects import Query
from shared.domain.errors import LeaseLost
from shared.domain.ledger import RESERVED, Fill
from shared.domain.messages import (
    Event,
    OrderAccepted,
    OrderFilled,
    WhaleTrade,
)
from shared.domain.money import ONE, Shares, Usd
from shared.domain.order import OrderState, Side
from shared.domain.tape import Did
from shared.ports import Answer, Heard
from tests.fargate.async_world import BOOKS, PATIENCE_S, WALLET, World, lived

# ---------------------------------------------------------------------- the lease


def test_while_the_lease_is_not_vouched_for_nothing_is_sent_and_nobody_enters() -> None:
    async def story(world: World) -> None:
        world.store.takes_s = 0.1
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.decisions.get(Reason.COPIED))
        world.lease.vouched = False  # while the plan is being written
        await world.until(lambda: not world.engine.desk.execution.open_orders())
        await world.until(lambda: world.healths("lease"))
        world.hear("rtds", WhaleTrade(WALLET, "m", "1", Side.BUY, 500_000, 1_000_000_000, "0x2", 2))
        await world.until(lambda: world.engine.decisions.get(Reason.HALTED_FEED))
        world.lease.vouched = True
        await world.until(lambda: world.healths("lease") == [False, True])

    world = lived(story)
    (order,) = world.engine.desk.books.orders.values()
    assert (order.state, order.note) == (OrderState.CANCELED, "never sent: the lease was not renewed in time")
    assert world.venue.reports(0, 0).open_orders == ()
    assert world.store.books.balance(RESERVED) == 0


def test_a_lease_that_another_process_has_ends_the_run() -> None:
    async def story(world: World) -> None:
        world.lease.lost = True
        await asyncio.sleep(PATIENCE_S)

    with pytest.raises(LeaseLost, match="another process trades this account now"):
        lived(story)


def test_what_the_venue_says_of_orders_that_we_never_planned_is_left_to_reconciliation() -> None:
    async def story(world: World) -> None:
        at = world.clock.now()
        theirs = Fill("theirs", "another.1", 500_000, Shares(ONE), Usd(0), at)
        world.driver.schedule([Answer(at, at, OrderFilled(theirs)), Answer(at, at, OrderAccepted("another.1", "v"))])
        await asyncio.sleep(0.1)

    world = lived(story)
    told = [row.payload for row in world.rows if isinstance(row, Event)]
    assert not any(isinstance(payload, OrderFilled | OrderAccepted) for payload in told)


# ---------------------------------------------------------------------- the end


def test_who_winds_up_cancels_what_rests_takes_no_more_facts_and_plans_nothing() -> None:
    async def story(world: World) -> None:
        world.whale_buys("0x1")
        await world.until(lambda: [o for o in world.engine.desk.execution.open_orders() if o.state is OrderState.LIVE])
        heard = world.engine.counts.whale_trades
        world.driver.close("the trader is stopping")
        world.whale_buys("0x2")  # waits in the inbox from now on
        await world.driver.wind_up("the trader is stopping", 5.0)
        assert world.driver.closed
        await asyncio.sleep(0.05)
        assert world.engine.counts.whale_trades == heard

    world = lived(story)
    assert world.engine.desk.execution.open_orders() == []
    assert [order.state for order in world.store.books.orders.values()] == [OrderState.CANCELED]
    assert world.store.switch().trading  # stopping is no kill


def test_a_plan_under_way_when_the_end_begins_is_written_and_not_sent() -> None:
    async def story(world: World) -> None:
        world.store.takes_s = 0.1
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.decisions.get(Reason.COPIED))
        await world.driver.wind_up("the trader is stopping", 5.0)

    world = lived(story)
    (order,) = world.store.books.orders.values()
    assert order.state is OrderState.CANCELED
    assert order.note.startswith("never sent")
    assert world.venue.reports(0, 0).open_orders == ()


def test_what_cannot_be_finished_in_time_is_left_to_the_next_life(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        world.whale_buys("0x1")
        await world.until(lambda: [o for o in world.engine.desk.execution.open_orders() if o.state is OrderState.LIVE])
        monkeypatch.setattr(world.venue, "cancel", lambda order_key, at: [])  # a venue that does not answer
        began = time.monotonic()
        await world.driver.wind_up("the trader is stopping", 0.3)
        assert 0.3 <= time.monotonic() - began < 2.0
        assert not world.driver.closed

    (order,) = lived(story).store.books.orders.values()
    assert order.state is OrderState.LIVE


def test_a_trade_that_waited_for_market_data_when_the_end_began_is_not_copied() -> None:
    async def story(world: World) -> None:
        world.driver.close("the trader is stopping")
        at = world.clock.now()
        trade = WhaleTrade(WALLET, "m", "1", Side.BUY, 500_000, 1_000_000_000, "0x1", 1)
        world.driver.take(Heard("rtds", at, at, trade))
        await world.driver.wind_up("the trader is stopping", 5.0)

    world = lived(story, BOOKS)
    assert "refused by store the trader is stopping" in world.driver.alerts[-1].text
    assert world.store.books.orders == {}


def test_a_later_life_is_told_what_an_earlier_one_knew_and_asks_about_its_orders() -> None:
    first = lived(resting)
    records = first.store.journal("test")

    async def story(world: World) -> None:
        await world.until(lambda: world.driver.rounds.equal_at)

    def before(world: World) -> None:
        world.driver.recover(records, trading=True, at=world.clock.now())

    assert [order.state for order in first.store.books.orders.values()] == [OrderState.LIVE]
    world = lived(story, before=before, made=lambda loop, settings: World(loop, settings, first))
    asked = [row for row in world.rows if isinstance(row, Did) for effect in row.effects if isinstance(effect, Query)]
    assert len(asked) == 1


async def resting(world: World) -> None:
    """A whale trade that becomes an order at rest."""
    world.whale_buys("0x1")
    await world.until(lambda: [o for o in world.engine.desk.execution.open_orders() if o.state is OrderState.LIVE])
