from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.leaderboard import (
    FLAGS,
    REACH_LEAST,
    REACH_MOST,
    REASONS,
    WIDTH,
    brought,
    interval,
    leader_rows,
    method,
    pair_rows,
    picture,
    place_before,
    reach_of,
    rest_of,
    sentences,
    verdict,
    whale_of_ranked,
    words_of,
)
from dashboard.state import WhaleRow
from shared.analytics import explain
from shared.domain.whale import RankedWallet
from tests.dashboard.fakes import IDLE, LUCKY, MAKER, NOW, RULES, TWIN, WALLET, pair, score, scores, stored_run

ENDS = st.floats(-50, 50).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 60)))
REACH = st.tuples(st.floats(-2, 0), st.floats(0.1, 2))


def drawn(ends: tuple[float, float], reach: tuple[float, float] = (-0.5, 0.5)) -> str:
    return unquote(picture(ends, reach) or "")


def centre(ends: tuple[float, float], reach: tuple[float, float]) -> float:
    return float(drawn(ends, reach).partition('cx="')[2].partition('"')[0])


def test_every_reason_to_be_out_has_a_short_word() -> None:
    assert set(REASONS) == set(explain.REASONS)
    assert set(FLAGS) >= {"incomplete_history", "market_maker", "wash_trading"}
    assert words_of("specialist,moon_phase", FLAGS) == "specialist, moon phase"
    assert words_of("", FLAGS) == ""


def test_the_verdict_says_in_or_out_and_why() -> None:
    assert verdict(score(WALLET, 1), [WALLET]) == "✔ Followed"
    assert verdict(score(TWIN, 2), [WALLET]) == "○ Eligible, not followed"
    assert verdict(score(MAKER, reason="too_few_wins"), []) == "✖ Out: too few wins"
    assert verdict({"wallet": "w"}, []) == "✖ Out: not eligible"


def test_a_row_carries_the_figures_in_readers_units_and_leaves_unknown_ones_empty() -> None:
    first, *_, last = leader_rows(scores(), [WALLET])
    assert (first["whale"], first["rank"], first["win_rate"], first["paid"]) == ("0x1111…2222", 1, 63.0, 49.0)
    assert (first["allocation"], first["q"], first["flags"], first["cluster"]) == (2.0, 0.02, "specialist", "cluster-1")
    assert (last["wallet"], last["interval"], last["low"], last["q"], last["win_rate"]) == (
        IDLE,
        None,
        None,
        None,
        None,
    )


def test_an_interval_without_bounds_is_no_interval() -> None:
    assert interval(scores()[-1]) is None
    assert picture(None, (-1, 1)) is None
    assert interval(score(WALLET)) == (0.1, 0.5)


def test_pictures_reach_as_far_as_the_ranked_intervals() -> None:
    assert reach_of(scores()) == (-0.2, 0.5)
    assert reach_of(scores()[3:]) == (-0.5, 0.0)
    assert reach_of([]) == (0.0, REACH_LEAST)
    assert reach_of([score(WALLET, 1, sharpe_low=-90.0, sharpe_high=90.0)]) == (-REACH_MOST, REACH_MOST)


def test_the_picture_tells_the_side_of_zero_also_without_colour() -> None:
    zero = centre((-0.1, 0.1), (-0.5, 0.5))
    assert zero == WIDTH / 2
    assert centre((0.1, 0.3), (-0.5, 0.5)) > zero > centre((-0.3, -0.1), (-0.5, 0.5))
    assert (
        len({drawn(ends).partition('stroke-width="2"')[0][-12:] for ends in ((0.1, 0.3), (-0.1, 0.1), (-0.3, -0.1))})
        == 3
    )


@given(ENDS, REACH)
def test_a_picture_never_leaves_its_frame_by_far(ends: tuple[float, float], reach: tuple[float, float]) -> None:
    assert -WIDTH * 0.1 <= centre(ends, reach) <= WIDTH * 1.1


