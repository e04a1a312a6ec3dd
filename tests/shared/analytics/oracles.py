"""The Sharpe interval in other words: plain formulas, and arch and SciPy drawing the positions they are told to."""

import itertools

import arch.bootstrap
import numpy as np
import numpy.typing as npt

from shared.analytics.bootstrap import Resamples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def ratio(x: Floats) -> float:
    return float(np.mean(x) / np.std(x))


def ratio_array(x: Floats) -> Floats:
    return np.array([ratio(x)])


def influence(x: Floats) -> Floats:
    z = (x - x.mean()) / x.std()
    return np.asarray(z - ratio(x) / 2 * (z**2 - 1))


def block_error(x: Floats, block: int) -> float:
    """Error of the ratio from sums of its influence over consecutive whole blocks, in the words of the paper."""
    x = x[: len(x) // block * block]
    sums = influence(x).reshape(-1, block).sum(axis=1) / np.sqrt(block)
    return float(np.sqrt(np.mean(sums**2) / len(x)))


class Replayed(arch.bootstrap.IIDBootstrap):
    """arch, drawing the positions it is told to."""

    def __init__(self, positions: Ints, x: Floats) -> None:
        super().__init__(x)
        self._rows = itertools.cycle(positions)

    def update_indices(self) -> Ints:
        return np.asarray(next(self._rows))


class Told(np.random.Generator):
    """A generator for SciPy that returns known positions."""

    positions: Ints

    def integers(self, *_args: object, **_named: object) -> Ints:  # type: ignore[override]  # SciPy calls only this
        return self.positions


def positions_of(drawn: Resamples, n: int) -> Ints:
    steps = (drawn.starts[:, :, None] + np.arange(drawn.block)) % n
    return np.asarray(steps.reshape(len(drawn.starts), -1))


def some_returns(n: int, seed: int, carry: float = 0.0) -> Floats:
    noise = np.random.default_rng(seed).standard_t(5, n)
    x = noise.copy()
    for i in range(1, n):
        x[i] += carry * x[i - 1]
    return x + 0.1


def plain_long_run_variance(psi: Floats) -> float:
    """The same estimate, written with array formulas and np.correlate."""
    n = len(psi)
    rho = float(np.clip(psi[1:] @ psi[:-1] / (psi[:-1] @ psi[:-1]), -0.97, 0.97))
    e = psi[1:] - rho * psi[:-1]
    a = float(np.clip(e[1:] @ e[:-1] / (e @ e), -0.97, 0.97))
    bandwidth = 1.3221 * (4 * a**2 / (1 - a) ** 4 * len(e)) ** 0.2
    covariances = np.correlate(e, e, "full")[len(e) - 1 :] / len(e)
    x = 6 * np.pi * np.arange(1, len(e)) / bandwidth / 5
    weights = 3 / x**2 * (np.sin(x) / x - np.cos(x))
    total = covariances[0] + 2 * weights @ covariances[1:]
    return float(total / (1 - rho) ** 2 * n / (n - 2))


def oracle_ends(x: Floats, drawn: Resamples, level: float) -> tuple[float, float]:
    """The symmetric interval on these resamples: arch's loop and block length, plain formulas for everything else."""
    b = len(drawn.starts)
    places = positions_of(drawn, len(x))
    both = Replayed(places, x).apply(lambda y: np.array([ratio(y), block_error(y, drawn.block)]), b)
    reach = np.sort(np.abs((both[:, 0] - ratio(x)) / both[:, 1]))[int(np.ceil(level * (b + 1) - 1e-9)) - 1]
    error = float(np.sqrt(plain_long_run_variance(influence(x)) / len(x)))
    return ratio(x) - reach * error, ratio(x) + reach * error


def oracle_block(x: Floats) -> int:
    """arch's block length, rounded, at least 1, at most a tenth of the returns."""
    length = float(arch.bootstrap.optimal_block_length(influence(x))["circular"].iloc[0])
    return max(1, min(int(length + 0.5), len(x) // 10))


def ragged(wallets: list[Floats]) -> tuple[Floats, Ints]:
    return np.concatenate(wallets), np.concatenate([[0], np.cumsum([len(w) for w in wallets])])
