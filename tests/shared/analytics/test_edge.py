"""Edge and its changes: definitions by loops, exact enumeration of all segmentations, published run lengths, delays."""

import itertools
from random import Random

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from shared.analytics.edge import (
    EDGE_SCHEMA,
    Action,
    EdgeRules,
    Prior,
    autocorrelation,
    average_run_length,
    change_points,
    cusum,
    cusum_limit,
    edge_table,
    judge,
    rolling_edge,
    trades_to_detect,
)
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR

Floats = npt.NDArray[np.float64]
returns = st.floats(-1.0, 5.0).map(lambda x: round(x, 3))
trades = st.lists(st.tuples(st.integers(0, 90), returns), min_size=1, max_size=25)


@given(trades)
def test_the_edge_is_what_its_formula_says_over_the_window(history: list[tuple[int, float]]) -> None:
    found = rolling_edge([day * DAY for day, _ in history], [one for _, one in history])
    for n, day in enumerate(sorted(day for day, _ in history)):
        window = [one for when, one in history if day - 30 < when <= day]
        wins, losses = [x for x in window if x > 0], [-x for x in window if x < 0]
        win_rate, loss_rate = len(wins) / len(window), len(losses) / len(window)
        average_win = sum(wins) / len(wins) if wins else 0.0
        average_loss = sum(losses) / len(losses) if losses else 0.0
        assert found.edge[n] == pytest.approx(win_rate * average_win - loss_rate * average_loss, abs=1e-9)
        assert found.edge[n] == pytest.approx(float(np.mean(window)), abs=1e-9)
        assert (found.win_rate[n], found.loss_rate[n]) == (win_rate, loss_rate)
        assert found.average_win[n] == pytest.approx(average_win, abs=1e-9)
        assert found.average_loss[n] == pytest.approx(average_loss, abs=1e-9)
        assert found.count[n] == len(window)


@given(st.lists(returns, min_size=3, max_size=30), st.integers(1, 3))
def test_autocorrelation_is_what_its_formula_says(values: list[float], lag: int) -> None:
    found = autocorrelation(values, lag)
    mean = sum(values) / len(values)
    total = sum((x - mean) ** 2 for x in values)
    if total < 1e-9 or len(values) < lag + 2:
        assert np.isnan(found) or total > 0
        return
    joint = sum((values[k] - mean) * (values[k - lag] - mean) for k in range(lag, len(values)))
    assert found == pytest.approx(joint / total, abs=1e-9)
    assert -1.0 <= found <= 1.0


def test_autocorrelation_of_a_known_process_is_its_coefficient() -> None:
    rng = np.random.default_rng(1)
    x = [0.0]
    for noise in rng.normal(size=20_000):
        x.append(0.8 * x[-1] + noise)
    assert autocorrelation(x) == pytest.approx(0.8, abs=0.02)
    assert autocorrelation(rng.normal(size=20_000)) == pytest.approx(0.0, abs=0.02)
    assert np.isnan(autocorrelation([1.0, 1.0, 1.0]))
    assert np.isnan(autocorrelation([1.0, 2.0]))


@given(st.lists(st.floats(-3, 3), max_size=60), st.floats(-1, 1), st.floats(0.1, 2), st.floats(0, 1), st.floats(0.2, 5))
def test_the_cusum_is_pages_recursion(values: list[float], mean: float, sd: float, drift: float, limit: float) -> None:
    found = cusum(values, mean, sd, drift, limit)
    level, alarms = 0.0, []
    for n, x in enumerate(values):
        level = max(0.0, level + (mean - x) / sd - drift)
        assert found.path[n] == pytest.approx(level, abs=1e-9)
        if n in found.alarms:
            assert level > limit - 1e-9
            alarms.append(n)
            level = 0.0
        else:
            assert level <= limit + 1e-9
    assert list(found.alarms) == alarms


def brook_evans(drift: float, limit: float, shift: float, states: int = 400) -> float:
    """Average run length by a Markov chain on the sum (Brook & Evans, Biometrika 59 (1972) 539-549)."""
    width = 2 * limit / (2 * states - 1)
    centres = np.arange(states) * width
    step = centres[None, :] - centres[:, None] - (shift - drift)
    chain = stats.norm.cdf(step + width / 2) - stats.norm.cdf(step - width / 2)
    chain[:, 0] = stats.norm.cdf(step[:, 0] + width / 2)
    return float(np.linalg.solve(np.eye(states) - chain, np.ones(states))[0])


@pytest.mark.parametrize(("drift", "limit"), [(0.5, 4.0), (0.5, 5.0), (0.25, 8.0), (0.25, 11.0)])
@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 1.0])
def test_run_lengths_are_those_of_the_markov_chain(drift: float, limit: float, shift: float) -> None:
    assert average_run_length(drift, limit, shift) == pytest.approx(brook_evans(drift, limit, shift), rel=0.04)


