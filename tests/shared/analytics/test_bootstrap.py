"""The Sharpe interval against independent implementations, and what it must do at the edges."""

from collections.abc import Callable
from typing import Any

import arch.bootstrap
import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.analytics.bootstrap import resamples, sharpe_interval
from shared.analytics.bootstrap_loops import block_length, long_run_variance
from shared.domain.errors import BadInput
from tests.shared.analytics.oracles import (
    Replayed,
    Told,
    block_error,
    influence,
    oracle_block,
    oracle_ends,
    plain_long_run_variance,
    positions_of,
    ragged,
    ratio,
    ratio_array,
    some_returns,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@pytest.mark.parametrize(("n", "block"), [(20, 1), (60, 1), (250, 1), (60, 4), (250, 7), (103, 5), (47, 2), (980, 3)])
def test_ratios_and_studentized_statistics_agree_with_arch_on_the_same_resamples(n: int, block: int) -> None:
    x = some_returns(n, seed=n, carry=0.3)
    drawn = resamples(x, b=400, seed=5, block=block)
    oracle = Replayed(positions_of(drawn, n), x)
    arch_ratios = oracle.apply(ratio, 400)[:, 0]
    np.testing.assert_allclose(drawn.ratios, arch_ratios, rtol=0, atol=1e-9)
    arch_errors = Replayed(positions_of(drawn, n), x).apply(lambda y: block_error(y, block), 400)[:, 0]
    np.testing.assert_allclose(drawn.studentized(), (arch_ratios - ratio(x)) / arch_errors, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n", "block"), [(20, 1), (60, 1), (103, 5), (250, 6), (980, 3)])
def test_percentile_ends_agree_with_arch_on_the_same_resamples(n: int, block: int) -> None:
    x = some_returns(n, seed=7)
    drawn = resamples(x, b=500, seed=1, block=block)
    ends = Replayed(positions_of(drawn, n), x).conf_int(ratio_array, 500, method="percentile")[:, 0]
    np.testing.assert_allclose(drawn.percentile_ends(), ends, rtol=0, atol=1e-9)


def test_studentized_ends_by_the_rule_of_arch_agree_with_arch() -> None:
    x = some_returns(80, seed=9)
    drawn = resamples(x, b=500, seed=1, block=1)
    ends = Replayed(positions_of(drawn, 80), x).conf_int(
        ratio_array, 500, method="studentized", std_err_func=lambda theta, y: np.array([block_error(y, 1)])
    )[:, 0]
    far, near = np.percentile(drawn.studentized(), [97.5, 2.5])
    spread = np.std(drawn.ratios)  # arch scales by the spread of the resampled ratios, not by the error of the ratio
    np.testing.assert_allclose(ends, [ratio(x) - far * spread, ratio(x) - near * spread], rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", [20, 120, 333, 980])
def test_iid_percentile_ends_agree_with_scipy_on_the_same_resamples(n: int) -> None:
    x = some_returns(n, seed=3)
    drawn = resamples(x, b=600, seed=2, block=1)
    told = Told(np.random.PCG64(0))
    told.positions = positions_of(drawn, n)
    got = scipy.stats.bootstrap(
        (x,),
        lambda y, axis: np.mean(y, axis=axis) / np.std(y, axis=axis),
        n_resamples=600,
        method="percentile",
        rng=told,
    ).confidence_interval
    np.testing.assert_allclose(drawn.percentile_ends(), [got.low, got.high], rtol=0, atol=1e-9)


@pytest.mark.parametrize("shared", [False, True])
def test_intervals_of_wallets_of_unequal_length_agree_with_arch_and_plain_formulas(shared: bool) -> None:
    lengths = [20, 33, 60, 103, 250, 487, 980, 60, 21]
    wallets = [some_returns(n, seed=100 + i, carry=0.2 * (i % 3)) for i, n in enumerate(lengths)]
    got = sharpe_interval(*ragged(wallets), b=199, seed=4, shared=shared)
    for i, x in enumerate(wallets):
        drawn = resamples(x, b=199, seed=4, shared=shared)
        assert got.block[i] == drawn.block == oracle_block(x)
        np.testing.assert_allclose((got.low[i], got.high[i]), oracle_ends(x, drawn, 0.95), rtol=0, atol=1e-9)


@pytest.mark.parametrize("block", [None, 1, 3])
def test_the_interval_is_the_symmetric_quantile_of_the_inspected_resamples(block: int | None) -> None:
    x = some_returns(90, seed=11, carry=0.4)
    drawn = resamples(x, b=1999, seed=8, block=block)
    reach = np.sort(np.abs(drawn.studentized()))[1899]
    got = sharpe_interval(x, np.array([0, 90]), b=1999, seed=8, block=block)
    assert got.block[0] == drawn.block
    np.testing.assert_allclose(got.high[0], drawn.sharpe + reach * drawn.se, rtol=1e-12)
    np.testing.assert_allclose(got.low[0], drawn.sharpe - reach * drawn.se, rtol=1e-12)
    np.testing.assert_allclose(got.sharpe[0], ratio(x), rtol=1e-12)


@pytest.mark.parametrize(("n", "carry"), [(30, 0.0), (60, 0.5), (250, 0.3), (1000, 0.0), (1000, 0.8), (47, -0.4)])
def test_block_length_agrees_with_arch(n: int, carry: float) -> None:
    psi = influence(some_returns(n, seed=n, carry=carry))
    want = arch.bootstrap.optimal_block_length(psi)["circular"].iloc[0]
    np.testing.assert_allclose(block_length(psi), want, rtol=1e-9)


@pytest.mark.parametrize(("n", "carry"), [(20, 0.0), (250, 0.3), (250, 0.9), (500, -0.5)])
def test_the_kernel_error_agrees_with_plain_formulas(n: int, carry: float) -> None:
    psi = influence(some_returns(n, seed=n, carry=carry))
    np.testing.assert_allclose(long_run_variance(psi), plain_long_run_variance(psi), rtol=1e-9)


def test_the_kernel_error_finds_the_long_run_variance_of_an_autoregression() -> None:
    noise = np.random.default_rng(4).normal(size=20_000)
    x = noise.copy()
    for i in range(1, len(x)):
        x[i] += 0.5 * x[i - 1]
    np.testing.assert_allclose(long_run_variance(x - x.mean()), 4.0, rtol=0.1)


def test_positions_are_drawn_evenly_and_resamples_differ() -> None:
    x = some_returns(50, seed=1)
    starts = resamples(x, b=4000, seed=3, block=1).starts
    counts = np.bincount(starts.ravel(), minlength=50)
    assert scipy.stats.chisquare(counts).pvalue > 1e-4
    pairs = np.bincount(starts[:, :-1].ravel() * 50 + starts[:, 1:].ravel(), minlength=2500)
    assert scipy.stats.chisquare(pairs).pvalue > 1e-4
    assert len(np.unique(starts, axis=0)) == 4000


def test_threads_order_and_neighbours_change_nothing() -> None:
    rng = np.random.default_rng(2)
    wallets = [some_returns(int(n), seed=int(n)) for n in rng.integers(5, 900, 60)]
    order = rng.permutation(60)
    one = sharpe_interval(*ragged(wallets), b=199, threads=1)
    two = sharpe_interval(*ragged(wallets), b=199, threads=3)
    mixed = sharpe_interval(*ragged([wallets[i] for i in order]), b=199, threads=2)
    for name in ("sharpe", "se", "low", "high", "block", "degenerate"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        np.testing.assert_array_equal(getattr(one, name)[order], getattr(mixed, name))


def test_another_seed_draws_other_resamples() -> None:
    x = some_returns(100, seed=1)
    assert resamples(x, b=19, seed=1).ratios[0] != resamples(x, b=19, seed=2).ratios[0]


@settings(max_examples=40)
@given(
    st.lists(st.floats(-100, 100).map(lambda v: round(v, 3)), min_size=0, max_size=40),
    st.sampled_from([None, 1, 2, 5]),
)
def test_an_interval_is_never_nan_and_holds_the_ratio(values: list[float], block: int | None) -> None:
    got = sharpe_interval(np.array(values), np.array([0, len(values)]), b=99, block=block)
    assert got.low[0] < got.high[0]
    assert got.se[0] > 0
    if np.isfinite(got.high[0]):
        assert got.low[0] <= got.sharpe[0] <= got.high[0]
        assert got.degenerate[0] == 0


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1e-6, 0.5, 1e6]))
def test_the_unit_of_money_does_not_matter(seed: int, unit: float) -> None:
    x = some_returns(40, seed)
    small, large = resamples(x, b=49, block=2), resamples(x * unit, b=49, block=2)
    np.testing.assert_allclose(small.se, large.se, rtol=1e-9)
    np.testing.assert_allclose(small.sharpe, large.sharpe, rtol=1e-9)


def all_wins() -> Floats:
    return np.full(50, 0.25)


def one_loss() -> Floats:
    return np.array([0.25] * 49 + [-1.0])


def one_trade() -> Floats:
    return np.array([0.3])


def nothing() -> Floats:
    return np.array([])


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("make", [all_wins, one_loss, one_trade, nothing])
def test_too_little_to_say_makes_the_interval_infinite_and_nobody_else_s(
    make: Callable[[], Floats], shared: bool
) -> None:
    x, sound = make(), some_returns(50, seed=1)
    got = sharpe_interval(*ragged([x, sound, *[x] * 20]), shared=shared)
    alone = sharpe_interval(*ragged([sound]), shared=shared)
    for i in [0, *range(2, 22)]:
        assert (got.low[i], got.high[i], got.se[i]) == (-np.inf, np.inf, np.inf)
    assert (got.low[1], got.high[1], got.se[1]) == (alone.low[0], alone.high[0], alone.se[0])
    assert np.isfinite(got.low[1])


def test_a_single_resample_without_variance_is_enough_for_an_infinite_interval() -> None:
    x = np.array([0.25] * 56 + [-1.0] * 4)
    got = sharpe_interval(x, np.array([0, 60]), block=1)
    assert 0 < got.degenerate[0] < 0.05 * 1999
    assert np.isinf(got.high[0])


def test_one_block_cannot_say_how_sure_it_is() -> None:
    x = np.array([23.0, 31.0, 1.5, 44.781])
    got = sharpe_interval(x, np.array([0, 4]), b=99, block=4)
    assert np.isinf(got.high[0])
    assert not np.isfinite(resamples(x, b=99, block=4).studentized()).any()


def test_no_variance_has_no_ratio() -> None:
    assert np.isnan(sharpe_interval(np.full(30, 0.1), np.array([0, 30])).sharpe[0])


def test_progress_counts_every_wallet() -> None:
    told: list[int] = []
    wallets = [some_returns(5000, seed) for seed in range(9)]
    sharpe_interval(*ragged(wallets), b=99, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 9
    assert len(told) > 1


def test_no_wallets_is_an_empty_answer() -> None:
    assert len(sharpe_interval(np.array([]), np.array([0])).low) == 0


@pytest.mark.parametrize(
    ("values", "offsets", "options", "message"),
    [
        ([0.1, np.nan], [0, 2], {}, r"values\[1\] \(wallet 0\) is nan"),
        ([0.1, 0.2, np.inf], [0, 2, 3], {}, r"values\[2\] \(wallet 1\) is inf"),
        ([0.1, 0.2, -np.inf], [0, 0, 3], {}, r"values\[2\] \(wallet 1\) is -inf"),
        ([], [0, 1], {}, "offsets must rise from 0 to 0, the number of values; got 0 to 1"),
        ([0.1, 0.2], [0, 3], {}, "offsets must rise from 0 to 2"),
        ([0.1, 0.2], [], {}, "got no numbers"),
        ([0.1, 0.2], [0, 2, 1, 2], {}, r"offsets\[2\] is 1 after 2"),
        ([[0.1, 0.2]], [0, 1], {}, "one dimension; got 2"),
        ([0.1, 0.2], [0, 2], {"level": 1.0}, "level must lie between 0 and 1; got 1.0"),
        ([0.1, 0.2], [0, 2], {"b": 18}, r"b must be at least 19 resamples for level 0\.95; got 18"),
        ([0.1, 0.2], [0, 2], {"level": float("nan")}, "level must lie between 0 and 1; got nan"),
        ([0.1, 0.2], [0, 2], {"threads": 0}, "threads must be at least 1; got 0"),
        ([0.1, 0.2], [0, 2], {"block": 0}, "block must be at least 1 return; got 0"),
    ],
)
def test_bad_input_is_named(values: list[float], offsets: list[int], options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        sharpe_interval(np.array(values), np.array(offsets, dtype=np.int64), **options)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0] * 9, r"4 returns with variance; got 9 with range 0\.0"),
        ([1.0] * 9 + [1.0 + 1e-15], "4 returns with variance; got 10"),
        ([0.1, 0.2, 0.3], "4 returns with variance; got 3"),
        ([], "4 returns with variance; got 0"),
        ([0.1, np.nan, 0.2, 0.3], r"values\[1\] \(wallet 0\) is nan"),
    ],
)
def test_resamples_need_variance(values: list[float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        resamples(np.array(values))
