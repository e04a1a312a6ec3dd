"""Estimates of unequal precision, pulled together: a wallet with few markets is believed less than one with many.

Model: x_i ~ N(theta_i, v_i) with v_i known (the squared error of the estimate) and theta_i ~ N(m, A). The Bayes rule
replaces x_i by  m + A / (A + v_i) (x_i - m);  the methods differ in how they learn A (and m). Shrinking is towards 0,
"no edge", unless asked otherwise: a scored set is selected (leaderboards, large trades), so its own mean is no neutral
ground, and an edge that the wallet itself has not shown should not be lent to it by its neighbours.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize

from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]
Target = float | Literal["mean"]
"""Where estimates are pulled: a fixed number, or a weighted mean of the set itself."""
_GRID = 200


def sure_shrink(estimates: npt.ArrayLike, variances: npt.ArrayLike, target: Target = 0.0) -> Floats:
    """Shrinkage whose A minimises Stein's unbiased estimate of the risk; needs no normality of the theta_i.

    Xie, Kou & Brown, "SURE Estimates for a Heteroscedastic Hierarchical Model", JASA 107 (2012) 1465-1479:
    SURE(A, m) = mean of [(v / (A + v))^2 (x - m)^2 + v (A - v) / (A + v)], over A >= 0 for a fixed ``target`` m, over
    both for ``target="mean"`` (then m is the mean of x with weights (v / (A + v))^2).
    Factors A / (A + v) lie in [0, 1]. An infinite variance gives the target, and teaches nothing about A.
    Raises BadInput for estimates that are not finite, variances that are NaN or <= 0, other lengths.
    """
    x, v = _check(estimates, variances)
    known = np.isfinite(v)
    spread = _sure_spread(x[known], v[known], target)
    return _pull(x, v, spread, _sure_centre(x[known], v[known], spread, target))


def morris_shrink(estimates: npt.ArrayLike, variances: npt.ArrayLike, target: Target = 0.0) -> Floats:
    """Parametric empirical Bayes for unequal variances, positive part.

    Morris, "Parametric Empirical Bayes Inference", JASA 78 (1983) 47-65: A solves, iteratively with weights
    W = 1 / (v + A),  A = max(0, sum W (k / (k - r) (x - m)^2 - v) / sum W), and the factor v / (v + A) is multiplied by
    (k - r - 2) / (k - r), where r = 1 if the mean is estimated, else 0. Fewer than r + 3 wallets are left as they are.
    Arguments, infinite variances and errors as ``sure_shrink``.
    """
    x, v = _check(estimates, variances)
    known = np.isfinite(v)
    y, w = x[known], v[known]
    lost = 1 if target == "mean" else 0
    k = len(y)
    if k < lost + 3:
        return np.where(known, x, 0.0 if target == "mean" else target)
    spread = float(np.var(y))
    for _ in range(1000):
        centre = _precise_centre(y, w, spread, target)
        weights = 1 / (w + spread)
        fresh = max(0.0, float(np.sum(weights * (k / (k - lost) * (y - centre) ** 2 - w)) / np.sum(weights)))
        settled = abs(fresh - spread) <= 1e-12 * (spread + fresh)
        spread = fresh
        if settled:
            break
    return _pull(x, v, spread, _precise_centre(y, w, spread, target), (k - lost - 2) / (k - lost))


def james_stein_common(estimates: npt.ArrayLike, variances: npt.ArrayLike) -> Floats:
    """One factor for all, (1 - (k - 2) / sum x^2 / v)+, towards 0; for comparison only.

    James & Stein (1961), positive part by Baranchik (1964). With unequal variances it shrinks sure wallets too much
    and doubtful ones too little. Arguments and errors as ``sure_shrink``.
    """
    x, v = _check(estimates, variances)
    known = np.isfinite(v)
    k = int(known.sum())
    signal = float(np.sum(x[known] ** 2 / v[known]))
    factor = max(0.0, 1 - (k - 2) / signal) if k > 2 and signal > 0 else 1.0
    return np.where(known, factor * x, 0.0)


def _check(estimates: npt.ArrayLike, variances: npt.ArrayLike) -> tuple[Floats, Floats]:
    x = np.asarray(estimates, dtype=np.float64)
    v = np.asarray(variances, dtype=np.float64)
    if x.ndim != 1 or x.shape != v.shape:
        raise BadInput(f"estimates and variances must be two lists of one length; got shapes {x.shape} and {v.shape}.")
    if not np.all(np.isfinite(x)):
        where = int(np.argmin(np.isfinite(x)))
        raise BadInput(f"estimates must be finite; estimates[{where}] is {x[where]}.")
    if not np.all(v > 0):
        where = int(np.argmin(v > 0))
        raise BadInput(f"variances must be positive; variances[{where}] is {v[where]}.")
    return x, v


def _sure_centre(x: Floats, v: Floats, spread: float, target: Target) -> float:
    return _mean(x, (v / (v + spread)) ** 2) if target == "mean" else target


def _precise_centre(x: Floats, v: Floats, spread: float, target: Target) -> float:
    return _mean(x, 1 / (v + spread)) if target == "mean" else target


def _mean(x: Floats, weights: Floats) -> float:
    return float(np.sum(weights * x) / np.sum(weights)) if len(x) else 0.0


def _pull(x: Floats, v: Floats, spread: float, centre: float, damp: float = 1.0) -> Floats:
    doubt = np.where(np.isfinite(v), v / np.where(np.isfinite(v), v + spread, 1.0) * damp, 1.0)
    return np.asarray(centre + (1 - doubt) * (x - centre))


def _sure_spread(x: Floats, v: Floats, target: Target) -> float:
    """The A >= 0 of least estimated risk: the best of a logarithmic grid, then refined between its neighbours."""
    if len(x) == 0:
        return 0.0

    def risk(spread: float) -> float:
        doubt = v / (v + spread)
        return float(np.mean((doubt * (x - _sure_centre(x, v, spread, target))) ** 2 + v * (1 - 2 * doubt)))

    far = float(np.max(x**2) + np.max(v)) * 1e3
    grid = np.concatenate([[0.0], np.geomspace(float(np.min(v)) * 1e-6, far, _GRID)])
    best = int(np.argmin([risk(float(spread)) for spread in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID)]
    found = optimize.minimize_scalar(risk, bounds=(low, high), method="bounded", options={"xatol": 1e-9 * (high + low)})
    return float(min((found.x, grid[best]), key=risk))
