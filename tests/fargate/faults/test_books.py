"""What the engine believes of a book while its connection is lost, wrong or standing still."""

import asyncio

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.engine.limits import Limits
from tests.fargate.streaming import IMPATIENT, LIMITS, TEMPO, Streaming, lived

UNHURRIED = replace(IMPATIENT, market=replace(TEMPO.market, silence_s=15.0))
YOUNG = replace(LIMITS, book_max_age_ns=SECOND)
"""A book's age limit that a test can wait for."""


def book_is_known(run: Streaming) -> bool:
    book = run.engine.filters.books[run.listing.tokens[0]]
    return bool(book.bids or book.asks)


def test_books_of_a_lost_connection_are_unknown_at_once_and_come_back_by_themselves() -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        assert book_is_known(run)
        run.world.troubles.begin("429", ["market"])
        for peer in list(run.world.market.peers.values()):
            peer.reset()
        assert await run.until(lambda: not book_is_known(run)) < 0.5
        assert run.doing["books"] == "activity"
        run.whale_buys()
        await run.until(lambda: run.reasons[Reason.COPIED] == 5)  # on the book that REST shows
        run.world.troubles.end("429")
        await run.until(lambda: run.doing["books"] == "market" and book_is_known(run))
        run.world.book(run.listing.tokens[0], {0.47: 100}, {0.52: 700})
        await run.until(lambda: run.engine.filters.books[run.listing.tokens[0]].best_bid == 470_000)

    lived(story)


def test_without_any_book_nothing_is_copied_and_the_reason_is_recorded() -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        run.world.troubles.begin("425", ["clob"])
        run.world.troubles.begin("429", ["market"])
        for peer in list(run.world.market.peers.values()):
            peer.reset()
        await run.until(lambda: not book_is_known(run))
        blind = run.whale_buys()
        await run.until(lambda: run.reasons.get(Reason.DEPTH_UNKNOWN))
        run.world.troubles.end("425")
        run.world.troubles.end("429")
        await run.until(lambda: book_is_known(run))
        seeing = run.whale_buys()
        found = await run.accounted()
        assert (found[blind], found[seeing]) == (Reason.DEPTH_UNKNOWN, Reason.COPIED)

    lived(story, tempo=IMPATIENT)


def test_a_short_refusal_of_the_books_delays_a_copy_and_does_not_cost_it() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        run.world.troubles.begin("429", ["clob", "gamma"])
        run.whale_buys()
        await asyncio.sleep(0.8)
        assert not run.reasons
        run.world.troubles.end("429")
        await run.until(lambda: run.reasons)

    assert lived(story).reasons == {Reason.COPIED: 1}


def test_books_that_stand_still_while_trades_go_on_are_refused_within_the_age_limit() -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        token = run.listing.tokens[0]
        run.world.books[token].at_ms -= 20_000
        run.world.troubles.begin("stale-book")
        run.whale_buys()  # within the age limit of the book last heard of
        await run.until(lambda: run.reasons[Reason.COPIED] == 5)
        book = run.engine.filters.books[token]
        took = await run.until(lambda: run.clock.now() - book.at > limits.book_max_age_ns, 3.0)
        assert took < 2.5
        blind = run.whale_buys()
        await run.until(lambda: run.reasons.get(Reason.DEPTH_UNKNOWN))
        assert run.present.market_data.stale_books > 0
        run.world.troubles.end("stale-book")
        await run.until(lambda: run.clock.now() - run.engine.filters.books[token].at < limits.book_max_age_ns // 2)
        run.whale_buys()
        await run.until(lambda: run.reasons[Reason.COPIED] == 6)
        assert (await run.accounted())[blind] is Reason.DEPTH_UNKNOWN

    limits: Limits = YOUNG
    lived(story, limits=limits, tempo=UNHURRIED)


def test_the_engine_never_sees_a_crossed_book() -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        run.world.troubles.begin("crossed")
        crossed = 0
        for _ in range(60):
            await asyncio.sleep(0.01)
            crossed += sum(book.crossed for book in run.engine.filters.books.values())
        assert crossed == 0
        assert run.noticed("market", "resync")
        run.world.troubles.end("crossed")
        await run.until(lambda: book_is_known(run))
        resyncs = run.noticed("market", "resync")
        await asyncio.sleep(0.5)
        assert run.noticed("market", "resync") == resyncs

    lived(story)


def test_after_another_tick_size_the_copy_is_priced_on_the_new_one() -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        token = run.listing.tokens[0]
        run.world.tick_size(run.listing.condition_id, 0.001)
        await run.until(lambda: run.engine.markets[run.listing.condition_id].tick == 1_000)
        assert token not in run.engine.filters.books  # in other steps: unknown until it is shown anew
        run.world.book(token, {0.505: 300}, {0.511: 900}, whole=True)
        await run.until(lambda: token in run.engine.filters.books)
        await run.until(lambda: run.engine.filters.books[token].best_ask == 511_000)
        run.whale_buys(price=0.505)
        await run.until(lambda: run.reasons[Reason.COPIED] == 5)
        newest = max(run.engine.desk.books.orders.values(), key=lambda order: order.planned_at)
        assert newest.limit == 515_000  # 2% above, in steps of a tenth of a cent

    lived(story)


def test_a_print_said_twice_is_shown_to_the_paper_venue_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        shown: list[str] = []
        monkeypatch.setattr(run.present.driver, "show_print", lambda trade, _at: shown.append(trade.tx))
        run.world.troubles.begin("dup", ["market"])
        txs = [run.world.trade("0x" + "12" * 20, run.listing.tokens[0], "BUY", 0.51, 5) for _ in range(5)]
        await run.until(lambda: set(txs) <= set(shown))
        await asyncio.sleep(0.3)
        assert [shown.count(tx) for tx in txs] == [1] * 5

    lived(story)
