"""The data API over real HTTP: each row once whatever happens between pages, past the cache, with an end."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.wire import ActivityRow, Page
from shared.domain.errors import BadInput, Temporary
from tests.exchange.faults import Fault, broken, truncated
from tests.exchange.recorded import dataapi_activity, updown_activity
from tests.exchange.server import Request
from tests.shared.adapters.polymarket.venue import CONDITION, START_S, TOKEN, WALLET, World, run, trade, world

OTHER_WALLET = "0x" + "cd" * 20


async def all_activity(here: World, *, limit: int = 500, user: str = WALLET) -> list[ActivityRow]:
    return [row async for page in here.data.activity(user, limit=limit) for row in page.rows]


def test_a_wallet_without_activity_has_one_empty_page() -> None:
    async def body() -> None:
        async with world() as here:
            assert [page async for page in here.data.activity(WALLET)] == [Page(())]

    run(body())


@given(rows=st.integers(min_value=0, max_value=40), limit=st.integers(min_value=1, max_value=15), equal=st.booleans())
def test_paging_yields_each_row_exactly_once(rows: int, limit: int, *, equal: bool) -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(0 if equal else number // 3) for number in range(rows)])
            got = await all_activity(here, limit=limit)
            assert len(got) == rows
            assert len(here.venue.requests) == max(1, -(-rows // limit))
            assert all(later.timestamp_s <= row.timestamp_s for row, later in pairwise(got))

    run(body())


def test_rows_that_arrive_between_pages_neither_double_nor_hide_the_old_ones() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(25)])
            fresh = iter(range(100, 200))

            def arrive(request: Request) -> None:
                here.venue.content.add_rows([trade(next(fresh)), trade(next(fresh))])

            here.venue.on_request = arrive
            times = [row.timestamp_s - START_S + 1000 for row in await all_activity(here, limit=5)]
            assert [time for time in times if time < 100] == list(range(24, -1, -1))
            assert len(times) == len(set(times)) == 27

    run(body())


def test_every_request_resends_its_filters_and_is_told_apart_from_all_others() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(6)])
            pages = here.data.activity(WALLET.upper().replace("0X", "0x"), ["TRADE"], 1, START_S, limit=2)
            assert [len(page.rows) async for page in pages] == [2, 2, 2]
            for request in here.venue.requests:
                assert request.values("user") == [WALLET]
                assert (request.values("type"), request.values("start"), request.values("limit")) == (
                    ["TRADE"],
                    ["1"],
                    ["2"],
                )
            nonces = [request.values("_")[0] for request in here.venue.requests]
            assert len(set(nonces)) == 3

    run(body())


def test_a_second_look_sees_past_the_cache_of_the_venue() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(1)])
            path = f"/v2/activity?user={WALLET}"
            stale = await here.http.get("data", here.venue.data_url, path)
            assert len(await all_activity(here)) == 1
            here.venue.content.add_rows([trade(2)])
            assert await here.http.get("data", here.venue.data_url, path) == stale
            assert len(await all_activity(here)) == 2
            here.time.advance(16)
            assert await here.http.get("data", here.venue.data_url, path) != stale

    run(body())


def test_a_cursor_that_the_venue_ignores_is_noticed() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(9)])
            here.venue.content.ignore_cursors = True
            with pytest.raises(Temporary, match="came back a second time"):
                await all_activity(here, limit=4)
            assert len(here.venue.requests) == 2

    run(body())


def test_a_page_answered_again_under_a_new_cursor_is_noticed() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(12)])
            here.venue.content.ignore_cursors = True

            def change_cursor(request: Request) -> None:
                here.venue.content.cursor_salt += "x"

            here.venue.on_request = change_cursor
            with pytest.raises(Temporary, match="answered the page before it again"):
                await all_activity(here, limit=10)

    run(body())


def test_an_endless_feed_ends() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(30)])
            with pytest.raises(Temporary, match="more than 3 pages"):
                async for _ in here.data.activity(WALLET, limit=2, pages_max=3):
                    pass

    run(body())


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_size_the_venue_would_refuse_is_refused_here(limit: int) -> None:
    async def body() -> None:
        async with world() as here:
            with pytest.raises(BadInput, match=f"limit must lie between 1 and 1000, not {limit}"):
                here.data.activity(WALLET, limit=limit)

    run(body())


def test_makers_are_included_unless_left_out() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(1)])
            here.venue.content.add_rows([trade(2, proxy_wallet=OTHER_WALLET, side="SELL")], maker=True)
            here.venue.content.add_rows([{**trade(3), "type": "REDEEM"}])

            async def wallets(*, taker_only: bool) -> list[str]:
                pages = here.data.trades(condition=CONDITION, taker_only=taker_only)
                return [row.wallet async for page in pages for row in page.rows]

            assert await wallets(taker_only=False) == [OTHER_WALLET, WALLET]
            assert await wallets(taker_only=True) == [WALLET]
            sells = [page async for page in here.data.trades(WALLET, side="SELL")]
            assert sells == [Page(())]

    run(body())


def test_a_time_window_without_a_wallet_is_refused_because_the_venue_ignores_it() -> None:
    async def body() -> None:
        async with world() as here:
            with pytest.raises(BadInput, match="start 5 and end None need a user"):
                here.data.trades(condition=CONDITION, start=5)

    run(body())


def test_recent_activity_comes_oldest_first_and_stops_at_its_beginning() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(100)])
            since = START_S - 1000 + 90
            page = await here.data.fetch_recent(WALLET, since, limit=4)
            assert [row.timestamp_s for row in page.rows] == list(range(since, since + 10))
            assert len(here.venue.requests) == 3

    run(body())


def test_recent_activity_stops_even_when_the_venue_forgets_the_start() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(100)])
            here.venue.content.ignore_window = True
            since = START_S - 1000 + 90
            page = await here.data.fetch_recent(WALLET, since, limit=4)
            assert [row.timestamp_s for row in page.rows] == list(range(since, since + 10))
            assert len(here.venue.requests) == 3

    run(body())


def test_equal_fills_of_one_transaction_are_all_kept_in_a_recent_look() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(5)] * 7)
            assert len((await here.data.fetch_recent(WALLET, 1, limit=2)).rows) == 7

    run(body())


def test_a_malformed_row_is_reported_and_the_rest_of_all_pages_is_kept() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(1), trade(2, price=1.5), trade(3), trade(4, size="NaN")])
            page = await here.data.fetch_recent(WALLET, 1, limit=2)
            assert [row.timestamp_s - START_S + 1000 for row in page.rows] == [1, 3]
            assert page.refused == (
                "row 0: size must be a finite number, not 'NaN'",
                "row 0: price must lie strictly between 0 and 1, not '1.5'",
            )

    run(body())


def test_rows_that_become_visible_late_are_found_by_a_later_look() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(1)], visible_at_s=START_S + 2)
            assert (await here.data.fetch_recent(WALLET, 1)).rows == ()
            here.time.advance(3)
            assert len((await here.data.fetch_recent(WALLET, 1)).rows) == 1

    run(body())


def test_a_page_that_fails_on_the_way_is_asked_for_again_without_loss() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows([trade(number) for number in range(9)])
            here.venue.fail("data/v2/activity", broken(), truncated())
            assert len(await all_activity(here, limit=3)) == 9
            assert here.http.stats.retries == 2

    run(body())


def test_the_leaderboard_is_read_as_far_as_asked() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.content.leaderboard = [
                {"rank": rank, "user_id": f"0x{rank:040x}", "pnl": 1000.5 / rank, "volume": 5, "user_name": ""}
                for rank in range(1, 9)
            ]
            assert len((await here.data.leaderboard(limit=50)).rows) == 8
            board = await here.data.leaderboard("week", "VOLUME", limit=3)
            assert [row.rank for row in board.rows] == [1, 2, 3]
            request = here.venue.requests[1]
            assert (request.values("time_period"), request.values("sort_by")) == (["week"], ["VOLUME"])

    run(body())


def test_a_leaderboard_longer_than_a_page_of_the_venue_is_followed() -> None:
    async def body() -> None:
        async with world() as here:
            good = {"rank": 1, "user_id": WALLET, "pnl": 1, "volume": 5}
            here.venue.content.leaderboard = [{"rank": 0}, good, good, good]
            board = await here.data.leaderboard(limit=2)
            assert (len(board.rows), board.refused) == (2, ("row 0: user_id is missing",))
            assert len(here.venue.requests) == 2

    run(body())


def test_positions_and_holders_are_paged() -> None:
    async def body() -> None:
        async with world() as here:
            position = {"proxy_wallet": WALLET, "condition_id": CONDITION, "token_id": TOKEN, "current_size": 400000.0}
            here.venue.content.positions[WALLET] = [position] * 5
            holder = {"proxy_wallet": WALLET, "amount": 2.5, "outcome_index": 0}
            here.venue.content.holders[CONDITION] = [{"token_id": TOKEN, "holders": [holder, holder]}]
            held = [row async for page in here.data.positions(WALLET, limit=2) for row in page.rows]
            assert [row.size_micro for row in held] == [400_000_000_000] * 5
            holders = [row async for page in here.data.holders(CONDITION) for row in page.rows]
            assert [(row.token_id, row.size_micro) for row in holders] == [(TOKEN, 2_500_000)] * 2

    run(body())


def test_the_status_is_handed_on_as_it_is() -> None:
    async def body() -> None:
        async with world() as here:
            assert await here.data.status() == {"trades": {"last_timestamp": START_S}}
            here.venue.fail("data/v2/status", Fault(body=b'{"lag": 3}'), Fault(body=b"[]"))
            assert await here.data.status() == {"lag": 3}
            with pytest.raises(BadInput, match=r"/v2/status must answer an object, not \[\]"):
                await here.data.status()

    run(body())


def test_a_watch_list_polled_hard_stays_within_the_documented_limits() -> None:
    async def body() -> None:
        async with world() as here:
            for _ in range(400):
                await here.data.fetch_recent(WALLET, 1)
            assert here.http.stats.throttled == 0
            assert here.http.stats.rate_waits > 0

    run(body())


Rows = Callable[[Path], list[dict[str, object]]]


def first_of_march(recordings: Path) -> list[dict[str, object]]:
    return updown_activity(recordings, head=3000)


@pytest.mark.parametrize("source", [dataapi_activity, first_of_march])
def test_recorded_activity_served_in_v2_form_comes_back_whole(recordings: Path, source: Rows) -> None:
    rows = source(recordings)

    async def body() -> None:
        async with world() as here:
            here.venue.content.add_rows(rows)
            wallets = sorted({str(row["proxy_wallet"]) for row in rows})
            total = 0
            for wallet in wallets:
                page = await here.data.fetch_recent(wallet, 1, types=(), limit=1000)
                assert page.refused == ()
                expected = sum(float(str(row["size"])) for row in rows if row["proxy_wallet"] == wallet)
                assert sum(row.size_micro for row in page.rows) == pytest.approx(expected * 1e6, rel=1e-9)
                total += len(page.rows)
            assert total == len(rows)

    run(body())
