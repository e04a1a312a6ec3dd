"""Losses against enumeration and integration, estimators against their formulas in loops, weights against conditions
of optimality.
"""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from shared.analytics.portfolio import (
    SCORE_TARGET,
    Holding,
    correlated_per_topic,
    diversification,
    diversification_action,
    ewma_covariance,
    historical_tail,
    ledoit_wolf,
    max_diversification,
    mean_variance,
    risk_contributions,
    risk_parity,
    simulate,
    tail_risk,
    trim,
)
from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]


def bet(market: str, p: float = 0.5, shares: float = 10.0, group: str = "", loading: float = 0.7) -> Holding:
    return Holding(market, "Yes", shares, shares * p, p, ((group, loading),) if group else ())


def tail_in_words(losses: list[float], chances: list[float], level: float) -> tuple[float, float]:
    """VaR as the least loss not exceeded with the level's probability; CVaR as Rockafellar and Uryasev minimise it."""
    ranked = sorted(zip(losses, chances, strict=True))
    below = list(itertools.accumulate(chance for _, chance in ranked))
    var = next(loss for (loss, _), total in zip(ranked, below, strict=True) if total >= level - 1e-12)
    cvar = min(z + sum(c * max(x - z, 0.0) for x, c in zip(losses, chances, strict=True)) / (1 - level) for z in losses)
    return var, cvar


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.0, 500.0)), min_size=1, max_size=6),
    st.sampled_from([0.9, 0.95, 0.99]),
)
def test_independent_bets_are_counted_out_exactly(bets: list[tuple[float, float]], level: float) -> None:
    outcomes = simulate([bet(f"m{n}", p, shares) for n, (p, shares) in enumerate(bets)])
    assert outcomes.exact
    losses, chances = [], []
    for wins in itertools.product([True, False], repeat=len(bets)):
        losses.append(sum(s * p - (s if won else 0.0) for won, (p, s) in zip(wins, bets, strict=True)))
        chances.append(float(np.prod([p if won else 1 - p for won, (p, _) in zip(wins, bets, strict=True)])))
    var, cvar = tail_in_words(losses, chances, level)
    found = tail_risk(outcomes, level)
    assert found.cvar == pytest.approx(cvar, abs=1e-6)
    if min(abs(total - level) for total in np.cumsum([c for _, c in sorted(zip(losses, chances, strict=True))])) > 1e-9:
        assert found.var == pytest.approx(var, abs=1e-9)
    np.testing.assert_allclose(
        np.diag(outcomes.covariance), [s**2 * p * (1 - p) for p, s in bets], rtol=1e-9, atol=1e-9
    )


def test_of_one_market_exactly_one_outcome_wins() -> None:
    both = [Holding("m", "Yes", 10.0, 4.0, 0.4), Holding("m", "No", 10.0, 6.0, 0.6)]
    assert tail_risk(simulate(both), 0.99).var == pytest.approx(0.0)
    field = [Holding("m", name, 10.0, 2.0, 0.2) for name in "abc"]
    outcomes = simulate(field)
    assert sorted(outcomes.pnl[:, 0].tolist()) == pytest.approx([-6.0, 4.0, 4.0, 4.0])
    assert outcomes.weights[int(np.argmin(outcomes.pnl[:, 0]))] == pytest.approx(0.4)


def test_two_bets_of_one_group_lose_together_as_the_bivariate_normal_says() -> None:
    outcomes = simulate([bet("a", 0.3, group="g", loading=0.8), bet("b", 0.6, group="g", loading=0.5)], 200_000, seed=5)
    assert not outcomes.exact
    lost = float(np.mean((outcomes.pnl[:, 0] < 0) & (outcomes.pnl[:, 1] < 0)))
    corner = stats.multivariate_normal([0.0, 0.0], [[1.0, 0.4], [0.4, 1.0]]).cdf(stats.norm.ppf([0.7, 0.4]))
    assert lost == pytest.approx(float(corner), abs=0.004)
    assert np.mean(outcomes.pnl[:, 0] > 0) == pytest.approx(0.3, abs=0.004)


def test_against_the_group_a_bet_hedges() -> None:
    up, down = bet("btc", group="asset", loading=0.9), bet("eth", group="asset", loading=-0.9)
    same = bet("eth", group="asset", loading=0.9)
    assert simulate([up, down]).covariance[0, 1] < -5.0
    assert simulate([up, same]).covariance[0, 1] > 5.0
    held_against = [
        bet("a", shares=100.0, group="w"),
        Holding("a", "No", 1.0, 0.5, 0.5, (("w", -0.7),)),
        bet("b", group="w"),
    ]
    assert simulate(held_against).covariance[0, 1] > 0.0


