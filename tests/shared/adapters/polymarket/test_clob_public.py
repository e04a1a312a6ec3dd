"""Books whatever order the wire has, and the two signs of life."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.clob_public import rest_book
from shared.domain.errors import BadInput, Temporary
from tests.exchange.faults import broken, html_page
from tests.shared.adapters.polymarket.venue import START_S, run, world


def levels(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"price": price, "size": size} for price, size in pairs]


def book(token: str = "7", **changes: Any) -> dict[str, Any]:
    return {
        "market": "0xc1",
        "asset_id": token,
        "timestamp": "1728799418260",
        "hash": "h",
        "bids": levels(("0.01", "1000"), ("0.1", "125")),
        "asks": levels(("0.98", "5000"), ("0.14", "705")),
        "min_order_size": "5",
        "tick_size": "0.01",
        "neg_risk": False,
        "last_trade_price": "0.51",
    } | changes


def test_a_book_is_read_in_our_units() -> None:
    read = rest_book(book())
    assert read.bids == ((100_000, 125_000_000), (10_000, 1_000_000_000))
    assert read.asks == ((140_000, 705_000_000), (980_000, 5_000_000_000))
    assert (read.best_bid, read.best_ask) == (100_000, 140_000)
    assert (read.venue_at_ns, read.tick_size_micro, read.min_size_micro) == (
        1_728_799_418_260_000_000,
        10_000,
        5_000_000,
    )
    assert (read.neg_risk, read.last_trade_micro) == (False, 510_000)


@given(st.permutations(range(1, 9)), st.permutations(range(11, 19)))
def test_the_order_of_the_levels_on_the_wire_does_not_matter(bids: list[int], asks: list[int]) -> None:
    read = rest_book(
        book(bids=levels(*((f"0.{p:02}", "3") for p in bids)), asks=levels(*((f"0.{p:02}", "3") for p in asks)))
    )
    assert (read.best_bid, read.best_ask) == (80_000, 110_000)
    assert list(read.bids) == sorted(read.bids, reverse=True)
    assert list(read.asks) == sorted(read.asks)


def test_empty_levels_and_sides_are_no_liquidity() -> None:
    read = rest_book(book(bids=levels(("0.3", "0")), asks=None))
    assert (read.bids, read.asks, read.best_bid, read.best_ask) == ((), (), None, None)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"bids": levels(("1.0", "5"))}, "bids price must lie strictly between 0 and 1, not '1.0'"),
        ({"asks": levels(("0.5", "-5"))}, "asks size must not be negative, not '-5'"),
        ({"asks": levels(("0.5", "5"), ("0.50", "6"))}, "asks price '0.50' appears twice"),
        ({"asks": levels(("0.5", "NaN"))}, "size must be a finite number, not 'NaN'"),
        ({"bids": {}}, "bids must be a list, not {}"),
        ({"bids": [5]}, "an object was expected, not 5"),
        ({"market": None}, "market is missing"),
    ],
)
def test_an_unusable_book_is_refused_as_a_whole(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        rest_book(book(**changes))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["py_http_responses_book.json", "rust_clob_book_response.json"])
def test_recorded_books_have_max_bid_and_min_ask_in_front(recordings: Path, name: str) -> None:
    recorded = json.loads((recordings / "raw" / "wire_nautilus" / name).read_bytes())
    read = rest_book(recorded)
    assert read.best_bid == max(round(float(level["price"]) * 1e6) for level in recorded["bids"])
    assert read.best_ask == min(round(float(level["price"]) * 1e6) for level in recorded["asks"])
    assert len(read.bids) == len(recorded["bids"])
    assert len(read.asks) == len(recorded["asks"])


def test_many_books_come_in_batches_and_absent_ones_are_absent() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.books = {str(n): book(str(n)) for n in range(700)}
            here.venue.content.books["5"] = book("5", market=None)
            page = await here.clob.books([str(n) for n in range(1100)])
            assert [read.token_id for read in page.rows] == [str(n) for n in range(700) if n != 5]
            assert page.refused == ("row 5: market is missing",)
            assert [len(json.loads(request.body)) for request in here.venue.requests] == [500, 500, 100]

    run(body())


def test_one_book_is_found_or_absent() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.books["7"] = book()
            assert await here.clob.book("7") == rest_book(book())
            assert await here.clob.book("8") is None

    run(body())


def test_a_refused_book_is_not_taken_for_absence() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail("clob/book", html_page(403))
            with pytest.raises(BadInput, match="answered 403"):
                await here.clob.book("7")

    run(body())


def test_a_failed_request_for_books_is_the_callers_to_repeat() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail("clob/books", broken())
            with pytest.raises(Temporary):
                await here.clob.books(["7"])
            assert len(here.venue.requests) == 1

    run(body())


def test_the_venue_tells_its_time_and_that_it_is_up() -> None:
    async def body() -> None:
        async with world() as here:
            assert await here.clob.time() == START_S * 10**9
            assert await here.clob.ok()

    run(body())
