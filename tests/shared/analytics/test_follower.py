"""What a follower would have got from the prints after each trade."""

from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.analytics.follower import Rules, decomposition, follow, follower_markets, interval_of_total
from shared.domain.errors import BadInput
from shared.domain.market import DEFAULT_TICK
from shared.domain.money import Fraction, worst_buy
from tests.shared.analytics.accounting import BOTH, YES, M, fill, table, winners

FREE = Rules(delay_s=2, fee_rate=Fraction(0))
OTHER: dict[str, Any] = {"wallet": "0xb"}


def followed(*rows: dict[str, Any], rules: Rules = FREE) -> dict[str, Any]:
    """The first trade of wallet 0xa, as its follower got it."""
    found = follow(table(*rows), YES, rules).filter(pl.col("wallet") == "0xa").sort("ts_s")
    return found.row(0, named=True)


@st.composite
def tapes(draw: st.DrawFn) -> pl.DataFrame:
    rows = [
        fill(
            draw(st.sampled_from(["BUY", "BUY", "SELL"])),
            1,
            ts_s=1000 + draw(st.integers(0, 40)),
            market=draw(st.sampled_from(["m", "k"])),
            outcome=draw(st.sampled_from(["Yes", "No"])),
            wallet=draw(st.sampled_from(["0xa", "0xb", "0xc"])),
            tx=f"tx{draw(st.integers(0, number))}",
        )
        | {
            "size_micro": draw(st.integers(1, 10**9)),
            "cash_micro": draw(st.integers(0, 10**9)),
            "price_micro": draw(st.integers(480_000, 520_000)),
        }
        for number in range(draw(st.integers(1, 20)))
    ]
    return table(*rows)


@given(tapes(), st.floats(0, 20))
def test_own_and_follower_profit_split_exactly(fills: pl.DataFrame, delay: float) -> None:
    for row in follower_markets(fills, BOTH, Rules(delay_s=delay)).iter_rows(named=True):
        assert row["own_pnl_micro"] == row["own_fillable_pnl_micro"] + row["own_unfillable_pnl_micro"]
        follower = row["own_fillable_pnl_micro"] + row["price_pnl_micro"] - row["follower_fees_micro"]
        assert row["follower_pnl_micro"] == follower


@given(tapes())
def test_a_follower_never_gets_more_than_was_printed_after_the_delay_or_than_it_wanted(fills: pl.DataFrame) -> None:
    found = follow(fills, BOTH, FREE)
    assert (found["filled_micro"] <= found["size_micro"]).all()
    for (token, side), prints in fills.group_by("token", "side"):
        later = prints.filter(pl.col("ts_s") > pl.col("ts_s").min() + 2)["size_micro"].sum()
        own = found.filter((pl.col("token") == token) & (pl.col("side") == side))
        for _, copies in own.group_by("wallet"):
            assert copies["filled_micro"].sum() <= later


@given(tapes())
def test_a_follower_never_sells_more_than_it_bought(fills: pl.DataFrame) -> None:
    signed = pl.when(pl.col("side") == "BUY").then("filled_micro").otherwise(-pl.col("filled_micro"))
    held = follow(fills, BOTH, FREE).group_by("wallet", "token").agg(signed.sum().alias("held"))
    assert (held["held"] >= 0).all()


