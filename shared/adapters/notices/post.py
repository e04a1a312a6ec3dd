"""One small HTTP POST for chat services: bounded in time and size, and silent, because their addresses are secrets.

No error, log line or traceback of this module holds an address beyond its host (the common clients log whole ones).
"""

import http.client
import ssl
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from shared.domain.errors import BadInput, OutcomeUnknown, Temporary

CONNECT_S = 3.0
ANSWER_S = 8.0
ANSWER_MAX = 64 * 1024
TOO_MANY = 429
USER_AGENT = "house-notices/1"


class Answer(Struct, frozen=True):
    """What a service said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, object]:
        """The body's fields, none where it is no JSON object."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, object])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return {}


class Throttled(Temporary):
    """The service wants to be left alone for ``retry_after_s`` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def post(url: str, content: object) -> Answer:
    """Send JSON once.

    Raises ``Temporary`` when it was certainly not taken, ``OutcomeUnknown`` when nobody answered and it may have been.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection = _connection(parts.scheme, host, parts.port)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, "Connection": "close"}
    try:
        _connect(connection, host)
        try:
            connection.request("POST", path, msgspec.json.encode(content), headers)
            got = connection.getresponse()
            body = got.read(ANSWER_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise OutcomeUnknown(f"{host} did not answer: {type(error).__name__}") from None
        return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, body)
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_S, context=context)
    return http.client.HTTPConnection(host, port, timeout=CONNECT_S)


def _connect(connection: http.client.HTTPConnection, host: str) -> None:
    try:
        connection.connect()
    except OSError as error:
        raise Temporary(f"{host} cannot be reached: {type(error).__name__}") from None
    connection.sock.settimeout(ANSWER_S)


def checked(answer: Answer, who: str, why: str, retry_after: object) -> None:
    """Raise unless the service took it: ``Throttled``, ``Temporary`` (its own trouble), ``BadInput`` (ours).

    ``why``: the service's words for a refusal; ``retry_after``: seconds it asked for, in whatever form.
    """
    if 200 <= answer.status < 300:
        return
    if answer.status == TOO_MANY:
        raise Throttled(f"{who} is throttled", _seconds(retry_after))
    if answer.status >= 500:
        raise Temporary(f"{who} answered {answer.status}")
    raise BadInput(f"{who} refused with {answer.status}: {why[:120] or 'no reason given'}")


def _seconds(told: object) -> float:
    try:
        return max(float(str(told)), 1.0)
    except ValueError:
        return 1.0