def test_published_run_lengths_are_met() -> None:
    """Montgomery, Introduction to Statistical Quality Control, table 9.3: two-sided 168 and 465, one side has twice."""
    assert average_run_length(0.5, 4.0) == pytest.approx(2 * 168, rel=0.01)
    assert average_run_length(0.5, 5.0) == pytest.approx(2 * 465, rel=0.01)
    assert average_run_length(0.5, 5.0, 1.0) == pytest.approx(10.4, rel=0.01)


def test_simulated_delays_are_those_promised() -> None:
    delays = []
    for seed in range(400):
        x = np.random.default_rng(seed).normal(-1.0, 1.0, 200)
        delays.append(cusum(x, 0.0, 1.0, 0.5, 5.0).alarms[0] + 1)
    assert np.mean(delays) == pytest.approx(average_run_length(0.5, 5.0, 1.0), rel=0.06)


@given(st.floats(0.05, 1.0), st.floats(50.0, 1e5))
def test_the_limit_is_the_one_of_that_run_length(drift: float, every: float) -> None:
    limit = cusum_limit(drift, every)
    assert limit >= 0.0
    if limit > 1e-6:
        assert average_run_length(drift, limit) == pytest.approx(every, rel=1e-6)


def test_a_larger_fall_is_found_in_fewer_trades() -> None:
    needed = [trades_to_detect(shift) for shift in (0.2, 0.3, 0.4, 0.5, 1.0)]
    assert needed == sorted(needed, reverse=True)
    assert 7 * 10 > needed[1] > needed[4] > 5


def segment_evidence(x: Floats, prior: Prior) -> float:
    """Log probability of one regime's values: normal-gamma closed form (Murphy 2007, equation 95)."""
    n, mean = len(x), float(np.mean(x))
    weight, shape = prior.weight + n, prior.shape + n / 2
    scale = prior.scale + 0.5 * float(np.sum((x - mean) ** 2))
    scale += prior.weight * n * (mean - prior.mean) ** 2 / (2 * weight)
    return float(
        special.gammaln(shape) - special.gammaln(prior.shape) + prior.shape * np.log(prior.scale)
        - shape * np.log(scale) + 0.5 * np.log(prior.weight / weight) - n / 2 * np.log(2 * np.pi)
    )  # fmt: skip


@given(st.lists(returns, min_size=1, max_size=7), st.floats(1.5, 50.0), st.floats(0.2, 3.0))
def test_the_posterior_is_that_of_all_segmentations(values: list[float], expected_run: float, scale: float) -> None:
    x, prior = np.array(values), Prior(0.1, 0.7, 1.5, scale)
    n, chances = len(x), dict[int, float]()
    below = 0.0
    for cuts in itertools.product([False, True], repeat=n - 1):
        starts = [0, *(k + 1 for k, cut in enumerate(cuts) if cut)]
        log = sum(segment_evidence(x[a:b], prior) for a, b in itertools.pairwise([*starts, n]))
        chance = np.exp(log) * np.prod([1 / expected_run if cut else 1 - 1 / expected_run for cut in cuts])
        last = x[starts[-1] :]
        chances[len(last)] = chances.get(len(last), 0.0) + chance
        weight, shape = prior.weight + len(last), prior.shape + len(last) / 2
        spread = prior.scale + 0.5 * np.sum((last - last.mean()) ** 2)
        spread += prior.weight * len(last) * (last.mean() - prior.mean) ** 2 / (2 * weight)
        centre = (prior.weight * prior.mean + last.sum()) / weight
        below += chance * stats.t(2 * shape, centre, np.sqrt(spread / (shape * weight))).cdf(0.05)
    total = sum(chances.values())
    found = change_points(x, prior, expected_run, 0.05)
    for length, chance in zip(found.lengths.tolist(), found.posterior.tolist(), strict=True):
        assert chance == pytest.approx(chances[length] / total, abs=1e-8)
    assert found.posterior.sum() == pytest.approx(1.0)
    assert found.below[-1] == pytest.approx(below / total, abs=1e-8)


@given(st.lists(returns, min_size=2, max_size=40))
def test_what_was_said_does_not_change_with_what_comes(values: list[float]) -> None:
    whole, half = change_points(values), change_points(values[: len(values) // 2])
    np.testing.assert_allclose(whole.below[: len(half.below)], half.below)
    np.testing.assert_array_equal(whole.run_length[: len(half.below)], half.run_length)
    assert np.all(whole.run_length <= np.arange(1, len(values) + 1))


def test_a_clear_change_is_dated_to_the_trade() -> None:
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(1.0, 0.3, 150), rng.normal(-1.0, 0.3, 40)])
    found = change_points(x)
    assert found.run_length[149] == 150
    assert found.run_length[-1] == 40
    assert found.below[149] < 0.01
    assert found.below[-1] > 0.99


