"""``LocalVenue``: the venue's public REST API as a real HTTP server on 127.0.0.1.

    async with LocalVenue(clock=time.time) as venue:
        venue.content.add_rows(rows)
        api = DataApi(http, nonce=time.time_ns, base_url=venue.data_url)

Like the original it caches by whole address, limits per route and answers by cursor; faults are queued per path.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.exchange.content import Content
from tests.exchange.faults import Fault

MAX_AGE_S = {"data/v2/trades": 300, "data/v2/activity": 15, "gamma/markets": 300}
"""How long the edge keeps an answer, by the beginning of the path (polymarket.md 4.3 and 4.4)."""

Limits = dict[str, tuple[int, float]]
LIMITS: Limits = {
    "data/v2/trades": (300, 10.0),
    "data/v2/activity": (200, 10.0),
    "data/v2/positions": (200, 10.0),
    "gamma/markets": (300, 10.0),
    "clob/books": (500, 10.0),
}
"""Requests and seconds of the sliding window of a path (polymarket.md 1.9)."""

Value = TypeVar("Value")

_SERVICES = ("data", "gamma", "clob")
_HEAD_MAX = 64 * 1024
_FILLER = b" " * 65536
_CACHE_MAX = 4096
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 425: "Too Early", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it."""

    method: str
    service: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes
    target: str

    def values(self, name: str) -> list[str]:
        """Every value of a query parameter."""
        return [value for key, value in self.query if key == name]


@dataclass(frozen=True, slots=True)
class Response:
    """What goes onto the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


Upgraded = Callable[[Request, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LocalVenue:
    """The server; ``clock`` (epoch seconds) rules visibility of rows, age of cached answers and rate windows."""

    def __init__(self, *, clock: Callable[[], float], limits: Limits | None = None, port: int = 0) -> None:
        self.clock = clock
        self.content = Content(clock)
        self.requests: list[Request] = []
        self.on_request: Callable[[Request], None] | None = None
        """Called before each answer; a test may change the content here."""
        self.spoil: Callable[[Request], Fault | None] | None = None
        """Asked before each answer that has no fault queued: what is wrong with this one."""
        self.on_upgrade: Upgraded | None = None
        """Takes over the streams of a request that wants to become a WebSocket."""
        self._limits = LIMITS if limits is None else limits
        self._port = port
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._cache: dict[str, tuple[float, Response]] = {}
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, limit=_HEAD_MAX)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop listening and drop every connection; a second call does nothing."""
        assert self._server is not None
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def base_url(self) -> str:
        """Address of the server itself."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def data_url(self) -> str:
        """Base address that stands for data-api."""
        return f"{self.base_url}/data"

    @property
    def gamma_url(self) -> str:
        """Base address that stands for gamma-api."""
        return f"{self.base_url}/gamma"

    @property
    def clob_url(self) -> str:
        """Base address that stands for clob."""
        return f"{self.base_url}/clob"

    def fail(self, route: str, *faults: Fault) -> None:
        """Spoil the next answers of a route such as ``data/v2/activity``, one fault each."""
        self._faults[route].extend(faults)

    def paths(self) -> list[str]:
        """``service/path`` of every request so far."""
        return [request.service + request.path for request in self.requests]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection must close."""
        request = await _read_request(reader)
        self.requests.append(request)
        if self.on_request is not None:
            self.on_request(request)
        if self.on_upgrade is not None and request.headers.get("upgrade", "").lower() == "websocket":
            await self.on_upgrade(request, reader, writer)
            return False
        queue = self._faults[request.service + request.path]
        fault = queue.popleft() if queue else (self.spoil and self.spoil(request)) or Fault()
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.reset:
            return False
        response = self._respond(request) if fault.status is None else Response(fault.status, {}, b"")
        return await _send(writer, response, fault)

    def _respond(self, request: Request) -> Response:
        now = self.clock()
        wait_s = self._over_limit(request, now)
        if wait_s > 0:
            return _json(429, {"error": "rate limit exceeded"}, {"Retry-After": str(int(wait_s) + 1)})
        stored = self._cache.get(request.target)
        if request.method == "GET" and stored is not None and now < stored[0]:
            return Response(stored[1].status, {**stored[1].headers, "X-Cache": "Hit from cloudfront"}, stored[1].body)
        status, body = self.content.answer(request.service, request.path, list(request.query), request.body)
        headers = {"X-Cache": "Miss from cloudfront"}
        if request.service + request.path == "gamma/markets":
            headers |= {"Deprecation": "true", "Sunset": "Fri, 01 May 2026 00:00:00 GMT"}
        response = _json(status, body, headers)
        max_age_s = _first(MAX_AGE_S, request.service + request.path)
        if status == 200 and request.method == "GET" and max_age_s is not None:
            response.headers["Cache-Control"] = f"public, max-age={max_age_s}"
            if len(self._cache) >= _CACHE_MAX:
                self._cache = {target: kept for target, kept in self._cache.items() if now < kept[0]}
            self._cache[request.target] = (now + max_age_s, response)
        return response

    def _over_limit(self, request: Request, now: float) -> float:
        """Seconds until the window of the route has room again; 0 when it has."""
        route = request.service + request.path
        limit = _first(self._limits, route)
        if limit is None:
            return 0.0
        count, window_s = limit
        recent = self._recent[route]
        while recent and recent[0] <= now - window_s:
            recent.popleft()
        if len(recent) >= count:
            return recent[0] + window_s - now
        recent.append(now)
        return 0.0


def _first(table: dict[str, Value], route: str) -> Value | None:
    return next((value for prefix, value in table.items() if route.startswith(prefix)), None)


def _json(status: int, body: object, headers: dict[str, str]) -> Response:
    return Response(status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    service, _, rest = parts.path.lstrip("/").partition("/")
    if service not in _SERVICES:
        service, rest = "unknown", parts.path.lstrip("/")
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, service, "/" + unquote(rest), query, headers, body, target)


async def _send(writer: asyncio.StreamWriter, response: Response, fault: Fault) -> bool:
    body = response.body if fault.body is None else fault.body
    size = fault.flood_bytes or len(body)
    headers = {**response.headers, **fault.headers}
    if fault.declare_length:
        headers["Content-Length"] = str(size)
    keep = fault == Fault() or (fault.declare_length and not fault.cut_bytes)
    headers["Connection"] = "keep-alive" if keep else "close"
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    if fault.flood_bytes:
        for start in range(0, size, len(_FILLER)):
            writer.write(_FILLER[: size - start])
            await writer.drain()
    else:
        writer.write(body[: len(body) - fault.cut_bytes])
    await writer.drain()
    return keep
