"""Is a Sharpe ratio more than luck, after so many attempts? Probabilistic and Deflated Sharpe Ratio.

* PSR(b): the probability that the true ratio exceeds b, given the one estimated from n returns with skewness g3 and
  kurtosis g4 (Bailey & Lopez de Prado, "The Sharpe ratio efficient frontier", J. of Risk 15(2) (2012) 3-44, eq. 11):
  Phi((SR - b) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)).
* DSR: the same against the ratio that the best of N attempts without any edge is expected to show (Bailey & Lopez de
  Prado, "The Deflated Sharpe Ratio", J. of Portfolio Management 40(5) (2014) 94-107, eq. 1 and 2):
  b = s ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))), g Euler's constant, s the deviation of the attempts' ratios.

Both suppose returns that are independent of each other; ratios are per return, not annualised. Nothing but NumPy and
the standard library, so that a page can compute them.
"""

import math
from statistics import NormalDist

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from shared.domain.errors import BadInput

LEAST = 10
"""With fewer returns neither skewness nor kurtosis means anything."""
_EULER = 0.5772156649015329
_NORMAL = NormalDist()


class Deflated(Struct, frozen=True):
    """``sharpe`` of ``n`` returns, and how sure it is. ``psr``: probability that the true ratio is above 0; ``dsr``:
    that it is above ``luck``, what the best of ``trials`` attempts without an edge is expected to show.
    """

    n: int
    sharpe: float
    skewness: float
    kurtosis: float
    psr: float
    trials: int
    luck: float
    dsr: float


def deflated(returns: ArrayLike, trials: int = 1, spread: float | None = None) -> Deflated | None:
    """The figures of these returns, of the best of ``trials`` attempts; None for fewer than 10 or without variance.

    ``spread``: standard deviation of the attempts' Sharpe ratios; by default 1 / sqrt(n - 1), that of ratios which
    differ by luck alone. Raises BadInput for returns that are not finite, fewer than one trial, a negative spread.
    """
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise BadInput("returns must be a list of finite numbers")
    if trials < 1:
        raise BadInput(f"trials must be at least 1, not {trials}")
    if spread is not None and not 0.0 <= spread < math.inf:
        raise BadInput(f"spread must be a finite number from 0 on, not {spread}")
    n = len(values)
    if n < LEAST:
        return None
    deviation = float(values.std())
    if deviation <= 1e-12 * float(np.abs(values).max()):
        return None
    z = (values - values.mean()) / deviation
    ratio, skewness, kurtosis = float(values.mean()) / deviation, float((z**3).mean()), float((z**4).mean())
    luck = best_of_luck(trials, 1.0 / math.sqrt(n - 1) if spread is None else spread)
    variance = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    # Bets that nearly all bring the same drive it to 0, where the formula no longer holds: nothing is claimed then.
    error = math.sqrt(max(variance, 0.0) / (n - 1))
    psr, dsr = (_above(ratio - bound, error) for bound in (0.0, luck))
    return Deflated(n, ratio, skewness, kurtosis, psr, trials, luck, dsr)


def best_of_luck(trials: int, spread: float) -> float:
    """The ratio that the best of so many attempts without an edge is expected to show; 0 for a single one."""
    if trials == 1:
        return 0.0
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / trials), _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return spread * ((1.0 - _EULER) * first + _EULER * second)


def _above(distance: float, error: float) -> float:
    return 0.5 if error <= 1e-12 else _NORMAL.cdf(distance / error)
