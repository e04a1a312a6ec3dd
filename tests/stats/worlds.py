"""Returns whose true Sharpe ratio is known, for the coverage of the interval."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, signal

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Floats]

TRUE_RATIO = 0.1
CARRY = 0.3
_WARM_UP = 100


def normal(rng: np.random.Generator, wallets: int, n: int) -> Floats:
    """Independent normal returns."""
    return TRUE_RATIO + rng.normal(size=(wallets, n))


def autoregressive(rng: np.random.Generator, wallets: int, n: int) -> Floats:
    """Each return carries 0.3 of the one before; unit variance."""
    noise = rng.normal(size=(wallets, n + _WARM_UP)) * np.sqrt(1 - CARRY**2)
    return np.asarray(TRUE_RATIO + signal.lfilter([1.0], [1.0, -CARRY], noise, axis=1)[:, _WARM_UP:])


def heavy_tailed(rng: np.random.Generator, wallets: int, n: int) -> Floats:
    """Student's t with 4 degrees of freedom (variance 2), scaled to unit variance."""
    return np.asarray(TRUE_RATIO + rng.standard_t(4, size=(wallets, n)) / np.sqrt(2))


def bets(price: float) -> Draw:
    """Return of buying at ``price`` a share that pays with the chance that makes the ratio true: won / price - 1."""

    def excess(chance: float) -> float:
        return float((chance - price) / np.sqrt(chance * (1 - chance)) - TRUE_RATIO)

    chance = optimize.brentq(excess, price, 1 - 1e-9)

    def draw(rng: np.random.Generator, wallets: int, n: int) -> Floats:
        return np.asarray((rng.random((wallets, n)) < chance) / price - 1)

    return draw


SMOOTH: dict[str, Draw] = {"iid normal": normal, "AR(1) 0.3": autoregressive, "t(4)": heavy_tailed}
BETS: dict[str, Draw] = {f"bets at {price}": bets(price) for price in (0.5, 0.8, 0.95)}
