"""The present on the loopback exchange: whoever hears a trade first, it is copied once, on the book as it is."""

import asyncio

from fargate.present import LAG_BOOKS_NS, LAG_POLLED_NS, LAG_STREAMED_NS
from shared.adapters.paper.orders import VenueSettings
from shared.adapters.s3.tape import TapeEntry
from shared.domain.decision import Reason
from shared.domain.messages import Event
from shared.research.verify import verify_life
from tests.fargate.streaming import Streaming, lived


def test_a_whale_trade_is_heard_on_the_stream_and_copied_once_although_every_source_tells_it() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        run.whale_buys()
        await run.until(lambda: run.reasons.get(Reason.COPIED))
        await run.until(lambda: run.engine.counts.duplicates >= 1)

    run = lived(story)
    assert run.reasons == {Reason.COPIED: 1}
    assert run.engine.counts.whale_trades == 1


def test_a_trade_in_a_market_nobody_knew_waits_for_its_market_and_book() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        assert not run.engine.markets
        run.whale_buys()
        await run.until(lambda: run.reasons.get(Reason.COPIED))
        assert list(run.engine.markets) == [run.listing.condition_id]

    assert lived(story).present.market_data.held == 1


def test_the_engine_holds_the_real_book_as_it_moves() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        token = run.listing.tokens[0]
        run.whale_buys()
        await run.until(lambda: run.present.streams.book_of(token))
        run.world.book(token, {0.47: 100}, {0.53: 70})
        book = run.engine.filters.books[token]
        await run.until(lambda: (book.best_bid, book.best_ask) == (470_000, 530_000))
        run.world.set_levels(token, [("SELL", 520_000, 9_000_000)])
        await run.until(lambda: book.best_ask == 520_000)

    lived(story)


def test_an_order_is_filled_from_the_book_the_stream_displays_and_both_sides_agree_on_it() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        run.whale_buys()
        await run.until(lambda: run.engine.desk.books.fills)
        rounds = run.present.driver.rounds
        rounds.due_at = 0
        at = run.clock.now()
        await run.until(lambda: rounds.equal_at >= at)
        assert run.present.driver.venue_lag_ns == LAG_BOOKS_NS

    run = lived(story)
    token = run.listing.tokens[0]
    book = run.engine.filters.books[token]
    (booked, *_) = run.engine.desk.books.booked.values()
    assert booked.fill.price == book.best_ask
    assert booked.fill.settles
    assert run.engine.desk.open_positions() == 1
    found = run.present.figures()["reconciliation"]
    assert isinstance(found, dict)
    assert found["rounds"] >= 2


def test_a_venue_without_books_waits_for_prints_as_long_as_they_take() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        assert run.present.driver.venue_lag_ns == LAG_POLLED_NS
        run.whale_buys()
        await run.until(lambda: run.doing.get("books") == "market")
        await run.until(lambda: run.present.driver.venue_lag_ns == LAG_STREAMED_NS)

    lived(story, venue=VenueSettings())


def test_nothing_is_traded_before_a_source_of_each_job_was_heard() -> None:
    async def story(run: Streaming) -> None:
        assert run.engine.desk.risk.feeds_down.keys() >= {"whales", "books"}
        await run.ready()
        assert not {"whales", "books"} & run.engine.desk.risk.feeds_down.keys()

    lived(story)


def test_what_the_present_did_is_on_tape_and_verifies_effect_by_effect() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        for _ in range(3):
            run.whale_buys()
            await asyncio.sleep(0.1)
        await run.until(lambda: run.engine.counts.whale_trades == 3)
        await run.until(run.engine.desk.execution.open_orders)
        await asyncio.sleep(0.5)

    run = lived(story)
    rows = list(run.rows)
    verdict = verify_life(1, [TapeEntry(1, n, row) for n, row in enumerate(rows)], list)
    assert (verdict.equal, verdict.difference) == (True, "")
    assert verdict.effects >= 5
    sources = {row.source for row in rows if isinstance(row, Event)}
    assert sources >= {"rtds", "market", "binance", "coinbase", "gamma", "driver", "venue"}
