"""That all orders end can be asked of the paper venue while it runs in the trader's process, without asking the trader:
whoever stops it writes so beside the venue's log, where it is looked for every second.
"""

from collections.abc import Callable
from typing import Protocol

from fargate.lanes import Lane
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from shared.ports import Answer

LOOK_NS = SECOND


class Heeding(Protocol):
    """The venue, as far as it is needed here."""

    def heed(self, now: int) -> list[Answer]:
        """Do what others have asked for in its log."""


class CancelWatch:
    """``tend`` may be called as often as one likes; the log is read in the venue's lane, one look at a time.

    ``trouble``: why the last look failed, empty when it did not. What is not answered now is looked for again.
    """

    def __init__(self, venue: Heeding, lane: Lane, schedule: Callable[[list[Answer]], None]) -> None:
        self.trouble = ""
        self._venue = venue
        self._lane = lane
        self._schedule = schedule
        self._looked_at = 0
        self._looking = False

    def tend(self, now: int) -> None:
        """Look, when it is time (``now``: the wall clock, in nanoseconds)."""
        if self._looking or now - self._looked_at < LOOK_NS:
            return
        self._looking, self._looked_at = True, now

        def heeded(answers: list[Answer]) -> None:
            self._looking, self.trouble = False, ""
            self._schedule(answers)

        def failed(error: Temporary) -> None:
            self._looking, self.trouble = False, str(error)[:120]

        self._lane.post(lambda: self._venue.heed(now), heeded, failed)
