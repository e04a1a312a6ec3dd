"""Plain measures of a wallet: what it earned, how evenly, how often. Floats in, floats out, one number per wallet.

Wallets lie behind each other: wallet i is ``values[offsets[i]:offsets[i + 1]]`` (see ragged.py). A measure that does
not exist (no value, no variance) is NaN.
"""

import itertools

import numpy as np
import numpy.typing as npt
from scipy import special

from shared.analytics.ragged import check_ragged, owners, wallet_sums
from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MAD_TO_SD = 1.482602218505602
"""Standard deviation of a normal distribution / its median absolute deviation, 1 / Phi^-1(3/4)."""
MEAN_AD_TO_SD = 1.2533141373155001
"""Standard deviation of a normal distribution / its mean absolute deviation, sqrt(pi / 2)."""
_ROUNDING = 1e-12
DAYS_PER_YEAR = 365.0
"""The venue never closes."""


def sharpe(values: Floats, offsets: Ints) -> Floats:
    """Mean / standard deviation (divisor n) per wallet, per return, risk-free rate 0 (Sharpe, J. Business 39 (1966)).

    NaN without variance. Raises BadInput for values that are not finite and offsets that do not fit.
    """
    values, offsets = check_ragged(values, offsets)
    return _weighted_sharpe(values, np.ones_like(values), offsets)


def annual_sharpe(daily: Floats, offsets: Ints) -> Floats:
    """Sharpe ratio of daily returns or P&L (days without trades as 0), times sqrt(365); NaN without variance."""
    return np.asarray(sharpe(daily, offsets) * np.sqrt(DAYS_PER_YEAR))


def ewma_sharpe(values: Floats, ages_days: Floats, offsets: Ints, half_life_days: float) -> Floats:
    """Sharpe ratio with exponentially falling weights: a return ``half_life_days`` older counts half.

    Weights w = 2^(-age / half-life) in both moments (RiskMetrics Technical Document, 4th ed. (1996), section 5.2),
    normalised, so only differences of age matter. NaN without variance. Per return, not annualised.
    Raises BadInput for values or ages that are not finite, ages of another length, a half-life <= 0.
    """
    if not half_life_days > 0:
        raise BadInput(f"half_life_days must be positive; got {half_life_days}.")
    values, offsets = check_ragged(values, offsets)
    ages, _ = check_ragged(ages_days, offsets, "ages_days")
    youngest = np.full(len(offsets) - 1, np.inf)
    wallet = owners(offsets)
    np.minimum.at(youngest, wallet, ages)
    weights = np.exp2(-(ages - youngest[wallet]) / half_life_days)
    return _weighted_sharpe(values, weights, offsets)


def _weighted_sharpe(values: Floats, weights: Floats, offsets: Ints) -> Floats:
    wallet = owners(offsets)
    total = wallet_sums(weights, offsets)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = wallet_sums(weights * values, offsets) / total
        variance = wallet_sums(weights * (values - mean[wallet]) ** 2, offsets) / total
        square = wallet_sums(weights * values**2, offsets) / total
        return np.where(variance > _ROUNDING * square, mean / np.sqrt(variance), np.nan)


def beta_win_rate(
    wins: npt.ArrayLike, losses: npt.ArrayLike, prior: tuple[float, float] = (1.0, 1.0), level: float = 0.95
) -> tuple[Floats, Floats]:
    """Posterior mean of the win rate and the bound it exceeds with probability ``level``.

    ``wins`` and ``losses`` (counts, may be fractional) update a Beta(a, b) ``prior``; (1, 1) is uniform (Gelman et al.,
    Bayesian Data Analysis, 3rd ed., section 2.4). Raises BadInput for negative counts, a prior <= 0, a level outside
    (0, 1).
    """
    won = np.asarray(wins, dtype=np.float64)
    lost = np.asarray(losses, dtype=np.float64)
    for name, counts in (("wins", won), ("losses", lost)):
        if not np.all(counts >= 0):
            raise BadInput(f"{name} must be counts of at least 0; got {counts[~(counts >= 0)].flat[0]}.")
    if not min(prior) > 0:
        raise BadInput(f"prior must be two positive numbers; got {prior}.")
    if not 0 < level < 1:
        raise BadInput(f"level must lie between 0 and 1; got {level}.")
    a, b = won + prior[0], lost + prior[1]
    return np.asarray(a / (a + b)), np.asarray(special.betaincinv(a, b, 1 - level))


def profit_factor(values: Floats, offsets: Ints) -> Floats:
    """Sum of gains / sum of losses: inf with gains only, 0 with losses only, NaN with neither."""
    values, offsets = check_ragged(values, offsets)
    gains = wallet_sums(np.maximum(values, 0.0), offsets)
    losses = wallet_sums(np.maximum(-values, 0.0), offsets)
    with np.errstate(divide="ignore", invalid="ignore"):
        return gains / losses


def max_drawdown(values: Floats, offsets: Ints) -> Floats:
    """Largest fall of the running sum from its highest point so far (at least the start); 0 or positive."""
    values, offsets = check_ragged(values, offsets)
    falls = np.zeros(len(offsets) - 1)
    for wallet, (first, last) in enumerate(itertools.pairwise(offsets)):
        path = np.concatenate([[0.0], np.cumsum(values[first:last])])
        falls[wallet] = np.max(np.maximum.accumulate(path) - path)
    return falls


def robust_z(x: npt.ArrayLike) -> Floats:
    """Distance from the median in robust standard deviations: (x - median) / (1.4826 MAD) over the finite x.

    Iglewicz & Hoaglin, "How to Detect and Handle Outliers" (ASQC 1993): where the MAD is 0 (more than half of the
    values equal) the mean absolute deviation about the median takes its place, times 1.2533; where that is 0 too, or
    with fewer than 3 finite values, nothing is unusual and z is 0. NaN and infinite x get NaN.
    """
    values = np.asarray(x, dtype=np.float64)
    finite = np.isfinite(values)
    known = values[finite]
    z = np.full(values.shape, np.nan)
    if known.size == 0:
        return z
    from_middle = known - np.median(known)
    scale = float(np.median(np.abs(from_middle))) * MAD_TO_SD
    tiny = _ROUNDING * float(np.max(np.abs(known)))
    if scale <= tiny:
        scale = float(np.mean(np.abs(from_middle))) * MEAN_AD_TO_SD
    z[finite] = from_middle / scale if known.size >= 3 and scale > tiny else 0.0
    return z
