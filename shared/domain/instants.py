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


def end_of_week(at: int) -> int:
    """The next Monday 00:00 UTC after the instant, in nanoseconds (1970 began on a Thursday)."""
    return ((at // DAY + 3) // 7 * 7 + 4) * DAY


def format_span(ns: int) -> str:
    """A duration in the largest unit it is a whole number of: ``7 days``, ``1 h``, ``15 min``, ``10 s``, ``500 ms``."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (MILLISECOND, "ms")):
        if ns and ns % unit == 0:
            count = ns // unit
            return f"{count} {'day' if name == 'days' and count == 1 else name}"
    return f"{ns} ns"


def rough_span(ns: int) -> str:
    """A duration in one or two units, rounded towards zero: ``350 ms``, ``45 s``, ``3 min``, ``2 h 5 min``."""
    sign, left = ("-", -ns) if ns < 0 else ("", ns)
    if left < SECOND:
        return f"{sign if left >= MILLISECOND else ''}{left // MILLISECOND} ms"
    if left < MINUTE:
        return f"{sign}{left // SECOND} s"
    if left < HOUR:
        return f"{sign}{left // MINUTE} min"
    if left < DAY:
        return f"{sign}{left // HOUR} h {left % HOUR // MINUTE} min"
    return f"{sign}{left // DAY} d {left % DAY // HOUR} h"
