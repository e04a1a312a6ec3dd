"""The client before something that is no venue, or none any more: what each failure proves, and how often it tries."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from shared.adapters.paper.orders import VenueSettings
from shared.adapters.paper.served.client import ServedVenue
from shared.adapters.paper.served.wire import (
    HEADER,
    LOOPBACK,
    MOST_SAID,
    Hello,
    Reply,
    Request,
    Unusable,
    Welcome,
    asked,
    framed,
)
from shared.domain.errors import Temporary
from shared.domain.messages import OrderInDoubt, OrderRejected
from shared.domain.rejections import Verdict, verdict_on
from tests.shared.adapters.paper.served.bad_line import read
from tests.shared.adapters.paper.served.trading import at_once
from tests.shared.engine.builders import NOON, order

PATIENCE_S = 10.0
WELCOME = framed(Welcome("life", VenueSettings(books=True)))


class Stranger:
    """Something on a port. ``hello`` answers a greeting, ``answer`` a request; empty bytes end the connection."""

    def __init__(self) -> None:
        self.hello = WELCOME
        self.answer: Callable[[Request], bytes] = lambda _: b""
        self.calls = 0
        self._server = socket.create_server((LOOPBACK, 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            self.calls += 1
            with caller, contextlib.suppress(OSError):
                while self._answered(caller):
                    pass

    def _answered(self, caller: socket.socket) -> bool:
        frame = read(caller)
        if frame is None:
            return False
        message = asked(frame[HEADER:])
        reply = self.hello if isinstance(message, Hello) else self.answer(message)
        caller.sendall(reply)
        return bool(reply)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(PATIENCE_S)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    opened = Stranger()
    yield opened
    opened.close()


def sound(request: Request) -> bytes:
    return framed(Reply(request.number, 1, [], (), busy=False))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"\0\0\0\3abc",
        (MOST_SAID + 1).to_bytes(HEADER, "big"),
        WELCOME,
        framed(Reply(99, 1, [], (), busy=False)),
    ],
)
def test_an_order_answered_by_anything_but_its_reply_is_in_doubt(stranger: Stranger, answer: bytes) -> None:
    client = ServedVenue(stranger.port, 0.3, at_once)
    stranger.answer = lambda _: answer
    (said,) = client.submit(order(), NOON)
    assert isinstance(said.payload, OrderInDoubt)
    assert client.counts.unanswered == 1
    stranger.answer = sound
    assert client.show([], NOON) == []
    client.close()


def test_an_order_that_meets_no_greeting_was_not_sent(stranger: Stranger) -> None:
    client = ServedVenue(stranger.port, 0.3, at_once)
    stranger.hello = b""
    client.query("a", NOON)
    (said,) = client.submit(order(), NOON)
    assert isinstance(said.payload, OrderRejected)
    assert verdict_on(said.payload.reason) is Verdict.RETRY
    client.close()


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        (framed(Unusable("v of Hello is 1, but this venue speaks 2")), "speaks 2"),
        (framed(Reply(1, 1, [], (), busy=False)), "Reply is no Welcome"),
        (b"\0\0\0\3abc", "is no reply"),
        (b"", "the connection was closed"),
    ],
)
def test_who_does_not_greet_as_a_venue_is_none(stranger: Stranger, hello: bytes, words: str) -> None:
    stranger.hello = hello
    with pytest.raises(Temporary, match=words):
        ServedVenue(stranger.port, 0.3, at_once)


def test_a_venue_that_is_away_is_tried_now_and_then_and_not_with_every_call(stranger: Stranger) -> None:
    client = ServedVenue(stranger.port, 0.3, jitter=lambda: 1.0)
    stranger.hello = b""
    for _ in range(200):
        client.show([], NOON)
    assert stranger.calls < 20
    assert client.counts.unanswered == 200
    client.close()


def test_a_call_that_must_not_be_lost_keeps_its_number_until_it_is_answered(
    stranger: Stranger,
) -> None:
    numbers: list[int] = []

    def deaf(request: Request) -> bytes:
        numbers.append(request.number)
        return b"" if len(numbers) < 3 else sound(request)

    client = ServedVenue(stranger.port, 0.3, at_once)
    stranger.answer = deaf
    client.deposit("start", 1, NOON)
    client.show([], NOON)
    client.show([], NOON)
    assert numbers == [1, 1, 1, 2]
    assert not client.busy
    client.close()


def test_answers_that_the_venue_had_to_drop_are_counted(stranger: Stranger) -> None:
    client = ServedVenue(stranger.port, 0.3, at_once)
    stranger.answer = lambda request: framed(Reply(request.number, 8, [], (), busy=False))
    for _ in range(2):
        client.show([], NOON)
    assert client.counts.answers_lost == 7
    client.close()
