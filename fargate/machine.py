"""What this process takes of its machine: processor time since it was last asked, and memory now."""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shared.domain.money import ONE

CGROUP = Path("/sys/fs/cgroup/memory.max")
"""What a container may use; of a process without one, ``max``."""
STATM = Path("/proc/self/statm")
Now = Callable[[], int]


class Machine:
    """``cpu`` and ``clock`` in nanoseconds."""

    def __init__(self, cpu: Now = time.process_time_ns, clock: Now = time.monotonic_ns) -> None:
        self._cpu = cpu
        self._clock = clock
        self._before = (cpu(), clock())
        self._most = memory_most()

    def look(self) -> dict[str, object]:
        """``cpu``: millionths of one core, since the last look; ``memory`` and ``memory_of``: bytes taken and there."""
        now = (self._cpu(), self._clock())
        (cpu, clock), self._before = self._before, now
        passed = max(now[1] - clock, 1)
        return {
            "cpu": (now[0] - cpu) * ONE // passed,
            "memory": resident(),
            "memory_of": self._most,
        }  # not money: parts


def resident(statm: Path = STATM) -> int:
    """Bytes of memory that this process holds now; where nobody tells, the most it ever held."""
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        unit = 1 if sys.platform == "darwin" else 1_024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def memory_most(cgroup: Path = CGROUP) -> int:
    """Bytes of memory that this process may take: of its container, or of the machine."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        text = cgroup.read_text().strip()
    except OSError:
        return whole
    return min(int(text), whole) if text.isdecimal() else whole
