"""The kill token: a long random text that stops trading and can do nothing else.

The kill function never sees it: it compares hashes, which lie in a parameter. The replaced token stays valid for a day,
so that nobody stands before a locked emergency exit because of a rotation.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from shared.adapters.notices.clients import code_of, telling
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import DAY

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

BYTES = 48
LENGTH_MIN = 43
"""Of base64: 256 bits."""
OVERLAP_NS = DAY


class KillHashes(Struct, frozen=True):
    """SHA-256 in hex of the tokens that stop trading; the ``previous`` one until an instant in nanoseconds."""

    current: str
    previous: str | None = None
    previous_until: int = 0


def hash_of(token: str) -> str:
    """What is known of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class KillToken:
    """The kind of secret; ``parameter`` holds the hashes, ``now`` is the wall clock in nanoseconds."""

    def __init__(self, ssm: "SSMClient", parameter: str, now: Callable[[], int]) -> None:
        if not parameter:
            raise BadInput("setting KILL_HASHES='': the kill token's hashes have no place")
        self._ssm = ssm
        self._parameter = parameter
        self._now = now

    def create(self, _old: str, /) -> str:
        """A new token."""
        return secrets.token_urlsafe(BYTES)

    def set(self, new: str, old: str, /) -> str:
        """Both tokens stop trading from now on. While the old one is what its owner reads it is given another day each
        time, so a rotation that hangs locks nobody out.
        """
        if len(new) < LENGTH_MIN:
            raise BadInput(f"the kill token has {len(new)} characters, the least is {LENGTH_MIN}")
        hashes = KillHashes(hash_of(new), hash_of(old) if old else None, self._now() + OVERLAP_NS if old else 0)
        with telling("putting the kill token's hashes"):
            self._ssm.put_parameter(
                Name=self._parameter, Value=msgspec.json.encode(hashes).decode(), Type="String", Overwrite=True
            )
        return "the new token stops trading, the old one for another 24 h"

    def test(self, new: str, old: str, /) -> str:
        """Both are known where the kill function looks."""
        hashes = self.hashes()
        if hashes is None or hashes.current != hash_of(new):
            raise Temporary("the kill token's hashes are not those of the new token")
        if old and (hashes.previous != hash_of(old) or hashes.previous_until <= self._now()):
            raise Temporary("the kill token's hashes do not hold the old token")
        return "both tokens are known"

    def finished(self, _new: str, _old: str, /) -> str:
        """Nothing: the old token expires by itself."""
        return "the new token is the current one"

    def hashes(self) -> KillHashes | None:
        """What the parameter holds; None where it holds nothing of use."""
        try:
            value = self._ssm.get_parameter(Name=self._parameter)["Parameter"].get("Value", "")
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return None
            with telling("reading the kill token's hashes"):
                raise
        try:
            return msgspec.json.decode(value, type=KillHashes)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None
