"""How a feed says what happened to it."""

from collections.abc import Callable

from shared.adapters.sockets.dialect import Hear
from shared.domain.messages import FeedHealth, FeedNotice, NoticeKind
from shared.ports import Heard


class Voice:
    """Notices and health of one feed, dated by ``clock`` (nanoseconds UTC)."""

    def __init__(self, feed: str, hear: Hear, clock: Callable[[], int]) -> None:
        self.feed = feed
        self._hear = hear
        self._clock = clock

    def notice(self, kind: NoticeKind, reason: str, connection: int = 0) -> None:
        """Something happened that a person may want to read."""
        now = self._clock()
        self._hear(Heard(self.feed, now, now, FeedNotice(self.feed, kind, reason, connection)))

    def health(self, *, healthy: bool, reason: str) -> None:
        """The feed went down or came back."""
        now = self._clock()
        self._hear(Heard(self.feed, now, now, FeedHealth(self.feed, healthy, reason)))
