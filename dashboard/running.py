"""What the house leaves behind for whoever runs it, typed: its parts, orders that failed, known windows, a day's
points. Times are nanoseconds UTC, proportions millionths.
"""

from typing import Any

from msgspec import Struct

from dashboard.state import SourceShare, typed
from shared.domain.updown import Listed


class Part(Struct, frozen=True):
    """One part of the trader: whether it is well, and what it says."""

    ok: bool
    says: str = ""


class Operations(Struct, frozen=True):
    """What the trader writes about itself every half minute. ``at`` is the wall clock, ``event_at`` the engine's now.

    ``dead``: keys of the latest orders that failed for good, of ``dead_count``; ``updown``: crypto up/down markets by
    coin and window; ``spot``: coins whose price each exchange tells.
    """

    at: int = 0
    event_at: int = 0
    parts: dict[str, Part] = {}
    dead: tuple[str, ...] = ()
    dead_count: int = 0
    updown: tuple[Listed, ...] = ()
    spot: dict[str, tuple[str, ...]] = {}


class Moment(Struct, frozen=True):
    """What one point of the curves says of the machinery; what was not measured is ``None``.

    ``decided_ms``: from hearing a whale's trade to deciding (p50, p95, p99); ``lag_ms``: of the event loop (p50, p99);
    ``store_ms``: half of the store's answers took longer; ``cpu``: millionths of a core; ``memory`` of ``memory_of``
    bytes.
    """

    at: int
    decided_ms: tuple[float | None, float | None, float | None] = (None, None, None)
    lag_ms: tuple[float | None, float | None] = (None, None)
    store_ms: float | None = None
    sources: dict[str, SourceShare] = {}
    cpu: int | None = None
    memory: int | None = None
    memory_of: int | None = None


class Quality(Struct, frozen=True):
    """What the hourly function found of the day before ``at``."""

    at: int
    orders: int = 0
    filled: int = 0
    rejected: int = 0
    in_doubt: int = 0
    fill_rate: int | None = None
    uptime: int | None = None
    troubles: dict[str, int] = {}


def operations_of(item: dict[str, Any]) -> Operations:
    """The trader's item; ``BadInput`` names the field that cannot be read."""
    return typed("live", item, Operations)


def moment_of(item: dict[str, Any]) -> Moment:
    """One item of table metrics; ``BadInput`` names the field that cannot be read."""
    return typed("metrics", item, Moment)


def quality_of(item: dict[str, Any]) -> Quality:
    """What the hourly function keeps; ``BadInput`` names the field that cannot be read."""
    return typed("metrics", item, Quality)
