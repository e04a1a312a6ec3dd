"""What a trader shows of itself before its loop turns: it may read the past for minutes, and who watches from outside
must not take it for dead.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fargate.gauges import Gauges
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from shared.ports import Clock, Views

EVERY_NS = 10 * SECOND


class Starting:
    """``live``: what an earlier life has shown last, which stays but for the heartbeat and the progress. ``gauges``:
    None where nobody listens.
    """

    def __init__(
        self,
        views: Views,
        live: Mapping[str, Any],
        gauges: Gauges | None,
        clock: Clock,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._views = views
        self._live = live
        self._gauges = gauges
        self._clock = clock
        self._monotonic = monotonic
        self._due_at = 0

    def show(self, progress: str) -> None:
        """Say how far it is, at most every ten seconds; views that cannot be written are left for the next time."""
        if self._monotonic() < self._due_at:
            return
        self._due_at = self._monotonic() + EVERY_NS
        now = self._clock.now()
        with suppress(Temporary):
            self._views.put_live({**self._live, "written_at": now, "progress": progress[:160]})
        if self._gauges is not None and self._gauges.due(now):
            self._gauges.write({"heartbeat": 1})
