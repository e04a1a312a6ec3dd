"""What a page changes, as the control API is asked for it, and what it hears when that is refused."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from dashboard.queries.changes import ApiChanges
from functions.entrance import answered
from functions.local import ControlServer
from shared.adapters.embedded.server import free_port
from shared.domain.errors import BadInput, Temporary

KEY = "the key of this run"


class Api:
    """A control API that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.answer: dict[str, Any] = answered(200, {"says": "the trader takes it", "orders": "3 orders are void"})
        self.server = ControlServer(0, self._handle, KEY)
        self.changes = ApiChanges(f"http://127.0.0.1:{self.server.port}", KEY, "eu-west-1")

    def _handle(self, event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        self.asked.append((event["httpMethod"], event["path"], json.loads(event["body"])))
        return self.answer


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    thread = threading.Thread(target=made.server.serve)
    thread.start()
    yield made
    made.server.close()
    thread.join()


def test_each_change_is_one_signed_request_with_its_reason(api: Api) -> None:
    assert api.changes.kill("enough") == "Trading is stopped: 3 orders are void."
    assert api.changes.resume("checked") == "The trader takes it."
    api.changes.mode("observe", "holiday")
    api.changes.configure("calmer", {"stop_loss": "8%"}, pinned=["0xa"], unpinned=["0xb"], reset=True)
    whole = {"limits": {"stop_loss": "8%"}, "pinned": ["0xa"], "unpinned": ["0xb"], "reset": True}
    assert api.asked == [
        ("POST", "/api/kill", {"reason": "enough"}),
        ("POST", "/api/resume", {"reason": "checked"}),
        ("POST", "/api/mode", {"mode": "observe", "reason": "holiday"}),
        ("PUT", "/api/markets/config", {"reason": "calmer", **whole}),
    ]


def test_what_the_api_refuses_is_told_in_its_words(api: Api) -> None:
    api.answer = answered(400, {"error": "limit stop_loss='lots': must be a share"})
    with pytest.raises(BadInput, match="stop_loss='lots': must be a share"):
        api.changes.configure("why", {"stop_loss": "lots"})


def test_an_api_that_is_away_is_told_with_its_address() -> None:
    port = free_port()
    with pytest.raises(Temporary, match=f"127.0.0.1:{port} cannot be reached"):
        ApiChanges(f"http://127.0.0.1:{port}", KEY, "eu-west-1").kill("enough")


def test_a_dashboard_without_an_api_says_what_to_set() -> None:
    with pytest.raises(BadInput, match="set CONTROL_URL"):
        ApiChanges("", "", "eu-west-1").kill("enough")
