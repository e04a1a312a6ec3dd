"""How sure a wallet's Sharpe ratio is: studentized circular block bootstrap, many wallets at once.

After Ledoit & Wolf, "Robust performance hypothesis testing with the Sharpe ratio", J. Empirical Finance 15 (2008)
850-859, section 3.2, for one ratio instead of a difference of two. All wallets lie behind each other in one array:
``values`` (returns in time order) and ``offsets`` (wallet i is ``values[offsets[i]:offsets[i + 1]]``).

The ratio theta = mu / sigma is a smooth function of two moments; what its error depends on is one series, the
influence of each return on it, with z = (x - mu) / sigma:  psi = z - theta / 2 * (z^2 - 1).

* Original world: error from the long-run variance of psi by the prewhitened quadratic-spectral kernel (Andrews &
  Monahan, Econometrica 60 (1992) 953-966; bandwidth by Andrews (1991), equations 6.2 and 6.4). The paper does this on
  the vector of moments; the scalar psi has the same limit and, unlike the vector, stays regular for bets that pay one
  of two amounts, whose moments are collinear.
* Bootstrap world: l = floor(n / b) circular blocks of length b (Politis & Romano 1992), error from the variance of
  the sums of psi* over those blocks (Goetze & Kuensch, Annals of Statistics 24 (1996) 1914-1933).
* Interval: theta -+ q * error, where q is the ``level`` quantile of |theta* - theta| / error*.
* b: Politis & White (Econometric Reviews 23 (2004) 53-70, corrected by Patton, Politis & White, 28 (2009) 372-375) on
  psi, rounded, at least 1, capped as there and at n / 10.

A resample whose blocks are all alike has no error, which counts as an infinite deviation. One without variance has no
ratio at all. It makes the interval infinite: too few wins or too few losses to say.
Each wallet draws its own resamples from a generator seeded by its values and the global seed, so the result does not
depend on the order or the names of wallets, nor on the number of threads.

With ``shared=True`` wallets of equal length and block length use the same resamples (bootstrap_shared.py), which is
quicker from some thousand resamples on and says the same of each wallet alone. Scores use resamples of their own: the
result of a wallet is then its own to the last bit, whoever else is scored, and the luck of the draw does not move all
wallets of one length together.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.analytics.bootstrap_loops import interval_loop, original_loop, resample_loop
from shared.analytics.bootstrap_shared import Work, by_products, shared_keys, split
from shared.analytics.ragged import check_ragged
from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CHUNK_VALUES = 20_000
"""Returns per piece of work: small enough that two cores finish together, large enough that handing out is free."""


@dataclass(frozen=True, slots=True)
class SharpeIntervals:
    """Per wallet, in the order given. Ratios are per return, not annualised.

    sharpe: mean / standard deviation (divisor n); NaN without variance or with fewer than 2 returns.
    se: its error in the original world; infinite where the interval is.
    low, high: ends of the interval; -inf and +inf where it is infinite, never NaN.
    block: block length, in returns.
    degenerate: resamples without variance, of b; one is enough to make the interval infinite.
    """

    sharpe: Floats
    se: Floats
    low: Floats
    high: Floats
    block: Ints
    degenerate: Ints


@dataclass(frozen=True, slots=True)
class Resamples:
    """Every resample of one wallet: what the interval is made of, to be inspected or compared.

    starts: (b, l) first position of each block; ratios: theta*; errors: block error of theta* (both NaN without
    variance); sharpe, se: the original world.
    """

    starts: Ints
    ratios: Floats
    errors: Floats
    sharpe: float
    se: float
    block: int

    def studentized(self) -> Floats:
        """(theta* - theta) / error*, per resample; not finite where the error is 0 or there is no variance."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.ratios - self.sharpe) / self.errors

    def percentile_ends(self, level: float = 0.95) -> tuple[float, float]:
        """The plain percentile interval of theta* (Efron 1979), linear between order statistics."""
        low, high = np.quantile(self.ratios, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


def sharpe_interval(
    values: Floats,
    offsets: Ints,
    level: float = 0.95,
    b: int = 1999,
    seed: int = 0,
    block: int | None = None,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    *,
    shared: bool = False,
) -> SharpeIntervals:
    """Sharpe ratio of every wallet with its symmetric studentized block-bootstrap interval.

    ``level`` in (0, 1); ``b`` resamples per wallet; ``block`` fixes the block length (else chosen per wallet from the
    data); ``threads`` (else all cores this process may use) changes the time, never the result; ``progress`` is told
    the number of wallets done, in steps; ``shared`` lets wallets of equal length and block length share resamples.
    Fewer than 4 returns give an infinite interval.
    Raises BadInput for NaN or infinite values, offsets that do not span them, a level outside (0, 1), too few
    resamples for it (b + 1 < 1 / (1 - level)), block or threads < 1.
    """
    _check(level, b, block)
    if threads is not None and threads < 1:
        raise BadInput(f"threads must be at least 1; got {threads}.")
    values, offsets = check_ragged(values, offsets)
    count = len(offsets) - 1
    floats, ints, keys = np.empty((4, count)), np.empty((2, count), np.int64), np.empty(count, np.uint64)
    work = Work(values, offsets, b, _rank(level, b) - 1, seed, floats, ints)
    cores = threads or available_cores()
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None and more:
            progress(done)

    def original(part: Ints) -> None:
        original_loop(values, offsets, part, seed, block or 0, floats, ints, keys)

    def resampled(part: Ints) -> int:
        interval_loop(values, offsets, part, drawn, b, work.order, floats, ints)
        return len(part)

    with ThreadPoolExecutor(max_workers=cores) as pool:
        list(pool.map(original, _pieces(offsets, np.arange(count))))
        single = np.flatnonzero(np.isfinite(floats[1]))
        add(count - len(single))
        drawn = keys
        if shared:
            groups, single = split(work, single, keys)
            for group in groups:
                by_products(work, group, pool, cores, add)
            drawn = shared_keys(work, single)
        for finished in pool.map(resampled, _pieces(offsets, single)):
            add(finished)
    return SharpeIntervals(floats[0], floats[1], floats[2], floats[3], ints[0], ints[1])


def resamples(
    values: Floats, b: int = 1999, seed: int = 0, block: int | None = None, *, shared: bool = False
) -> Resamples:
    """The resamples that ``sharpe_interval`` draws for a wallet with these returns, b, seed, block and ``shared``.

    Raises BadInput as ``sharpe_interval``, and for fewer than 4 returns or returns without variance.
    """
    _check(0.5, b, block)
    values, _ = check_ragged(values, np.array([0, len(values)]))
    if len(values) >= 4:
        starts, ratios, errors, sharpe, se, length = resample_loop(values, b, seed, block or 0, shared)
        if not math.isnan(sharpe):
            return Resamples(starts, ratios, errors, sharpe, se, length)
    width = float(np.ptp(values)) if len(values) else 0.0
    raise BadInput(f"values must be at least 4 returns with variance; got {len(values)} with range {width}.")


def available_cores() -> int:
    """Cores this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _check(level: float, b: int, block: int | None) -> None:
    if not 0 < level < 1:
        raise BadInput(f"level must lie between 0 and 1; got {level}.")
    if _rank(level, b) > b:
        fewest = math.ceil(1 / (1 - level) - 1e-9) - 1
        raise BadInput(f"b must be at least {fewest} resamples for level {level}; got {b}.")
    if block is not None and block < 1:
        raise BadInput(f"block must be at least 1 return; got {block}.")


def _rank(level: float, b: int) -> int:
    """Which of b sorted deviations is the ``level`` quantile: of 1,999 at 95% the 1,900th, as 1,900 / (b + 1) = 95%."""
    return math.ceil(level * (b + 1) - 1e-9)  # less the rounding of a product such as 0.95 * 2000


def _pieces(offsets: Ints, wallets: Ints) -> list[Ints]:
    """``wallets`` in runs of about ``_CHUNK_VALUES`` returns each."""
    if len(wallets) == 0:
        return []
    behind = np.cumsum(np.diff(offsets)[wallets])
    marks = np.searchsorted(behind, np.arange(_CHUNK_VALUES, behind[-1], _CHUNK_VALUES))
    return [piece for piece in np.split(wallets, np.unique(marks)) if len(piece)]
