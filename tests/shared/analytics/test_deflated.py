"""Probabilistic and Deflated Sharpe Ratio: against the papers' numbers, and by what must hold of any returns."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.deflated import LEAST, best_of_luck, deflated
from shared.domain.errors import BadInput


def some_returns(seed: int, n: int = 400, mean: float = 0.1) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(mean, 1.0, n)]


def test_the_expected_best_of_many_without_an_edge_is_that_of_the_paper() -> None:
    # Bailey & Lopez de Prado (2014), numerical example: 100 trials whose ratios have the variance 1/2, per year of 250
    # days; the best is expected to show 0.1132 a day.
    assert best_of_luck(100, math.sqrt(0.5 / 250)) == pytest.approx(0.1132, abs=5e-5)
    assert best_of_luck(1, 7.0) == 0.0


def test_the_deflated_ratio_is_that_of_the_papers_example() -> None:
    # The same example: an annual ratio of 2.5 over 1,250 days, skewness -3, kurtosis 10, gives DSR = 0.9004.
    ratio, luck = 2.5 / math.sqrt(250), best_of_luck(100, math.sqrt(0.5 / 250))
    error = math.sqrt((1 + 3 * ratio + (10 - 1) / 4 * ratio**2) / 1249)
    assert NormalDist().cdf((ratio - luck) / error) == pytest.approx(0.9004, abs=5e-4)
    # Two outcomes have these moments where the rare one comes 105 times in 1,250.
    z = np.array([-1.0] * 105 + [1.0] * 1145)
    found = deflated((z - z.mean()) / z.std() + ratio, 100, math.sqrt(0.5 / 250))
    assert found is not None
    assert found.skewness == pytest.approx(-3.0, abs=2e-3)
    assert found.kurtosis == pytest.approx(10.0, abs=1e-2)
    assert found.dsr == pytest.approx(0.9004, abs=5e-4)


@given(st.integers(0, 10_000), st.integers(1, 1_000))
def test_more_attempts_never_make_a_ratio_surer(seed: int, trials: int) -> None:
    returns = some_returns(seed, 60)
    few, many = deflated(returns, trials), deflated(returns, trials + 1)
    assert few is not None
    assert many is not None
    assert 0.0 <= many.dsr <= few.dsr <= few.psr <= 1.0
    assert many.luck >= few.luck >= 0.0


@given(st.integers(0, 10_000), st.floats(0.001, 1_000.0))
def test_neither_the_unit_nor_the_sign_of_the_returns_changes_what_they_prove(seed: int, unit: float) -> None:
    returns = some_returns(seed, 60)
    one = deflated(returns)
    other, negative = deflated([unit * value for value in returns]), deflated([-value for value in returns])
    assert one is not None
    assert other is not None
    assert negative is not None
    assert other.psr == pytest.approx(one.psr, rel=1e-9)
    assert negative.psr == pytest.approx(1.0 - one.psr, abs=1e-9)


def test_returns_without_an_edge_are_called_likely_about_as_often_as_promised() -> None:
    sure = [found.psr for seed in range(400) if (found := deflated(some_returns(seed, 250, 0.0))) is not None]
    assert len(sure) == 400
    assert 0.03 <= np.mean([psr > 0.95 for psr in sure]) <= 0.075
    best = [deflated(some_returns(seed, 250, 0.0), 50) for seed in range(400)]
    assert np.mean([one is not None and one.dsr > 0.95 for one in best]) <= 0.01


@pytest.mark.parametrize("returns", [[], [1.0] * (LEAST - 1), [0.5] * 40, [0.0] * 40])
def test_too_few_returns_or_all_alike_say_nothing(returns: list[float]) -> None:
    assert deflated(returns) is None


def test_a_run_of_equal_gains_with_one_other_claims_nothing_beyond_its_formula() -> None:
    found = deflated([1.0] * 999 + [0.9])
    assert found is not None
    assert 0.0 <= found.psr <= 1.0


def test_unusable_input_is_named() -> None:
    with pytest.raises(BadInput, match="finite"):
        deflated([1.0, math.nan])
    with pytest.raises(BadInput, match="trials must be at least 1, not 0"):
        deflated(some_returns(1), 0)
    with pytest.raises(BadInput, match="spread must be"):
        deflated(some_returns(1), 2, -1.0)
