"""What might come next if the past went on: paths drawn from what came before, as bands (a Monte Carlo fan).

A path is made of circular blocks of the past steps (Politis & Romano, "A circular block-resampling procedure for
stationary data", in Exploring the Limits of Bootstrap (1992) 263-270), so that what follows upon what is kept within a
block; its length is the cube root of the number of steps, the rate at which the best length grows (Hall, Horowitz &
Jing, Biometrika 82 (1995) 561-574). Steps are amounts and add up: stakes stay as they were, nothing is reinvested, and
no path knows anything that has not happened in the past steps. Seeded: the same steps give the same fan.

NumPy alone: the loops of ``bootstrap`` would have to be compiled first, for which nobody who opens a page should wait.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from shared.domain.errors import BadInput

Floats = NDArray[np.float64]

LEAST = 10
"""With fewer steps there is nothing to draw from."""
PATHS = 2_000
HORIZON_MAX = 1_000
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Fan(Struct, frozen=True):
    """``bands[i][k]``: the ``levels[i]`` quantile of the paths after k steps, the start included (k = 0).

    ``block``: steps in a block. ``loses``: share of the paths that end below the start. ``fall``: the median and the
    95% quantile of a path's largest fall from its highest point so far.
    """

    levels: tuple[float, ...]
    bands: list[list[float]]
    paths: int
    block: int
    loses: float
    fall: tuple[float, float]


def fan(steps: ArrayLike, start: float, horizon: int, paths: int = PATHS, seed: int = 0) -> Fan | None:
    """Paths of ``horizon`` steps from ``start``, in the units of the steps; None for fewer than 10 steps.

    Raises BadInput for steps or a start that are not finite, a horizon outside 1..1,000, fewer than 1 path.
    """
    values = np.asarray(steps, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or not np.isfinite(start):
        raise BadInput("steps and start must be finite numbers")
    if not 1 <= horizon <= HORIZON_MAX or paths < 1:
        raise BadInput(f"horizon must be 1 to {HORIZON_MAX} steps and paths at least 1, not {horizon} and {paths}")
    if len(values) < LEAST:
        return None
    block = max(1, round(len(values) ** (1 / 3)))
    drawn = _drawn(values, block, horizon, paths, seed)
    walked = np.concatenate([np.full((paths, 1), start), start + np.cumsum(drawn, axis=1)], axis=1)
    falls = (np.maximum.accumulate(walked, axis=1) - walked).max(axis=1)
    bands = np.quantile(walked, LEVELS, axis=0)
    middle, deep = np.quantile(falls, (0.5, 0.95))
    loses = float((walked[:, -1] < start).mean())
    return Fan(LEVELS, bands.tolist(), paths, block, loses, (float(middle), float(deep)))


def _drawn(values: Floats, block: int, horizon: int, paths: int, seed: int) -> Floats:
    """Blocks behind each other, cut off at the horizon; behind the last step comes the first."""
    count = -(-horizon // block)
    starts = np.random.default_rng(seed).integers(0, len(values), (paths, count))
    places = (starts[:, :, None] + np.arange(block)) % len(values)
    return np.asarray(values[places.reshape(paths, count * block)[:, :horizon]])
