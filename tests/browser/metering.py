"""What the dashboard asks of DynamoDB, in read units: a door on loopback before the embedded AWS that counts.

Units by DynamoDB's documented rules (developer guide, "Read consistency" and "Item sizes and formats"): half a unit for
each 4 KB that an eventually consistent read passes over, a whole one where it is consistent; a query rounds up the sum
of its items, a batch each item; what is not there costs as much as the smallest item.
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.endpoint import Endpoint

BLOCK = 4_096
HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})
READS = ("Query", "Scan", "BatchGetItem", "GetItem")


class Usage(Struct, frozen=True):
    """Questions and read units, in all and by table."""

    questions: int
    units: float
    by_table: dict[str, float]


class Meter:
    """Passes everything on to ``endpoint``; ``front`` is where to ask instead. A context manager."""

    def __init__(self, endpoint: Endpoint) -> None:
        assert endpoint.host is not None
        self._behind = urlsplit(endpoint.host)
        self._lock = threading.Lock()
        self._questions = 0
        self._units: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._requests())
        self.front = replace(endpoint, host=f"http://127.0.0.1:{self._server.server_port}")
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def take(self) -> Usage:
        """What was asked since the last time."""
        with self._lock:
            used = Usage(self._questions, self._units.total() / 2, {name: n / 2 for name, n in self._units.items()})
            self._questions = 0
            self._units.clear()
        return used

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _count(self, target: str, asked: bytes, answered: bytes) -> None:
        operation = target.rpartition(".")[2]
        if operation not in READS:
            return
        with self._lock:
            self._questions += 1
            self._units.update(halves(operation, json.loads(asked), json.loads(answered)))

    def _requests(self) -> type[BaseHTTPRequestHandler]:
        behind, count = self._behind, self._count

        class Requests(BaseHTTPRequestHandler):
            """One connection of the dashboard, and one of ours behind it."""

            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                """Ask what we are asked."""
                asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                line = http.client.HTTPConnection(behind.hostname or "", behind.port)
                line.request(self.command, self.path, asked, dict(self.headers.items()))
                answer = line.getresponse()
                answered = answer.read()
                line.close()
                if answer.status == 200:
                    count(self.headers.get("X-Amz-Target") or "", asked, answered)
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(answered))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(answered)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = pass_on  # noqa: N815  # the names http.server calls

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in http.server
                """Nothing to tell."""

        return Requests


def halves(operation: str, asked: Mapping[str, Any], answered: Mapping[str, Any]) -> Counter[str]:
    """Half read units by table."""
    used: Counter[str] = Counter()
    if operation == "BatchGetItem":
        for table, wanted in asked["RequestItems"].items():
            found = answered["Responses"].get(table, [])
            each = 2 if wanted.get("ConsistentRead") else 1
            missing = len(wanted["Keys"]) - len(found)
            used[table] += each * (sum(_blocks(size(item)) for item in found) + missing)
    else:
        items = answered.get("Items", [answered["Item"]] if "Item" in answered else [])
        each = 2 if asked.get("ConsistentRead") else 1
        used[asked["TableName"]] += each * _blocks(sum(size(item) for item in items))
    return used


def _blocks(size_: int) -> int:
    return max(1, -(-size_ // BLOCK))


def size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The bytes of an item: names and values; a number takes a byte for each two digits and one more."""
    return sum(len(name.encode()) + _value(value) for name, value in item.items())


def _value(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "N":
        return len(str(held).lstrip("-").replace(".", "")) // 2 + 2
    return len(held.encode()) if kind == "S" else 1
