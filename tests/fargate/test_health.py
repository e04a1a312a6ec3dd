"""The health port, a real server on loopback: what it answers, to whom, and what it costs the loop."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fargate import health as module
from fargate.condition import HUNG_NS, Component
from fargate.health import HealthServer
from fargate.trader import Stopped
from shared.adapters.embedded.server import free_port, port_is_busy
from shared.domain.errors import BadInput, Corrupt
from shared.domain.instants import iso
from shared.settings import HealthSettings
from tests.fargate.fakes import NOON
from tests.fargate.test_condition import Told

PATHS = ("/live", "/ready", "/startup", "/")
Answer = tuple[int, dict[str, Any]]


class Asked:
    """A server, and what a client is told."""

    def __init__(self) -> None:
        self.told = Told()
        self.port = free_port()
        self.server = HealthServer(HealthSettings(port=self.port), self.told.health)

    def ask(self, path: str, method: str = "GET") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            found = connection.getresponse()
            self.headers = {name.lower(): value for name, value in found.getheaders()}
            body = found.read()
            return found.status, json.loads(body) if body else {}
        finally:
            connection.close()

    @property
    def statuses(self) -> list[int]:
        return [self.ask(path)[0] for path in PATHS]

    def said(self, text: bytes) -> bytes:
        """Everything that comes back for these bytes, until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as raw:
            raw.sendall(text)
            raw.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: raw.recv(4096), b""))


@pytest.fixture
def asked() -> Iterator[Asked]:
    made = Asked()
    with made.server:
        yield made


def test_each_state_has_its_answers_of_live_ready_startup_and_all(asked: Asked) -> None:
    told = asked.told
    assert asked.statuses == [200, 503, 503, 200]
    told.trading(venue=Component(False, "the venue is away", needed=True))
    assert asked.statuses == [200, 503, 200, 200]
    told.trading()
    assert asked.statuses == [200, 200, 200, 200]
    told.turn(HUNG_NS + 1)
    assert asked.statuses == [503, 503, 200, 503]
    told.trading()
    assert asked.statuses == [200, 200, 200, 200]
    told.health.end(Stopped())
    assert asked.statuses == [200, 503, 200, 200]


def test_a_failure_for_good_is_no_longer_alive(asked: Asked) -> None:
    asked.told.trading().health.end(Corrupt("the sum is 3"))
    assert asked.statuses == [503, 503, 200, 503]


@pytest.mark.parametrize("path", PATHS)
def test_every_path_tells_everything(path: str, asked: Asked) -> None:
    asked.told.trading(store=Component(False, "no answer for 12 s"))
    _, body = asked.ask(path)
    assert body == {
        "live": True,
        "ready": True,
        "started": True,
        "at": iso(NOON),
        "components": {
            "loop": {"ok": True, "says": "turned 0 ms ago: replaying", "since": iso(NOON)},
            "switch": {"ok": True, "says": "trading is on", "since": iso(NOON)},
            "store": {"ok": False, "says": "no answer for 12 s", "since": iso(NOON)},
        },
    }
    assert (asked.headers["content-type"], asked.headers["cache-control"]) == ("application/json", "no-store")
    assert asked.headers["server"].strip() == "house"


def test_a_query_behind_a_path_is_ignored(asked: Asked) -> None:
    assert asked.ask("/live?verbose=1")[0] == 200


@pytest.mark.parametrize("path", ["/health", "/live/", "/..", "/ready%00", "/LIVE"])
def test_any_other_path_is_not_found(path: str, asked: Asked) -> None:
    assert asked.ask(path) == (404, {"error": "Not Found: GET /, /live, /ready, /startup"})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_any_other_method_is_not_allowed(method: str, asked: Asked) -> None:
    status, body = asked.ask("/live", method)
    assert (status, asked.headers["allow"]) == (405, "GET")
    assert body == {"error": "Method Not Allowed: GET /, /live, /ready, /startup"}


