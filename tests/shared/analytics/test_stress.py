"""Stress: each scenario worked out by hand once, and what must hold for every portfolio."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.stress import (
    SHOCKS,
    STRESS_SCHEMA,
    Shock,
    StressAccount,
    StressPosition,
    sale,
    stress,
)
from shared.domain.errors import BadInput

ONE = StressPosition("m", "Yes", shares=100.0, mark=0.5, daily_move=0.04, spread=0.02, depth=200.0, stop=0.425)
SHOCK = {shock.name: shock for shock in SHOCKS}
unit = st.floats(0.0, 1.0)
positions = st.builds(
    StressPosition,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["Yes", "No"]),
    st.floats(0.0, 5_000.0),
    st.floats(0.01, 0.99),
    st.floats(0.0, 0.3),
    st.floats(0.001, 0.1),
    st.floats(0.0, 5_000.0),
    unit,
)
accounts = st.builds(
    StressAccount,
    st.floats(100.0, 1e5),
    st.floats(0.0, 1e4),
    st.lists(positions, max_size=5, unique_by=lambda one: (one.market, one.outcome)).map(tuple),
)


def row(name: str, *held: StressPosition, headroom: float = 0.0) -> dict[str, float]:
    account = StressAccount(1_000.0, headroom, held)
    return stress(account, [SHOCK[name]]).drop("scenario", "assumption").to_dicts()[0]


def test_all_seven_scenarios_of_the_specification_are_there() -> None:
    table = stress(StressAccount(1_000.0, 0.0, (ONE,)))
    assert dict(table.schema) == STRESS_SCHEMA
    assert table["scenario"].to_list() == [
        "volatility_doubles", "liquidity_gone", "edge_gone", "venue_down", "flash_crash", "whale_spam", "weekend",
    ]  # fmt: skip


def test_the_assumption_says_the_numbers() -> None:
    assert SHOCK["volatility_doubles"].assumption == (
        "Volatility doubles: every price falls by 1.645 daily moves at 2 times the volatility over one day; "
        "50% of the depth is left and spreads are 2 times as wide; "
        "what reached its stop is sold at the low, not at the stop."
    )
    assert "80% of the fall comes back" in SHOCK["flash_crash"].assumption
    assert "every price falls to 50% of what it was" in SHOCK["flash_crash"].assumption
    assert "over 2.5 days" in SHOCK["weekend"].assumption
    assert "signals fill every limit" in SHOCK["whale_spam"].assumption
    assert "nothing can be sold" in SHOCK["venue_down"].assumption


def test_when_volatility_doubles_the_stop_is_jumped_over() -> None:
    low = 0.5 - 1.645 * 2 * 0.04
    found = row("volatility_doubles", ONE)
    assert found["exited_usd"] == pytest.approx(100 * (low - 0.02))
    assert found["exited_usd"] < 100 * 0.425
    assert found["exit_cost_usd"] == pytest.approx(2.0)
    assert found["pnl_usd"] == pytest.approx(100 * (low - 0.02 - 0.5))
    assert found["drawdown"] == pytest.approx(-found["pnl_usd"] / 1_000)
    held = row("volatility_doubles", replace(ONE, stop=0.0))
    assert held["exited_usd"] == 0.0
    assert held["left_usd"] == pytest.approx(100 * low)


def test_without_liquidity_leaving_walks_down_the_book() -> None:
    found = row("liquidity_gone", ONE)
    bid, depth, slope = 0.5 - 0.05, 20.0, 0.05 / 20.0
    beyond = 80.0
    assert found["exited_usd"] == pytest.approx(depth * bid + beyond * (bid - slope * beyond / 2))
    none = row("liquidity_gone", replace(ONE, depth=0.0))
    assert none["exited_usd"] == 0.0
    assert none["left_usd"] == pytest.approx(100 * bid)


def test_without_an_edge_the_worst_is_what_chance_takes() -> None:
    assert row("edge_gone", ONE)["pnl_usd"] == pytest.approx(-50.0)
    sure = row("edge_gone", replace(ONE, mark=0.97))
    assert sure["pnl_usd"] == 0.0  # it loses in 3% of cases, which the worst 5% begin with a win
    pair = [replace(ONE, mark=0.52), replace(ONE, outcome="No", mark=0.5)]
    assert row("edge_gone", *pair)["pnl_usd"] == pytest.approx(-2.0)
    assert row("edge_gone")["pnl_usd"] == 0.0
    many = [replace(ONE, market=f"m{n}") for n in range(10)]
    assert -500.0 <= row("edge_gone", *many)["pnl_usd"] < -200.0


def test_while_the_venue_is_down_no_stop_helps() -> None:
    found = row("venue_down", ONE)
    assert found["exited_usd"] == 0.0
    assert found["pnl_usd"] == pytest.approx(-100 * 2.33 * 0.04)


def test_a_flash_crash_hurts_who_sells_into_it() -> None:
    sold, held = row("flash_crash", ONE), row("flash_crash", replace(ONE, stop=0.0))
    assert held["pnl_usd"] == pytest.approx(100 * -0.05)
    assert held["drawdown"] == pytest.approx(25.0 / 1_000)
    assert sold["pnl_usd"] < -25.0
    assert sold["drawdown"] == pytest.approx(-sold["pnl_usd"] / 1_000)


def test_spam_costs_at_most_what_the_limits_let_in() -> None:
    calm, full = row("whale_spam", ONE), row("whale_spam", ONE, headroom=100.0)
    assert calm["pnl_usd"] - 100.0 < full["pnl_usd"] < calm["pnl_usd"]
    assert full["exited_usd"] > calm["exited_usd"]
    assert row("whale_spam", headroom=100.0)["pnl_usd"] == -100.0


def test_over_a_weekend_prices_move_further_than_in_a_day() -> None:
    low = 0.5 - 1.645 * 2.5**0.5 * 0.04
    assert row("weekend", ONE)["pnl_usd"] == pytest.approx(100 * (low - 0.02 - 0.5))


@given(accounts)
def test_no_more_is_lost_than_was_there(account: StressAccount) -> None:
    there = sum(one.shares * one.mark for one in account.positions)
    for found in stress(account, draws=300).to_dicts():
        bound = there + (account.headroom if found["scenario"] == "whale_spam" else 0.0)
        assert -bound - 1e-6 <= found["pnl_usd"] <= 1e-6
        assert found["drawdown"] * account.equity >= -found["pnl_usd"] - 1e-6
        assert found["drawdown"] * account.equity <= bound + 1e-6
        assert found["exited_usd"] >= 0.0
        assert found["exit_cost_usd"] >= -1e-6
        assert found["left_usd"] >= 0.0


@given(accounts)
def test_half_the_positions_in_half_the_depth_lose_half(account: StressAccount) -> None:
    small = replace(
        account,
        headroom=account.headroom / 2,
        positions=tuple(replace(one, shares=one.shares / 2, depth=one.depth / 2) for one in account.positions),
    )
    np.testing.assert_allclose(
        stress(small, draws=300)["pnl_usd"].to_numpy(),
        stress(account, draws=300)["pnl_usd"].to_numpy() / 2,
        rtol=1e-6,
        atol=1e-6,
    )


@given(st.floats(0, 1e4), unit, st.floats(0.001, 0.5), st.floats(1.0, 1e4), st.floats(0.0, 1e3))
def test_selling_more_brings_more_but_less_per_share(
    shares: float, price: float, spread: float, depth: float, more: float
) -> None:
    sold, brought = sale(shares, price, spread, depth)
    further, total = sale(shares + more, price, spread, depth)
    assert 0.0 <= sold <= shares
    assert 0.0 <= brought <= sold * max(price - spread / 2, 0.0) + 1e-6
    assert further >= sold - 1e-9
    assert total >= brought - 1e-6
    if sold > 1e-6:
        assert total / further <= brought / sold + 1e-9


def test_a_sale_is_the_sum_of_its_steps() -> None:
    steps = np.linspace(0, 300, 300_001)[:-1] + 0.0005
    prices = np.where(steps < 100, 0.29, 0.29 - 0.01 / 100 * (steps - 100))
    assert sale(300.0, 0.3, 0.02, 100.0)[1] == pytest.approx(float(prices.sum() * 0.001), rel=1e-6)
    assert sale(50.0, 0.3, 0.0, 10.0) == pytest.approx((50.0, 15.0))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: replace(ONE, mark=1.5), "mark of m must lie between 0 and 1, not 1.5"),
        (lambda: replace(ONE, depth=float("inf")), "depth of m must be 0 or more, not inf"),
        (lambda: StressAccount(0.0, 0.0, ()), "equity must be positive, not 0.0"),
        (lambda: StressAccount(1.0, -1.0, ()), "headroom must be 0 or more, not -1.0"),
        (
            lambda: StressAccount(1.0, 0.0, (ONE, ONE)),
            "positions must name each outcome once; Yes of m is there again",
        ),
        (lambda: Shock("x", "X", exits="some"), "exits of x must be one of all, stops, none, held, not 'some'"),
        (lambda: Shock("x", "X", crash=2.0), "crash of x must lie between 0 and 1, not 2.0"),
        (lambda: Shock("x", "X", days=-1.0), "days of x must be 0 or more, not -1.0"),
    ],
)
def test_what_cannot_be_is_refused(build: object, sentence: str) -> None:
    assert callable(build)
    with pytest.raises(BadInput) as refused:
        build()
    assert str(refused.value) == sentence