@given(tapes(), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_names_of_wallets_matter(fills: pl.DataFrame, chance: Random) -> None:
    places = list(range(fills.height))
    chance.shuffle(places)
    renamed = fills[places].with_columns(pl.col("wallet").replace({"0xa": "0xz", "0xb": "0xy", "0xc": "0xx"}))
    back = pl.col("wallet").replace({"0xz": "0xa", "0xy": "0xb", "0xx": "0xc"})
    again = follower_markets(renamed, BOTH, FREE).with_columns(back).sort("wallet", "market")
    assert again.equals(follower_markets(fills, BOTH, FREE))


@given(tapes(), st.integers(0, 10))
def test_prints_handed_to_the_oldest_order_give_the_same_fills(fills: pl.DataFrame, delay: int) -> None:
    """The oracle walks the prints, as the venue does; the code under test walks the orders."""
    buys = fills.filter(pl.col("side") == "BUY").sort(
        "token", "ts_s", "tx", "side", "price_micro", "size_micro", "cash_micro", "wallet"
    )
    rows = buys.to_dicts()
    expected = [0] * len(rows)
    for wallet in {row["wallet"] for row in rows}:
        orders = [place for place, row in enumerate(rows) if row["wallet"] == wallet]
        for found in rows:
            left = found["size_micro"]
            for place in orders:
                order = rows[place]
                age = found["ts_s"] - order["ts_s"] - delay
                limit = worst_buy(order["price_micro"], Fraction(20_000), DEFAULT_TICK)
                same = found["token"] == order["token"] and found["tx"] != order["tx"]
                if same and 0 < age <= 30 and found["price_micro"] <= limit:
                    size = min(left, order["size_micro"] - expected[place])
                    expected[place] += size
                    left -= size
    assert follow(buys, BOTH, Rules(delay_s=delay))["filled_micro"].to_list() == expected


def test_a_copy_fills_from_the_first_later_prints_at_their_price() -> None:
    row = followed(
        fill("BUY", 10, 0.50),
        fill("BUY", 4, 0.51, ts_s=1004, **OTHER),
        fill("BUY", 4, 0.49, ts_s=1006, **OTHER),
        fill("BUY", 4, 0.51, ts_s=1008, **OTHER),
    )
    assert row["filled_micro"] == 10 * M
    assert row["follower_cash_micro"] == -(2_040_000 + 1_960_000 + 1_020_000)


@pytest.mark.parametrize(
    "print_",
    [
        fill("BUY", 10, 0.50, ts_s=1002, **OTHER),
        fill("BUY", 10, 0.50, ts_s=1033, **OTHER),
        fill("BUY", 10, 0.50, ts_s=1004, tx="tx1000", **OTHER),
        fill("SELL", 10, 0.50, ts_s=1004, **OTHER),
        fill("BUY", 10, 0.52, ts_s=1004, **OTHER),
        fill("BUY", 10, 0.50, ts_s=1004, outcome="No", **OTHER),
    ],
    ids=["not after the delay", "after its life", "same transaction", "other side", "beyond the limit", "other token"],
)
def test_a_print_that_may_not_fill_does_not(print_: dict[str, Any]) -> None:
    assert followed(fill("BUY", 10, 0.50), print_)["filled_micro"] == 0


def test_the_prints_volume_is_used_once_by_a_wallets_copies_and_again_for_another_wallet() -> None:
    found = follow(
        table(
            fill("BUY", 10, 0.5, tx="one"),
            fill("BUY", 10, 0.5, tx="two"),
            fill("BUY", 10, 0.5, tx="three", wallet="0xc"),
            fill("BUY", 15, 0.5, ts_s=1010, **OTHER),
        ),
        YES,
        FREE,
    )
    assert sorted(found.filter(pl.col("wallet") == "0xa")["filled_micro"]) == [5 * M, 10 * M]
    assert found.filter(pl.col("wallet") == "0xc")["filled_micro"].to_list() == [10 * M]


def test_a_sale_is_copied_only_with_shares_that_an_earlier_copy_brought() -> None:
    rows = (
        fill("BUY", 10, 0.5),
        fill("BUY", 6, 0.5, ts_s=1004, **OTHER),
        fill("SELL", 10, 0.6, ts_s=1100),
        fill("SELL", 10, 0.6, ts_s=1110, **OTHER),
    )
    sale = follow(table(*rows), YES, FREE).filter((pl.col("wallet") == "0xa") & (pl.col("side") == "SELL"))
    assert sale.select("filled_micro", "follower_cash_micro", "own_fillable_cash_micro").row(0) == (
        6 * M, 3_600_000, 3_600_000,
    )  # fmt: skip


def test_the_taker_fee_is_paid_by_the_kind_of_market() -> None:
    slug = "btc-updown-5m-1774000200"
    pair = (fill("BUY", 100, 0.5, slug=slug), fill("BUY", 100, 0.5, ts_s=1010, slug=slug, **OTHER))
    assert followed(*pair, rules=Rules())["fee_micro"] == 1_750_000
    assert followed(*pair, rules=FREE)["fee_micro"] == 0


def test_the_parts_of_a_market_and_its_return() -> None:
    found = follower_markets(
        table(fill("BUY", 10, 0.4), fill("BUY", 5, 0.41, ts_s=1004, **OTHER)), YES, Rules(fee_rate=Fraction(70_000))
    )
    row = found.filter(pl.col("wallet") == "0xa").row(0, named=True)
    assert row["own_pnl_micro"] == 6 * M
    assert row["own_fillable_pnl_micro"] == row["own_unfillable_pnl_micro"] == 3 * M
    assert row["price_pnl_micro"] == -50_000
    fee = 84_670  # 5 x 0.07 x 0.41 x 0.59 = 0.0846650, up to five decimals
    assert row["follower_fees_micro"] == fee
    assert row["follower_pnl_micro"] == 3 * M - 50_000 - fee
    assert row["filled_share"] == 0.5
    assert row["follower_ret"] == pytest.approx((3 * M - 50_000 - fee) / (2_050_000 + fee))


def test_an_unresolved_market_has_costs_and_no_profit() -> None:
    found = follower_markets(table(fill("BUY", 10), fill("BUY", 10, ts_s=1010, **OTHER)), winners(), FREE)
    row = found.filter(pl.col("wallet") == "0xa").row(0, named=True)
    assert row["follower_cost_micro"] == 5 * M
    assert (row["follower_pnl_micro"], row["own_pnl_micro"], row["follower_ret"]) == (None, None, None)


def test_a_copy_knows_no_print_after_the_instant() -> None:
    fills = table(fill("BUY", 10), fill("BUY", 10, ts_s=1010, **OTHER))
    assert follow(fills, YES, FREE, as_of_s=1009)["filled_micro"].sum() == 0
    assert follow(fills, YES, FREE, as_of_s=1010)["filled_micro"].sum() == 10 * M


def test_an_empty_table_gives_an_empty_answer() -> None:
    assert follower_markets(table(), winners()).height == 0


@pytest.mark.parametrize("delay", [-1.0, float("nan"), float("inf")])
def test_an_impossible_delay_is_refused(delay: float) -> None:
    with pytest.raises(BadInput, match="delay_s must be zero or more seconds"):
        Rules(delay_s=delay)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput, match="fills lack the column token or tx"):
        follow(table(fill("BUY", 1)).drop("tx"), YES)


