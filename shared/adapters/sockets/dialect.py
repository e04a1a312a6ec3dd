"""What a socket asks of the venue's side of the talk, and the bounds within which it keeps itself."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from shared.ports import Heard

Hear = Callable[[Heard], None]
"""Where everything heard goes; synchronous and cheap."""


class Dialect(Protocol):
    """How one venue speaks over a socket."""

    name: str
    """Leads notices and health."""
    ping: str | None
    """Text sent every ``ping_every_s``; None: protocol pings only, which the library sends and answers by itself."""
    ping_every_s: float
    silence_s: float
    """No data for this long: the connection is silent whatever its pongs say; it is cut and replaced."""
    max_age_s: float | None
    """A connection is replaced before this age, the new one first, then the old is closed; None: it may grow old."""

    def url(self) -> str:
        """Where to connect; asked anew for every attempt."""

    def hello(self) -> list[str]:
        """Frames to send right after connecting: the subscriptions as they stand now."""

    def opened(self, connection: int, /) -> None:
        """A connection stands; its hello is about to be sent. The one it replaces may still be open."""

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        """Take one frame; True when it was data, which is what the watchdog counts. Never raises for bad input."""

    def closed(self, connection: int, reason: str, /) -> None:
        """A connection that was ``opened`` is no more."""

    def refused(self, status: int) -> str:
        """What to say of an answer to the upgrade other than 101; may change what ``url`` says next."""


class SocketSettings(Struct, frozen=True):
    """Bounds of one socket; seconds and bytes.

    ``healthy_after_s``: a connection that brought data and lived this long makes the next wait short again.
    ``overhear`` is given every frame as it came (received at, feed, connection, bytes), before it is read.
    """

    open_timeout_s: float = 5.0
    close_timeout_s: float = 1.0
    backoff_first_s: float = 0.2
    backoff_max_s: float = 30.0
    healthy_after_s: float = 60.0
    watch_every_s: float = 0.25
    keepalive_s: float = 20.0
    frame_max_bytes: int = 32 * 1024 * 1024
    frames_waiting_max: int = 256
    overhear: Callable[[int, str, int, bytes], None] | None = None
    user_agent: str = "polymarket-copy-trading-house/0.1 (public data reader)"
    """Stable and our own: the venue's edge answers 403 to library defaults (polymarket.md 8, row 32)."""
