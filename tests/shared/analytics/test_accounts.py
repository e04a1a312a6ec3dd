"""The average-cost account: identities for any history, known cases for each kind of move."""

from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.accounts import TOTAL_MAX, market_facts, positions, step
from shared.domain.errors import BadInput
from tests.shared.analytics.accounting import BOTH, YES, M, fill, histories, table, winners


def position(fills: pl.DataFrame, resolutions: pl.DataFrame, outcome: str = "Yes") -> dict[str, int]:
    found = positions(fills, resolutions).filter((pl.col("outcome") == outcome) & (pl.col("wallet") == "0xa"))
    row: dict[str, int] = found.row(0, named=True)
    return row


@given(histories())
def test_realised_and_settlement_are_net_cash_and_net_shares_at_the_payout_exactly(fills: pl.DataFrame) -> None:
    kind, side, size, cash = pl.col("type"), pl.col("side"), pl.col("size_micro"), pl.col("cash_micro")
    sums = fills.select(
        paid=cash.filter((side == "BUY") | (kind == "SPLIT")).sum(),
        received=cash.filter((side == "SELL") | kind.is_in(["MERGE", "REDEEM"])).sum(),
        # A set is one share of each of two outcomes.
        came=size.filter(side == "BUY").sum() + 2 * size.filter(kind == "SPLIT").sum(),
        went=size.filter(side == "SELL").sum()
        + 2 * size.filter(kind == "MERGE").sum()
        + cash.filter(kind == "REDEEM").sum(),
    ).row(0, named=True)
    table_of = positions(fills, BOTH)
    for row in table_of.iter_rows(named=True):
        paid = row["net_shares_micro"] if row["payout_micro"] == M else 0
        assert row["realised_micro"] + row["settlement_micro"] == row["net_cash_micro"] + paid
    assert table_of["net_cash_micro"].sum() == sums["received"] - sums["paid"]
    assert table_of["net_shares_micro"].sum() == sums["came"] - sums["went"]


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_is_immaterial(fills: pl.DataFrame, chance: Random) -> None:
    places = list(range(fills.height))
    chance.shuffle(places)
    assert positions(fills[places], BOTH).equals(positions(fills, BOTH))


@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9)), max_size=30),
    st.integers(0, 10**9),
)
def test_an_account_never_loses_a_millionth(moves: list[tuple[int, int]], last: int) -> None:
    held = cost = gained = 0
    for shares, cash in [*moves, (0, last)]:
        held, cost, gain = step(held, cost, shares, cash)
        gained += gain
    assert held == sum(shares for shares, _ in moves)
    assert gained - cost == sum(cash for _, cash in moves) + last
    assert held != 0 or cost == 0


def test_a_partial_exit_takes_its_part_of_the_average_cost() -> None:
    fills = table(
        fill("BUY", 10, 0.4), fill("BUY", 30, 0.6, ts_s=1001), fill("SELL", 20, 0.7, ts_s=1002)
    )  # average 0.55
    row = position(fills, winners())
    assert (row["realised_micro"], row["open_cost_micro"], row["net_shares_micro"]) == (3 * M, 11 * M, 20 * M)
    assert row["settlement_micro"] is None


def test_a_cost_that_does_not_divide_is_rounded_once_and_settled_with_the_rest() -> None:
    fills = table(fill("BUY", 3, cash=1), fill("SELL", 1, cash=0.5, ts_s=1001), fill("SELL", 1, cash=0.5, ts_s=1002))
    row = position(fills, YES)
    assert row["realised_micro"] == 1_000_000 - 333_333 - 333_333
    assert row["open_cost_micro"] == 333_334
    assert row["realised_micro"] + row["settlement_micro"] == -M + M + M


def test_shares_sold_that_were_never_bought_are_owed_at_the_payout_and_flagged() -> None:
    row = position(table(fill("BUY", 2, 0.5), fill("SELL", 5, 0.6, ts_s=1001)), YES)
    assert row["net_shares_micro"] == -3 * M
    assert row["ever_short"]
    assert row["realised_micro"] == 200_000
    assert row["settlement_micro"] == -3 * M + 1_800_000


def test_buying_back_a_short_realises_the_difference() -> None:
    row = position(table(fill("SELL", 10, 0.6), fill("BUY", 10, 0.4, ts_s=1001)), YES)
    assert (row["realised_micro"], row["open_cost_micro"], row["ever_short"]) == (2 * M, 0, True)


def test_a_sale_in_the_second_of_the_purchase_is_no_short() -> None:
    assert not position(table(fill("SELL", 10, 0.6), fill("BUY", 10, 0.4)), YES)["ever_short"]


