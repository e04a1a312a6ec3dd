"""What is handed over, read once. By the gateway: headers that may come twice, the body as text, and who the caller is.
By a schedule: its instant.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from shared.domain.errors import BadInput, Refused
from shared.domain.instants import MILLISECOND, SECOND

Event = dict[str, Any]
_ISO = "%Y-%m-%dT%H:%M:%SZ"


class Caller(Struct, frozen=True):
    """Whom the gateway has checked (an ARN), where the request came from, what the gateway calls it, and when it came
    (nanoseconds).
    """

    who: str
    address: str
    request: str
    at: int


def values_of(event: Event, name: str) -> list[str]:
    """Every value of a header, whatever its case; a repeated one has several."""
    several = event.get("multiValueHeaders") or {}
    found = [value for key, values in several.items() if key.lower() == name for value in values or []]
    if found:
        return found
    return [str(value) for key, value in (event.get("headers") or {}).items() if key.lower() == name]


def body_of(event: Event, most: int) -> str:
    """The body as text; ``BadInput`` when it is larger than ``most`` bytes or no text."""
    body = event.get("body") or ""
    if not isinstance(body, str) or len(body) > 2 * most:
        raise BadInput(f"the body must have at most {most} bytes")
    try:
        text = base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
        size = len(text.encode())
    except (binascii.Error, UnicodeError):
        raise BadInput("the body is not UTF-8 text") from None
    if size > most:
        raise BadInput(f"the body must have at most {most} bytes, not {size}")
    return text


def caller_of(event: Event) -> Caller:
    """Who asks; ``who`` is empty where the gateway checked nobody."""
    context = event.get("requestContext") or {}
    identity = context.get("identity") or {}
    at = int(context.get("requestTimeEpoch") or 0) * MILLISECOND
    return Caller(
        str(identity.get("userArn") or ""), str(identity.get("sourceIp") or ""), str(context.get("requestId") or ""), at
    )


def signed_caller_of(event: Event) -> Caller:
    """Who asks, checked by the gateway; ``Refused`` where it checked nobody: then its route is not what it must be."""
    caller = caller_of(event)
    if not caller.who or not caller.request or not caller.at:
        raise Refused(f"nobody has signed this request (from {caller.address or 'nowhere'})")
    return caller


def instant_of(event: Event, field: str, now: int) -> int:
    """An instant in nanoseconds that an event may carry: Unix seconds, or ISO-8601 UTC as a schedule writes it; without
    it ``now``. ``BadInput`` names what cannot be used.
    """
    if field not in event:
        return now
    asked = event[field]
    seconds = _seconds_of(asked) if isinstance(asked, str) else asked
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 10**11:
        raise BadInput(f"event.{field} must be Unix seconds, or a time such as 2026-03-22T12:30:00Z, not {asked!r}")
    return seconds * SECOND


def _seconds_of(text: str) -> int | None:
    try:
        return int(datetime.strptime(text, _ISO).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
