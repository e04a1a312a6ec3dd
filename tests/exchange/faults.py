"""What can go wrong with one answer of the local venue."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.exchange import troubles

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>error code: 1010</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One spoiled answer; everything left out is as in a good answer."""

    status: int | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut_bytes: int = 0
    """Close the connection this many bytes before the promised end."""
    flood_bytes: int = 0
    """Send this many bytes of filler instead of a body."""
    declare_length: bool = True
    reset: bool = False
    """Close the connection before any answer."""


def throttled(retry_after: str = "1") -> Fault:
    """429 with a Retry-After header."""
    return Fault(status=429, body=b'{"error":"rate limit exceeded"}', headers={"Retry-After": retry_after})


def restarting(retry_after: str = "1") -> Fault:
    """425, the matching engine restarts."""
    return Fault(status=425, body=b'{"error":"service not ready"}', headers={"Retry-After": retry_after})


def broken(status: int = 502) -> Fault:
    """A server error."""
    return Fault(status=status, body=b'{"error":"internal"}')


def html_page(status: int = 200) -> Fault:
    """The page of the edge network instead of JSON."""
    return Fault(status=status, body=HTML_PAGE, headers={"Content-Type": "text/html; charset=UTF-8"})


def truncated(cut_bytes: int = 10) -> Fault:
    """The connection dies before the promised end of the body."""
    return Fault(cut_bytes=cut_bytes)


def huge(size: int, *, declare_length: bool = True) -> Fault:
    """A body of ``size`` bytes, announced or not."""
    return Fault(flood_bytes=size, declare_length=declare_length)


def slow(delay_s: float) -> Fault:
    """A good answer, late."""
    return Fault(delay_s=delay_s)


def of_troubles(now: troubles.Troubles, service: str) -> Fault | None:
    """What the named faults of the moment make of an answer of a REST service."""
    made: dict[str, Callable[[], Fault]] = {
        "429": throttled,
        "425": restarting,
        "html": html_page,
        "huge": lambda: huge(troubles.HUGE_BYTES),
        "truncated": truncated,
        "slow": lambda: slow(troubles.SLOW_S * now.stretch),
    }
    return next((make() for name, make in made.items() if now.on(name, service)), None)
