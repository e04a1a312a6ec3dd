"""Whether a feed is up: as long as one of its connections brings data."""

from collections.abc import Callable

from shared.adapters.sockets.voice import Voice


class Health:
    """Shared by the sockets of one feed; says ``FeedHealth`` on each change, and the first time either is known.

    ``changed`` hears (healthy, reason) right after it was said.
    """

    def __init__(self, voice: Voice, changed: Callable[[bool, str], None] = lambda _healthy, _reason: None) -> None:
        self._voice = voice
        self._changed = changed
        self._up: dict[int, None] = {}
        self._said: bool | None = None

    @property
    def healthy(self) -> bool:
        """Whether some connection brings data now."""
        return bool(self._up)

    def up(self, connection: int) -> None:
        """This connection brought its first data."""
        self._up[connection] = None
        if self._said is not True:
            self._say(f"connection {connection} brings data", healthy=True)

    def down(self, connection: int, reason: str) -> None:
        """This connection ended, or (number 0) could not be made."""
        self._up.pop(connection, None)
        if not self._up and self._said is not False:
            self._say(reason, healthy=False)

    def _say(self, reason: str, *, healthy: bool) -> None:
        self._said = healthy
        self._voice.health(healthy=healthy, reason=reason)
        self._changed(healthy, reason)
