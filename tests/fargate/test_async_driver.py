"""The asynchronous driver says the same to the engine as the synchronous one, and never waits for store or venue."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable

import pytest

from fargate.async_driver import AsyncDriver
from fargate.lanes import ThreadLane
from shared.adapters.clock import SystemClock
from shared.adapters.feeds.inbox import Inbox
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperTimes, PaperVenue, VenueSettings
from shared.domain.decision import Reason
from shared.domain.effects import Effect, Query
from shared.domain.errors import Corrupt, LeaseLost, Temporary
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import RESERVED, Fill, Record
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    BookSnapshot,
    Command,
    CommandKind,
    Event,
    FeedHealth,
    MarketListed,
    OrderAccepted,
    OrderFilled,
    Payload,
    PlanCommitted,
    PlanRefused,
    PublicTrade,
    RankingPublished,
    TimerFired,
    TimerKind,
    WhaleTrade,
)
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars
from shared.domain.order import OrderState, Side
from shared.domain.tape import Did, TapeRow
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.limits import Limits
from shared.ports import Answer, Heard, ShownVenue
from shared.research.store_watch import StoreWatch
from shared.research.taped import TapedEngine
from shared.strategies.whale_copy import Params, WhaleCopy

WALLET = "0x" + "aa" * 20
TOKENS = ("1", "2")
PRINTS, BOOKS = VenueSettings(), VenueSettings(books=True)
QUICK = PaperTimes(1 * MILLISECOND, 2 * MILLISECOND, 0, 1 * MILLISECOND)
PATIENCE_S = 5.0


class SlowStore(MemoryStore):
    """A store that takes its time, or breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.takes_s = 0.0
        self.error: BaseException | None = None

    def plan(self, record: Record) -> PlanCommitted | PlanRefused:
        time.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return super().plan(record)

    def write(self, record: Record) -> None:
        time.sleep(self.takes_s)
        super().write(record)


class HandLease:
    """The right to act, by hand."""

    def __init__(self) -> None:
        self.vouched = True
        self.lost = False


class World:
    """A driver on a running loop, with everything around it in reach."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: VenueSettings, earlier: "World | None" = None
    ) -> None:
        self.clock = SystemClock()
        self.store: SlowStore = earlier.store if earlier else SlowStore()
        self.rows: list[TapeRow] = []
        self.inbox = Inbox(lambda _: None)
        engine = TapedEngine("test", WhaleCopy(Params(sizing="ratio")), Limits(), strict_sources=frozenset({"rtds"}))
        engine.tape_to(self.rows.append, 0)
        self.lanes = [ThreadLane(name, loop, self.broken) for name in ("store", "venue")]
        self._earlier = earlier
        self.lease = HandLease()
        venue = self.opened(settings)
        self.driver = AsyncDriver(
            engine, venue, self.store, self.clock, self.inbox, self.lanes[0], self.lanes[1], self.lease
        )
        self.engine = engine

    def opened(self, settings: VenueSettings) -> ShownVenue:
        """The venue that the driver deals with."""
        fresh = PaperVenue(0, MemoryPaperLog(), QUICK, settings)
        self.venue: PaperVenue = self._earlier.venue.reopened(settings) if self._earlier else fresh
        return self.venue

    def close(self) -> None:
        """The life is over."""

    def broken(self, error: BaseException) -> None:
        self.driver.break_with(error)

    def begin(self) -> None:
        at = self.clock.now()
        day = 86_400 * SECOND
        market = Market(
            market="m",
            kind=MarketKind.EVENT,
            slug="will-it-rain",
            question="?",
            tokens=TOKENS,
            outcomes=("Yes", "No"),
            tick=Price(10_000),
            min_size=Shares(5_000_000),
            fee_rate=Fraction(0),
            start_at=at - day,
            end_at=at + 30 * day,
            volume_24h=dollars(250_000),
            best_bid=Price(490_000),
            best_ask=Price(500_000),
            accepting=True,
        )
        self.driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", dollars(10_000)), at)
        self.driver.handle_now(RankingPublished(Ranking(at, "test", (RankedWallet(WALLET, 1),))), at)
        self.driver.handle_now(MarketListed(market), at)
        self.hear("market", BookSnapshot("m", "1", ((490_000, 5_000_000_000),), ((500_000, 5_000_000_000),)))

    def hear(self, source: str, payload: Payload) -> None:
        at = self.clock.now()
        self.inbox.hear(Heard(source, at, at, payload))

    def healths(self, feed: str) -> list[bool]:
        """What the engine was told of a feed's health."""
        told = [row.payload for row in self.rows if isinstance(row, Event)]
        return [one.healthy for one in told if isinstance(one, FeedHealth) and one.feed == feed]

    def whale_buys(self, tx: str) -> None:
        self.hear("rtds", WhaleTrade(WALLET, "m", "1", Side.BUY, 500_000, 1_000_000_000, tx, 1))

    async def until(self, seen: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < deadline, self.engine.decisions
            await asyncio.sleep(0.002)


def lived(
    story: Callable[[World], Awaitable[None]],
    settings: VenueSettings = PRINTS,
    before: Callable[[World], None] = lambda _: None,
    made: Callable[[asyncio.AbstractEventLoop, VenueSettings], World] = World,
) -> World:
    """Tell the story once our books were compared with the venue's; what ``before`` does comes first of all."""

    async def told(world: World) -> None:
        await world.until(lambda: world.driver.rounds.done)
        await story(world)

    async def body() -> World:
        world = made(asyncio.get_running_loop(), settings)
        before(world)
        world.begin()
        running = asyncio.ensure_future(world.driver.run())
        try:
            telling = asyncio.ensure_future(told(world))
            await asyncio.wait({running, telling}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
            telling.cancel()
            for lane in world.lanes:
                await lane.drain()
        finally:
            ended = running.done()
            running.cancel()
            results = await asyncio.gather(running, return_exceptions=True)
            for lane in world.lanes:
                lane.close()
            world.close()
        if ended and isinstance(results[0], BaseException):
            raise results[0]
        return world

    return asyncio.run(body())


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


def test_what_cannot_be_finished_in_time_is_left_to_the_next_life() -> None:
    async def story(world: World) -> None:
        world.whale_buys("0x1")
        await world.until(lambda: [o for o in world.engine.desk.execution.open_orders() if o.state is OrderState.LIVE])
        world.venue.cancel = lambda order_key, at: []  # type: ignore[method-assign]  # a venue that does not answer
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
