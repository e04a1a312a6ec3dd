"""Time as integer nanoseconds since 1970 UTC: units and calendar arithmetic. Nobody here reads a clock."""

from datetime import UTC, datetime, timedelta

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(count: float) -> int:
    """A duration in nanoseconds."""
    return round(count * SECOND)


def day_of(at: int) -> int:
    """Number of the UTC day that contains the instant."""
    return at // DAY


def end_of_day(at: int) -> int:
    """The next 00:00 UTC after the instant, in nanoseconds."""
    return (at // DAY + 1) * DAY


def iso(at: int) -> str:
    """ISO-8601 UTC text with microseconds, such as ``2026-03-22T21:00:00.000000Z``."""
    moment = _EPOCH + timedelta(microseconds=at // MICROSECOND)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_day(at: int) -> str:
    """The UTC date of the instant, such as ``2026-03-22``."""
    return iso(at)[:10]
