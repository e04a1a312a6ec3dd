"""The control API on a machine of one's own: what API Gateway is in the cloud, on loopback, for the dashboard alone.

The function behind it is the same. Whoever does not sign with the key of the run is refused, so that no other program,
and no page that a browser happens to show, can stop or loosen anything.
"""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import answered
from shared.adapters.control.signing import LOCAL, check
from shared.domain.errors import Refused
from shared.domain.instants import MILLISECOND

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], Event]
LOOPBACK = "127.0.0.1"
STAGE = "local"
MOST_BYTES = 64 * 1024
PATIENCE_S = 10.0


class LocalContext(LambdaContext):
    """What Lambda tells a function of its run."""

    def __init__(self) -> None:
        """A run of its own name."""
        self._function_name = self._invoked_function_arn = STAGE
        self._memory_limit_in_mb = 512
        self._aws_request_id = uuid.uuid4().hex


class ControlServer:
    """Serves one handler on ``127.0.0.1:port`` (0: any free one) to whoever signs with ``key``.

    A function has one request at a time, here as in Lambda.
    """

    def __init__(self, port: int, handler: Handler, key: str) -> None:
        self._handler = handler
        self._key = key
        self._one = threading.Lock()
        self._server = ThreadingHTTPServer((LOOPBACK, port), self._requests())
        self.port: int = self._server.server_port

    def serve(self) -> None:
        """Answer until ``close``."""
        self._server.serve_forever()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Event:
        """The function's answer to a request, or 403 in the gateway's shape."""
        url = f"http://{LOOPBACK}:{self.port}{target}"
        try:
            check(method, url, body, headers, self._key, datetime.now(UTC))
        except Refused as error:
            return answered(403, {"error": str(error)})
        with self._one:
            return self._handler(event_of(method, target, headers, body), LocalContext())

    def _requests(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Requests(BaseHTTPRequestHandler):
            """One connection."""

            timeout: ClassVar[float | None] = PATIENCE_S

            def handle_one(self) -> None:
                """Read, ask, write."""
                length = self.headers.get("Content-Length", "0")
                if not length.isdigit() or int(length) > MOST_BYTES:
                    self.write(answered(413, {"error": f"the body must have at most {MOST_BYTES} bytes"}))
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.write(answer(self.command, self.path, headers, self.rfile.read(int(length))))

            do_GET = do_POST = do_PUT = handle_one  # noqa: N815  # the names http.server calls

            def write(self, found: Event) -> None:
                """Write an answer of the gateway's shape."""
                body = str(found.get("body") or "").encode()
                self.send_response(int(found["statusCode"]))
                lists = {name: values[-1] for name, values in (found.get("multiValueHeaders") or {}).items() if values}
                for name, value in {**lists, **(found.get("headers") or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in http.server
                """The function logs who asked for what."""

        return Requests


def event_of(method: str, target: str, headers: dict[str, str], body: bytes) -> Event:
    """The event as API Gateway hands it over."""
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    return {
        "resource": "/api/{proxy+}",
        "path": parts.path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": uuid.uuid4().hex,
            "requestTimeEpoch": time.time_ns() // MILLISECOND,
            "stage": STAGE,
            "path": parts.path,
            "resourcePath": "/api/{proxy+}",
            "httpMethod": method,
            "identity": {"sourceIp": LOOPBACK, "userArn": f"{STAGE}:{LOCAL}"},
        },
        "body": body.decode(errors="surrogateescape") or None,
        "isBase64Encoded": False,
    }