def test_many_bets_of_one_group_lose_as_the_one_factor_integral_says() -> None:
    n, p, loading = 20, 0.5, 0.6
    outcomes = simulate([bet(f"m{k}", p, 10.0, "g", loading) for k in range(n)], 200_000, seed=3)
    found = tail_risk(outcomes, 0.95)

    def wins_at_most(k: int) -> float:
        def given_factor(z: float) -> float:
            chance = stats.norm.cdf((stats.norm.ppf(p) + loading * z) / np.sqrt(1 - loading**2))
            return float(stats.binom.cdf(k, n, chance) * stats.norm.pdf(z))

        return float(integrate.quad(given_factor, -8, 8)[0])

    worst = next(k for k in range(n + 1) if wins_at_most(k) > 0.05)
    assert found.var == pytest.approx(n * 5.0 - 10.0 * worst)
    assert found.low <= found.var <= found.high
    assert found.cvar >= found.var
    alone = tail_risk(simulate([bet(f"m{k}", p, 10.0) for k in range(16)]), 0.95)
    assert alone.var < found.var


def test_the_same_seed_gives_the_same_losses_in_any_order() -> None:
    bets = [bet(f"m{k}", 0.3 + 0.02 * k, 5.0 + k, "g") for k in range(12)]
    one, other = simulate(bets, 5_000, 7), simulate(bets[::-1], 5_000, 7)
    np.testing.assert_array_equal(one.pnl, other.pnl)
    assert not np.array_equal(one.pnl, simulate(bets, 5_000, 8).pnl)


def test_certain_outcomes_have_no_chance() -> None:
    sure = [bet("a", 1.0, group="g"), bet("b", 0.0, group="g")]
    assert simulate(sure, 1_000).pnl.tolist() == [[0.0, 0.0]] * 1_000
    assert tail_risk(simulate([])).var == 0.0


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99]))
def test_history_is_measured_by_the_same_words(days: list[float], level: float) -> None:
    found = historical_tail(days, level)
    var, cvar = tail_in_words([-day for day in days], [1 / len(days)] * len(days), level)
    assert found.var == var
    assert found.cvar == pytest.approx(cvar, abs=1e-6)
    assert found.var <= found.cvar + 1e-9
    assert found.low <= found.var <= found.high


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.floats(0.1, 10), st.floats(-100, 100))
def test_losses_scale_and_shift_as_a_coherent_measure_must(days: list[float], scale: float, cash: float) -> None:
    here, there = historical_tail(days, 0.9), historical_tail([scale * day + cash for day in days], 0.9)
    assert there.cvar == pytest.approx(scale * here.cvar - cash, abs=1e-6)
    assert there.var == pytest.approx(scale * here.var - cash, abs=1e-6)


def ledoit_wolf_in_loops(x: Floats) -> tuple[Floats, float]:
    """Lemmas 3.2 to 3.4 of the paper, line by line."""
    n, p = x.shape
    x = x - x.mean(axis=0)
    sample = sum(np.outer(row, row) for row in x) / n
    m = np.trace(sample) / p
    d2 = np.linalg.norm(sample - m * np.eye(p)) ** 2 / p
    b2 = min(sum(np.linalg.norm(np.outer(row, row) - sample) ** 2 / p for row in x) / n**2, d2)
    return b2 / d2 * m * np.eye(p) + (d2 - b2) / d2 * sample, float(b2 / d2)


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(2, 12))
def test_the_shrunk_covariance_is_that_of_the_paper(seed: int, n: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * rng.uniform(0.1, 5, p) + rng.normal()
    matrix, shrinkage = ledoit_wolf(x)
    expected, share = ledoit_wolf_in_loops(x)
    np.testing.assert_allclose(matrix, expected, rtol=1e-8, atol=1e-10)
    assert shrinkage == pytest.approx(share, abs=1e-9)
    assert 0.0 <= shrinkage <= 1.0
    assert np.trace(matrix) == pytest.approx(np.trace(np.cov(x.T, bias=True)))


def test_the_shrunk_covariance_is_nearer_to_the_truth() -> None:
    truth = np.diag(np.linspace(0.5, 2.0, 20))
    errors = []
    for seed in range(50):
        x = np.random.default_rng(seed).multivariate_normal(np.zeros(20), truth, 25)
        errors.append([np.sum((matrix - truth) ** 2) for matrix in (ledoit_wolf(x)[0], np.cov(x.T, bias=True))])
    shrunk, sample = np.mean(errors, axis=0)
    assert shrunk < 0.4 * sample


def test_the_weighted_covariance_counts_old_rows_less() -> None:
    x = np.random.default_rng(0).normal(size=(30, 3))
    weights = [0.5 ** ((29 - k) / 7.0) for k in range(30)]
    expected = sum(w * np.outer(row, row) for w, row in zip(weights, x, strict=True)) / sum(weights)
    np.testing.assert_allclose(ewma_covariance(x, 7.0), expected)
    np.testing.assert_allclose(ewma_covariance(x, 1e12), x.T @ x / 30, rtol=1e-6)


def some_covariance(seed: int, n: int) -> Floats:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n + 2)) * rng.uniform(0.2, 3.0, (n, 1))
    return np.asarray(a @ a.T / (n + 2))


