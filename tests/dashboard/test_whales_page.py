"""Page Whales: with a stored ranking, without one, and with a link to a wallet."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.queries.opening import source
from dashboard.rankings import Run, Show
from dashboard.state import WhaleRow
from shared.domain.errors import BadInput
from shared.domain.whale import RankedWallet
from tests.dashboard.conftest import PAGES, RunPage
from tests.dashboard.fakes import (
    IDLE,
    LUCKY,
    MAKER,
    RUN,
    TWIN,
    WALLET,
    FakeQueries,
    busy,
    live,
    published,
    quiet,
    ranked,
    score,
    stored_run,
)


def words(at: AppTest) -> str:
    """Every word on the page, as a reader sees it."""
    parts = [at.caption, at.markdown, at.success, at.info, at.warning, at.subheader, at.header]
    return " ".join(element.value for part in parts for element in part).replace("\\", "")


def listed(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["wallet"])


def linked_to(wallet: str, queries: FakeQueries) -> AppTest:
    source.close()
    source.open(lambda: queries)
    at = AppTest.from_file(str(PAGES / "whales.py"), default_timeout=60)
    at.query_params["wallet"] = wallet
    return at.run()


def test_the_header_says_which_ranking_is_in_force(run_page: RunPage) -> None:
    at = run_page("whales", ranked())
    assert not at.exception
    assert {metric.label: metric.value for metric in at.metric}.items() >= {
        "Scored": "5",
        "Eligible": "3",
        "Followed": "1",
        "Proven edge": "1",
    }.items()
    assert "Ranking of 2026-03-22 22:00:00 UTC. Ordered by the lower end of the 95% interval" in words(at)
    assert all(metric.help for metric in at.metric)


def test_the_leaderboard_can_be_filtered_and_searched(run_page: RunPage) -> None:
    at = run_page("whales", ranked())
    assert listed(at) == [WALLET]
    at.segmented_control(key="whale_show").set_value(Show.ELIGIBLE).run()
    assert listed(at) == [WALLET, TWIN, LUCKY]
    at.segmented_control(key="whale_show").set_value(Show.ALL).run()
    assert listed(at) == [WALLET, TWIN, LUCKY, MAKER, IDLE]
    assert list(at.dataframe[0].value["verdict"])[-2:] == ["✖ Out: market maker", "✖ Out: too few wins"]
    at.segmented_control(key="whale_show").set_value(Show.FOLLOWED).run()
    at.text_input(key="whale_search").input("0xaaaa").run()
    assert listed(at) == [MAKER]
    at.text_input(key="whale_search").input("0x99").run()
    assert "None of the 5 wallets has such an address" in words(at)


def test_every_column_of_the_leaderboard_has_a_tooltip(run_page: RunPage) -> None:

    config = json.loads(run_page("whales", ranked()).dataframe[0].proto.columns)
    assert set(config) >= {"whale", "rank", "interval", "quality", "q", "allocation", "flags", "cluster", "verdict"}
    assert all(column.get("help") for name, column in config.items() if name != "_index")


def test_the_first_wallet_is_explained_without_being_asked_for(run_page: RunPage) -> None:
    told = words(run_page("whales", ranked()))
    assert "IN: Rank 1, quality 74 of 100, 2.0% of the capital" in told
    assert "It wins 63% (at least 55% with good certainty) of its bets at an average price of 0.49" in told
    assert "Number 1, 3 up from 4 since the ranking of 2026-03-22 22:00:00 UTC." in told
    assert "It belongs to cluster-1" in told
    assert f"`{TWIN}`: 40 moments in common, linked: True" in told
    assert "Copied with 24 orders: +$52.00 realised" in told
    assert "3 of the latest 3 decisions" in told


@pytest.mark.parametrize(
    ("wallet", "told"),
    [
        (TWIN, "WATCHED: Rank 2, quality 74 of 100, no capital: it moves like a better ranked wallet"),
        (MAKER, "OUT: it makes markets"),
        (IDLE, "The interval has no bounds"),
        (IDLE, "It has no resolved bet."),
        (IDLE, "Its result is unknown."),
        (MAKER, "The trader does not follow it"),
        (MAKER, "Ranked neither now nor"),
        (LUCKY, "It stands alone"),
        (MAKER, "No other wallet acts at the same moments"),
        (LUCKY, "None of the latest 3 decisions was about it."),
    ],
)
def test_a_link_opens_any_wallet_whatever_the_filter(wallet: str, told: str, run_page: RunPage) -> None:
    at = linked_to(wallet, ranked())
    assert not at.exception
    assert listed(at) == [wallet]
    assert told in words(at)
    source.close()


def test_a_link_to_a_followed_wallet_chooses_its_row() -> None:
    queries = ranked()
    queries.published = published(RankedWallet(WALLET, 1), RankedWallet(TWIN, 2))
    at = linked_to(TWIN, queries)
    assert listed(at) == [WALLET, TWIN]
    assert "Wallet 0xbbbb…bbbb" in words(at)
    source.close()


def test_a_wallet_followed_in_spite_of_the_run_is_said_to_be(run_page: RunPage) -> None:
    queries = ranked()
    queries.published = published(RankedWallet(LUCKY, 1))
    queries.followed = [WhaleRow(LUCKY, 1)]
    told = words(run_page("whales", queries))
    assert "no capital: its quality is too low to be copied. The trader follows it." in told


def test_a_wallet_that_is_only_watched_is_not_followed(run_page: RunPage) -> None:
    queries = ranked()
    queries.published = published(RankedWallet(WALLET, 1), RankedWallet(TWIN, 2, watched_only=True))
    assert listed(run_page("whales", queries)) == [WALLET]


def test_an_unknown_follower_is_said_to_be_unknown(run_page: RunPage) -> None:
    queries = ranked()
    queries.stored = {RUN: stored_run([score(WALLET, 1, follower_pnl_usd=None, follower_sharpe_low=None)])}
    told = words(run_page("whales", queries))
    assert "of the wallets themselves (followers cannot be shown)" in told
    assert "What a follower would have made is unknown from this data." in told
    assert "This is the first ranking that is stored." in told


def test_many_wallets_are_cut_and_the_search_still_finds_the_others(run_page: RunPage) -> None:
    at = run_page("whales", busy())
    at.segmented_control(key="whale_show").set_value(Show.ALL).run()
    assert len(listed(at)) == 500
    assert "The first 500 of 900 wallets" in words(at)
    at.text_input(key="whale_search").input(f"{899:040x}").run()
    assert listed(at) == [f"0x{899:040x}"]


@pytest.mark.parametrize(("rank", "told"), [(None, "No wallet is eligible"), (1, "No scored wallet is followed")])
def test_an_empty_choice_says_what_to_choose(rank: int | None, told: str, run_page: RunPage) -> None:
    queries = FakeQueries(live())
    queries.stored = {RUN: stored_run([score(WALLET, rank)])}
    at = run_page("whales", queries)
    assert "no watch list has been published from it" in words(at)
    show = Show.ELIGIBLE if rank is None else Show.FOLLOWED
    at.segmented_control(key="whale_show").set_value(show).run()
    assert told in words(at)


def test_a_trader_that_follows_an_earlier_list_is_told(run_page: RunPage) -> None:
    queries = ranked()
    queries.followed = [WhaleRow(IDLE, 1)]
    assert "still follows an earlier list" in words(run_page("whales", queries))


def test_without_a_stored_run_the_page_tells_what_the_trader_knows(run_page: RunPage) -> None:
    at = run_page("whales", quiet())
    assert not at.exception
    assert "The scores behind this list are not stored" in words(at)
    assert "Rank 3 of the watch list, from 171 resolved markets." in words(at)
    table = at.dataframe[0].value
    assert (list(table["rank"]), list(table["low"]), list(table["pnl"])) == ([3], [15.0], [52.0])


def test_a_published_list_is_shown_before_the_trader_has_written_of_it(run_page: RunPage) -> None:
    queries = FakeQueries(live())
    queries.published = published()
    at = run_page("whales", queries)
    assert listed(at) == [WALLET]
    assert "Rank 1 of the watch list, from 100 resolved markets. It returned 9.0%" in words(at)
    assert "No decisions." in words(at)


def test_a_run_that_cannot_be_read_is_told_and_nothing_else_is_lost(run_page: RunPage) -> None:
    class Odd(FakeQueries):
        def run(self, name: str) -> Run:
            raise BadInput(f"{name}/scores.parquet lacks the column 'rank'")

    queries = Odd(live())
    queries.published, queries.stored = published(), {RUN: stored_run()}
    at = run_page("whales", queries)
    assert [error.value.replace("\\", "") for error in at.error] == [
        f"The ranking cannot be shown: {RUN}/scores.parquet lacks the column 'rank'"
    ]
    assert at.title[0].value == "Whales"
