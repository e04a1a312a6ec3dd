"""What the pages change, asked of a control API that writes down what it hears."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dashboard.queries.changes import ApiChanges
from shared.domain.errors import BadInput, NotAllowed, Temporary


class Api:
    """Answers ``status`` and ``told`` to everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.told = 200, dict[str, Any]()
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        api = self

        class Requests(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.asked.append((self.command, self.path, body))
                text = json.dumps(api.told).encode()
                self.send_response(api.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_PUT = do_POST  # noqa: N815  # the name http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self.changes = ApiChanges(f"http://127.0.0.1:{self.server.server_port}", "key", "us-east-1")


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_review_names_its_order_and_says_what_became_of_it(api: Api) -> None:
    api.told = {"who": "local:dashboard", "note": "seen", "was_reviewed": False}
    assert api.changes.review("ab.2", "seen") == "It is reviewed."
    assert api.asked == [("POST", "/api/dead-letters", {"order_key": "ab.2", "reason": "seen"})]


def test_an_earlier_review_is_told_with_who_gave_it(api: Api) -> None:
    api.told = {"who": "ana", "note": "topped up", "was_reviewed": True}
    assert api.changes.review("ab.1", "seen") == "ana had reviewed it before: topped up."


def test_limits_pins_and_modes_are_asked_for_in_the_words_of_the_api(api: Api) -> None:
    api.told = {"says": "the trader takes it within a second"}
    assert api.changes.configure("why", {"kelly": "0.1"}, ["0xa"], ["0xb"]) == "The trader takes it within a second."
    assert api.changes.mode("observe", "look first").startswith("The trader")
    limits = {"reason": "why", "limits": {"kelly": "0.1"}, "pinned": ["0xa"], "unpinned": ["0xb"], "reset": False}
    assert api.asked == [
        ("PUT", "/api/markets/config", limits),
        ("POST", "/api/mode", {"mode": "observe", "reason": "look first"}),
    ]


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (403, NotAllowed, "PUT /api/markets/config is not allowed: no second factor"),
        (400, BadInput, "PUT /api/markets/config: no second factor"),
        (503, Temporary, "PUT /api/markets/config: no second factor"),
    ],
)
def test_who_is_refused_knows_whether_somebody_else_might_do_it(
    api: Api, status: int, kind: type[Exception], sentence: str
) -> None:
    api.status, api.told = status, {"error": "no second factor"}
    with pytest.raises(kind) as raised:
        api.changes.configure("why", reset=True)
    assert type(raised.value) is kind
    assert str(raised.value) == sentence


def test_a_dashboard_without_an_api_says_how_it_gets_one() -> None:
    with pytest.raises(NotAllowed, match="set CONTROL_URL"):
        ApiChanges("", "", "us-east-1").resume("all well")
