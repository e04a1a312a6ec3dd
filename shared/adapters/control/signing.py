"""Signatures of requests to the control API (AWS SigV4, service execute-api): made here, and checked for `make run`.

In the cloud API Gateway checks them. On a machine of one's own there is no gateway; the process that stands in for it
checks the same signature, made with a key that is new with each run and known to the dashboard alone.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shared.domain.errors import Refused

SERVICE = "execute-api"
LOCAL = "dashboard"
"""Who signs on a machine of one's own."""
FRESH = timedelta(minutes=5)
"""How far the time of a request may be from ours, as in AWS."""
NEEDED = ("host", "x-amz-date")


def local_credentials(key: str) -> Credentials:
    """Credentials of the dashboard of `make run`; ``key`` is the secret of the run."""
    return Credentials(LOCAL, key)


def signed(method: str, url: str, body: str, region: str, credentials: Credentials) -> dict[str, str]:
    """The headers of a request to the gateway."""
    request = AWSRequest(method, url, data=body.encode(), headers={"Content-Type": "application/json"})
    SigV4Auth(credentials, SERVICE, region).add_auth(request)
    return dict(request.headers.items())


def check(method: str, url: str, body: bytes, headers: Mapping[str, str], key: str, now: datetime) -> None:
    """``Refused`` unless ``headers`` (names in lower case) carry a fresh signature of this request by ``key``."""
    scope, names, given = _parts(headers.get("authorization", ""))
    if any(name not in names for name in NEEDED) or any(name not in headers for name in names):
        raise Refused("host and time must be signed, and what is signed must be there")
    stamp = headers["x-amz-date"]
    if abs(now - _moment(stamp)) > FRESH:
        raise Refused("the request is too old, or from the future")
    if scope[0] != LOCAL or urlsplit(url).netloc != headers["host"]:
        raise Refused("signed by somebody else, or for another place")
    request = AWSRequest(method, url, data=body, headers={name: headers[name] for name in names})
    request.context["timestamp"] = stamp
    auth = SigV4Auth(local_credentials(key), SERVICE, scope[2])
    wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise Refused("the signature is not of this request")


def _parts(authorization: str) -> tuple[list[str], list[str], str]:
    """The scope (key, day, region, service, end), the names of the signed headers, and the signature."""
    kind, _, rest = authorization.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    scope = fields.get("Credential", "").split("/")
    names = fields.get("SignedHeaders", "").split(";")
    if kind != "AWS4-HMAC-SHA256" or len(scope) != 5 or scope[3:] != [SERVICE, "aws4_request"]:
        raise Refused("the request is not signed")
    return scope, names, fields.get("Signature", "")


def _moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("the time of the request cannot be read") from None
