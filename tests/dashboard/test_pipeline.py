"""From seen to followed, in counts and words."""

import pytest

from dashboard.pipeline import coverage_words, discovery_of, drops, source_rows, steps
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from tests.dashboard.fakes import TWIN, WALLET, score, stored_run
from tests.dashboard.research_fakes import AT, discovery

ROW = dict.fromkeys(("wallets", "objects", "rows", "refused", "resolved", "pending", "failed", "left"), 1)


def test_each_step_is_counted_from_what_is_known() -> None:
    way = steps(discovery(), stored_run(), [WALLET, TWIN], [WALLET])
    assert [(step.name, step.wallets) for step in way] == [
        ("Seen", 120),
        ("Scored", 5),
        ("Eligible", 3),
        ("Given capital", 1),
        ("Watched", 2),
        ("Followed", 1),
    ]
    assert steps(None, stored_run(), [], [])[0].name == "Scored"


def test_reasons_are_in_words_the_commonest_first() -> None:
    rows = [score(f"0x{n}", reason=reason) for n, reason in enumerate(["too_few_wins", "moon", "too_few_wins"])]
    assert drops(stored_run(rows)) == [("too few wins", 2), ("moon", 1)]
    assert drops(stored_run([score(WALLET, 1)])) == []


def test_coverage_names_what_was_not_read() -> None:
    said = coverage_words(discovery(), AT)
    assert said.startswith("Last discovery 2026-03-22 21:00:00 UTC (1 h 0 min ago): 110 of 120 wallets were read")
    assert "(91.7%)" in said
    assert "3 wallets failed and are tried again next time, 7 were not reached in time, 2 rows were refused" in said
    whole = coverage_words(discovery(failed=0, left=0, refused=0), AT)
    assert "120 of 120 wallets were read or up to date (100.0%); 4,321 new rows, 33 markets newly resolved" in whole


def test_a_wallet_that_two_boards_and_a_trade_named_counts_once_with_each_kind() -> None:
    found = discovery_of("5", ROW, ["leaderboard_month_pnl,leaderboard_week_pnl,large_trade", "holder", None, "moon"])
    assert found.at == 5 * SECOND
    assert source_rows(found) == [
        ("Holders of busy markets", 1),
        ("Large trades", 1),
        ("Leaderboards", 1),
        ("moon", 1),
    ]


@pytest.mark.parametrize(("stamp", "row"), [("soon", ROW), ("5", {**ROW, "rows": "many"}), ("5", {})])
def test_a_discovery_that_cannot_be_read_is_refused(stamp: str, row: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="The last discovery"):
        discovery_of(stamp, row, [])
