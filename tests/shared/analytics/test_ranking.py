"""The simple ranking: exact figures by hand, no look-ahead, no dependence on the order of rows."""

import math
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.ranking import OUTPUT_SCHEMA, SHRINK_MARKETS, rank_simple
from shared.domain.errors import BadInput

END = 1_000
AS_OF = 2_000

Row = tuple[str, str, str, str, float, float, int]


def fills_of(rows: list[Row]) -> pl.DataFrame:
    """Rows of (wallet, market, outcome, side, size, price, timestamp_s); the token is market:outcome."""
    frame = pl.DataFrame(
        rows,
        schema={
            "wallet": pl.String,
            "market": pl.String,
            "outcome": pl.String,
            "side": pl.String,
            "size": pl.Float64,
            "price": pl.Float64,
            "timestamp_s": pl.Int64,
        },
        orient="row",
    )
    return frame.with_columns(token=pl.format("{}:{}", "market", "outcome"))


def winners_of(winners: dict[str, str | None], end_ts: int = END) -> pl.DataFrame:
    return pl.DataFrame(
        {"market": list(winners), "end_ts": [end_ts] * len(winners), "winner": list(winners.values())},
        schema={"market": pl.String, "end_ts": pl.Int64, "winner": pl.String},
    )


def buyer(wallet: str, wins: int, losses: int, price: float = 0.5) -> list[Row]:
    """Buys 10 Up in each of markets m0, m1, ...; the first ``wins`` of them end Up (see ``outcomes``)."""
    return [(wallet, f"m{i}", "Up", "BUY", 10.0, price, 500) for i in range(wins + losses)]


def outcomes(wins: int, losses: int) -> pl.DataFrame:
    return winners_of({f"m{i}": "Up" if i < wins else "Down" for i in range(wins + losses)})


def test_figures_of_one_wallet_are_those_computed_by_hand() -> None:
    ranked = rank_simple(fills_of(buyer("0xa", 9, 3, price=0.6)), outcomes(9, 3), AS_OF).row(0, named=True)
    returns = [0.4 / 0.6] * 9 + [-1.0] * 3
    mean = sum(returns) / 12
    deviation = math.sqrt(sum((value - mean) ** 2 for value in returns) / 11)
    assert ranked["rank"] == 1
    assert ranked["n_markets"] == 12
    assert ranked["mean_return"] == pytest.approx(mean)
    assert ranked["return_low"] == pytest.approx(mean - 1.96 * deviation / math.sqrt(12))
    assert ranked["edge"] == pytest.approx(9 / 12 - 0.6)
    assert ranked["edge_shrunk"] == pytest.approx((9 / 12 - 0.6) * 12 / (12 + SHRINK_MARKETS))
    assert ranked["volume_usd"] == pytest.approx(12 * 6.0)


def test_a_sale_counts_as_income_and_reduces_the_payout() -> None:
    rows: list[Row] = []
    for i in range(10):
        rows += [("0xa", f"m{i}", "Up", "BUY", 10.0, 0.5, 10), ("0xa", f"m{i}", "Up", "SELL", 4.0, 0.75, 20)]
    ranked = rank_simple(fills_of(rows), outcomes(10, 0), AS_OF).row(0, named=True)
    assert ranked["mean_return"] == pytest.approx((4 * 0.75 + 6 - 5) / 5)
    assert ranked["volume_usd"] == pytest.approx(10 * (5 + 3))


def test_edge_weighs_the_fills_of_a_market_by_size() -> None:
    rows: list[Row] = []
    for i in range(10):
        rows += [("0xa", f"m{i}", "Up", "BUY", 30.0, 0.4, 10), ("0xa", f"m{i}", "Down", "BUY", 10.0, 0.2, 20)]
    ranked = rank_simple(fills_of(rows), outcomes(10, 0), AS_OF).row(0, named=True)
    assert ranked["edge"] == pytest.approx((30 * 0.6 - 10 * 0.2) / 40)


def test_a_market_where_more_was_sold_than_bought_is_left_out_for_that_wallet_only() -> None:
    rows = buyer("0xa", 11, 0) + buyer("0xb", 11, 0) + [("0xa", "m3", "Down", "SELL", 1.0, 0.5, 600)]
    ranked = rank_simple(fills_of(rows), outcomes(11, 0), AS_OF)
    assert dict(ranked.select("wallet", "n_markets").iter_rows()) == {"0xa": 10, "0xb": 11}


@pytest.mark.parametrize(("wins", "losses"), [(9, 0), (6, 6), (2, 10)])
def test_too_few_markets_or_no_mean_profit_are_not_ranked(wins: int, losses: int) -> None:
    assert rank_simple(fills_of(buyer("0xa", wins, losses)), outcomes(wins, losses), AS_OF).is_empty()


def test_the_certain_small_edge_outranks_the_lucky_large_one() -> None:
    steady = [("0xb", f"s{i}", "Up", "BUY", 10.0, 0.9, 500) for i in range(30)]
    resolutions = pl.concat([outcomes(7, 5), winners_of({f"s{i}": "Up" for i in range(30)})])
    ranked = rank_simple(fills_of(buyer("0xa", 7, 5) + steady), resolutions, AS_OF)
    assert ranked.get_column("wallet").to_list() == ["0xb", "0xa"]
    means = ranked.get_column("mean_return").to_list()
    assert means[1] > means[0]