def test_a_split_buys_both_sides_for_half_a_dollar_each_and_a_merge_returns_it() -> None:
    fills = table(fill("SPLIT", 10), fill("SELL", 10, 0.7, ts_s=1001), fill("MERGE", 4, ts_s=1002))
    assert position(fills, winners())["net_shares_micro"] == -4 * M
    other = position(fills, winners(), "No")
    assert (other["net_shares_micro"], other["open_cost_micro"], other["realised_micro"]) == (6 * M, 3 * M, 0)


def test_the_odd_millionth_of_a_split_is_not_lost() -> None:
    row = fill("SPLIT", 1) | {"size_micro": 3, "cash_micro": 3}
    assert sorted(positions(table(fill("BUY", 1), row), winners())["net_cash_micro"] % 500_000) == [499_998, 499_999]


def test_a_redemption_sells_the_winner_at_a_dollar_and_without_a_winner_belongs_to_no_outcome() -> None:
    fills = table(fill("BUY", 10, 0.4), fill("REDEEM", 10, ts_s=2001))
    assert position(fills, YES)["realised_micro"] == 6 * M
    assert position(fills, YES)["settlement_micro"] == 0
    assert position(fills, winners())["net_shares_micro"] == 10 * M


def test_dust_counts_cash_without_shares_and_shares_without_cash() -> None:
    row = position(table(fill("BUY", 0, cash=0.02), fill("BUY", 0.03, cash=0, ts_s=1001)), YES)
    assert row["net_cash_micro"] == -20_000
    assert row["realised_micro"] + row["settlement_micro"] == 10_000


def test_outcome_labels_differ_by_case_only_and_are_one_position() -> None:
    fills = table(fill("BUY", 1, outcome="UP"), fill("BUY", 1, outcome="Up", ts_s=1001))
    found = positions(fills, winners(("m", 2000, "up")))
    assert found["net_shares_micro"].to_list() == [2 * M]
    assert found["payout_micro"].to_list() == [M]


def test_a_winner_is_unknown_until_its_market_has_ended() -> None:
    fills = table(fill("BUY", 1, 0.4))
    assert positions(fills, YES, as_of_s=1999)["settlement_micro"].to_list() == [None]
    assert positions(fills, YES, as_of_s=2000)["settlement_micro"].to_list() == [600_000]


def test_a_winner_of_unknown_time_is_never_known_as_of_an_instant() -> None:
    fills = table(fill("BUY", 1, 0.4))
    timeless = winners(("m", None, "Yes"))
    assert positions(fills, timeless, as_of_s=10**10)["payout_micro"].to_list() == [None]
    assert positions(fills, timeless)["payout_micro"].to_list() == [M]


def test_a_resolution_is_found_by_slug_and_a_window_end_by_the_slug_alone() -> None:
    fills = table(fill("BUY", 1, slug="btc-updown-5m-1774000200", outcome="Up"))
    facts = market_facts(fills, winners(("btc-updown-5m-1774000200", None, "Down")))
    assert facts.row(0, named=True) == {
        "market": "m",
        "slug": "btc-updown-5m-1774000200",
        "outcomes": ["Down", "Up"],
        "end_ts": 1774000500,
        "winner": "Down",
        "category": "crypto_updown",
        "resolved": True,
    }


def test_sets_of_a_market_nobody_traded_balance_to_nothing() -> None:
    found = positions(table(fill("SPLIT", 5), fill("MERGE", 5, ts_s=1001)), winners())
    assert found["net_shares_micro"].to_list() == [0, 0]
    assert found["realised_micro"].to_list() == [0, 0]


def test_two_winners_of_a_market_are_refused_by_name() -> None:
    with pytest.raises(BadInput, match="more than one winner for market 'm': No, Yes"):
        positions(table(fill("BUY", 1)), winners(("m", 1, "Yes"), ("m", 1, "No")))


def test_totals_beyond_the_integers_are_refused_before_they_wrap() -> None:
    rows = [fill("BUY", 1) | {"size_micro": TOTAL_MAX // 2 + 2**40} for _ in range(2)]
    with pytest.raises(BadInput, match=r"fills\.size_micro adds up to"):
        positions(table(*rows), YES)


@pytest.mark.parametrize("column", ["wallet", "cash_micro"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(BadInput, match=f"fills lack the column '{column}'"):
        positions(table(fill("BUY", 1)).drop(column), YES)


def test_resolutions_without_a_winner_column_are_refused() -> None:
    with pytest.raises(BadInput, match="resolutions lack the column 'winner'"):
        positions(table(fill("BUY", 1)), YES.drop("winner"))