def test_the_method_is_told_in_one_sentence() -> None:
    assert method(stored_run()) == (
        "Ordered by the lower end of the 95% interval of the Sharpe ratio of a follower who trades 4 s later. "
        "Made from 2 files."
    )
    bare = stored_run([score(WALLET, 1, follower_sharpe_low=None)], rules={})
    assert "of the wallets themselves (followers cannot be shown)" in method(bare)
    assert "interval of the Sharpe ratio" in method(bare)


def test_the_verdict_of_an_explanation_comes_first() -> None:
    said, rest = sentences(score(WALLET, 1, allocation=0.02), RULES)
    assert said.startswith("IN: Rank 1, quality 74 of 100, 2.0% of the capital")
    assert rest.startswith("300 trades in 110 markets")
    assert "IN:" not in rest
    assert sentences(score(MAKER, reason="market_maker"), RULES)[0].startswith("OUT: it makes markets")


@pytest.mark.parametrize(
    ("changed", "rules", "why"),
    [
        ({"flags": "specialist,correlated"}, RULES, "it moves like a better ranked wallet"),
        ({"quality": 45.0}, RULES, "its quality is too low"),
        ({"quality": 45.0}, {}, "it does not pass the gates"),
        ({}, RULES, "it does not pass the gates"),
        ({"gate": "negative_edge"}, RULES, "its mean return is not positive"),
    ],
)
def test_why_an_eligible_wallet_gets_no_capital_is_told_as_far_as_known(
    changed: dict[str, Any], rules: dict[str, Any], why: str
) -> None:
    said, _ = sentences(score(LUCKY, 3, **changed), rules)
    assert said.startswith("WATCHED: Rank 3")
    assert why in said


@pytest.mark.parametrize(
    ("rank", "before", "told"),
    [
        (1, 4, "Number 1, 3 up from 4 since"),
        (4, 1, "Number 4, 3 down from 1 since"),
        (2, 2, "Number 2, the same place since"),
        (2, None, "New among the ranked"),
        (None, 7, "It left the ranked: it was number 7"),
        (None, None, "Ranked neither now nor"),
    ],
)
def test_a_place_is_compared_with_the_ranking_before(rank: int | None, before: int | None, told: str) -> None:
    assert place_before(rank, before, "then").startswith(told)
    assert "then" in place_before(rank, before, "then")


def test_what_copying_brought_is_told_in_money() -> None:
    assert "does not follow it" in brought(None)
    assert brought(WhaleRow("w")) == "Followed, not copied so far."
    assert brought(WhaleRow("w", copies=1, pnl_usd=-5_000_000, last_trade_at=NOW)) == (
        "Copied with 1 order: -$5.00 realised, the last 2026-03-22 22:00:00."
    )
    assert "24 orders: +$52.00" in brought(WhaleRow("w", copies=24, pnl_usd=52_000_000))


def test_pairs_are_split_into_those_counted_as_one_and_the_others() -> None:
    pairs = [pair(WALLET, TWIN, linked=True), pair(WALLET, LUCKY, linked=False)]
    assert [row["wallet"] for row in pair_rows(pairs, linked=True)] == [TWIN]
    assert [row["other"] for row in pair_rows(pairs, linked=False)] == ["0xcccc…cccc"]


def test_without_a_stored_run_the_watch_list_speaks() -> None:
    told = rest_of(WhaleRow("w", 3, 171, 60_100, 300_000, 150_000))
    assert told == (
        "Rank 3 of the watch list, from 171 resolved markets. It returned 30.0% of the money paid per market on "
        "average (95% interval 15.0% to 45.0%, above zero). Won less paid per share, shrunk towards zero: +6.01 ¢."
    )
    assert "does not exclude zero" in rest_of(WhaleRow("w", 3, 171, 0, 300_000, -1))
    assert "interval" not in rest_of(WhaleRow("w", 3, 171, 0, 300_000, 300_000))
    assert rest_of(WhaleRow("w")).startswith("Pinned by hand")
    listed = whale_of_ranked(RankedWallet("w", 2, 9, mean_return=5, return_low=4, volume=3))
    assert (listed.rank, listed.n_markets, listed.mean_return, listed.return_low, listed.volume_usd) == (2, 9, 5, 4, 3)
