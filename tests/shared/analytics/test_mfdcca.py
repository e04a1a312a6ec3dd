"""MF-DCCA against a literal transcription of the paper, series of known exponents, and an exact multifractal."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.mfdcca import default_scales, detrended_correlations, mfdcca, mfdfa
from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]


def literal(x: Floats, y: Floats, q: float, scale: int, order: int) -> tuple[float, float]:
    """F_xy(q, s) and rho_DCCA(s) with loops and np.polyfit."""
    profiles = [np.cumsum(one - one.mean()) for one in (x, y)]
    count, joint, own = len(x) // scale, [], [0.0, 0.0]
    starts = [v * scale for v in range(count)] + [len(x) - (v + 1) * scale for v in range(count)]
    for start in starts:
        k = np.arange(scale)
        rest = []
        for profile in profiles:
            part = profile[start : start + scale]
            rest.append(part - np.polyval(np.polyfit(k, part, order), k))
        joint.append(float(np.mean(rest[0] * rest[1])))
        own = [own[i] + float(np.mean(rest[i] ** 2)) for i in range(2)]
    sizes = np.abs(np.array(joint))
    moment = float(np.exp(np.mean(np.log(sizes)) / 2) if q == 0 else np.mean(sizes ** (q / 2)) ** (1 / q))
    return moment, sum(joint) / float(np.sqrt(own[0] * own[1]))


def fractional_noise(n: int, hurst: float, seed: int) -> Floats:
    """Exact fractional Gaussian noise by circulant embedding (Davies & Harte, Biometrika 74 (1987) 95-101)."""
    k = np.arange(n + 1.0)
    gamma = 0.5 * (np.abs(k + 1) ** (2 * hurst) - 2 * k ** (2 * hurst) + np.abs(k - 1) ** (2 * hurst))
    spectrum = np.fft.fft(np.concatenate([gamma, gamma[-2:0:-1]])).real
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=2 * n) + 1j * rng.normal(size=2 * n)
    return np.asarray(np.fft.fft(np.sqrt(np.maximum(spectrum, 0.0) / (2 * n)) * noise).real[:n])


@pytest.mark.parametrize("order", [0, 1, 2])
def test_it_is_what_the_paper_says_in_loops(order: int) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=157).cumsum()
    y = x + rng.normal(size=157)
    scales, q = [8, 13, 39], (-3.0, -0.5, 0.0, 1.0, 4.0)
    found = mfdcca(x, y, q, scales, order)
    for i, moment in enumerate(q):
        for j, scale in enumerate(scales):
            fluctuation, rho = literal(x, y, moment, scale, order)
            assert found.fluctuation[i, j] == pytest.approx(fluctuation, rel=1e-8)
            assert found.rho[j] == pytest.approx(rho, rel=1e-8)
    slope = np.polyfit(np.log(scales), np.log(found.fluctuation[3]), 1)[0]
    assert found.h[3] == pytest.approx(slope)


def test_white_noise_has_the_exponent_one_half() -> None:
    h = [mfdfa(np.random.default_rng(seed).normal(size=5_000), (2.0,)).h[0] for seed in range(20)]
    assert np.mean(h) == pytest.approx(0.5, abs=0.03)
    assert np.max(np.abs(np.array(h) - 0.5)) < 0.12


@pytest.mark.parametrize("hurst", [0.3, 0.7, 0.9])
def test_fractional_noise_has_its_own_exponent(hurst: float) -> None:
    scales = [16, 32, 64, 128, 256, 512]
    h = [mfdfa(fractional_noise(8_192, hurst, seed), (2.0,), scales).h[0] for seed in range(10)]
    assert np.mean(h) == pytest.approx(hurst, abs=0.05)


def test_two_series_with_one_source_have_its_exponent_together() -> None:
    scales = [16, 32, 64, 128, 256, 512]
    source = fractional_noise(8_192, 0.8, 1)
    rng = np.random.default_rng(2)
    found = mfdcca(source + 0.1 * rng.normal(size=8_192), source + 0.1 * rng.normal(size=8_192), (2.0,), scales)
    assert found.h[0] == pytest.approx(0.8, abs=0.1)
    assert np.all(found.rho > 0.9)


def test_an_exact_multifractal_has_the_exponents_of_its_formula() -> None:
    """Binomial cascade: h(q) = 1/q - ln(a^q + (1 - a)^q) / (q ln 2) (Kantelhardt et al. 2002, equation 25)."""
    a, generations = 0.7, 15
    ones = np.array([k.bit_count() for k in range(2**generations)])
    cascade = a ** (generations - ones) * (1 - a) ** ones
    q = np.array([-4.0, -2.0, -1.0, 1.0, 2.0, 4.0])
    found = mfdfa(cascade, tuple(q), [2**k for k in range(6, 13)])
    exact = 1 / q - np.log(a**q + (1 - a) ** q) / (q * np.log(2))
    np.testing.assert_allclose(found.h, exact, atol=0.02)


def test_identical_series_have_the_coefficient_one_and_opposite_ones_minus_one() -> None:
    x = np.random.default_rng(0).normal(size=1_000)
    np.testing.assert_allclose(mfdcca(x, 3 * x + 7).rho, 1.0)
    np.testing.assert_allclose(mfdcca(x, -x).rho, -1.0)


def test_independent_series_have_a_coefficient_near_zero() -> None:
    pairs = [np.random.default_rng(seed).normal(size=(2, 5_000)) for seed in range(20)]
    rho = [mfdcca(x, y, (2.0,)).rho for x, y in pairs]
    assert np.all(np.abs(np.mean(rho, axis=0)) < 0.1)
    assert np.all(np.abs(np.array(rho)[:, :10]) < 0.2)


def test_the_special_case_of_one_series_is_mf_dfa() -> None:
    x = np.random.default_rng(3).normal(size=800)
    one, two = mfdfa(x), mfdcca(x, x)
    np.testing.assert_array_equal(one.fluctuation, two.fluctuation)
    np.testing.assert_array_equal(one.h, two.h)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 100), st.floats(-50, 50), st.sampled_from([1, 2]))
def test_units_and_origin_change_no_exponent(seed: int, scale: float, shift: float, order: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 120))
    here, there = mfdcca(x, y, order=order), mfdcca(scale * x + shift, y, order=order)
    np.testing.assert_allclose(there.h, here.h, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(there.rho, here.rho, rtol=1e-6, atol=1e-6)
    assert np.all(np.abs(here.rho) <= 1.0)


@given(st.integers(0, 2**32 - 1))
def test_moments_rise_with_their_order(seed: int) -> None:
    found = mfdcca(*np.random.default_rng(seed).normal(size=(2, 200)))
    assert np.all(np.diff(found.fluctuation, axis=0) >= -1e-9)


def test_pairs_at_once_are_the_coefficient_of_each_pair() -> None:
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(4, 300))
    rows[1] += rows[0]
    rows[3] = 2.5
    table = detrended_correlations(rows, 20)
    for i in range(3):
        for j in range(3):
            assert table[i, j] == pytest.approx(mfdcca(rows[i], rows[j], (2.0,), [20]).rho[0])
    assert table[3].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_five_thousand_values_take_less_than_half_a_second() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 5_000))
    found, took = mfdcca(x, y), list[float]()
    for _ in range(3):
        begun = time.perf_counter()
        mfdcca(x, y)
        took.append(time.perf_counter() - begun)
    assert (len(found.scales), len(found.q)) == (20, 11)
    assert min(took) < 0.5


def test_quiet_segments_have_no_negative_moments_and_count_in_positive_ones() -> None:
    x = np.concatenate([np.zeros(100), np.random.default_rng(0).normal(size=300)])
    x -= x.mean()
    x[:100] = 0.0
    found = mfdfa(x, (-2.0, 0.0, 2.0), [10, 20, 40])
    noisy = mfdfa(x[100:], (-2.0, 0.0, 2.0), [10, 20, 40])
    np.testing.assert_allclose(found.fluctuation[:2], noisy.fluctuation[:2], rtol=0.15)
    np.testing.assert_allclose(found.fluctuation[2], noisy.fluctuation[2] * 0.75**0.5, rtol=0.15)


@pytest.mark.parametrize(
    ("x", "y", "more", "sentence"),
    [
        ([1.0] * 50, [2.0] * 50, {}, "x must vary; every value is 1"),
        ([1.0, 2.0] * 25, [1.0, 2.0] * 20, {}, "one length, not 50 and 40"),
        ([1.0, np.nan] * 25, [1.0, 2.0] * 25, {}, r"x\[1\] is nan"),
        ([1.0, 2.0] * 5, [1.0, 2.0] * 5, {}, "at least 40 values; got 10"),
        ([1.0, 2.0] * 25, [1.0, 2.0] * 25, {"scales": [2]}, "between 3 and 50; one is 2"),
        ([1.0, 2.0] * 25, [1.0, 2.0] * 25, {"scales": []}, "scales must be a list of lengths"),
        ([1.0, 2.0] * 25, [1.0, 2.0] * 25, {"q": (np.inf,)}, "q must be a list of finite numbers"),
        ([1.0, 2.0] * 25, [1.0, 2.0] * 25, {"order": -1}, "order must be at least 0, not -1"),
        ([[1.0, 2.0]], [1.0], {}, "x must have one dimension; got 2"),
    ],
)
def test_bad_input_is_named(x: list[float], y: list[float], more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        mfdcca(x, y, **more)


def test_a_table_that_is_none_is_named() -> None:
    with pytest.raises(BadInput, match=r"its shape is \(3,\)"):
        detrended_correlations([1.0, 2.0, 3.0], 3)


def test_default_scales_rise_without_repeats() -> None:
    assert default_scales(5_000)[0] == 10
    assert default_scales(5_000)[-1] == 1_250
    assert all(a < b for a, b in zip(default_scales(60), default_scales(60)[1:], strict=False))
    assert np.isnan(mfdfa(np.random.default_rng(0).normal(size=50), (2.0,), [10]).h[0])
    assert np.isnan(mfdfa(np.random.default_rng(0).normal(size=50), (2.0,), [10, 20]).h_error[0])