def betting(seed: int, per_day: int, days_before: int, days_after: int, later: float) -> tuple[Floats, Floats]:
    """Even-money bets: 70% won, from some day on ``later``."""
    rng = np.random.default_rng(seed)
    count = per_day * (days_before + days_after)
    chance = np.where(np.arange(count) < per_day * days_before, 0.7, later)
    return (np.arange(count) * (DAY // per_day)).astype(np.float64), np.where(rng.random(count) < chance, 1.0, -1.0)


ALARMED = (Action.PAUSE, Action.CULL)


@pytest.mark.parametrize(("per_day", "later", "found_min"), [(20, 0.5, 0.85), (10, 0.4, 0.9), (40, 0.5, 0.95)])
def test_a_lost_edge_is_found_within_seven_days(per_day: int, later: float, found_min: float) -> None:
    verdicts = [judge(*betting(seed, per_day, 60, 7, later)) for seed in range(25)]
    assert np.mean([one.action in ALARMED for one in verdicts]) >= found_min
    dated = [one.changed_at for one in verdicts if one.changed_at is not None]
    assert np.mean([at >= 60 * DAY for at in dated]) > 0.8


def test_a_lasting_edge_is_seldom_accused() -> None:
    accused = [judge(*betting(seed, 10, 60, 0, 0.7)).action in ALARMED for seed in range(40)]
    assert np.mean(accused) < 0.25


def test_a_whale_that_keeps_its_edge_is_kept() -> None:
    found = judge(*betting(3, 10, 60, 0, 0.7))
    assert (found.action, found.changed_at) == (Action.KEEP, None)
    assert found.edge > 0.2
    assert found.count == 300
    assert found.p_gone < 0.05
    assert found.why == f"edge {found.edge:+.3f} per dollar over 300 trades"


def test_a_whale_whose_edge_turns_is_culled_and_the_reason_has_its_numbers() -> None:
    found = judge(*betting(3, 20, 60, 25, 0.2))
    assert found.action is Action.CULL
    assert found.edge < 0
    assert "its returns fell, seen on 1970-03-0" in found.why
    assert "the edge is gone with probability" in found.why


def test_an_edge_below_its_minimum_reduces_and_just_above_keeps() -> None:
    at = np.arange(100) * HOUR
    thin = [1.0, -0.91] * 50
    assert judge(at, thin).action is Action.REDUCE
    assert "+0.045 per dollar over 100 trades is below 0.05" in judge(at, thin).why
    assert judge(at, [1.0, -0.89] * 50).action is Action.KEEP
    assert judge(at[:8], thin[:8]).action is Action.KEEP


def test_trades_that_repeat_each_other_reduce() -> None:
    streaks = [1.0] * 30 + [0.2] * 30 + [1.0] * 30
    found = judge(np.arange(90) * HOUR, streaks, EdgeRules(learn=90))
    assert found.action is Action.REDUCE
    assert "consecutive trades correlate by 0.9" in found.why


def test_nothing_is_said_about_nobody_and_the_first_trade() -> None:
    assert judge([], []).action is Action.KEEP
    assert judge([0], [-1.0]).action is Action.KEEP
    assert judge(np.arange(80) * HOUR, np.full(80, 0.3)).action is Action.KEEP


@given(trades, st.randoms(use_true_random=False))
def test_the_order_in_which_trades_are_given_does_not_matter(history: list[tuple[int, float]], random: Random) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    one, other = (judge([d * DAY for d, _ in rows], [x for _, x in rows]) for rows in (history, shuffled))
    assert repr(one) == repr(other)


def test_every_wallet_gets_its_row() -> None:
    at, good = betting(3, 10, 60, 0, 0.7)
    _, bad = betting(4, 10, 40, 20, 0.3)
    table = pl.DataFrame(
        {
            "wallet": ["good"] * len(at) + ["bad"] * len(at),
            "at_ns": np.concatenate([at, at]).astype(np.int64),
            "return": np.concatenate([good, bad]),
        }
    )
    found = edge_table(table)
    assert dict(found.schema) == EDGE_SCHEMA
    assert found["wallet"].to_list() == ["bad", "good"]
    assert found["action"].to_list() == ["cull", "keep"]
    assert edge_table(table.sample(fraction=1.0, shuffle=True, seed=1)).equals(found)
    assert edge_table(table.head(0)).height == 0


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="one length, not 2 and 1"):
        judge([1, 2], [0.5])
    with pytest.raises(BadInput, match="list of finite numbers"):
        judge([1], [np.nan])
    with pytest.raises(BadInput, match="window_ns must be positive, not 0"):
        rolling_edge([1], [0.5], 0)
    with pytest.raises(BadInput, match="lag must be at least 1, not 0"):
        autocorrelation([1.0, 2.0, 3.0], 0)
    with pytest.raises(BadInput, match="sd and limit must be positive"):
        cusum([1.0], 0.0, 0.0)
    with pytest.raises(BadInput, match="expected_run must exceed 1, not 1"):
        change_points([1.0], expected_run=1.0)
    with pytest.raises(BadInput, match="positive weight"):
        Prior(weight=0.0)
    with pytest.raises(BadInput, match="drift must be positive"):
        trades_to_detect(0.0)
