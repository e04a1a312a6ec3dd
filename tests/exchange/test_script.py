"""A file is played in today's time, with everything in its place."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchange.catalogue import Execution, Listing
from tests.exchange.clients import WHALE, listing, run
from tests.exchange.script import Move, Script, TimeMap, Traded, mapping, play, shifted
from tests.exchange.sources import activity_script, book_script, synthetic_script
from tests.exchange.world import CROWD, World

FILE_S = 1_780_272_000.0


def updown(start_s: float) -> Listing:
    title = "Bitcoin Up or Down - May 31, 8:00PM-8:05PM ET"
    return listing(
        f"btc-updown-5m-{round(start_s)}", question=title, outcomes=("Up", "Down"), start_s=start_s, end_s=start_s + 300
    )


def little(*markets: Listing) -> Script:
    """Two trades, one of them history, and one book."""
    token = markets[0].tokens[0]
    sides = (Execution(WHALE, token, "BUY", 500_000, 7_000_000), Execution(CROWD, token, "SELL", 500_000, 7_000_000))

    def moves(_: float) -> Iterator[Move]:
        yield Move(FILE_S + 100.0, token, {490_000: 5_000_000}, {510_000: 5_000_000})

    return Script(
        listings=list(markets),
        trades=[Traded(FILE_S - 60.0, "0x" + "1" * 64, sides), Traded(FILE_S + 200.0, "0x" + "2" * 64, sides)],
        moves=moves,
        begins_s=FILE_S,
        ends_s=FILE_S + 1000.0,
        winners={markets[0].condition_id: markets[0].outcomes[0]},
    )


@given(st.floats(1.7e9, 1.9e9), st.floats(0.0, 3600.0))
def test_at_speed_one_the_windows_stay_on_their_grid(now_s: float, later: float) -> None:
    to = mapping(little(listing()), now_s, 1.0)
    assert 0.0 <= to.file_s - FILE_S < 900.0 + 1e-6
    assert abs(to.wall(to.file_s) - now_s) < 1e-6
    moved = to.wall(FILE_S + later) - (FILE_S + later)
    assert abs(moved - round(moved / 900.0) * 900.0) < 1e-3


def test_at_another_speed_the_play_begins_at_its_beginning() -> None:
    to = mapping(little(listing()), 1.8e9, 10.0)
    assert (to.wall(FILE_S), to.wall(FILE_S + 50.0)) == (1.8e9, 1.8e9 + 5.0)


def test_a_window_is_called_after_its_new_start() -> None:
    moved = shifted(updown(FILE_S), TimeMap(FILE_S, 1_795_240_800.0, 1.0))
    assert moved.slug == "btc-updown-5m-1795240800"
    assert moved.question == "Bitcoin Up or Down - November 21, 1:00AM-1:05AM ET"
    assert (moved.start_s, moved.end_s) == (1_795_240_800.0, 1_795_241_100.0)


def test_a_play_tells_history_trades_books_and_results() -> None:
    async def body() -> None:
        market = updown(FILE_S)
        script = little(market)
        async with World() as world:
            count = await play(world, script, mapping(script, world.now_ms() / 1000, 2000.0))
            assert count == 3
            rows = world.venue.content.rows
            assert [row.row["transaction_hash"][2] for row in rows] == ["1", "1", "2", "2"]
            assert world.told["past"] == world.told["market"] == 1
            (shown,) = world.listings.values()
            assert shown.winner == "Up"
            assert world.books == {}

    run(body())


def test_a_day_played_again_is_another_day() -> None:
    async def body() -> None:
        script = little(updown(FILE_S))
        async with World() as world:
            for turn in (0, 1):
                today = script.renamed(turn) if turn else script
                await play(world, today, mapping(today, world.now_ms() / 1000, 5000.0), history=turn == 0)
            assert len(world.listings) == 2
            assert len(dict.fromkeys(match.tx for match in world.matches)) == 3

    run(body())


def test_the_synthetic_day_is_consistent(tmp_path: Path) -> None:
    script = synthetic_script(tmp_path, seed=3, hours=1.0)
    tokens = {token for one in script.listings for token in one.tokens}
    assert len(script.trades) > 500
    assert len(dict.fromkeys(one.tx for one in script.trades)) == len(script.trades)
    assert all(done.token in tokens for one in script.trades for done in one.executions)
    assert [one.at_s for one in script.trades] == sorted(one.at_s for one in script.trades)
    assert len(script.leaders) > 5
    books = list(script.moves(script.begins_s))
    assert [move.at_s for move in books] == sorted(move.at_s for move in books)

    async def body() -> None:
        async with World() as world:
            to = mapping(script, world.now_ms() / 1000, 100_000.0)
            await asyncio.wait_for(play(world, script, to), 60)
            assert world.told["market"] == len([one for one in script.trades if script.begins_s <= one.at_s])
            assert all((bid or 0) < (ask or 10**6) for bid, ask in (book.best() for book in world.books.values()))

    run(body())


def test_recorded_activity_is_played_from_its_densest_hour(recordings: Path) -> None:
    script = activity_script(recordings / "wallet_activity_updown_2026-03.parquet")
    assert script.begins_s == 492_841 * 3600
    hour = [
        done for one in script.trades if script.begins_s <= one.at_s < script.begins_s + 3600 for done in one.executions
    ]
    assert 13_000 < len(hour) <= 13_801
    assert script.winners
    assert len(script.leaders) == 6


def test_a_recorded_book_is_rebuilt_as_the_raw_frames_show_it(recordings: Path) -> None:
    async def body() -> None:
        script = book_script(recordings / "book_btc5m_2026-04-16.parquet")
        async with World() as world:
            for one in script.listings:
                world.list_market(one)
            for move in script.moves(script.begins_s):
                if move.at_s >= script.begins_s + 60.0:
                    break
                move.act(world)
            (first, *_) = script.listings
            book, mirror = (world.books[token] for token in first.tokens)
            assert len(book.bids) > 20
            assert mirror.asks == {1_000_000 - price: size for price, size in book.bids.items()}
            assert all((one.best()[0] or 0) < (one.best()[1] or 10**6) for one in world.books.values())

    run(body())


def test_a_book_without_its_markets_is_told(tmp_path: Path) -> None:
    (tmp_path / "book_x.parquet").write_bytes(b"")
    with pytest.raises(Exception, match=r"markets_x\.parquet"):
        book_script(tmp_path / "book_x.parquet")
