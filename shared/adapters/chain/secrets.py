"""The address of a user's node contains his key: no notice may repeat any part of it."""

from urllib.parse import parse_qsl, urlsplit

import msgspec

from shared.adapters.sockets import Hear
from shared.domain.messages import FeedHealth, FeedNotice
from shared.ports import Heard

HIDDEN = "(node)"
_LEAST_CHARS = 8
"""Shorter parts of an address are words such as ``ws`` or ``v2``, not keys."""


def secrets_of(url: str) -> tuple[str, ...]:
    """Every part of an address that may be secret, longest first."""
    parts = urlsplit(url)
    found = [url, parts.netloc, parts.username or "", parts.password or "", parts.path, parts.query]
    found += [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    # A host is no secret, but some providers put the key into its name.
    found += [parts.hostname or "", *(parts.hostname or "").split(".")]
    keys = [one for one in dict.fromkeys(found) if len(one) >= _LEAST_CHARS]
    if parts.password:
        keys.append(parts.password)
    return tuple(sorted(dict.fromkeys(keys), key=len, reverse=True))


def hiding(hear: Hear, url: str) -> Hear:
    """``hear`` with every secret of the address taken out of notices and health."""
    secrets = secrets_of(url)

    def hidden(heard: Heard) -> None:
        said = heard.payload
        if isinstance(said, FeedNotice | FeedHealth):
            reason = said.reason
            for secret in secrets:
                reason = reason.replace(secret, HIDDEN)
            if reason != said.reason:
                heard = msgspec.structs.replace(heard, payload=msgspec.structs.replace(said, reason=reason))
        hear(heard)

    return hidden
