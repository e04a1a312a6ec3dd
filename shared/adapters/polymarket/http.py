"""One small HTTP client for public, read-only routes: bounded, counted, and unable to repeat an order.

Only GET is ever retried. The single POST it can send (``post_once``) is refused unless its path is a known
read-only route, and is never repeated. Nothing here logs; ``HttpStats`` counts, and callers decide what to say.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx

from shared.adapters.polymarket.fields import show
from shared.adapters.polymarket.limits import RateLimits
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND

DATA_API = "https://data-api.polymarket.com"
GAMMA_API = "https://gamma-api.polymarket.com"
CLOB_API = "https://clob.polymarket.com"

USER_AGENT = "polymarket-copy-trading-house/0.1 (public data reader)"
"""Stable and our own: the venue's edge answers 403 to library defaults (polymarket.md 8, row 32)."""

READ_ONLY_POSTS = frozenset({"/books"})

Params = Sequence[tuple[str, str]]

_RETRIED = frozenset({425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_BODY_SHOWN = 200
_DEPRECATIONS_MAX = 20


class HttpRefused(BadInput):
    """The server answered that this request is wrong or not allowed (4xx); asking again would not help."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Throttled(Temporary):
    """The server asks for a longer pause than we wait inside one request; ``retry_after_s`` is its own figure."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class HttpStats:
    """What the client did so far; plain counters, bytes after decompression, waits in nanoseconds."""

    requests: int = 0
    retries: int = 0
    bytes_read: int = 0
    throttled: int = 0
    server_errors: int = 0
    transport_errors: int = 0
    rate_waits: int = 0
    rate_wait_ns: int = 0
    deprecations: dict[str, str] = field(default_factory=dict)
    """Path -> Sunset or Deprecation header, at most twenty paths."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Bounds of one request; every one of them is finite on purpose."""

    attempts: int = 4
    backoff_base_s: float = 0.25
    backoff_max_s: float = 4.0
    retry_after_max_s: float = 10.0
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 10.0
    attempt_timeout_s: float = 30.0
    body_max_bytes: int = 32 * 1024 * 1024
    connections_max: int = 16


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class PublicHttp:
    """HTTP over one connection pool; use as an async context manager.

    ``clock`` is a monotonic nanosecond clock, ``sleep`` waits seconds, ``jitter`` answers uniformly in [0, 1).
    """

    def __init__(
        self,
        *,
        clock: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
        settings: HttpSettings | None = None,
        limits: RateLimits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._settings = settings or HttpSettings()
        self._limits = limits or RateLimits()
        self.stats = HttpStats()
        bounds = self._settings
        self._client = httpx.AsyncClient(
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(bounds.read_timeout_s, connect=bounds.connect_timeout_s),
            limits=httpx.Limits(max_connections=bounds.connections_max),
            follow_redirects=False,
            # Settings are read once at the entrance; a proxy found in the environment would bypass that.
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def get(self, service: str, base_url: str, path: str, params: Params = (), *, route: str = "") -> bytes:
        """The body of a GET, repeated while the failure is temporary; ``route`` names the limit when not ``path``.

        Raises ``HttpRefused`` (4xx), ``BadInput`` (HTML or too large a body), ``Throttled`` (asked to pause longer
        than we wait) or ``Temporary`` (still failing after the last attempt).
        """
        attempt = 0
        while True:
            await self._take_place(service, route or path)
            try:
                return self._accept(path, await self._send("GET", base_url + path, params=params))
            except Temporary as error:
                attempt += 1
                pause_s = self._pause_s(error, attempt)
                if pause_s is None:
                    raise
            self.stats.retries += 1
            await self._sleep(pause_s)

    async def post_once(self, service: str, base_url: str, path: str, body: bytes) -> bytes:
        """The body of a POST to a read-only route, sent exactly once; raises as ``get`` does.

        ``ValueError`` when the path is not a known read-only route: this client must never carry an order.
        """
        if path not in READ_ONLY_POSTS:
            raise ValueError(f"path {path!r} is not a read-only route")
        await self._take_place(service, path)
        return self._accept(path, await self._send("POST", base_url + path, content=body))

    def _pause_s(self, error: Temporary, failed: int) -> float | None:
        """Seconds to wait after the ``failed``-th failure, or None to give up.

        Exponential and capped, half of it random so that many clients do not come back at the same instant.
        """
        bounds = self._settings
        asked_s = error.retry_after_s if isinstance(error, Throttled) else 0.0
        if failed >= bounds.attempts or asked_s > bounds.retry_after_max_s:
            return None
        span_s = min(bounds.backoff_max_s, bounds.backoff_base_s * 2.0 ** (failed - 1))
        return max(asked_s, span_s * (0.5 + 0.5 * self._jitter()))

    async def _take_place(self, service: str, path: str) -> None:
        delay_ns = self._limits.reserve(service, path, self._clock())
        if delay_ns > 0:
            self.stats.rate_waits += 1
            self.stats.rate_wait_ns += delay_ns
            await self._sleep(delay_ns / SECOND)

    async def _send(self, method: str, url: str, *, params: Params = (), content: bytes | None = None) -> _Answer:
        self.stats.requests += 1
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(self._settings.attempt_timeout_s),
                self._client.stream(
                    method, url, params=tuple(params) or None, content=content, headers=headers
                ) as response,
            ):
                return _Answer(response.status_code, response.headers, await self._read(url, response))
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            self.stats.transport_errors += 1
            raise Temporary(f"{url}: no usable answer ({type(error).__name__})") from error

    async def _read(self, url: str, response: httpx.Response) -> bytes:
        limit = self._settings.body_max_bytes
        declared = response.headers.get("Content-Length", "")
        if declared.isdigit() and int(declared) > limit:
            raise BadInput(f"{url}: Content-Length {declared} is above the limit of {limit} bytes")
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > limit:
                raise BadInput(f"{url}: the body is above the limit of {limit} bytes")
            parts.append(part)
        self.stats.bytes_read += size
        return b"".join(parts)

    def _accept(self, path: str, answer: _Answer) -> bytes:
        self._note_deprecation(path, answer.headers)
        status = answer.status
        if status in _RETRIED or status >= 500:
            self._count(status)
            message = f"{path}: answered {status} {_excerpt(answer)}"
            pause_s = retry_after_s(answer.headers)
            raise Throttled(message, pause_s) if pause_s is not None else Temporary(message)
        if status != httpx.codes.OK:
            raise HttpRefused(f"{path}: answered {status} {_excerpt(answer)}", status)
        if _is_html(answer):
            raise BadInput(f"{path}: answered an HTML page instead of JSON: {_excerpt(answer)}")
        return answer.body

    def _count(self, status: int) -> None:
        if status == httpx.codes.TOO_MANY_REQUESTS:
            self.stats.throttled += 1
        else:
            self.stats.server_errors += 1

    def _note_deprecation(self, path: str, headers: httpx.Headers) -> None:
        notice = headers.get("Sunset") or headers.get("Deprecation")
        if notice and len(self.stats.deprecations) < _DEPRECATIONS_MAX:
            self.stats.deprecations[path] = notice


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Seconds of a Retry-After header (a number, or a date taken against the answer's own Date); None without one."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:6])
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds())
    except (ValueError, TypeError):
        return None


def batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The distinct items in their order, ``size`` at a time."""
    distinct = list(dict.fromkeys(items))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def _is_html(answer: _Answer) -> bool:
    return "html" in answer.headers.get("Content-Type", "") or answer.body[:64].lstrip().startswith(b"<")


def _excerpt(answer: _Answer) -> str:
    return show(answer.body[:_BODY_SHOWN].decode(errors="replace"))
