"""Stands between a function and what it talks to, and sees every write: the function can be killed right after any one
of them has had its effect, and two that run at once can be held until both are about to write.
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan")
SERVICES = {
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "DynamoDB": "dynamodb",
    "secretsmanager": "secretsmanager",
}
"""What requests call a service, and what policies do."""
WAIT_S = 30.0
HOP = ("connection", "transfer-encoding", "content-length")
"""Headers of one leg of the way."""


def write_of(method: str, path: str, headers: Message, body: bytes) -> str:
    """What a request writes, by its name; empty for one that only reads."""
    target = headers.get("X-Amz-Target", "").rpartition(".")[2]
    form = "form-urlencoded" in headers.get("Content-Type", "")
    asked = target or (parse_qs(body.decode()).get("Action", [""])[0] if form else "")
    if asked:
        return "" if asked.startswith(READS) else asked
    if method in ("GET", "HEAD"):
        return ""
    called = urlsplit(path).path.rpartition("/")[2]
    return "" if called.startswith("get") else f"{method} {called}"


def asked_of(method: str, path: str, headers: Message, body: bytes) -> str:
    """What a request to AWS needs leave for: the action, and which of its kind it is about."""
    service, _, action = headers.get("X-Amz-Target", "").rpartition(".")
    if action:
        told = json.loads(body)
        about = str(told.get("TableName") or next(iter(told.get("RequestItems", {"": 0}))) or told.get("SecretId", ""))
        return f"{SERVICES[service.partition('_')[0]]}:{action} {about.replace('/', '-').rpartition('-')[2]}".strip()
    if "form-urlencoded" in headers.get("Content-Type", ""):
        return f"sns:{parse_qs(body.decode())['Action'][0]}"
    bucket, _, name = urlsplit(path).path.strip("/").partition("/")
    kinds = {"GET": "GetObject" if name else "ListBucket", "HEAD": "GetObject", "PUT": "PutObject"}
    return f"s3:{kinds[method]} {bucket.partition('-')[0]}"


class Tap:
    """``writes``: the names of what was written, in order; ``asked``: what AWS was asked for; ``met``: the lanes in
    which something was written.
    """

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.writes: list[str] = []
        self.met: set[str] = set()
        self.reached, self.gone = threading.Event(), threading.Event()
        self._fatal = 0
        self._lock = threading.Lock()
        self._together: threading.Barrier | None = None

    def kill_after(self, writes: int) -> None:
        """After so many writes more nobody is answered: ``reached`` is set, and ``gone`` waited for."""
        self._fatal = len(self.writes) + writes

    def meet(self, lanes: int) -> None:
        """From now on, who comes to their first write waits until so many have."""
        self.met.clear()
        self._together = threading.Barrier(lanes)

    @property
    def is_over(self) -> bool:
        """Whether nobody is answered any more."""
        return 0 < self._fatal <= len(self.writes)

    def before(self, lane: str) -> None:
        """Somebody is about to write."""
        with self._lock:
            first = lane not in self.met
            self.met.add(lane)
        if first and self._together is not None:
            self._together.wait(WAIT_S)

    def wrote(self, name: str) -> None:
        """It is written."""
        with self._lock:
            self.writes.append(name)
        if self.is_over:
            self.reached.set()

    @contextmanager
    def front(self, upstream: str, lane: str = "") -> Iterator[str]:
        """The address of a way to ``upstream``. Only writes in a named ``lane`` wait for each other."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _way(self, upstream, lane))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)
        server.server_close()


def _way(tap: Tap, upstream: str, lane: str) -> type[BaseHTTPRequestHandler]:
    host = urlsplit(upstream).netloc

    class Way(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            if self.headers.get("Expect", "").lower() == "100-continue":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name = write_of(self.command, self.path, self.headers, body)
            if lane:
                tap.asked.add(asked_of(self.command, self.path, self.headers, body))
            if name and lane:
                tap.before(lane)
            answer, content = (None, b"") if tap.is_over else self.asked(body)
            if answer is not None and name and answer.status < 300:
                tap.wrote(name)
            if answer is None or tap.is_over:
                tap.gone.wait(WAIT_S)
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in HOP:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def asked(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection(host, timeout=WAIT_S)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for key, value in self.headers.items():
                if key.lower() not in ("connection", "expect"):
                    connection.putheader(key, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            return answer, content

    return Way