def test_equal_bounds_are_ordered_by_wallet_and_only_the_first_top_are_kept() -> None:
    rows = [row for wallet in ("0xc", "0xa", "0xb") for row in buyer(wallet, 12, 0)]
    ranked = rank_simple(fills_of(rows), outcomes(12, 0), AS_OF, top=2)
    assert ranked.select("rank", "wallet").rows() == [(1, "0xa"), (2, "0xb")]


def test_markets_not_ended_or_without_a_winner_do_not_count() -> None:
    resolutions = pl.concat(
        [outcomes(10, 0), winners_of({"late": "Up"}, end_ts=AS_OF + 1), winners_of({"unknown": None})]
    )
    extra: list[Row] = [("0xa", name, "Up", "BUY", 10.0, 0.5, 500) for name in ("late", "unknown")]
    ranked = rank_simple(fills_of(buyer("0xa", 10, 0) + extra), resolutions, AS_OF)
    assert ranked.get_column("n_markets").to_list() == [10]


def test_no_input_gives_an_empty_table_of_the_same_columns() -> None:
    ranked = rank_simple(fills_of([]), outcomes(0, 0), AS_OF)
    assert ranked.is_empty()
    assert dict(ranked.schema) == OUTPUT_SCHEMA


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Row], dict[str, str | None]]:
    markets = [f"m{i}" for i in range(6)]
    row = st.tuples(
        st.sampled_from(["0xa", "0xb", "0xc"]),
        st.sampled_from(markets),
        st.sampled_from(["Up", "Down"]),
        st.sampled_from(["BUY", "BUY", "BUY", "SELL"]),
        st.integers(1, 100_000).map(lambda cents: cents / 100),
        st.integers(1, 99).map(lambda cents: cents / 100),
        st.integers(0, 3 * AS_OF),
    )
    winners = {market: draw(st.sampled_from(["Up", "Down", None])) for market in markets}
    return draw(st.lists(row, min_size=20, max_size=80)), winners


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_immaterial(history: tuple[list[Row], dict[str, str | None]], random: Random) -> None:
    rows, winners = history
    shuffled = sorted(rows, key=lambda _: random.random())
    straight = rank_simple(fills_of(rows), winners_of(winners), AS_OF, min_markets=2)
    assert rank_simple(fills_of(shuffled), winners_of(winners).reverse(), AS_OF, min_markets=2).equals(straight)


@given(histories(), st.floats(0.01, 0.99), st.sampled_from(["Up", "Down", None]))
def test_nothing_after_the_instant_changes_the_ranking(
    history: tuple[list[Row], dict[str, str | None]], price: float, winner: str | None
) -> None:
    rows, winners = history
    resolutions = pl.concat([winners_of(winners), winners_of({"later": "Up"}, end_ts=AS_OF + 1)])
    base = rank_simple(fills_of(rows), resolutions, AS_OF, min_markets=2)
    future = [row if row[6] <= AS_OF else (*row[:3], "BUY", row[4] * 7, price, row[6]) for row in rows]
    changed = pl.concat([winners_of(winners), winners_of({"later": winner}, end_ts=AS_OF + 1)])
    assert rank_simple(fills_of(future), changed, AS_OF, min_markets=2).equals(base)
    assert rank_simple(fills_of([row for row in rows if row[6] <= AS_OF]), changed, AS_OF, min_markets=2).equals(base)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("size", math.nan, r"fills\.size has 12 unusable .*nan"),
        ("size", -1.0, r"fills\.size .*-1\.0"),
        ("price", 1.5, r"fills\.price .*1\.5"),
        ("price", None, r"fills\.price .*None"),
        ("side", "HOLD", r"fills\.side .*'HOLD'"),
    ],
)
def test_an_unusable_value_is_refused_by_name(column: str, value: object, message: str) -> None:
    fills = fills_of(buyer("0xa", 12, 0))
    with pytest.raises(BadInput, match=message):
        rank_simple(fills.with_columns(pl.lit(value, dtype=fills.schema[column]).alias(column)), outcomes(12, 0), AS_OF)


def test_a_missing_column_two_winners_and_bad_limits_are_refused() -> None:
    fills, resolutions = fills_of(buyer("0xa", 12, 0)), outcomes(12, 0)
    with pytest.raises(BadInput, match="fills lacks the column 'price'"):
        rank_simple(fills.drop("price"), resolutions, AS_OF)
    with pytest.raises(BadInput, match="more than one winner for market 'm0'"):
        rank_simple(fills, pl.concat([resolutions, winners_of({"m0": "Down"})]), AS_OF)
    with pytest.raises(BadInput, match="min_markets must be at least 2"):
        rank_simple(fills, resolutions, AS_OF, min_markets=1)
    with pytest.raises(BadInput, match="top must be at least 1"):
        rank_simple(fills, resolutions, AS_OF, top=0)
