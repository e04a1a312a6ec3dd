"""WebSocket connections on the streams of ``LocalVenue``: the library frames and parses, the bytes are ours."""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Request as Upgrade
from websockets.protocol import State
from websockets.server import ServerProtocol

from tests.exchange import troubles as fault
from tests.exchange.faults import HTML_PAGE
from tests.exchange.server import Request
from tests.exchange.troubles import Troubles

READ_BYTES = 64 * 1024
SEND_BUFFER_MAX = 32 * 1024 * 1024
"""A reader that leaves more than this unread is cut off (polymarket.md 5.1: 1013)."""
_NO_LINGER = struct.pack("ii", 1, 0)
_REFUSALS = {
    "429": (429, b'{"error":"rate limit exceeded"}'),
    "451": (451, b"Unavailable For Legal Reasons"),
    "html": (403, HTML_PAGE),
}


def text_frame(payload: bytes) -> bytes:
    """One text message as it goes over the wire (a server does not mask)."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


class Peer:
    """One connected client. ``subscriptions`` and ``about`` belong to the channel."""

    def __init__(self, number: int, request: Request, writer: asyncio.StreamWriter, protocol: ServerProtocol) -> None:
        self.number = number
        self.request = request
        self.subscriptions: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.heard: deque[float] = deque(maxlen=64)
        self.timers: list[asyncio.TimerHandle] = []
        self.muted = False
        """Says no more than pongs, for good."""
        self.stalled = False
        """Says nothing at all, for good."""
        self._writer = writer
        self._protocol = protocol

    @property
    def is_open(self) -> bool:
        """Whether frames still can go out."""
        return self._protocol.state is State.OPEN and not self._writer.is_closing()

    def write(self, frames: bytes) -> None:
        """Send bytes that are whole frames already; a reader too slow for them is cut off."""
        if self.stalled or not self.is_open:
            return
        if self._writer.transport.get_write_buffer_size() > SEND_BUFFER_MAX:
            self.close(CloseCode.TRY_AGAIN_LATER, "slow consumer: send buffer full")
            self._writer.transport.abort()
            return
        self._writer.write(frames)

    def text(self, payload: bytes) -> None:
        """Send one text message."""
        self.write(text_frame(payload))

    def ping(self, payload: bytes) -> None:
        """Send a protocol ping."""
        self.write(Frame(Opcode.PING, payload).serialize(mask=False))

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; the client answers and TCP ends."""
        if self.is_open and not self.stalled:
            self._protocol.send_close(code, reason)
            self.flush()

    def reset(self) -> None:
        """End TCP at once with a reset."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._writer.transport.abort()

    def flush(self) -> None:
        """Pass on what the protocol itself has to say: handshake, pongs, closing."""
        for data in self._protocol.data_to_send():
            if self.stalled or self._writer.is_closing():
                continue
            if data:
                self._writer.write(data)
            elif self._writer.can_write_eof():
                self._writer.write_eof()


class Channel:
    """One stream server: its connections, and the way out through the faults. Subclasses speak the dialect."""

    name = ""

    def __init__(self, troubles: Troubles) -> None:
        self.troubles = troubles
        self.peers: dict[int, Peer] = {}
        self.accepted = 0
        self.sent = 0
        """Data frames that left, counted once per peer."""
        self.received: deque[bytes] = deque(maxlen=1000)
        """Text messages of clients, the latest last."""
        troubles.listeners.append(self._trouble)

    # ------------------------------------------------------------------ for subclasses

    def opened(self, peer: Peer) -> None:
        """A client is connected."""

    def message(self, peer: Peer, text: bytes) -> None:
        """A client said something."""

    def after(self, peer: Peer, seconds: float, action: Callable[[], None]) -> None:
        """Do something later unless the client is gone by then."""
        peer.timers.append(asyncio.get_running_loop().call_later(seconds, action))

    # ------------------------------------------------------------------ the way out

    def answer(self, peer: Peer, payload: bytes) -> None:
        """An answer that is no data (pong, acknowledgement): only a stalled socket withholds it."""
        peer.text(payload)

    def emit(self, peers: Iterable[Peer], payload: bytes, *, trade: bool = False) -> None:
        """Send a frame of data, as the faults of the moment allow; ``trade``: it may be doubled and reordered."""
        receivers = [peer for peer in peers if not peer.muted and not peer.stalled]
        if not receivers:
            return
        troubles = self.troubles
        if troubles.on("truncated", self.name):
            payload = payload[: max(1, round(len(payload) * troubles.chance.uniform(0.1, 0.9)))]
        wait_s = fault.SLOW_S * troubles.stretch if troubles.on("slow", self.name) else 0.0
        if trade and troubles.on("reorder", self.name):
            wait_s += troubles.delay(0.0, fault.REORDER_S)
        frame = text_frame(payload)
        self._send(receivers, frame, wait_s)
        if trade and troubles.on("dup", self.name):
            self._send(receivers, frame, wait_s + troubles.delay(0.0, fault.DUP_S))

    def _send(self, peers: list[Peer], frame: bytes, wait_s: float) -> None:
        if wait_s > 0.0:
            asyncio.get_running_loop().call_later(wait_s, self._write, peers, frame)
        else:
            self._write(peers, frame)

    def _write(self, peers: list[Peer], frame: bytes) -> None:
        for peer in peers:
            if not peer.muted:
                peer.write(frame)
                self.sent += 1

    # ------------------------------------------------------------------ faults of the connection

    def _trouble(self, name: str, began: bool) -> None:
        if not began or not self.troubles.on(name, self.name):
            return
        for peer in list(self.peers.values()):
            self._afflict(peer)

    def _afflict(self, peer: Peer) -> None:
        """What the faults of the moment do to one connection, at their beginning or at its own."""
        troubles = self.troubles
        peer.muted = peer.muted or troubles.on("silent", self.name)
        peer.stalled = peer.stalled or troubles.on("stall", self.name)
        if troubles.on("huge", self.name):
            self._huge(peer)
        if troubles.on("cut", self.name):
            peer.reset()

    def _huge(self, peer: Peer) -> None:
        if self.troubles.on("huge", self.name) and peer.is_open and not peer.muted:
            body = b'{"event_type":"huge","filler":"' + b"x" * (fault.HUGE_BYTES - 33) + b'"}'
            self._write([peer], text_frame(body))
            self.after(peer, fault.HUGE_EVERY_S * self.troubles.stretch, lambda: self._huge(peer))

    def _welcome(self, peer: Peer) -> None:
        if self.troubles.on("cut", self.name):
            self.after(peer, self.troubles.delay(*fault.CUT_S), peer.reset)
        else:
            self._afflict(peer)

    # ------------------------------------------------------------------ one connection

    def refusal(self, _request: Request) -> tuple[int, bytes] | None:
        """Status and body instead of an upgrade, when a fault says so."""
        return next((answer for name, answer in _REFUSALS.items() if self.troubles.on(name, self.name)), None)

    async def serve(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Upgrade a request and talk until either side ends."""
        if self.troubles.on("stall", self.name):
            await _swallow(reader)
            return
        refused = self.refusal(request)
        if refused is not None:
            status, body = refused
            head = [f"HTTP/1.1 {status} Refused", "Retry-After: 1", f"Content-Length: {len(body)}", "Connection: close"]
            writer.write("\r\n".join([*head, "", ""]).encode() + body)
            await writer.drain()
            return
        protocol = ServerProtocol(max_size=1024 * 1024)
        protocol.receive_data(_head(request))
        upgrade = protocol.events_received()[0]
        assert isinstance(upgrade, Upgrade)
        protocol.send_response(protocol.accept(upgrade))
        self.accepted += 1
        peer = Peer(self.accepted, request, writer, protocol)
        peer.flush()
        if protocol.state is not State.OPEN:
            return
        self.peers[peer.number] = peer
        try:
            self.opened(peer)
            self._welcome(peer)
            while data := await reader.read(READ_BYTES):
                protocol.receive_data(data)
                self._take(peer, protocol)
                peer.flush()
                if not peer.is_open:
                    break
        finally:
            del self.peers[peer.number]
            for timer in peer.timers:
                timer.cancel()

    def _take(self, peer: Peer, protocol: ServerProtocol) -> None:
        now = asyncio.get_running_loop().time()
        for event in protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode in (Opcode.TEXT, Opcode.PING, Opcode.PONG):
                peer.heard.append(now)
            if event.opcode is Opcode.TEXT:
                self.received.append(bytes(event.data))
                self.message(peer, bytes(event.data))
            elif event.opcode is Opcode.CLOSE:
                peer.about["close"] = Close.parse(bytes(event.data))


def _head(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _swallow(reader: asyncio.StreamReader) -> None:
    """Keep TCP open and say nothing."""
    while await reader.read(READ_BYTES):
        pass
