"""The asynchronous driver says the same to the engine as the synchronous one, and never waits for store or venue."""

import asyncio
import itertools

import pytest

from shared.domain.decision import Reason
from shared.domain.effects import Effect
from shared.domain.errors import Corrupt, LeaseLost, Temporary
from shared.domain.instants import MILLISECOND
from shared.domain.messages import (
    BookSnapshot,
    Event,
    Payload,
    PublicTrade,
    TimerFired,
    TimerKind,
    WhaleTrade,
)
from shared.domain.money import dollars
from shared.domain.order import Side
from shared.research.store_watch import StoreWatch
from tests.fargate.async_world import BOOKS, PATIENCE_S, World, lived


def test_a_whale_trade_becomes_an_order_that_later_prints_fill() -> None:
    async def story(world: World) -> None:
        world.whale_buys("0x1")
        await world.until(world.engine.desk.execution.open_orders)
        order = world.engine.desk.execution.open_orders()[0]
        await world.until(lambda: order.order_key in world.store.books.orders)
        await asyncio.sleep(0.01)
        printed = PublicTrade("m", "1", Side.BUY, 500_000, 10_000_000_000, "0x2", 1)
        world.driver.show_print(printed, world.clock.now())
        await world.until(lambda: world.engine.desk.books.fills)

    world = lived(story)
    assert world.engine.decisions[Reason.COPIED] == 1
    assert world.engine.desk.open_positions() == 1
    assert world.driver.decided.count == 1


def test_events_go_on_being_handled_while_the_store_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        world.store.takes_s = 0.3
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.decisions.get(Reason.COPIED))
        handled: list[Payload] = []
        handle = world.engine.handle

        def handling(event: Event) -> list[Effect]:
            handled.append(event.payload)
            return handle(event)

        monkeypatch.setattr(world.engine, "handle", handling)
        for n in range(50):
            world.hear("market", PublicTrade("m", "9", Side.BUY, 500_000, 1, f"0x{n}", 1))
        await asyncio.sleep(0.1)
        assert len(handled) >= 50
        assert world.lanes[0].waiting == 1

    lived(story)


def test_time_never_runs_backwards_and_every_event_is_taped_in_the_order_it_was_handled() -> None:
    async def story(world: World) -> None:
        for n in range(20):
            world.whale_buys(f"0x{n}")
        await world.until(lambda: world.engine.counts.whale_trades == 20)

    taped = [row for row in lived(story).rows if isinstance(row, Event)]
    assert [event.seq for event in taped] == list(range(1, len(taped) + 1))
    assert all(a.observed_at <= b.observed_at for a, b in itertools.pairwise(taped))


@pytest.mark.parametrize("error", [Corrupt("bad"), LeaseLost("another trader"), Temporary("away for good")])
def test_a_store_that_fails_for_good_ends_the_run(error: BaseException) -> None:
    async def story(world: World) -> None:
        world.store.error = error
        world.whale_buys("0x1")
        await asyncio.sleep(PATIENCE_S)

    if isinstance(error, Temporary):  # the first answer that proves absence refuses the plan instead
        world = lived_briefly(error)
        assert world.engine.desk.execution.open_orders() == []
        return
    with pytest.raises(type(error)):
        lived(story)


def lived_briefly(error: BaseException) -> World:
    async def story(world: World) -> None:
        world.store.error = error
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.decisions.get(Reason.COPIED))
        await world.until(lambda: not world.engine.desk.execution.open_orders())

    return lived(story)


def test_a_fact_kept_back_by_the_hook_does_not_reach_the_engine() -> None:
    async def story(world: World) -> None:
        world.driver.on_heard = lambda heard: not isinstance(heard.payload, WhaleTrade)
        world.whale_buys("0x1")
        await asyncio.sleep(0.05)

    assert lived(story).engine.counts.whale_trades == 0


