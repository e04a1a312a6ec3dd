"""What came in on the winning side and what left it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.analytics.reconciliation import CAUSES, NO_WINNER, proven_winners, reconcile, summary
from tests.shared.analytics.accounting import YES, M, fill, table, winners

EARLY = fill("BUY", 1, market="before", ts_s=1)
LATE = fill("BUY", 1, market="after", ts_s=9000)
DENSE = tuple(fill("BUY", 1, market="between", ts_s=at) for at in range(300, 9000, 300))


def judged(*rows: dict[str, Any]) -> dict[str, Any]:
    """Market m of a wallet that was recorded without a hole long before and after it."""
    found = reconcile(table(EARLY, LATE, *DENSE, *rows), YES).filter(pl.col("market") == "m")
    (row,) = found.iter_rows(named=True)
    return row


def test_bought_split_sold_merged_and_redeemed_that_balance_are_exact() -> None:
    row = judged(
        fill("BUY", 10), fill("BUY", 6, outcome="No"), fill("SPLIT", 5), fill("SELL", 1), fill("MERGE", 6, ts_s=1500),
        fill("REDEEM", 8, ts_s=2100),
    )  # fmt: skip
    assert (row["residual_micro"], row["exact"], row["within_1pct"], row["cause"]) == (0, True, True, "exact")
    assert row["evidence"] == ""


@pytest.mark.parametrize(
    ("rows", "residual", "cause", "evidence"),
    [
        ((fill("BUY", 10), fill("REDEEM", 9.999999, ts_s=2100)), 1, "rounding of one millionth", "0.000001"),
        ((fill("BUY", 10), fill("BUY", 4, ts_s=1010), fill("REDEEM", 18, ts_s=2100)), -4 * M, "equal fill missing",
         "4.000000 more shares left than came in, and a recorded fill has exactly this size"),
        ((fill("BUY", 10), fill("REDEEM", 13, ts_s=2100)), -3 * M, "fills missing", "3.000000 more"),
        ((fill("BUY", 100), fill("REDEEM", 99.5, ts_s=2100)), 500_000, "fee taken in shares", "0.500000"),
        ((fill("BUY", 100),), 100 * M, "shares not redeemed", "100.000000 shares came in and never left"),
        ((fill("BUY", 10), fill("BUY", 7, outcome="No"), fill("REDEEM", 7, ts_s=2100)), 3 * M,
         "winner contradicted by the redemptions", "the other side balances exactly"),
    ],
    ids=lambda value: value if isinstance(value, str) and value in CAUSES else "",
)  # fmt: skip
def test_every_imbalance_has_a_cause(
    rows: tuple[dict[str, Any], ...], residual: int, cause: str, evidence: str
) -> None:
    row = judged(*rows)
    assert (row["residual_micro"], row["cause"]) == (residual, cause)
    assert evidence in row["evidence"]


def test_a_recording_that_ends_before_the_redemption_is_told_so() -> None:
    (row,) = reconcile(table(fill("BUY", 10)), YES).iter_rows(named=True)
    assert row["cause"] == "recording ends before the redemption"
    assert "last row is from 1000, the market ended at 2000; 10.000000 shares were still held" in row["evidence"]


def test_a_history_that_starts_within_the_window_is_told_so() -> None:
    slug = "btc-updown-5m-1774000200"
    rows = table(fill("REDEEM", 10, ts_s=1774000600, slug=slug), fill("BUY", 1, ts_s=1774000300, slug=slug))
    found = reconcile(rows, winners((slug, None, "Yes")))
    assert found["cause"].to_list() == ["history starts in or after the market"]


def test_a_hole_of_the_recording_over_the_window_is_told_with_its_length() -> None:
    slug = "btc-updown-5m-1774000200"
    rows = table(
        fill("BUY", 1, ts_s=1774000000, market="k"),
        fill("REDEEM", 10, ts_s=1774000800, slug=slug),
        fill("BUY", 1, ts_s=1774002000, market="k"),
    )
    (row,) = reconcile(rows, winners((slug, None, "Yes"))).filter(pl.col("market") == "m").iter_rows(named=True)
    assert row["cause"] == "hole in the recording"
    assert "no row of the wallet for 800 s" in row["evidence"]


def test_a_market_without_a_winner_is_counted_and_not_guessed() -> None:
    found = reconcile(table(fill("BUY", 10), fill("REDEEM", 10, ts_s=2100)), winners())
    assert found.select("cause", "residual_micro", "exact", "redeemed_micro").row(0) == (NO_WINNER, None, None, None)
    assert summary(found).rows() == [(NO_WINNER, 1, None)]


def test_a_redemption_proves_the_winner_of_a_one_sided_holding_only() -> None:
    rows = table(
        fill("BUY", 5, market="m"),
        fill("REDEEM", 5, market="m", ts_s=2100),
        fill("BUY", 5, market="both"),
        fill("BUY", 5, market="both", outcome="No"),
        fill("REDEEM", 5, market="both", ts_s=2100),
        fill("BUY", 5, market="lost"),
        fill("REDEEM", 0, market="lost", ts_s=2100),
        fill("BUY", 5, market="inferred"),
        fill("REDEEM", 5, market="inferred", ts_s=2100, inferred=True),
        fill("BUY", 5, market="split"),
        fill("SPLIT", 5, market="split"),
        fill("REDEEM", 5, market="split", ts_s=2100),
        fill("BUY", 5, market="torn"),
        fill("REDEEM", 5, market="torn", ts_s=2100),
        fill("BUY", 5, market="torn", outcome="No", wallet="0xb"),
        fill("REDEEM", 5, market="torn", ts_s=2100, wallet="0xb"),
    )
    assert proven_winners(rows).rows() == [("m", 2100, "Yes")]


def test_the_up_down_recording_reconciles_as_far_as_it_is_complete(recordings: Path) -> None:
    activity = read_activity([recordings / "wallet_activity_updown_2026-03.parquet"])
    outcomes = read_outcomes([recordings / "resolutions_updown_2026-03.parquet"])
    found = reconcile(activity.fills, outcomes)
    known = found.filter(pl.col("winner").is_not_null())
    high = outcomes.filter(pl.col("confidence") == "high")["key"]
    assert known["market"].is_in(high.to_list()).all()
    assert found.filter(pl.col("winner").is_null())["cause"].unique().to_list() == [NO_WINNER]
    assert known.height > 600
    assert float(known.select(pl.col("exact").mean()).item()) >= 0.91
    assert float(known.select(pl.col("within_1pct").mean()).item()) >= 0.93
    odd = known.filter(~pl.col("exact"))
    assert odd["cause"].is_in(list(CAUSES[2:])).all()
    assert (odd["evidence"] != "").all()
    assert summary(found)["wallet_markets"].sum() == found.height
