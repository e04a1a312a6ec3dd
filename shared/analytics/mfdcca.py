"""Multifractal detrended cross-correlation analysis: do two series move together, at which scales, and non-linearly?

Zhou, "Multifractal detrended cross-correlation analysis for two nonstationary signals", Phys. Rev. E 77 (2008) 066211,
section II. With x = y it is the MF-DFA of Kantelhardt et al., Physica A 316 (2002) 87-114. Both series are summed up to
profiles, cut into segments of s values from the front and from the back, and freed of a polynomial per segment; F(v, s)
is the mean product of what remains. The moments of |F| over the segments grow like s^h(q).

Zhou writes F^(q/2) of a covariance that may be negative; as in the papers that followed (He & Chen, Chaos, Solitons &
Fractals 44 (2011) 355-361), its absolute value is used for h(q), while the sign is kept where it means something, in
the coefficient rho_DCCA (Zebende, Physica A 390 (2011) 614-618), which lies between -1 and 1.

Computed off the hot path; one pair of 5,000 values takes milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.domain.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOMENTS = tuple(float(q) for q in range(-5, 6))
"""Orders q: negative ones weigh quiet segments, positive ones violent ones; 2 is the ordinary Hurst exponent."""
SCALE_MIN = 10
"""Shorter segments have too few values left after detrending."""
_ROUNDING = 1e-20
"""A covariance this small beside the typical one is that of a segment in which nothing happened."""


@dataclass(frozen=True)
class MfDcca:
    """``fluctuation[i, j]`` = F_xy(q_i, s_j); ``h``: its slope in log-log per q, with its standard error; ``rho``: the
    coefficient rho_DCCA per scale.
    """

    q: Floats
    scales: Ints
    fluctuation: Floats
    h: Floats
    h_error: Floats
    rho: Floats


def mfdcca(
    x: ArrayLike,
    y: ArrayLike,
    q: Sequence[float] = MOMENTS,
    scales: Sequence[int] | None = None,
    order: int = 1,
) -> MfDcca:
    """The whole analysis of two series of equal length; ``order``: degree of the polynomial taken out per segment.

    ``scales``: lengths of segments, by default 20 between 10 and a quarter of the series. A segment without any
    remaining covariance has no power of negative or zero order and is left out of those. Raises BadInput for series
    that are too short, of different length, constant or not finite, and for scales that do not fit.
    """
    one, other = _series(x, "x"), _series(y, "y")
    if one.shape != other.shape:
        raise BadInput(f"x and y must have one length, not {len(one)} and {len(other)}")
    lengths = _scales(len(one), scales, order)
    moments = np.asarray(q, dtype=np.float64)
    if moments.ndim != 1 or moments.size == 0 or not np.isfinite(moments).all():
        raise BadInput(f"q must be a list of finite numbers, not {q}")
    profiles = np.cumsum(np.stack([one - one.mean(), other - other.mean()]), axis=1)
    fluctuation = np.empty((len(moments), len(lengths)))
    rho = np.empty(len(lengths))
    for place, scale in enumerate(lengths.tolist()):
        rest = _detrended(profiles, scale, order)
        joint = np.einsum("vk,vk->v", rest[0], rest[1]) / scale
        own = np.einsum("ivk,ivk->i", rest, rest) / scale
        typical = float(np.sqrt(own[0]) * np.sqrt(own[1])) / len(joint)
        fluctuation[:, place] = _moments(np.where(np.abs(joint) > _ROUNDING * typical, np.abs(joint), 0.0), moments)
        rho[place] = _ratio(float(joint.sum()), float(own[0]), float(own[1]))
    h, error = _slopes(lengths, fluctuation)
    return MfDcca(moments, lengths, fluctuation, h, error, rho)


def mfdfa(x: ArrayLike, q: Sequence[float] = MOMENTS, scales: Sequence[int] | None = None, order: int = 1) -> MfDcca:
    """Multifractal detrended fluctuation analysis of one series: ``mfdcca`` of the series with itself."""
    return mfdcca(x, x, q, scales, order)


def detrended_correlations(series: ArrayLike, scale: int, order: int = 1) -> Floats:
    """rho_DCCA at one scale for every pair of rows of ``series`` (wallets x times), all at once.

    A row without variation has 0 with all others and 1 with itself, as an unknown correlation counts for nothing.
    Raises BadInput for a scale that does not fit and values that are not finite.
    """
    rows = np.asarray(series, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise BadInput(f"series must be a table of finite numbers, wallets in rows; its shape is {rows.shape}")
    length = int(_scales(rows.shape[1], [scale], order)[0])
    profiles = np.cumsum(rows - rows.mean(axis=1, keepdims=True), axis=1)
    rest = _detrended(profiles, length, order).reshape(len(rows), -1)
    joint = rest @ rest.T
    size = np.sqrt(np.diag(joint))
    both = np.outer(size, size)
    tiny = 1e-9 * np.outer(np.abs(rows).max(axis=1), np.abs(rows).max(axis=1))
    found = np.clip(np.divide(joint, both, out=np.zeros_like(joint), where=both > tiny), -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def default_scales(length: int, count: int = 20) -> list[int]:
    """At most ``count`` different lengths, even in logarithm, from 10 to a quarter of the series."""
    spread = np.geomspace(SCALE_MIN, max(length // 4, SCALE_MIN), count)
    return [int(scale) for scale in np.unique(np.round(spread).astype(np.int64))]


def _series(values: ArrayLike, name: str) -> Floats:
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise BadInput(f"{name} must have one dimension; got {series.ndim}")
    if not np.isfinite(series).all():
        where = int(np.argmin(np.isfinite(series)))
        raise BadInput(f"{name} must be finite; {name}[{where}] is {series[where]}")
    if series.size and np.ptp(series) <= 1e-12 * float(np.abs(series).max()):
        raise BadInput(f"{name} must vary; every value is {series[0]}")
    return series


def _scales(length: int, scales: Sequence[int] | None, order: int) -> Ints:
    if order < 0:
        raise BadInput(f"order must be at least 0, not {order}")
    if scales is None and length < 4 * SCALE_MIN:
        raise BadInput(f"a series needs at least {4 * SCALE_MIN} values; got {length}")
    lengths = np.asarray(default_scales(length) if scales is None else scales, dtype=np.int64)
    if scales is None:
        lengths = lengths[lengths >= order + 2]
    if lengths.ndim != 1 or lengths.size == 0:
        raise BadInput(f"scales must be a list of lengths; got {scales}")
    wrong = (lengths < order + 2) | (lengths > length)
    if wrong.any():
        raise BadInput(f"scales must lie between {order + 2} and {length}; one is {lengths[wrong][0]}")
    return lengths


def _detrended(profiles: Floats, scale: int, order: int) -> Floats:
    """Segments of the profiles (rows x 2N x scale), front and back, without their polynomials of least squares."""
    count = profiles.shape[1] // scale
    front, back = profiles[:, : count * scale], profiles[:, profiles.shape[1] - count * scale :]
    segments = np.concatenate([part.reshape(len(profiles), count, scale) for part in (front, back)], axis=1)
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, scale), order + 1, increasing=True))
    return np.asarray(segments - (segments @ basis) @ basis.T)


def _moments(sizes: Floats, q: Floats) -> Floats:
    """(mean of F^(q/2))^(1/q) per q, for q = 0 its limit exp(mean of ln F / 2); in logarithms, so nothing overflows."""
    logs = np.log(sizes[sizes > 0])
    if len(logs) == 0:
        return np.full(len(q), np.nan)
    powers = np.outer(q / 2, logs)
    top = powers.max(axis=1)
    counted = np.where(q > 0, len(sizes), len(logs))
    means = top + np.log(np.exp(powers - top[:, None]).sum(axis=1) / counted)
    divisor = np.where(q == 0, 1.0, q)
    return np.asarray(np.exp(np.where(q == 0, logs.mean() / 2, means / divisor)))


def _slopes(scales: Ints, fluctuation: Floats) -> tuple[Floats, Floats]:
    """Slope of ln F on ln s per q, and its standard error (NaN with fewer than 2 and 3 scales)."""
    x = np.log(scales) - np.log(scales).mean()
    y = np.log(fluctuation) - np.log(fluctuation).mean(axis=1, keepdims=True)
    spread, count = float(x @ x), len(x)
    if not spread > 0:
        return np.full(len(y), np.nan), np.full(len(y), np.nan)
    slope = y @ x / spread
    if count < 3:
        return slope, np.full(len(y), np.nan)
    residual = y - np.outer(slope, x)
    return slope, np.sqrt((residual**2).sum(axis=1) / (count - 2) / spread)


def _ratio(joint: float, own: float, other: float) -> float:
    size = float(np.sqrt(own) * np.sqrt(other))
    return float(np.clip(joint / size, -1.0, 1.0)) if size > 0 else float("nan")
