"""How fast a driver lives: with the machine's clock, or as fast as a simulation turns its own."""

import time
from collections.abc import Callable

from msgspec import Struct

from shared.domain.instants import MILLISECOND


class Pace(Struct, frozen=True):
    """``look_every_ns``: how often the venue's time moves on while orders are open, and the housekeeping is asked what
    is due. ``stopwatch``: nanoseconds, for how long things take.
    """

    look_every_ns: int = 50 * MILLISECOND
    stopwatch: Callable[[], int] = time.perf_counter_ns


REAL_TIME = Pace()
