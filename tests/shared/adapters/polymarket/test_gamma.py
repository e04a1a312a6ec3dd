"""The catalogue over real HTTP: ids in batches, closed markets too, cursors that are followed and watched."""

from pathlib import Path

import pytest

from shared.domain.errors import BadInput, Temporary
from tests.exchange.content import Wire
from tests.exchange.faults import html_page
from tests.exchange.recorded import gamma_markets
from tests.shared.adapters.polymarket.venue import run, world


def market(number: int, *, closed: bool = False) -> Wire:
    return {
        "conditionId": f"0x{number:064x}",
        "slug": f"market-{number}",
        "outcomes": '["Yes", "No"]',
        "outcomePrices": '["1", "0"]' if closed else '["0.5", "0.5"]',
        "clobTokenIds": f'["{(2 * number + 1) * 2**104 + 2**50}", "{(2 * number + 2) * 2**104 + 2**50}"]',
        "closed": closed,
        "version": "v1",
    }


def test_a_market_is_found_by_its_slug_open_or_closed() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(1), market(2, closed=True)]
            first = await here.gamma.market_by_slug("market-1")
            second = await here.gamma.market_by_slug("market-2")
            assert first is not None
            assert second is not None
            assert (first.closed, second.closed, second.winner) == (False, True, "Yes")
            assert await here.gamma.market_by_slug("no such/market") is None
            assert here.venue.requests[-1].path == "/markets/slug/no such/market"

    run(body())


def test_a_refusal_other_than_not_found_is_not_taken_for_absence() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail("gamma/markets/slug/market-1", html_page(403))
            with pytest.raises(BadInput, match="answered 403"):
                await here.gamma.market_by_slug("market-1")

    run(body())


def test_ids_are_asked_for_in_batches_with_repeated_keys_and_both_states() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(number, closed=number % 2 == 1) for number in range(120)]
            wanted = [f"0x{number:064x}" for number in range(119, -1, -1)]
            page = await here.gamma.markets(condition_ids=[*wanted, *wanted, "0xabsent"])
            assert sorted(found.condition_id for found in page.rows) == sorted(wanted)
            sizes = [len(request.values("condition_ids")) for request in here.venue.requests]
            assert sizes == [50, 50, 50, 50, 21, 21]
            assert [request.values("closed") for request in here.venue.requests] == [["false"], ["true"]] * 3

    run(body())


def test_markets_are_found_by_token_and_by_state() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(1), market(2, closed=True)]
            tokens = [str(3 * 2**104 + 2**50), str(6 * 2**104 + 2**50)]
            both = await here.gamma.markets(clob_token_ids=tokens)
            resolved = await here.gamma.markets(clob_token_ids=tokens, closed=True)
            assert [found.slug for found in both.rows] == ["market-1", "market-2"]
            assert [found.slug for found in resolved.rows] == ["market-2"]
            assert (await here.gamma.markets()).rows == ()

    run(body())


def test_the_catalogue_is_walked_page_by_page() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(number) for number in range(7)]
            pages = [page async for page in here.gamma.markets_keyset({"closed": False, "order": "id"}, limit=3)]
            assert [found.slug for page in pages for found in page.rows] == [f"market-{n}" for n in range(7)]
            resumed = here.gamma.markets_keyset(limit=3, after_cursor=pages[0].next_cursor)
            assert [found.slug async for page in resumed for found in page.rows] == [f"market-{n}" for n in range(3, 7)]
            assert all(request.values("closed") == ["false"] for request in here.venue.requests[:3])

    run(body())


def test_an_ignored_cursor_is_noticed() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(number) for number in range(7)]
            here.venue.content.ignore_cursors = True
            with pytest.raises(Temporary, match="answered the first page again"):
                async for _ in here.gamma.markets_keyset(limit=3):
                    pass

    run(body())


def test_pages_of_unusable_rows_end_too() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(number) | {"version": "v9"} for number in range(7)]
            here.venue.content.ignore_cursors = True
            with pytest.raises(Temporary, match="came back a second time"):
                async for _ in here.gamma.markets_keyset(limit=3):
                    pass
            here.venue.content.ignore_cursors = False
            here.time.advance(301)
            with pytest.raises(Temporary, match="more than 2 pages"):
                async for _ in here.gamma.markets_keyset(limit=3, pages_max=2):
                    pass

    run(body())


def test_a_stale_answer_is_avoided_when_asked() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = [market(1)]
            await here.gamma.market_by_slug("market-1")
            here.venue.content.markets = [market(1, closed=True)]
            cached = await here.gamma.market_by_slug("market-1")
            fresh = await here.gamma.market_by_slug("market-1", fresh=True)
            assert cached is not None
            assert fresh is not None
            assert (cached.closed, fresh.closed) == (False, True)

    run(body())


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_size_the_venue_would_cut_is_refused(limit: int) -> None:
    async def body() -> None:
        async with world() as here:
            with pytest.raises(BadInput, match=f"limit must lie between 1 and 100, not {limit}"):
                await anext(here.gamma.markets_keyset(limit=limit))

    run(body())


def test_recorded_markets_come_back_whole(recordings: Path) -> None:
    recorded = gamma_markets(recordings, slug_part="updown-15m")

    async def body() -> None:
        async with world() as here:
            here.venue.content.markets = recorded
            pages = [page async for page in here.gamma.markets_keyset()]
            found = [one for page in pages for one in page.rows]
            assert [refused for page in pages for refused in page.refused] == []
            assert len(found) == len(recorded) == 274
            assert {one.kind for one in found} == {"crypto_updown"}
            assert {len(one.token_ids) for one in found} == {2}

    run(body())
