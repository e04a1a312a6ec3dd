"""Loopback doubles of what notices talk to: chat services over HTTP, items in memory, a queue, a clock."""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from shared.adapters.notices.channels import Message
from shared.adapters.notices.items import Kept
from shared.domain.errors import HouseError
from shared.domain.instants import SECOND
from shared.domain.notice import Notice


@dataclass
class Reply:
    """What the service says next; ``hang``: it takes the request and says nothing."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


class Chat:
    """An HTTP service on loopback that keeps what it is sent, and answers by script, then with ``usual``."""

    def __init__(self, usual: Reply | None = None) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.script: deque[Reply] = deque()
        self.usual = usual or Reply(200, {"ok": True, "result": {}})
        self.lock = threading.Lock()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with chat.lock:
                    reply = chat.script.popleft() if chat.script else chat.usual
                    if reply.status < 300 or reply.hang:
                        chat.requests.append((self.path, content))
                if reply.hang:
                    self.connection.close()
                    return
                body = b"" if reply.body is None else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def texts(self) -> list[str]:
        """What people read, in order."""
        return [str(content.get("text") or content.get("content")) for _, content in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


class Memory:
    """Items in memory, replaced only as they were read; ``before_swap`` may get in the way."""

    def __init__(self) -> None:
        self.items: dict[str, Kept] = {}
        self.before_swap: list[Any] = []

    def read(self, name: str) -> Kept:
        return self.items.get(name, Kept())

    def swap(self, name: str, before: Kept, body: str, expires_at: int | None) -> bool:
        if self.before_swap:
            self.before_swap.pop(0)()
        if self.read(name) != before:
            return False
        self.items[name] = Kept(before.version + 1, body)
        return True


class Queue:
    """A queue that holds messages until their time; never loses one, may deliver one twice."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self.waiting: list[tuple[int, Notice]] = []

    def put(self, notice: Notice, delay_s: int) -> None:
        assert 0 <= delay_s <= 900
        self.waiting.append((self._clock.at + delay_s * SECOND, notice))

    def notify(self, notice: Notice) -> None:
        self.put(notice, 0)

    def take(self) -> list[Notice]:
        """What is due, and not to be delivered again."""
        due = [notice for at, notice in self.waiting if at <= self._clock.at]
        self.waiting = [one for one in self.waiting if one[0] > self._clock.at]
        return due


class Clock:
    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at


class Wall:
    """A channel that keeps what it is told and fails by script; ``die`` tells and then ends the process."""

    def __init__(self, name: str = "wall") -> None:
        self.name = name
        self.told: list[Message] = []
        self.script: deque[HouseError | str | None] = deque()
        self.usual: HouseError | None = None

    def send(self, message: Message) -> None:
        step = self.script.popleft() if self.script else self.usual
        if isinstance(step, HouseError):
            raise step
        self.told.append(message)
        if step == "die":
            raise Died


class Died(BaseException):
    """The process ended here."""
