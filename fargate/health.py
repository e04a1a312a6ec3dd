"""The health port: liveness, readiness and start over HTTP, for whoever runs this process, and for people.

``/live``, ``/ready`` and ``/startup`` answer 200 or 503; ``/`` shows the same and answers as ``/live``, so that a probe
that looks there restarts nobody because the venue is away. Read-only, without secrets, on loopback unless told else.
"""

import errno
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer, TCPServer
from types import TracebackType
from typing import ClassVar, Self

import msgspec

from fargate.condition import Condition, Health
from shared.domain.errors import BadInput
from shared.settings import HealthSettings

ASKED: Mapping[str, Callable[[Condition], bool]] = {
    "/": lambda condition: condition.live,
    "/live": lambda condition: condition.live,
    "/ready": lambda condition: condition.ready,
    "/startup": lambda condition: condition.started,
}
CLIENT_S = 5.0
"""How long a client may take to say what it wants."""
AT_ONCE = 16
"""Requests answered at the same time; others wait, so that no crowd takes the loop's time."""
ROOM_S = 1.0
LOOK_S = 0.1

Request = socket.socket | tuple[bytes, socket.socket]


class HealthServer:
    """Answers in threads of its own from what the loop published last. Use as a context manager; port 0: nothing."""

    def __init__(self, settings: HealthSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        """Listen; ``BadInput`` when the port is taken or the address is not this machine's."""
        place = self._settings
        if place.port:
            try:
                self._server = _Server((place.host, place.port), self._health)
            except OSError as error:
                raise BadInput(_refusal(place, error)) from None
            threading.Thread(target=self._server.serve_forever, args=(LOOK_S,), name="health", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


def _refusal(place: HealthSettings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {place.port} on {place.host} is in use by another program; "
            "set HEALTH_PORT to another one, or to 0 for none"
        )
    return f"HEALTH_HOST {place.host} cannot be listened on (port {place.port}): {error.strerror}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 4 * AT_ONCE

    def __init__(self, place: tuple[str, int], health: Health) -> None:
        self._room = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(place, partial(_Handler, health))

    def server_bind(self) -> None:
        """Without looking up the name of this machine, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Request, client_address: object) -> None:
        """Answer in a thread, as soon as there is room."""
        if self._room.acquire(timeout=ROOM_S):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Request, client_address: object) -> None:
        """The thread of one request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Request, client_address: object) -> None:
        """A client that left is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    timeout: ClassVar[float | None] = CLIENT_S
    server_version = "house"
    sys_version = ""

    def __init__(self, health: Health, request: Request, client_address: object, server: BaseServer) -> None:
        self._health = health
        super().__init__(request, client_address, server)

    def do_GET(self) -> None:
        """Answer one of the paths."""
        holds = ASKED.get(self.path.partition("?")[0])
        if holds is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        condition = self._health.condition()
        status = HTTPStatus.OK if holds(condition) else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, msgspec.json.encode(condition))

    def send_error(self, code: int, *_told: object, **_named: object) -> None:
        """What cannot be answered, in one sentence; a method that the base class has no answer for is not allowed."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        sentence = f"{status.phrase}: GET {', '.join(ASKED)}"
        self._answer(status, json.dumps({"error": sentence}).encode())

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Probes come every few seconds and are not worth a line."""
