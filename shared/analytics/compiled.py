"""One place that says how numeric loops are compiled.

Compiled code is kept in ``__pycache__`` next to the source, or in the folder NUMBA_CACHE_DIR names, or in the user's
cache folder, so that a loop is compiled once per machine and Python version. Where none of these can be written (a
Lambda's file system is read-only but for one folder), it is kept in the folder for temporary files: it then lasts as
long as that machine. A change in another file does not renew it: loops that call each other live in one module.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """``loop`` compiled on its first call, in IEEE order, with no interpreter lock, dividing by zero as NumPy does."""
    return _compiled(loop, fastmath=False)


def compiled_sum(loop: Loop) -> Loop:
    """As ``compiled``, but sums may be reordered, which lets them use the processor's vector unit.

    The order is fixed per processor type, so results repeat to the bit on one machine and to rounding elsewhere. NaN
    and infinity keep their meaning.
    """
    return _compiled(loop, fastmath={"reassoc", "contract"})


def _compiled(loop: Loop, fastmath: bool | set[str]) -> Loop:
    decorate = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)
    try:
        return cast(Loop, decorate(loop))
    except RuntimeError:  # numba's word, at decoration, for: no folder for compiled code can be written
        vars(numba.config)["CACHE_DIR"] = str(Path(tempfile.gettempdir()) / "numba")
        return cast(Loop, decorate(loop))
