"""The public world over a loopback socket: who connects is told how things stand, then everything that happens.

A frame is the length of its body (four bytes) and the body: facts with who says them and when they happened there.
"""

import asyncio
import socket
import threading
from collections.abc import Callable

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from shared.adapters.embedded.server import LOOPBACK
from shared.domain.messages import Payload
from shared.ports import Heard

HEADER = 4
SEND_S = 5.0
"""Who does not read for so long, with his buffers full, is given up: he connects again."""
RETRY_S = 0.2


class Fact(Struct, frozen=True):
    """What a source says, and when it happened there (nanoseconds)."""

    source: str
    venue_at: int
    payload: Payload


_encode = Encoder().encode
_decode: Decoder[list[Fact]] = Decoder(list[Fact])


def _framed(facts: list[Fact]) -> bytes:
    body = _encode(facts)
    return len(body).to_bytes(HEADER, "big") + body


class Broadcast:
    """The telling side, in threads of its own. ``standing``: what whoever connects is told first."""

    def __init__(self, standing: Callable[[], list[Fact]]) -> None:
        self._standing = standing
        self._listeners: list[socket.socket] = []
        self._lock = threading.Lock()
        self._door = socket.create_server((LOOPBACK, 0))
        self.port: int = self._door.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, name="public", daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                listener, _ = self._door.accept()
            except OSError:  # closed
                return
            listener.settimeout(SEND_S)
            with self._lock:
                if self._sent(listener, _framed(self._standing())):
                    self._listeners.append(listener)

    @staticmethod
    def _sent(listener: socket.socket, frame: bytes) -> bool:
        try:
            listener.sendall(frame)
        except OSError:
            listener.close()
            return False
        return True

    def tell(self, facts: list[Fact]) -> None:
        """Tell everybody who listens."""
        frame = _framed(facts)
        with self._lock:
            self._listeners = [one for one in self._listeners if self._sent(one, frame)]

    def close(self) -> None:
        """Tell nobody any more."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._accepting.join()
        with self._lock:
            for listener in self._listeners:
                listener.close()


class Listening:
    """The hearing side, on a running loop; it connects again for as long as it runs."""

    def __init__(self, port: int, now: Callable[[], int]) -> None:
        self._port = port
        self._now = now

    async def standing(self) -> list[Fact]:
        """How things stand, asked once."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        try:
            return await _read(reader)
        finally:
            writer.close()
            await writer.wait_closed()

    async def run(self, hear: Callable[[Heard], None]) -> None:
        """Say everything heard until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
                try:
                    while True:
                        for fact in await _read(reader):
                            hear(Heard(fact.source, self._now(), fact.venue_at, fact.payload))
                finally:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(RETRY_S)


async def _read(reader: asyncio.StreamReader) -> list[Fact]:
    size = int.from_bytes(await reader.readexactly(HEADER), "big")
    return _decode.decode(await reader.readexactly(size))
