"""One place that says how numeric loops are compiled.

Compiled code is kept in ``__pycache__`` next to the source (or in the folder NUMBA_CACHE_DIR names, or in the user's
cache folder when neither is writable), so that a loop is compiled once per machine and Python version. A change in
another file does not renew it: loops that call each other live in one module.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """``loop`` compiled on its first call, in IEEE order, with no interpreter lock, dividing by zero as NumPy does."""
    return cast(Loop, numba.njit(cache=True, nogil=True, error_model="numpy")(loop))


def compiled_sum(loop: Loop) -> Loop:
    """As ``compiled``, but sums may be reordered, which lets them use the processor's vector unit.

    The order is fixed per processor type, so results repeat to the bit on one machine and to rounding elsewhere. NaN
    and infinity keep their meaning.
    """
    vectors = {"reassoc", "contract"}
    return cast(Loop, numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=vectors)(loop))