def test_the_score_of_equal_independent_bets_is_one_minus_one_in_n() -> None:
    for n in (1, 2, 4, 10):
        assert diversification(np.ones(n), np.eye(n)) == pytest.approx(1 - 1 / n)
    assert diversification([1.0, 3.0], np.ones((2, 2))) == pytest.approx(0.0)
    assert diversification([9.0, 1.0], np.eye(2)) == pytest.approx(1 - (0.81 + 0.01))
    assert diversification([], np.zeros((0, 0))) == 1.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.floats(0.01, 100))
def test_the_score_lies_between_0_and_1_and_knows_no_units(seed: int, n: int, scale: float) -> None:
    matrix, w = some_covariance(seed, n), np.random.default_rng(seed).uniform(0.1, 1, n)
    score = diversification(w, matrix)
    assert 0.0 <= score <= 1.0
    assert diversification(scale * w, matrix) == pytest.approx(score)
    assert diversification(w, scale * matrix) == pytest.approx(score)
    ratio = w @ np.sqrt(np.diag(matrix)) / np.sqrt(w @ matrix @ w)
    assert 1.0 / (1.0 - score) == pytest.approx(ratio**2, rel=1e-6)


def test_below_its_bound_the_portfolio_is_trimmed_and_few_bets_are_left_alone() -> None:
    assert diversification_action(0.59, 5) == "trim"
    assert diversification_action(0.60, 5) == "hold"
    assert diversification_action(0.70, 5) == "hold"
    assert diversification_action(0.71, 5) == "add"
    assert diversification_action(0.0, 2) == "add"


def test_trimming_reaches_the_target_and_leaves_the_small_positions() -> None:
    w = np.array([50.0, 5.0, 5.0, 5.0, 5.0])
    factors = trim(w, np.eye(5))
    assert diversification(w * factors, np.eye(5)) > SCORE_TARGET
    assert diversification(w * factors / [0.95, 1, 1, 1, 1], np.eye(5)) <= SCORE_TARGET
    assert factors[1:].tolist() == [1.0] * 4
    assert factors[0] < 0.5
    assert trim([1.0, 1.0], np.ones((2, 2))).tolist() == [1.0, 1.0]
    assert trim(np.ones(10), np.eye(10)).tolist() == [1.0] * 10


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_trimming_never_adds_and_never_lowers_the_score(seed: int, n: int) -> None:
    matrix, w = some_covariance(seed, n), np.random.default_rng(seed).uniform(0, 5, n)
    factors = trim(w, matrix)
    assert np.all((factors > 0) & (factors <= 1.0))
    assert diversification(w * factors, matrix) >= diversification(w, matrix) - 1e-12


def test_correlated_positions_are_counted_per_topic() -> None:
    matrix = np.eye(5)
    for a, b in ((0, 1), (1, 2), (3, 4)):
        matrix[a, b] = matrix[b, a] = 0.8
    assert correlated_per_topic(["x", "x", "x", "x", "y"], matrix) == {"x": 3, "y": 1}
    with pytest.raises(BadInput, match=r"shape \(1, 1\)"):
        correlated_per_topic(["x"], matrix)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_risk_contributions_sum_to_the_risk(seed: int, n: int) -> None:
    matrix, w = some_covariance(seed, n), np.random.default_rng(seed).uniform(0, 1, n)
    assert risk_contributions(w, matrix).sum() == pytest.approx(float(np.sqrt(w @ matrix @ w)))
    assert risk_contributions(np.zeros(n), matrix).tolist() == [0.0] * n


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_risk_parity_gives_every_position_its_part(seed: int, n: int) -> None:
    matrix = some_covariance(seed, n)
    parts = np.random.default_rng(seed).uniform(0.1, 1.0, n)
    w = risk_parity(matrix, parts)
    assert w.sum() == pytest.approx(1.0)
    assert np.all(w > 0)
    given_ = risk_contributions(w, matrix)
    np.testing.assert_allclose(given_ / given_.sum(), parts / parts.sum(), atol=1e-7)
    equal = risk_contributions(risk_parity(matrix), matrix)
    np.testing.assert_allclose(equal / equal.sum(), 1 / n, atol=1e-7)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.floats(0.2, 1.0), st.floats(0.5, 20.0))