def test_the_interval_clusters_by_window_and_needs_two_of_them() -> None:
    assert interval_of_total(pl.Series([5])) == (None, None)
    ends = interval_of_total(pl.Series([1, 2, 3, 4, 5]))
    # sum 15, sd 1.5811, t(4) 2.7764: 15 -+ 2.7764 x sqrt(5) x 1.5811
    assert list(ends) == pytest.approx([15 - 9.8162, 15 + 9.8162], abs=1e-3)


def test_the_table_shows_each_delay_with_and_without_fee_on_the_recording(recordings: Path) -> None:
    activity = read_activity([recordings / "wallet_activity_updown_2026-03.parquet"])
    outcomes = read_outcomes([recordings / "resolutions_updown_2026-03.parquet"])
    found = decomposition(activity.fills, outcomes, delays_s=(0.0, 10.0))
    assert found.select("delay_s", "fee").rows() == [(0.0, True), (0.0, False), (10.0, True), (10.0, False)]
    assert (found["own_micro"] == found["fillable_micro"] + found["unfillable_micro"]).all()
    parts = found["fillable_micro"] + found["price_micro"] + found["fees_micro"]
    assert (found["follower_micro"] == parts).all()
    assert found["own_micro"].n_unique() == 1
    # What is left for a follower are the worse shares: the wallets lose on the fillable ones.
    assert (found["fillable_micro"] < 0).all()
    assert (found["unfillable_micro"] > 0).all()
    assert found["filled_share"].is_between(0.3, 0.9).all()
    assert (found["follower_low_micro"] < found["follower_micro"]).all()
    assert (found["follower_micro"] < found["follower_high_micro"]).all()