def test_decisions_the_store_could_not_take_are_handed_over_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.decisions.get(Reason.COPIED))
        with monkeypatch.context() as patch:
            patch.setattr(world.store, "decide", away)
            world.driver.flush()
            await world.lanes[0].drain()
        world.driver.flush()
        await world.lanes[0].drain()

    assert len(lived(story).store.decisions) == 1


def away(_: object) -> None:
    raise Temporary("away")


# ---------------------------------------------------------------------- the venue


def test_an_order_is_filled_from_the_book_displayed_when_it_arrives() -> None:
    async def story(world: World) -> None:
        world.whale_buys("0x1")
        await world.until(lambda: world.engine.desk.books.fills)

    world = lived(story, BOOKS)
    (order,) = world.engine.desk.books.orders.values()
    assert (order.filled, order.cost) == (order.size, order.size // 2)


def test_a_book_that_was_lost_fills_nothing_until_it_is_shown_again() -> None:
    async def story(world: World) -> None:
        await world.until(lambda: world.engine.filters.books.get("1"))
        world.whale_buys("0x1")
        world.hear("market", BookSnapshot("m", "1", (), ()))
        await world.until(world.engine.desk.execution.open_orders)
        await asyncio.sleep(0.15)
        assert world.engine.desk.books.fills == 0
        world.hear("market", BookSnapshot("m", "1", ((490_000, 5_000_000_000),), ((500_000, 5_000_000_000),)))
        await world.until(lambda: world.engine.desk.books.fills)

    def lagging(world: World) -> None:
        world.driver.venue_lag_ns = 60 * MILLISECOND  # what is heard after the trade is displayed when its order comes

    lived(story, BOOKS, lagging)


def test_the_engine_is_given_a_pulse_every_second() -> None:
    async def story(_: World) -> None:
        await asyncio.sleep(1.2)

    rows = lived(story).rows
    pulse = TimerFired(TimerKind.PULSE, "")
    assert sum(isinstance(row, Event) and row.payload == pulse for row in rows) == 2


def test_the_venue_knows_of_the_capital_and_equals_our_books_before_anything_is_traded() -> None:
    async def story(world: World) -> None:
        await world.until(lambda: world.driver.rounds.equal_at)

    world = lived(story)
    assert world.venue.reports(0, 0).balance == dollars(10_000)
    assert world.healths("venue") == [False, True]


def test_as_long_as_the_venue_does_not_answer_its_questions_it_is_not_ready() -> None:
    def silent(world: World) -> None:
        world.venue.statements.silent = ("positions",)

    async def story(world: World) -> None:
        assert world.healths("venue") == [False]
        assert world.driver.rounds.counts == {"unread": 1}
        world.venue.statements.silent = ()
        world.driver.rounds.due_at = 0
        await world.until(lambda: world.driver.rounds.equal_at)

    assert lived(story, before=silent).healths("venue") == [False, True]


def test_a_difference_nobody_can_explain_stops_trading_and_is_alarmed() -> None:
    async def story(world: World) -> None:
        world.venue.deposit("a gift", 1, 0)
        world.driver.rounds.due_at = 0
        await world.until(lambda: not world.engine.desk.risk.trading)

    driver = lived(story).driver
    assert ("reconciliation", 1) in [(alert.name, alert.severity) for alert in driver.alerts]


# ---------------------------------------------------------------------- the store


def test_a_slow_store_is_told_and_asked_until_it_is_quick_again() -> None:
    def watched(world: World) -> None:
        world.driver.store_watch = StoreWatch(slow_ns=50 * MILLISECOND, last=2)

    async def story(world: World) -> None:
        world.store.takes_s = 0.1
        for n in range(2):
            world.hear("market", BookSnapshot("m", "1", ((490_000, 5_000_000_000),), ((500_000, 5_000_000_000),)))
            world.whale_buys(f"0x{n}")
            await asyncio.sleep(0.15)
        await world.until(lambda: world.healths("store") == [False])
        world.store.takes_s = 0.0
        await world.until(lambda: world.healths("store") == [False, True])

    lived(story, BOOKS, watched)
