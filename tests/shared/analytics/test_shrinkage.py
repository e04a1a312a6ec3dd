"""Shrinkage: the risk it promises, the limits it must respect, and the edges."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.shrinkage import Target, james_stein_common, morris_shrink, sure_shrink
from shared.domain.errors import BadInput
from tests.stats.edges import shrinkage_ratios

Floats = npt.NDArray[np.float64]
Method = Callable[[Floats, Floats, Target], Floats]
BOTH = pytest.mark.parametrize("method", [sure_shrink, morris_shrink])
TARGETS = pytest.mark.parametrize("target", [0.0, "mean"])


def test_the_error_is_at_most_a_fifth_of_no_shrinkage() -> None:
    ratios = shrinkage_ratios(seed=1, wallets=2000)
    for name in ("SURE to 0", "SURE to mean", "Morris to 0", "Morris to mean"):
        assert ratios[name] <= 0.2
        assert ratios[name] < ratios["common factor"]


@BOTH
@TARGETS
def test_the_spread_of_the_truth_is_recovered(method: Method, target: Target) -> None:
    rng = np.random.default_rng(3)
    v = rng.choice([0.5, 1.0, 4.0], 20_000)
    theta = rng.normal(0.0, 1.5, len(v))
    x = theta + rng.normal(0, np.sqrt(v))
    kept = method(x, v, target) / x
    for variance in (0.5, 1.0, 4.0):
        assert abs(np.median(kept[v == variance]) - 1.5**2 / (1.5**2 + variance)) < 0.03


@BOTH
@TARGETS
@given(
    pairs=st.lists(st.tuples(st.floats(-5, 5), st.floats(0.001, 100)), min_size=1, max_size=30),
)
def test_an_estimate_moves_towards_the_target_and_never_past_it(
    method: Method, target: Target, pairs: list[tuple[float, float]]
) -> None:
    x, v = np.array(pairs).T
    got = method(x, v, target)
    assert np.all(got >= min(x.min(), 0.0) - 1e-9)
    assert np.all(got <= max(x.max(), 0.0) + 1e-9)
    if target == 0.0:
        assert np.all(np.abs(got) <= np.abs(x) + 1e-12)
        assert np.all(got * x >= 0)


@BOTH
def test_of_two_equal_estimates_the_surer_one_keeps_more(method: Method) -> None:
    x = np.array([1.0, 1.0, -1.2, 0.8, 1.5, -0.3])
    v = np.array([0.1, 0.9, 0.2, 0.3, 0.3, 0.4])
    got = method(x, v, 0.0)
    assert got[0] > got[1] > 0


@BOTH
def test_pure_noise_is_pulled_all_the_way(method: Method) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 5000) * 0.9  # smaller than its stated error: nothing can be real
    np.testing.assert_allclose(method(x, np.ones(5000), 0.0), 0.0, atol=0.02)


@BOTH
@TARGETS
def test_an_estimate_without_precision_becomes_the_target_and_moves_nobody(method: Method, target: Target) -> None:
    x = np.array([1.0, 2.0, -1.0, 3.0, 0.5])
    v = np.array([0.3, 0.2, 0.4, 0.1, 0.6])
    got = method(np.append(x, 50.0), np.append(v, np.inf), target)
    np.testing.assert_allclose(got[:-1], method(x, v, target), rtol=1e-6)
    assert -1 <= got[-1] <= 3


@BOTH
def test_every_estimate_without_precision_is_the_target(method: Method) -> None:
    np.testing.assert_array_equal(method(np.array([4.0, 5.0]), np.array([np.inf, np.inf]), 0.0), [0.0, 0.0])


def test_sure_finds_the_least_estimated_risk() -> None:
    rng = np.random.default_rng(5)
    v = rng.uniform(0.1, 3, 300)
    x = rng.normal(0.4, np.sqrt(v + 0.8))

    def risk(estimate: Floats) -> float:
        doubt = 1 - estimate / x
        return float(np.mean((doubt * x) ** 2 + v * (1 - 2 * doubt)))

    chosen = risk(sure_shrink(x, v))
    tried = [risk(x * a / (a + v)) for a in np.geomspace(1e-4, 1e4, 4001)]
    assert chosen <= min(tried) + 1e-9


def test_the_common_factor_is_the_james_stein_rule_where_variances_are_equal() -> None:
    x = np.array([1.0, 2.0, 3.0, -2.0])
    np.testing.assert_allclose(james_stein_common(x, np.full(4, 2.0)), x * (1 - 2 * 2 / 18))
    np.testing.assert_array_equal(james_stein_common(x * 0.01, np.full(4, 2.0)), np.zeros(4))
    np.testing.assert_array_equal(james_stein_common(x[:2], np.ones(2)), x[:2])


@pytest.mark.parametrize("method", [sure_shrink, morris_shrink, james_stein_common])
@pytest.mark.parametrize(
    ("x", "v", "message"),
    [
        ([1.0, np.nan], [1.0, 1.0], r"estimates\[1\] is nan"),
        ([1.0, np.inf], [1.0, 1.0], r"estimates\[1\] is inf"),
        ([1.0, 2.0], [-1.0, 1.0], r"variances\[0\] is -1"),
        ([1.0, 2.0], [1.0, 0.0], r"variances\[1\] is 0"),
        ([1.0, 2.0], [np.nan, 1.0], r"variances\[0\] is nan"),
        ([1.0], [1.0, 1.0], "one length"),
    ],
)
def test_bad_input_is_named(method: Callable[..., Floats], x: list[float], v: list[float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        method(np.array(x), np.array(v))


@pytest.mark.parametrize("method", [sure_shrink, morris_shrink, james_stein_common])
def test_nobody_and_one_wallet_are_answered(method: Callable[..., Floats]) -> None:
    assert method(np.array([]), np.array([])).tolist() == []
    kept = method(np.array([2.0]), np.array([0.5]))
    assert kept.shape == (1,)
    assert 0.0 <= kept[0] <= 2.0


@BOTH
def test_equal_estimates_without_spread_stay_at_their_mean(method: Method) -> None:
    np.testing.assert_allclose(method(np.full(30, 0.7), np.full(30, 0.2), "mean"), 0.7)