def test_mean_variance_meets_the_conditions_of_optimality(seed: int, n: int, cap: float, aversion: float) -> None:
    matrix = some_covariance(seed, n)
    mean = np.random.default_rng(seed + 1).normal(0.3, 1.0, n)
    w = mean_variance(mean, matrix, aversion, cap)
    assert np.all((w >= 0) & (w <= cap))
    assert w.sum() <= 1.0 + 1e-9
    use = mean - aversion * matrix @ w
    left, best = 1.0, 0.0
    for gain in sorted(use.tolist(), reverse=True):  # no feasible direction improves: the best linear use of the money
        part = min(cap, left) if gain > 0 else 0.0
        left, best = left - part, best + part * gain
    assert best - use @ w <= 1e-6


def test_mean_variance_agrees_with_scipy() -> None:
    for seed in range(10):
        matrix, mean = some_covariance(seed, 6), np.random.default_rng(seed).normal(0.5, 1.0, 6)
        w = mean_variance(mean, matrix, 3.0, 0.4)

        def loss(v: Floats, a: Floats = matrix, b: Floats = mean) -> float:
            return float(1.5 * v @ a @ v - b @ v)

        budget = optimize.LinearConstraint(np.ones((1, 6)), -np.inf, 1.0)
        found = optimize.minimize(
            loss, np.full(6, 0.1), method="SLSQP", bounds=[(0.0, 0.4)] * 6, constraints=budget, tol=1e-12
        )
        assert loss(w) <= found.fun + 1e-8


def test_without_gain_there_is_only_cash() -> None:
    assert mean_variance([-1.0, 0.0], np.eye(2)).tolist() == [0.0, 0.0]


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_no_weights_diversify_better(seed: int, n: int) -> None:
    matrix = some_covariance(seed, n)
    w = max_diversification(matrix)
    assert w.sum() == pytest.approx(1.0)
    assert np.all(w >= 0)
    best = diversification(w, matrix)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        near = np.maximum(w + rng.normal(0, 0.05, n), 0.0)
        assert diversification(near, matrix) <= best + 1e-6 or not near.any()
        assert diversification(rng.dirichlet(np.ones(n)), matrix) <= best + 1e-6


def test_independent_bets_get_the_inverse_of_their_risk() -> None:
    expected = np.array([1.0, 0.5, 0.25]) / 1.75
    matrix = np.diag([1.0, 4.0, 16.0])
    np.testing.assert_allclose(risk_parity(matrix), expected)
    np.testing.assert_allclose(max_diversification(matrix), expected)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"p_win": 1.5}, "p_win of m must lie between 0 and 1, not 1.5"),
        ({"shares": -1.0}, "shares of m must be 0 or more"),
        ({"value": float("nan")}, "value of m must be 0 or more, not nan"),
        ({"groups": (("a", 0.9), ("b", 0.9))}, "squared loadings"),
    ],
)
def test_a_holding_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        Holding(**{"market": "m", "outcome": "Yes", "shares": 1.0, "value": 0.5, "p_win": 0.5, **change})


def test_bad_input_is_named() -> None:
    two = np.eye(2)
    with pytest.raises(BadInput, match="p_win in m must sum to at most 1"):
        simulate([Holding("m", name, 1.0, 0.5, 0.8) for name in "ab"])
    with pytest.raises(BadInput, match="p_win of a in m must be one probability"):
        simulate([Holding("m", "a", 1.0, 0.5, p) for p in (0.4, 0.5)])
    with pytest.raises(BadInput, match="draws must be at least 1, not 0"):
        simulate([bet("m")], 0)
    with pytest.raises(BadInput, match="level must lie between 0 and 1, not 95"):
        tail_risk(simulate([bet("m")]), 95)
    with pytest.raises(BadInput, match="daily_pnl must be a list"):
        historical_tail([])
    with pytest.raises(BadInput, match=r"its shape is \(1, 2\)"):
        ledoit_wolf([[1.0, 2.0]])
    with pytest.raises(BadInput, match="half_life must be positive, not 0"):
        ewma_covariance(two, 0.0)
    with pytest.raises(BadInput, match="weights must be 0 or more; one is -1"):
        diversification([1.0, -1.0], two)
    with pytest.raises(BadInput, match=r"covariance must have the shape \(1, 1\), not \(2, 2\)"):
        diversification([1.0], two)
    with pytest.raises(BadInput, match="finite and symmetric"):
        diversification([1.0, 1.0], [[1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(BadInput, match="positive variances"):
        risk_parity(np.zeros((2, 2)))
    with pytest.raises(BadInput, match="budget must be 2 positive numbers"):
        risk_parity(two, [1.0, 0.0])
    with pytest.raises(BadInput, match="cap above 0 and at most 1, not 2"):
        mean_variance([1.0, 1.0], two, cap=2.0)
