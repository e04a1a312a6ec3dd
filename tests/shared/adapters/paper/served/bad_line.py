"""A line between a client and the venue that can be made to lose, hold and repeat what goes over it."""

import contextlib
import select
import socket
import threading

from shared.adapters.paper.served.wire import HEADER, LOOPBACK, Hello, Request, asked

PATIENCE_S = 10.0


class BadLine:
    """Passes frames on to ``target``. ``lose_requests`` and ``lose_replies`` count what is lost next; a request that is
    held arrives when ``release`` says so, on the connection on which it was sent. ``passed``: what arrived.
    """

    def __init__(self, target: int) -> None:
        self.lose_requests = 0
        self.lose_replies = 0
        self.hold_requests = 0
        self.passed: list[Request] = []
        self._target = target
        self._held: list[tuple[socket.socket, bytes]] = []
        self._server = socket.create_server((LOOPBACK, 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = [self._server]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.socket()
            self._open += [near, far]
            try:
                far.connect((LOOPBACK, self._target))
            except OSError:
                near.close()
                continue
            thread = threading.Thread(target=self._carry, args=(near, far))
            self._threads.append(thread)
            thread.start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while self._carried(near, far):
                pass
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)

    def _carried(self, near: socket.socket, far: socket.socket) -> bool:
        if far in select.select([near, far], [], [])[0]:
            return False  # the venue has gone
        frame = read(near)
        if frame is None:
            return False
        message = asked(frame[HEADER:])
        if isinstance(message, Hello):
            far.sendall(frame)
        elif self.lose_requests:
            self.lose_requests -= 1
            return True
        elif self.hold_requests:
            self.hold_requests -= 1
            self._held.append((far, frame))
            return True
        else:
            self.passed.append(message)
            far.sendall(frame)
        reply = read(far)
        if reply is None:
            return False
        if isinstance(message, Request) and self.lose_replies:
            self.lose_replies -= 1
            return True
        near.sendall(reply)
        return True

    def release(self) -> bytes:
        """The oldest held request arrives; the venue's reply to it, which nobody waits for any more."""
        far, frame = self._held.pop(0)
        far.sendall(frame)
        reply = read(far)
        assert reply is not None
        return reply

    def close(self) -> None:
        """Every connection ends."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for one in self._open:
            one.close()


def read(connection: socket.socket) -> bytes | None:
    """The next frame, or None at the end."""
    header = exactly(connection, HEADER)
    body = None if header is None else exactly(connection, int.from_bytes(header, "big"))
    return None if header is None or body is None else header + body


def exactly(connection: socket.socket, size: int) -> bytes | None:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            return None
        found += part
    return found
