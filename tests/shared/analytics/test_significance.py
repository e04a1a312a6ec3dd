"""Exact tests of wins against prices, and false discoveries under control."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.significance import benjamini_hochberg, directional_bets, poisson_binomial_tail, win_test
from shared.domain.errors import BadInput
from tests.stats.edges import runs_with_a_discovery

CHANCES = st.lists(st.floats(0, 1), min_size=0, max_size=9)


@given(CHANCES, st.data())
def test_the_tail_is_the_sum_over_all_outcomes(chances: list[float], data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, len(chances)))
    total = 0.0
    for outcome in np.ndindex(*[2] * len(chances)):
        if sum(outcome) >= wins:
            total += float(np.prod([p if won else 1 - p for p, won in zip(chances, outcome, strict=True)]))
    np.testing.assert_allclose(poisson_binomial_tail(wins, np.array(chances)), total, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("n", "wins", "p"), [(1, 1, 0.3), (500, 300, 0.5), (500, 500, 0.5), (2000, 1500, 0.6), (50, 0, 0.9)]
)
def test_equal_prices_agree_with_the_binomial_of_scipy_far_into_the_tail(n: int, wins: int, p: float) -> None:
    want = scipy.stats.binom.sf(wins - 1, n, p)
    np.testing.assert_allclose(poisson_binomial_tail(wins, np.full(n, p)), want, rtol=1e-9)


def test_unequal_prices_agree_with_scipy() -> None:
    prices = np.random.default_rng(1).uniform(0.05, 0.95, 40)
    law = scipy.stats.poisson_binom(prices)
    for wins in (10, 20, 30):
        np.testing.assert_allclose(poisson_binomial_tail(wins, prices), law.sf(wins - 1), rtol=1e-8)


def test_each_wallet_is_tested_on_its_own_markets() -> None:
    won = np.array([1.0, 1.0, 0.0, 1.0])
    prices = np.array([0.5, 0.5, 0.9, 0.2])
    got = win_test(won, prices, np.array([0, 2, 2, 3, 4]))
    np.testing.assert_allclose(got, [0.25, 1.0, 1.0, 0.2])


def test_favourites_at_fair_prices_are_no_skill() -> None:
    """95% wins look great and are worth nothing at a price of 95 cents."""
    won = np.array([1.0] * 95 + [0.0] * 5)
    assert win_test(won, np.full(100, 0.95), np.array([0, 100]))[0] > 0.4
    assert win_test(won, np.full(100, 0.80), np.array([0, 100]))[0] < 1e-4


def test_a_market_bought_on_both_sides_is_one_bet_on_the_larger_side() -> None:
    # 80 Yes at 0.50 and 20 No at 0.40: Yes pays 0.8 of the shares; its price is at most 0.48 / 0.8 = 0.60.
    share, wins, chance = directional_bets(np.array([0.8, 0.2]), np.array([0.48, 0.48]))
    np.testing.assert_allclose(share, [0.8, 0.8])
    np.testing.assert_array_equal(wins, [True, False])
    np.testing.assert_allclose(chance, [0.6, 0.6])
    assert (chance >= 0.5).all()


def test_a_market_bought_half_and_half_is_no_bet() -> None:
    got = win_test(np.array([0.5, 1.0]), np.array([0.3, 0.4]), np.array([0, 2]))
    np.testing.assert_allclose(got, [0.4])


def test_a_rounded_price_of_zero_proves_nothing_alone() -> None:
    assert win_test(np.array([1.0]), np.array([0.0]), np.array([0, 1]))[0] > 0


@given(st.integers(0, 5000), st.floats(0.5, 1.0, exclude_min=True), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_price_tested_is_never_below_the_price_paid(seed: int, share: float, own: float, other: float) -> None:
    mean = share * own + (1 - share) * other
    _, _, chance = directional_bets(np.array([share]), np.array([mean]))
    assert chance[0] >= own - 1e-12


@given(st.lists(st.floats(0, 1), max_size=40))
def test_q_values_agree_with_scipy(p: list[float]) -> None:
    want = scipy.stats.false_discovery_control(p) if p else np.array([])
    np.testing.assert_allclose(benjamini_hochberg(np.array(p)), want, rtol=1e-12)


@pytest.mark.parametrize("wallet_markets", [20, 60, 250])
def test_without_any_edge_few_runs_find_one(wallet_markets: int) -> None:
    """At most 5% in the long run; 40 runs show more than 8 with a chance under 1 in 3,000."""
    assert runs_with_a_discovery(seed=1, runs=40, wallets=500, markets=wallet_markets) <= 8


def test_a_real_edge_is_found() -> None:
    rng = np.random.default_rng(1)
    prices = rng.uniform(0.2, 0.9, (200, 400))
    edge = np.where(np.arange(200) < 10, 0.1, 0.0)[:, None]
    won = (rng.random(prices.shape) < prices + edge).astype(float)
    q = benjamini_hochberg(win_test(won.ravel(), prices.ravel(), np.arange(201) * 400))
    assert (q[:10] <= 0.05).sum() >= 7
    assert (q[10:] <= 0.05).sum() <= 2


@pytest.mark.parametrize(
    ("won", "prices", "message"),
    [
        ([1.0, 2.0], [0.5, 0.5], r"won must lie between 0 and 1; won\[1\] is 2"),
        ([1.0, 0.0], [0.5, -0.5], r"prices must lie between 0 and 1; prices\[1\] is -0.5"),
        ([1.0, 0.0], [0.5, float("nan")], r"prices\[1\] \(wallet 0\) is nan"),
        ([1.0, float("inf")], [0.5, 0.5], r"won\[1\] \(wallet 0\) is inf"),
        ([1.0, 0.0], [0.5], "offsets must rise from 0 to 1, the number of prices"),
    ],
)
def test_bad_bets_are_named(won: list[float], prices: list[float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        win_test(np.array(won), np.array(prices), np.array([0, 2]))


def test_bad_probabilities_are_named() -> None:
    with pytest.raises(BadInput, match=r"p\[1\] is nan"):
        benjamini_hochberg([0.1, float("nan")])
    with pytest.raises(BadInput, match=r"chances must lie between 0 and 1; got 1\.5"):
        poisson_binomial_tail(1, np.array([1.5]))
    with pytest.raises(BadInput, match="wins must be 0 to 2, the number of bets; got 3"):
        poisson_binomial_tail(3, np.array([0.5, 0.5]))


def test_nobody_and_wallets_without_bets_are_no_discovery() -> None:
    assert win_test(np.array([]), np.array([]), np.array([0])).tolist() == []
    p = win_test(np.array([]), np.array([]), np.array([0, 0, 0]))
    assert p.tolist() == [1.0, 1.0]
    assert benjamini_hochberg(p).tolist() == [1.0, 1.0]
    assert benjamini_hochberg([]).tolist() == []


def test_all_wins_at_one_price_are_as_likely_as_the_price_says() -> None:
    np.testing.assert_allclose(win_test(np.ones(20), np.full(20, 0.9), np.array([0, 20])), 0.9**20, rtol=1e-12)
