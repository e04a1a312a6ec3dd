"""Whether a whale still has its edge: how large it is now, and whether and when it changed.

Returns are those of copies or of the whale's own trades, per dollar staked, in order of time. Three watchers: the
rolling edge of 30 days says how large it is and is slow; CUSUM (Page 1954) accumulates what falls short of the past
and is the fastest for a shift of known size; Bayesian online change-point detection (Adams & MacKay 2007) says how
probable it is that the present regime earns nothing. How soon a loss of edge can be seen depends on its size in
standard deviations and on the number of trades, not on the calendar: ``trades_to_detect`` says it beforehand.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy import special

from shared.domain.errors import BadInput
from shared.domain.instants import DAY, iso_day

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_IMPROBABLE = 30.0
"""Run lengths e^30 times less probable than the best are given up."""
_OVERSHOOT = 1.166
"""Siegmund's correction of a CUSUM's limit: twice 0.583, the mean overshoot of a normal walk."""


@dataclass(frozen=True)
class RollingEdge:
    """Per trade, over the window that ends with it: ``edge`` = win_rate * average_win - loss_rate * average_loss.

    A return of exactly 0 is neither a win nor a loss but counts as a trade; averages without any are 0.
    """

    at: Ints
    edge: Floats
    win_rate: Floats
    loss_rate: Floats
    average_win: Floats
    average_loss: Floats
    count: Ints


def rolling_edge(at: ArrayLike, returns: ArrayLike, window_ns: int = 30 * DAY) -> RollingEdge:
    """Edge of the trades in (t - window, t] for each trade's time t, in order of time; ``at`` in nanoseconds.

    Raises BadInput for other lengths, returns that are not finite, a window that is not positive.
    """
    times, values = _ordered(at, returns)
    if not window_ns > 0:
        raise BadInput(f"window_ns must be positive, not {window_ns}")
    last = np.searchsorted(times, times, side="right")
    first = np.searchsorted(times, times - window_ns, side="right")

    def within(each: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(each)])
        return np.asarray(sums[last] - sums[first])

    count = last - first
    wins, losses = within((values > 0).astype(np.float64)), within((values < 0).astype(np.float64))
    won = np.where(wins > 0, within(np.maximum(values, 0.0)), 0.0)
    lost = np.where(losses > 0, within(np.maximum(-values, 0.0)), 0.0)
    rates = wins / count, losses / count
    averages = won / np.maximum(wins, 1.0), lost / np.maximum(losses, 1.0)
    edge = rates[0] * averages[0] - rates[1] * averages[1]
    return RollingEdge(times, edge, *rates, *averages, count.astype(np.int64))


def autocorrelation(values: ArrayLike, lag: int = 1) -> float:
    """Correlation of each value with the one ``lag`` before it, about the common mean (Box & Jenkins, Time Series
    Analysis, section 2.1.5); NaN without variation or with fewer than lag + 2 values.
    """
    x = _values(values)
    if lag < 1:
        raise BadInput(f"lag must be at least 1, not {lag}")
    if len(x) < lag + 2:
        return float("nan")
    apart = x - x.mean()
    total = float(apart @ apart)
    return float(apart[lag:] @ apart[:-lag]) / total if total > 1e-24 * float(x @ x) else float("nan")


@dataclass(frozen=True)
class Cusum:
    """``path``: the sum after each value, as it stood before a restart; ``alarms``: the values at which it exceeded the
    limit and was restarted from 0.
    """

    path: Floats
    alarms: tuple[int, ...]


def cusum(values: ArrayLike, mean: float, sd: float, drift: float = 0.25, limit: float = 8.5) -> Cusum:
    """Page's test for a fall of the mean, Biometrika 41 (1954) 100-115: S = max(0, S + (mean - x) / sd - drift).

    In units of ``sd``: best for a shift of twice ``drift``; ``limit`` sets the false alarms (``average_run_length``).
    Raises BadInput for what is not finite, an sd or limit that is not positive, a negative drift.
    """
    x = _values(values)
    if not (sd > 0 and limit > 0 and drift >= 0 and np.isfinite(mean)):
        raise BadInput(f"sd and limit must be positive and drift at least 0, not {sd}, {limit} and {drift}")
    steps = (mean - x) / sd - drift
    path, alarms, start = np.empty(len(x)), list[int](), 0
    while start < len(x):
        walk = np.cumsum(steps[start:])
        path[start:] = walk - np.minimum(np.minimum.accumulate(walk), 0.0)
        over = np.flatnonzero(path[start:] > limit)
        if len(over) == 0:
            break
        start += int(over[0]) + 1
        alarms.append(start - 1)
    return Cusum(path, tuple(alarms))


def average_run_length(drift: float, limit: float, shift: float = 0.0) -> float:
    """Values until a CUSUM alarms, on average, when the mean of normal values has fallen by ``shift`` sd (0: until a
    false alarm). Siegmund, Sequential Analysis (1985), equation 2.56: (e^(-2 d b) + 2 d b - 1) / (2 d^2) with
    d = shift - drift, b = limit + 1.166; b^2 for d = 0.
    """
    reach, lead = limit + _OVERSHOOT, shift - drift
    if abs(lead) < 1e-6:
        return reach**2
    return float((np.expm1(-2.0 * lead * reach) + 2.0 * lead * reach) / (2.0 * lead**2))


def cusum_limit(drift: float, false_alarm_every: float) -> float:
    """The limit at which a CUSUM alarms falsely once in ``false_alarm_every`` values on average (normal values).

    Raises BadInput for a drift that is not positive or alarms more often than every 3 values.
    """
    if not (drift > 0 and false_alarm_every >= 3):
        raise BadInput(f"drift must be positive and false_alarm_every at least 3, not {drift} and {false_alarm_every}")
    low, high = 0.0, np.log(2.0 * false_alarm_every * drift**2 + 2.0) / drift + 10.0
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (middle, high) if average_run_length(drift, middle) < false_alarm_every else (low, middle)
    return float(high)


def trades_to_detect(shift: float, false_alarm_every: float = 1_000.0) -> float:
    """Trades that pass on average before a fall of the mean by ``shift`` sd is found by the CUSUM made for it: drift =
    shift / 2, one false alarm in ``false_alarm_every`` trades. Raises BadInput as ``cusum_limit``.
    """
    return average_run_length(shift / 2.0, cusum_limit(shift / 2.0, false_alarm_every), shift)


@dataclass(frozen=True)
class Prior:
    """What is believed of a regime before its first value: normal values, precision Gamma(shape, rate scale), mean
    known as well as from ``weight`` values (Murphy, Conjugate Bayesian analysis of the Gaussian distribution (2007)).
    """

    mean: float = 0.0
    weight: float = 1.0
    shape: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and min(self.weight, self.shape, self.scale) > 0):
            raise BadInput(f"a prior needs a finite mean and positive weight, shape and scale, not {self}")


@dataclass(frozen=True)
class Changes:
    """After each value: ``run_length``, the most probable number of values in the present regime; ``below``, the
    probability that its mean lies below the floor. ``lengths`` and ``posterior``: all run lengths after the last value.
    """

    run_length: Ints
    below: Floats
    lengths: Ints
    posterior: Floats


def change_points(
    values: ArrayLike, prior: Prior | None = None, expected_run: float = 250.0, floor: float = 0.0
) -> Changes:
    """Bayesian online change-point detection: Adams & MacKay, arXiv 0710.3742 (2007), algorithm 1, for normal values of
    unknown mean and variance; before each value but the first a new regime begins with probability 1 / expected_run.

    A run length counts the values of the present regime, the latest included (theirs is one less). Exact up to run
    lengths less probable than e^-30 of the best. Raises BadInput for expected_run <= 1 and values not finite.
    """
    x, start = _values(values), prior or Prior()
    if not expected_run > 1:
        raise BadInput(f"expected_run must exceed 1, not {expected_run}")
    stay, leave = np.log1p(-1.0 / expected_run), -np.log(expected_run)
    first = np.array([[start.mean], [start.weight], [start.shape], [start.scale]])
    regimes, lengths, logs = first[:, :0], np.zeros(0, dtype=np.int64), np.zeros(0)
    run_length, below = np.zeros(len(x), dtype=np.int64), np.zeros(len(x))
    for n, value in enumerate(x.tolist()):
        fresh = _predictive(value, first) + (leave + np.logaddexp.reduce(logs) if n else 0.0)
        logs = np.concatenate([fresh, logs + _predictive(value, regimes) + stay])
        lengths = np.concatenate([[1], lengths + 1])
        regimes = _learned(value, np.concatenate([first, regimes], axis=1))
        kept = logs > logs.max() - _IMPROBABLE
        logs, lengths, regimes = logs[kept], lengths[kept], regimes[:, kept]
        logs -= np.logaddexp.reduce(logs)
        mean, weight, shape, scale = regimes
        run_length[n] = lengths[np.argmax(logs)]
        spread = np.sqrt(scale / (shape * weight))
        below[n] = np.exp(logs) @ special.stdtr(2.0 * shape, (floor - mean) / spread)
    return Changes(run_length, np.clip(below, 0.0, 1.0), lengths, np.exp(logs))


class Action(StrEnum):
    """What should happen to the whale, mildest first."""

    KEEP = "keep"
    REDUCE = "reduce"
    PAUSE = "pause"
    CULL = "cull"


@dataclass(frozen=True)
class EdgeRules:
    """``edge_min``: rolling edge below which people are told and sizes fall. ``learn``: fewest trades that make the
    standard for CUSUM. ``drift``: half the fall, in sd, it is made for; ``false_alarm_days``: how seldom it may be
    wrong. ``memory``: trades that the change-point detection looks at; ``sure``: probability of a regime without edge
    that counts as known. ``autocorrelation_max``: above it, consecutive trades are one bet. ``count_min``: trades in
    the window below which nothing is said about them.
    """

    window_ns: int = 30 * DAY
    edge_min: float = 0.05
    learn: int = 50
    drift: float = 0.25
    false_alarm_days: float = 365.0
    memory: int = 500
    expected_run: float = 250.0
    sure: float = 0.95
    autocorrelation_max: float = 0.7
    count_min: int = 10


@dataclass(frozen=True)
class EdgeVerdict:
    """``edge``: of the last 30 days; ``p_gone``: probability that the present regime earns nothing; ``changed_at``: the
    CUSUM's first alarm in the window (nanoseconds) or None; ``why``: one sentence.
    """

    action: Action
    why: str
    edge: float
    count: int
    autocorrelation: float
    p_gone: float
    changed_at: int | None


def judge(at: ArrayLike, returns: ArrayLike, rules: EdgeRules | None = None) -> EdgeVerdict:
    """Keep, reduce, pause or cull a whale, by its trades until now, given in any order.

    Pause: the CUSUM alarmed within the window or the edge is probably gone; cull: that, and the rolling edge is
    negative; reduce: the rolling edge is below its minimum, or consecutive trades are one bet.
    """
    limits = rules or EdgeRules()
    times, values = _ordered(at, returns)
    if len(values) == 0:
        return EdgeVerdict(Action.KEEP, "no trades yet", float("nan"), 0, float("nan"), float("nan"), None)
    rolling = rolling_edge(times, values, limits.window_ns)
    edge, count = float(rolling.edge[-1]), int(rolling.count[-1])
    repeated = autocorrelation(values[-count:])
    changed_at = _fall(times, values, count, limits)
    prior = Prior(scale=max(float(np.std(values)), 0.1) ** 2)
    gone = float(change_points(values[-limits.memory :], prior, limits.expected_run).below[-1])
    action, why = _action(edge, count, repeated, gone, changed_at, limits)
    return EdgeVerdict(action, why, edge, count, repeated, gone, changed_at)


EDGE_SCHEMA = {
    "wallet": pl.String,
    "action": pl.String,
    "why": pl.String,
    "edge": pl.Float64,
    "count": pl.Int64,
    "autocorrelation": pl.Float64,
    "p_gone": pl.Float64,
    "changed_at_ns": pl.Int64,
}


def edge_table(trades: pl.DataFrame, rules: EdgeRules | None = None) -> pl.DataFrame:
    """A verdict per wallet of ``trades`` (wallet, at_ns, return), by name. Raises BadInput as ``judge``."""
    rows = []
    for (wallet,), own in trades.sort("wallet", "at_ns").group_by("wallet", maintain_order=True):
        one = judge(own["at_ns"].to_numpy(), own["return"].to_numpy(), rules)
        rows.append(
            (wallet, one.action.value, one.why, one.edge, one.count, one.autocorrelation, one.p_gone, one.changed_at)
        )
    return pl.DataFrame(rows, schema=EDGE_SCHEMA, orient="row")


def _fall(times: Ints, values: Floats, count: int, limits: EdgeRules) -> int | None:
    """When the CUSUM alarmed first among the ``count`` trades of the window; the standard is what was traded before it,
    or the first ``learn`` trades where that is less. None without an alarm, or without trades beyond the standard.
    """
    start = max(len(values) - count, limits.learn)
    standard = values[:start]
    sd = float(np.std(standard))
    if len(values) <= start or not sd > 1e-9 * float(np.abs(standard).max()):
        return None
    days = max((int(times[-1]) - int(times[start])) / DAY, 1.0)
    limit = cusum_limit(limits.drift, max((len(values) - start) / days * limits.false_alarm_days, 100.0))
    mean = float(np.mean(standard)) - sd / len(standard) ** 0.5  # a standard that is too high would alarm for nothing
    alarms = cusum(values[start:], mean, sd, limits.drift, limit).alarms
    return int(times[start + alarms[0]]) if alarms else None


def _action(
    edge: float, count: int, repeated: float, gone: float, changed_at: int | None, limits: EdgeRules
) -> tuple[Action, str]:
    enough = count >= limits.count_min
    reasons = []
    if changed_at is not None:
        reasons.append(f"its returns fell, seen on {iso_day(changed_at)}")
    if enough and gone >= limits.sure:
        reasons.append(f"the edge is gone with probability {gone:.2f}")
    if reasons:
        if enough and edge < 0:
            return Action.CULL, f"{' and '.join(reasons)}; {edge:+.3f} per dollar over {count} trades"
        return Action.PAUSE, " and ".join(reasons)
    if enough and edge < limits.edge_min:
        return Action.REDUCE, f"edge {edge:+.3f} per dollar over {count} trades is below {limits.edge_min}"
    if enough and repeated > limits.autocorrelation_max:
        return Action.REDUCE, f"consecutive trades correlate by {repeated:.2f}, above {limits.autocorrelation_max}"
    return Action.KEEP, f"edge {edge:+.3f} per dollar over {count} trades"


def _predictive(value: float, regimes: Floats) -> Floats:
    """Log density of the next value in each regime: Student's t with 2 shape degrees of freedom."""
    mean, weight, shape, scale = regimes
    width = 2.0 * scale * (weight + 1.0) / weight
    constant = special.gammaln(shape + 0.5) - special.gammaln(shape) - 0.5 * np.log(np.pi * width)
    return np.asarray(constant - (shape + 0.5) * np.log1p((value - mean) ** 2 / width))


def _learned(value: float, regimes: Floats) -> Floats:
    mean, weight, shape, scale = regimes
    scale = scale + weight * (value - mean) ** 2 / (2.0 * (weight + 1.0))
    return np.stack([(weight * mean + value) / (weight + 1.0), weight + 1.0, shape + 0.5, scale])


def _values(values: ArrayLike) -> Floats:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise BadInput(f"values must be a list of finite numbers; its shape is {x.shape}")
    return x


def _ordered(at: ArrayLike, returns: ArrayLike) -> tuple[Ints, Floats]:
    """By time; equal times by value, so that the order in which they are given does not matter."""
    times, values = np.asarray(at, dtype=np.int64), _values(returns)
    if times.shape != values.shape:
        raise BadInput(f"at and returns must have one length, not {times.size} and {values.size}")
    order = np.lexsort((values, times))
    return times[order], values[order]
