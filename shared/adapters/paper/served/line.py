"""The client's connection: made when needed, given up when an answer does not come, and what each failure proves.

``Temporary`` (of ``ready``): nothing of the request was handed to the socket. ``OutcomeUnknown`` (of ``ask``): some of
it may have been, and no answer came. ``BadInput``: the venue says in one sentence why it did not act upon it. No call
takes longer than its deadline, and for a while after a failure (doubling, jittered) none is tried at all: a lane with a
dead venue behind it goes on.
"""

import select
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from shared.adapters.paper.orders import VenueSettings
from shared.adapters.paper.served.wire import (
    HEADER,
    LOOPBACK,
    MOST_ASKED,
    MOST_SAID,
    Hello,
    Reply,
    Request,
    Said,
    Unusable,
    Welcome,
    framed,
    said,
    size_of,
)
from shared.adapters.sockets.backoff import Backoff
from shared.domain.errors import BadInput, Corrupt, OutcomeUnknown, Temporary

FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0
CHUNK = 1024 * 1024
SaidT = TypeVar("SaidT", Welcome, Reply)


class Line:
    """See the module. ``jitter`` answers uniformly in [0, 1)."""

    def __init__(self, port: int, session: str, jitter: Callable[[], float]) -> None:
        self.settings = VenueSettings()
        self._port = port
        self._session = session
        self._backoff = Backoff(FIRST_WAIT_S, LONGEST_WAIT_S, jitter)
        self._not_before = 0.0
        self._socket: socket.socket | None = None
        self._life = ""

    @property
    def connected(self) -> bool:
        """Whether the last request was answered; whether the next one will be, nobody knows."""
        return self._socket is not None

    def ready(self, deadline: float) -> bool:
        """Have a connection; whether a new life of the venue is at its other end, which knows only its log.

        ``Temporary`` where there is none; ``Corrupt`` where the venue came back as another one (with, without books).
        """
        if self._socket is not None and not _silent(self._socket):
            self.close()
        if self._socket is not None:
            return False
        if time.monotonic() < self._not_before:
            raise Temporary(f"the paper venue on port {self._port} did not answer a moment ago")
        try:
            self._socket = socket.create_connection((LOOPBACK, self._port), timeout=_left(deadline))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(framed(Hello(self._session)))
            welcome = _expected(_read(self._socket, deadline), Welcome)
        except (OSError, BadInput) as error:
            self._fail()
            raise Temporary(f"the paper venue on port {self._port} cannot be reached: {error}") from None
        self._backoff.reset()
        return self._greeted(welcome)

    def _greeted(self, welcome: Welcome) -> bool:
        if self._life and welcome.settings.books != self.settings.books:
            raise Corrupt("the paper venue came back as another one: books or no books cannot change under a trader")
        is_new = welcome.life != self._life
        self._life, self.settings = welcome.life, welcome.settings
        return is_new

    def ask(self, request: Request, deadline: float) -> Reply:
        """Send a request and wait for its reply, on the connection that ``ready`` has made."""
        frame = framed(request)
        if len(frame) > MOST_ASKED:
            raise BadInput(f"request {request.number} has {len(frame)} bytes, but may have {MOST_ASKED} at most")
        assert self._socket is not None  # ``ready`` has made it
        try:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(frame)
            found = _read(self._socket, deadline)
        except (OSError, BadInput) as error:
            self._fail()
            raise OutcomeUnknown(f"the paper venue did not answer: {error}") from None
        if isinstance(found, Reply) and found.number == request.number:
            return found
        if isinstance(found, Unusable):
            raise BadInput(found.reason)
        self._fail()
        raise OutcomeUnknown(f"the paper venue answered request {request.number} with something else")

    def _fail(self) -> None:
        self._not_before = time.monotonic() + self._backoff.next_s()
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _silent(connection: socket.socket) -> bool:
    """Nothing has come unasked: between requests that could only be the end of the connection."""
    return not select.select([connection], [], [], 0)[0]


def _left(deadline: float) -> float:
    """Seconds until then; ``TimeoutError`` when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _read(connection: socket.socket, deadline: float) -> Said:
    size = size_of(_exactly(connection, HEADER, deadline), MOST_SAID)
    return said(_exactly(connection, size, deadline))


def _exactly(connection: socket.socket, size: int, deadline: float) -> bytes:
    found = bytearray()
    while len(found) < size:
        connection.settimeout(_left(deadline))
        part = connection.recv(min(size - len(found), CHUNK))
        if not part:
            raise ConnectionResetError("the connection was closed")
        found += part
    return bytes(found)


def _expected(found: Said, kind: type[SaidT]) -> SaidT:
    if isinstance(found, kind):
        return found
    raise BadInput(found.reason if isinstance(found, Unusable) else f"{type(found).__name__} is no {kind.__name__}")
