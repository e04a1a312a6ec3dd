"""The machine's clock: the only source of "now" outside simulations."""

import time


def running_ns() -> int:
    """Nanoseconds of a clock that nobody sets and that goes on while the machine sleeps: for durations."""
    # Linux stops its monotonic clock during sleep and has this one besides; elsewhere the monotonic one goes on.
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SystemClock:
    """Wall-clock time."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns()
