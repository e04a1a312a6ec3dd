"""The kill token: who holds it may stop trading, and nothing else. Only hashes of it are known here."""

import hmac
import re
from hashlib import sha256

import msgspec
from msgspec import Struct

from shared.domain.errors import BadInput

HEADER = "x-kill-token"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,256}")
_HASH = re.compile(r"[0-9a-f]{64}")
_NOBODYS = "0" * 64


class KillHashes(Struct, frozen=True):
    """SHA-256 (hex) of the token, and of the one before it, which is good until ``previous_until`` (nanoseconds)."""

    current: str
    previous: str | None = None
    previous_until: int = 0

    def __post_init__(self) -> None:
        """Check that they are hashes."""
        for name, value in (("current", self.current), ("previous", self.previous)):
            if value is not None and _HASH.fullmatch(value) is None:
                raise BadInput(f"kill hashes: {name} is not a SHA-256 in hexadecimal digits")


def read_hashes(text: str) -> KillHashes:
    """The parameter's value; ``BadInput`` (without the value) when it cannot be read."""
    try:
        return msgspec.json.decode(text, type=KillHashes)
    except msgspec.DecodeError as error:
        raise BadInput(f"the kill hashes cannot be read: {error}") from None


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def is_good(token: str, hashes: KillHashes, now: int) -> bool:
    """Whether a token is the current one, or the previous one in its last day. Takes as long for each answer."""
    given = hash_of(token)
    previous = hashes.previous if hashes.previous is not None and now < hashes.previous_until else None
    is_current = hmac.compare_digest(given, hashes.current)
    is_previous = hmac.compare_digest(given, previous or _NOBODYS)
    return (is_current or (is_previous and previous is not None)) and _TOKEN.fullmatch(token) is not None