def test_head_is_not_allowed_either_and_has_no_body(asked: Asked) -> None:
    assert asked.ask("/live", "HEAD") == (405, {})


@pytest.mark.parametrize("text", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET "])
def test_nonsense_is_answered_or_dropped_and_the_next_one_is_served(text: bytes, asked: Asked) -> None:
    said = asked.said(text)
    assert b"Traceback" not in said
    assert not said.startswith(b"HTTP/1.0 200")
    assert asked.ask("/live")[0] == 200


def test_a_client_that_leaves_in_the_middle_is_no_error(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", asked.port)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # hang up by reset
            raw.sendall(b"GET /live HT")
    assert asked.ask("/live")[0] == 200
    assert capsys.readouterr().err == ""


def test_many_at_once_are_all_answered(asked: Asked) -> None:
    asked.told.trading()
    with ThreadPoolExecutor(40) as crowd:
        found = list(crowd.map(lambda n: asked.ask(PATHS[n % 4])[0], range(200)))
    assert found == [200] * 200


def test_clients_that_say_nothing_do_not_lock_the_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Handler, "timeout", 0.2)
    monkeypatch.setattr(module, "ROOM_S", 20.0)
    asked = Asked()
    with asked.server:
        silent = [socket.create_connection(("127.0.0.1", asked.port)) for _ in range(module.AT_ONCE)]
        try:
            assert asked.ask("/live")[0] == 200
        finally:
            for one in silent:
                one.close()


def test_a_crowd_that_fills_every_place_is_turned_away_and_the_server_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM_S", 0.05)
    monkeypatch.setattr(module._Handler, "timeout", 20.0)
    asked = Asked()
    with asked.server:
        silent = [socket.create_connection(("127.0.0.1", asked.port)) for _ in range(module.AT_ONCE)]
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            asked.ask("/live")
        for one in silent:
            one.close()
        deadline = time.monotonic() + 5
        while True:
            try:
                assert asked.ask("/live")[0] == 200
                break
            except (ConnectionError, http.client.HTTPException):
                assert time.monotonic() < deadline


def test_the_loop_may_publish_while_others_ask_and_every_answer_is_of_one_piece(asked: Asked) -> None:
    over = threading.Event()

    def publish() -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            both = Component(turn % 2 == 0, str(turn), needed=True)
            asked.told.trading(a=both, b=both)

    loop = threading.Thread(target=publish)
    asked.told.trading()
    loop.start()
    try:
        for _ in range(100):
            _, body = asked.ask("/")
            shown = body["components"]
            if "a" in shown:
                assert shown["a"]["says"] == shown["b"]["says"]
                assert body["ready"] is shown["a"]["ok"]
    finally:
        over.set()
        loop.join()


def test_a_port_that_is_taken_is_one_sentence_naming_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = (
            f"^port {port} on 127.0.0.1 is in use by another program; set HEALTH_PORT to another one, or to 0 for none$"
        )
        with (
            pytest.raises(BadInput, match=sentence),
            HealthServer(HealthSettings(port=port), Told().health),
        ):
            pytest.fail("it must not listen")


def test_an_address_of_another_machine_is_one_sentence_naming_it() -> None:
    place = HealthSettings("127.0.0.1", 1)
    refused = OSError(99, "Cannot assign requested address")
    assert module._refusal(place, refused) == (
        "HEALTH_HOST 127.0.0.1 cannot be listened on (port 1): Cannot assign requested address"
    )


def test_port_0_listens_nowhere() -> None:
    before = threading.active_count()
    with HealthServer(HealthSettings(port=0), Told().health):
        assert threading.active_count() == before


def test_after_the_end_nobody_listens_and_the_port_can_be_taken_again() -> None:
    asked = Asked()
    for _ in range(2):
        with asked.server:
            assert asked.ask("/live")[0] == 200
        assert not port_is_busy(asked.port)
