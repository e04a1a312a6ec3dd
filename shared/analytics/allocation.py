"""How capital is split among ranked wallets: tiers by rank, in proportion to quality, less for wallets that move alike.

Specification, section 4: the first 10 share 70%, the next 20 share 25%, the rest 5%; at most 30% on one wallet; less
than 5% on all wallets whose quality is below 60. What a cap takes away goes to the others of the same tier as far as
their caps allow, and is otherwise left in cash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXPOSURE_MAX_USD = 10_000
"""Open exposure per wallet at most, in dollars."""
DAILY_LOSS_MAX_USD = 200
"""Loss per wallet and UTC day after which it is not copied until the next, in dollars."""


@dataclass(frozen=True)
class AllocationRules:
    """``tiers``: how many wallets, and their share of the capital together; the last tier takes all that follow."""

    tiers: tuple[tuple[int, float], ...] = ((10, 0.70), (20, 0.25), (1_000_000, 0.05))
    wallet_max: float = 0.30
    quality_min: float = 50.0
    low_quality: float = 60.0
    low_quality_max: float = 0.05

    def __post_init__(self) -> None:
        total = sum(share for _, share in self.tiers)
        if not 0.0 < total <= 1.0 + 1e-9:
            raise BadInput(f"tiers must share more than nothing and at most all of the capital, not {total}")
        if not 0.0 < self.wallet_max <= 1.0:
            raise BadInput(f"wallet_max must lie above 0 and at most at 1, not {self.wallet_max}")


def allocate(
    quality: Sequence[float],
    correlation: Floats | None = None,
    trial: Sequence[bool] | None = None,
    rules: AllocationRules | None = None,
) -> Floats:
    """Fractions of capital for wallets given in order of rank by their ``quality`` (0-100).

    ``correlation``: square matrix of their returns, NaN where unknown (counts as 0). A wallet's weight is its quality
    divided by one plus its positive correlations with the better ranked wallets that get something, so that ten
    copies of one strategy weigh about as much as one. Wallets below ``quality_min`` get nothing and take no place in
    a tier; those on ``trial`` share the last tier only, whatever their rank.
    Raises BadInput when the matrix has another shape or a quality lies outside 0-100.
    """
    limits = rules or AllocationRules()
    scores = np.asarray(quality, dtype=np.float64)
    if scores.ndim != 1 or not np.all((scores >= 0.0) & (scores <= 100.0)):
        raise BadInput("quality must be a list of numbers between 0 and 100")
    if correlation is not None and correlation.shape != (len(scores), len(scores)):
        raise BadInput(f"correlation must have the shape {(len(scores),) * 2}, not {correlation.shape}")
    fractions = np.zeros(len(scores))
    used = np.flatnonzero(scores >= limits.quality_min)
    if len(used) == 0:
        return fractions
    weights = scores[used] / (1.0 + _crowding(used, correlation))
    tried = np.zeros(len(used), bool) if trial is None else np.asarray(trial, bool)[used]
    proven, given = np.flatnonzero(~tried), np.zeros(len(used))
    start = 0
    for place, (count, share) in enumerate(limits.tiers, start=1):
        members = proven[start : start + count]
        start += count
        if place == len(limits.tiers):
            members = np.sort(np.append(members, np.flatnonzero(tried)))
        given[members] = _fill(weights[members], share, limits.wallet_max)
    fractions[used] = given
    return _bound_low_quality(fractions, scores, limits)


def _crowding(used: NDArray[np.intp], correlation: Floats | None) -> Floats:
    """Per wallet: the sum of its positive correlations with those before it."""
    if correlation is None:
        return np.zeros(len(used))
    among = np.nan_to_num(np.clip(correlation[np.ix_(used, used)], 0.0, 1.0))
    crowding: Floats = np.tril(among, -1).sum(axis=1)
    return crowding


def _fill(weights: Floats, share: float, cap: float) -> Floats:
    """``share`` in proportion to the weights, none above ``cap``; the excess is handed on until all are full."""
    given = np.zeros(len(weights))
    open_ = weights > 0
    left = share
    while left > 1e-12 and open_.any():
        wish = given + np.where(open_, weights, 0.0) / weights[open_].sum() * left
        over = open_ & (wish >= cap)
        if not over.any():
            given = np.asarray(wish, dtype=np.float64)
            break
        left -= float((cap - given[over]).sum())
        given[over] = cap
        open_ &= ~over
    return given


def _bound_low_quality(fractions: Floats, quality: Floats, limits: AllocationRules) -> Floats:
    """Scale the wallets of low quality so that they stay below their common bound."""
    low = (quality < limits.low_quality) & (fractions > 0)
    total = float(fractions[low].sum())
    if total >= limits.low_quality_max:
        fractions[low] *= 0.999 * limits.low_quality_max / total
    return fractions


def correlations(keys: Ints, wallets: Ints, values: Floats, count: int, shared_min: int = 10) -> Floats:
    """Pearson correlations of the wallets' returns over the markets both traded, as one matrix of ``count`` rows.

    ``keys``, ``wallets``, ``values``: market number, wallet number and return of each observation (one per pair).
    NaN where two wallets share fewer than ``shared_min`` markets or one of them does not vary there. By sparse matrix
    products: the cost is that of the shared markets, not of all pairs of wallets.
    """
    from scipy.sparse import csr_matrix

    shape = (count, int(keys.max(initial=-1)) + 1)
    held = csr_matrix((np.ones(len(values)), (wallets, keys)), shape=shape)
    x = csr_matrix((values, (wallets, keys)), shape=shape)
    n = np.asarray((held @ held.T).todense())
    sx = np.asarray((x @ held.T).todense())
    sxx = np.asarray((x.multiply(x) @ held.T).todense())
    sxy = np.asarray((x @ x.T).todense())
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = sxy / n - (sx / n) * (sx.T / n)
        variance = np.maximum(sxx / n - (sx / n) ** 2, 0.0)
        found = covariance / np.sqrt(variance * variance.T)
    blank = (n < shared_min) | ~(variance > 1e-12) | ~(variance.T > 1e-12)
    matrix: Floats = np.where(blank, np.nan, np.clip(found, -1.0, 1.0))
    return matrix
