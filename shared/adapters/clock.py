"""The machine's clock: the only source of "now" outside simulations."""

import time


class SystemClock:
    """Wall-clock time."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns()
