"""Plain measures, against formulas written out and against their edge cases."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.metrics import (
    annual_sharpe,
    beta_win_rate,
    ewma_sharpe,
    max_drawdown,
    profit_factor,
    robust_z,
    sharpe,
)
from shared.domain.errors import BadInput

TWO = np.array([0, 3, 3, 5])
VALUES = np.array([1.0, -2.0, 4.0, 3.0, 3.0])


def test_sharpe_is_mean_over_deviation_per_wallet_and_nan_without_variance() -> None:
    got = sharpe(VALUES, TWO)
    np.testing.assert_allclose(got[0], VALUES[:3].mean() / VALUES[:3].std())
    assert np.isnan(got[1:]).all()


def test_a_day_is_annualised_by_the_root_of_365() -> None:
    np.testing.assert_allclose(annual_sharpe(VALUES, TWO)[0], sharpe(VALUES, TWO)[0] * 365**0.5)


def test_a_return_one_half_life_older_counts_half() -> None:
    got = ewma_sharpe(np.array([1.0, 4.0]), np.array([30.0, 0.0]), np.array([0, 2]), 30.0)
    repeated = np.array([1.0, 4.0, 4.0])
    np.testing.assert_allclose(got[0], repeated.mean() / repeated.std())


def test_only_differences_of_age_matter_even_after_years() -> None:
    x = np.array([0.1, -0.2, 0.5])
    ages = np.array([40.0, 3.0, 0.0])
    bounds = np.array([0, 3])
    np.testing.assert_allclose(ewma_sharpe(x, ages + 1e6, bounds, 30.0), ewma_sharpe(x, ages, bounds, 30.0), rtol=1e-6)


def test_an_endless_half_life_is_the_plain_ratio() -> None:
    ages = np.arange(5.0)
    np.testing.assert_allclose(ewma_sharpe(VALUES, ages, TWO, 1e12)[0], sharpe(VALUES, TWO)[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("ages", "half_life", "message"),
    [([1.0] * 4, 30.0, "ages_days"), ([1.0] * 5, 0.0, "half_life_days must be positive; got 0")],
)
def test_bad_ages_are_named(ages: list[float], half_life: float, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ewma_sharpe(VALUES, np.array(ages), TWO, half_life)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_the_win_rate_agrees_with_scipy(wins: int, losses: int) -> None:
    mean, low = beta_win_rate([wins], [losses], (0.5, 2.0), level=0.9)
    posterior = scipy.stats.beta(wins + 0.5, losses + 2.0)
    np.testing.assert_allclose(mean[0], posterior.mean())
    np.testing.assert_allclose(low[0], posterior.ppf(0.1), rtol=1e-8, atol=1e-12)


def test_more_markets_raise_the_lower_end_of_an_equal_win_rate() -> None:
    _, low = beta_win_rate([7, 70, 700], [3, 30, 300])
    assert low[0] < low[1] < low[2] < 0.7


@pytest.mark.parametrize(
    ("wins", "losses", "options", "message"),
    [
        ([-1], [2], {}, "wins must be counts of at least 0; got -1"),
        ([1], [float("nan")], {}, "losses must be counts of at least 0; got nan"),
        ([1], [1], {"prior": (0.0, 1.0)}, "prior must be two positive numbers"),
        ([1], [1], {"level": 1.5}, "level must lie between 0 and 1; got 1.5"),
    ],
)
def test_bad_counts_are_named(wins: list[int], losses: list[float], options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        beta_win_rate(wins, losses, **options)


def test_profit_factor_is_gains_over_losses() -> None:
    got = profit_factor(np.array([3.0, -2.0, 1.0, 5.0, -4.0]), np.array([0, 3, 4, 5, 5]))
    np.testing.assert_array_equal(got, [2.0, np.inf, 0.0, np.nan])


def test_drawdown_is_measured_from_the_highest_point_or_the_start() -> None:
    got = max_drawdown(np.array([5.0, -2.0, 1.0, -3.0, -1.0, 2.0]), np.array([0, 4, 6, 6]))
    np.testing.assert_allclose(got, [4.0, 1.0, 0.0])


def test_robust_z_is_unmoved_by_an_outlier() -> None:
    got = robust_z([1.0, 2.0, 3.0, 4.0, 1e9])
    np.testing.assert_allclose(got[:3] / scipy.stats.norm.ppf(0.75), [-2.0, -1.0, 0.0])


def test_a_zero_mad_falls_back_to_the_mean_deviation() -> None:
    got = robust_z([5.0, 5.0, 5.0, 5.0, 9.0])
    np.testing.assert_allclose(got, [0, 0, 0, 0, 4 / (0.8 * np.sqrt(np.pi / 2))])


@pytest.mark.parametrize("values", [[1.0], [1.0, 9.0], [4.0, 4.0, 4.0]])
def test_few_or_equal_wallets_are_all_usual(values: list[float]) -> None:
    assert (robust_z(values) == 0).all()


def test_nan_and_infinite_stay_out_of_the_scale() -> None:
    got = robust_z([1.0, np.nan, 2.0, np.inf, 3.0])
    np.testing.assert_allclose(got[[0, 2, 4]], robust_z([1.0, 2.0, 3.0]))
    assert np.isnan(got[[1, 3]]).all()
    assert np.isnan(robust_z([np.nan])).all()


@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=30), st.integers(1, 9), st.integers(-50, 50))
def test_robust_z_ignores_unit_and_origin(values: list[int], unit: int, origin: int) -> None:
    x = np.array(values, dtype=float)
    np.testing.assert_allclose(robust_z(x * unit + origin), robust_z(x), rtol=1e-6, atol=1e-9)
