"""Wallets of unequal length behind each other: wallet i is ``values[offsets[i]:offsets[i + 1]]``."""

import numpy as np
import numpy.typing as npt

from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def check_ragged(values: npt.ArrayLike, offsets: npt.ArrayLike, name: str = "values") -> tuple[Floats, Ints]:
    """Both as contiguous arrays of float64 and int64.

    Raises BadInput for what is not a number, a value that is NaN or infinite, and for offsets that are not whole or do
    not rise from 0 to the number of values.
    """
    floats = _numbers(values, name)
    places = _numbers(offsets, "offsets")
    broken = ~(np.isfinite(places) & (np.floor(places) == places))
    if broken.any():
        raise BadInput(f"offsets must be whole numbers; one is {places[broken][0]}.")
    bounds = places.astype(np.int64)
    if floats.ndim != 1:
        raise BadInput(f"{name} must have one dimension; got {floats.ndim}.")
    if bounds.ndim != 1 or len(bounds) == 0 or bounds[0] != 0 or bounds[-1] != len(floats):
        ends = f"{bounds[0]} to {bounds[-1]}" if bounds.ndim == 1 and len(bounds) else "no numbers"
        raise BadInput(f"offsets must rise from 0 to {len(floats)}, the number of {name}; got {ends}.")
    if np.any(np.diff(bounds) < 0):
        where = int(np.argmax(np.diff(bounds) < 0)) + 1
        raise BadInput(f"offsets must never fall; offsets[{where}] is {bounds[where]} after {bounds[where - 1]}.")
    finite = np.isfinite(floats)
    if not finite.all():
        where = int(np.argmin(finite))
        wallet = int(np.searchsorted(bounds, where, side="right")) - 1
        raise BadInput(f"{name} must be finite; {name}[{where}] (wallet {wallet}) is {floats[where]}.")
    return floats, bounds


def _numbers(given: npt.ArrayLike, name: str) -> Floats:
    try:
        return np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:  # text, a missing value, rows of unequal length
        raise BadInput(f"{name} must be a list of numbers; {error}.") from error


def owners(offsets: Ints) -> Ints:
    """The wallet of each value."""
    return np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))


def wallet_sums(values: Floats, offsets: Ints) -> Floats:
    """Sum per wallet; 0 for a wallet without values."""
    sums = np.bincount(owners(offsets), weights=values, minlength=len(offsets) - 1)
    return sums.astype(np.float64, copy=False)
