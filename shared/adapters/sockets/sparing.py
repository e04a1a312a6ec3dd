"""Saying a thing that may happen a thousand times a second, now and then."""

from collections.abc import Callable

from shared.adapters.sockets.voice import Voice
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind

EVERY_NS = 10 * SECOND


class Sparing:
    """Counts every occurrence and tells the first at once, later ones together, at most every ten seconds."""

    def __init__(self, voice: Voice, kind: NoticeKind, clock: Callable[[], int], every_ns: int = EVERY_NS) -> None:
        self.total = 0
        self._voice = voice
        self._kind = kind
        self._clock = clock
        self._every_ns = every_ns
        self._untold = 0
        self._told_at: int | None = None

    def say(self, reason: str, connection: int = 0) -> None:
        """It happened once more, this time for this reason."""
        self.total += 1
        now = self._clock()
        if self._told_at is not None and 0 <= now - self._told_at < self._every_ns:
            self._untold += 1
            return
        more = f" (and {self._untold} more since the last notice)" if self._untold else ""
        self._voice.notice(self._kind, f"{reason}{more}", connection)
        self._untold, self._told_at = 0, now
