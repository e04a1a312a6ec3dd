"""A slow, strict or absent line between a trader and the store: a loopback proxy that knows where requests end."""

import asyncio
import threading
import time

from shared.adapters.embedded.server import LOOPBACK

THROTTLED = b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Rate exceeded"}'
ANSWER = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%b" % (
    len(THROTTLED),
    THROTTLED,
)
CHUNK = 1 << 16


class Proxy:
    """Runs in a thread. ``delay_s``: how long each request waits; ``per_second``: how many requests are let through (0:
    all), the others are throttled as DynamoDB does it.
    """

    def __init__(self, port: int) -> None:
        self.delay_s = 0.0
        self.per_second = 0
        self.throttled = 0
        self.passed = 0
        self.port = 0
        self._to = port
        self._second = (0, 0)
        self._connections: dict[asyncio.Task[None], None] = {}
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self) -> str:
        """Where traders find the store."""
        return f"http://{LOOPBACK}:{self.port}"

    def close(self) -> None:
        """Every connection ends."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*list(self._connections), return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        connection = asyncio.current_task()
        assert connection is not None
        self._connections[connection] = None  # nobody else would keep it alive
        try:
            back, there = await asyncio.open_connection(LOOPBACK, self._to)
            while True:
                request = await _message(reader)
                await asyncio.sleep(self.delay_s)
                if self._is_too_much():
                    self.throttled += 1
                    writer.write(ANSWER)
                else:
                    self.passed += 1
                    there.write(request)
                    writer.write(await _message(back))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # either side has gone: so does the other
        finally:
            del self._connections[connection]
            for one in (writer, there):
                if one is not None:
                    one.close()

    def _is_too_much(self) -> bool:
        second = int(time.monotonic())
        count = self._second[1] + 1 if self._second[0] == second else 1
        self._second = (second, count)
        return 0 < self.per_second < count


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer as it came: its head, and the body whose length the head says or which comes in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return head + await _chunks(reader)
    _, _, rest = lower.partition(b"content-length:")
    size = int(rest.split(b"\r\n", 1)[0]) if rest else 0
    return head + await reader.readexactly(size)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        found += line + await reader.readexactly(size + 2)
        if size == 0:
            return found
