"""P&L per market, per trade and per day."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given

from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.analytics.returns import daily_pnl, trade_pnl, wallet_markets
from tests.shared.analytics.accounting import BOTH, YES, M, fill, histories, table, total, winners


def market(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> dict[str, Any]:
    (row,) = wallet_markets(fills, resolutions, as_of_s).iter_rows(named=True)
    return row


@given(histories())
def test_the_profit_is_what_came_in_less_what_went_out_by_market_by_trade_and_by_day(fills: pl.DataFrame) -> None:
    found = wallet_markets(fills, BOTH)
    for row in found.iter_rows(named=True):
        came = row["sell_proceeds_micro"] + row["payout_micro"] + row["rebates_micro"]
        assert row["pnl_micro"] == came - row["buy_cost_micro"] - row["fees_micro"]
    profit = total(found, "pnl_micro")
    assert total(daily_pnl(fills, BOTH), "pnl_micro") == profit
    assert total(trade_pnl(fills, BOTH), "to_payout_micro") == profit


@given(histories())
def test_while_open_profit_and_mark_are_cash_and_shares_at_the_last_print(fills: pl.DataFrame) -> None:
    kept = fills.filter(pl.col("type") != "REDEEM")
    moves = trade_pnl(kept, winners()).to_dicts()
    prints: dict[tuple[str, str], tuple[int, int]] = {}
    cash: dict[tuple[str, str], int] = defaultdict(int)
    shares: dict[tuple[str, str, str], int] = defaultdict(int)
    for move in moves:
        wallet, market_, outcome = move["wallet"], move["market"], move["outcome"]
        cash[wallet, market_] += move["cash_micro"] - move["fee_micro"]
        shares[wallet, market_, outcome] += move["shares_micro"]
        if move["kind"] in {"BUY", "SELL"} and move["shares_micro"] != 0:
            seen = (move["ts_s"], move["price_micro"])
            prints[market_, outcome] = max(prints.get((market_, outcome), seen), seen)
    for row in wallet_markets(kept, winners()).iter_rows(named=True):
        key = (row["wallet"], row["market"])
        worth = sum(held * prints.get(at[1:], (0, 0))[1] // M for at, held in shares.items() if at[:2] == key)
        assert row["pnl_micro"] + row["mark_micro"] == cash[key] + worth


def test_a_market_held_on_both_sides() -> None:
    row = market(
        table(fill("BUY", 10, 0.4), fill("BUY", 20, 0.3, outcome="No", ts_s=1001), fill("MERGE", 5, ts_s=1002)), YES
    )
    assert row["both_outcomes"]
    assert row["pnl_micro"] == 5 * M + 5 * M - 10 * M
    assert (row["n_fills"], row["n_buys"], row["n_sells"]) == (2, 2, 0)
    assert (row["first_ts"], row["last_ts"], row["end_ts"]) == (1000, 1002, 2000)
    assert row["price_paid"] == pytest.approx(10 / 30)
    assert row["won"] == pytest.approx(10 / 30)
    assert row["ret"] == pytest.approx(0.0)
    assert not row["incomplete_history"]


def test_a_fee_and_a_rebate_of_the_market_are_in_its_profit() -> None:
    rebate = fill("MAKER_REBATE", 0.25, ts_s=1005)
    row = market(table(fill("BUY", 10, 0.4, fee=0.2), rebate), YES)
    assert (row["fees_micro"], row["rebates_micro"]) == (200_000, 250_000)
    assert row["pnl_micro"] == 6 * M - 200_000 + 250_000


def test_a_redemption_after_the_end_changes_nothing_but_the_form_of_the_payout() -> None:
    held = table(fill("BUY", 10, 0.4))
    redeemed = table(fill("BUY", 10, 0.4), fill("REDEEM", 10, ts_s=2100))
    for name in ("pnl_micro", "payout_micro", "ret", "won"):
        assert market(held, YES)[name] == market(redeemed, YES)[name]


def test_a_merge_after_the_close_taken_for_a_redemption_changes_no_profit() -> None:
    bought = (fill("BUY", 10, 0.4), fill("BUY", 4, 0.5, outcome="No"))
    merged = table(*bought, fill("MERGE", 4, ts_s=2100))
    redeemed = table(*bought, fill("REDEEM", 4, ts_s=2100))
    assert market(merged, YES)["pnl_micro"] == market(redeemed, YES)["pnl_micro"] == 10 * M - 6 * M


def test_an_open_market_has_no_return_and_marks_its_shares_apart() -> None:
    found = wallet_markets(table(fill("BUY", 10, 0.4), fill("BUY", 1, 0.9, ts_s=1001, wallet="0xb")), winners())
    row = found.filter(pl.col("wallet") == "0xa").row(0, named=True)
    assert (row["pnl_micro"], row["mark_micro"], row["ret"], row["won"], row["resolved"]) == (
        0,
        5 * M,
        None,
        None,
        False,
    )


def test_what_was_redeemed_without_a_known_winner_is_told_and_not_counted() -> None:
    row = market(table(fill("BUY", 10, 0.4), fill("REDEEM", 10, ts_s=2100)), winners())
    assert (row["unattributed_micro"], row["pnl_micro"], row["mark_micro"]) == (10 * M, 0, None)


def test_nothing_after_the_instant_is_known() -> None:
    fills = table(fill("BUY", 10, 0.4), fill("SELL", 10, 0.9, ts_s=1500))
    assert market(fills, YES, 1400)["pnl_micro"] == 0
    assert market(fills, YES, 1500)["pnl_micro"] == 5 * M
    assert not market(fills, YES, 1500)["resolved"]


@pytest.mark.parametrize(
    "rows",
    [
        (fill("SELL", 1, 0.5),),
        (fill("BUY", 1, 0.5), fill("CONVERSION", 1)),
    ],
    ids=["net short", "a conversion"],
)
def test_a_history_with_missing_pieces_is_flagged(rows: tuple[dict[str, Any], ...]) -> None:
    assert market(table(*rows), YES)["incomplete_history"]


def test_without_purchases_there_is_no_price_and_no_return() -> None:
    row = market(table(fill("SELL", 1, 0.5)), YES)
    assert (row["price_paid"], row["won"], row["ret"]) == (None, None, None)


def test_exits_count_on_their_day_and_settlements_on_the_day_of_the_end() -> None:
    day = 86_400
    fills = table(
        fill("BUY", 10, 0.4, ts_s=day),
        fill("SELL", 5, 0.6, ts_s=2 * day, fee=0.1),
        fill("MAKER_REBATE", 0.5, ts_s=2 * day, market=""),
        fill("REDEEM", 5, ts_s=5 * day),
    )
    days = daily_pnl(fills, winners(("m", 3 * day, "Yes")))
    assert days["day"].to_list() == [date(1970, 1, 2), date(1970, 1, 3), date(1970, 1, 6)]
    assert days["pnl_micro"].to_list() == [0, M - 100_000 + 500_000, 3 * M]
    assert days["volume_micro"].to_list() == [4 * M, 3 * M, 0]


def test_shares_held_to_the_end_are_settled_on_the_day_of_the_end() -> None:
    days = daily_pnl(table(fill("BUY", 10, 0.4, ts_s=0)), winners(("m", 3 * 86_400, "No")))
    assert dict(zip(days["day"], days["pnl_micro"], strict=True)) == {
        date(1970, 1, 1): 0,
        date(1970, 1, 4): -4 * M,
    }


def test_all_midterm_wallets_are_exact(recordings: Path) -> None:
    raw = pl.read_parquet(recordings / "trades_midterms2022.parquet")
    known = pl.read_parquet(recordings / "resolutions_midterms2022.parquet")
    activity = read_activity([recordings / "trades_midterms2022.parquet"])
    outcomes = read_outcomes([recordings / "resolutions_midterms2022.parquet"])
    assert (activity.refused, activity.redelivered, activity.fills.height) == (0, 0, raw.height)
    found = wallet_markets(activity.fills, outcomes)
    assert found["resolved"].all()
    # The reference in floats, straight from the file: net cash + net shares x payout.
    sign = pl.when(pl.col("side") == "BUY").then(1).otherwise(-1)
    won = (pl.col("outcome") == pl.col("winning_outcome")).cast(pl.Float64)
    reference = (
        raw.join(known.select("market", "winning_outcome"), on="market")
        .group_by(pl.col("wallet").str.to_lowercase())
        .agg((sign * (won * pl.col("size") - pl.col("usdc"))).sum().alias("expected"))
    )
    per_wallet = found.group_by("wallet").agg((pl.col("pnl_micro").sum() / M).alias("pnl"))
    both = per_wallet.join(reference, on="wallet", how="full")
    assert both.height == raw["wallet"].n_unique()
    assert both.null_count().sum_horizontal().item() == 0
    assert both.select((pl.col("pnl") - pl.col("expected")).abs().max()).item() < 1e-6
    paid = total(found, "buy_cost_micro") - total(found, "sell_proceeds_micro")
    assert total(found, "pnl_micro") == total(found, "payout_micro") - paid
    assert 0 < found.filter("incomplete_history")["wallet"].n_unique() < raw["wallet"].n_unique() // 5
