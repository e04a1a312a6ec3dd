"""The control API of `make run`: the same function behind a door of our own, open to whoever holds the run's key."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.control_api.handler import handler
from functions.local import MOST_BYTES, ControlServer
from shared.adapters.control.remote import Remote
from shared.adapters.control.signing import local_credentials
from shared.adapters.embedded.server import free_port
from shared.domain.command import CommandKind
from shared.domain.errors import BadInput
from tests.functions.events import set_up
from tests.functions.route import Route

ROOT = Path(__file__).parents[2]
KEY = "the key of this run"


class Serving:
    def __init__(self, account: str, route: Route) -> None:
        self.server = ControlServer(0, handler, KEY)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.account, self.route = account, route

    def remote(self, key: str = KEY) -> Remote:
        return Remote(self.url, "eu-west-1", local_credentials(key))


@pytest.fixture
def serving(route: Route, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    account = f"local-{time.time_ns()}"
    set_up(monkeypatch, route, account)
    made = Serving(account, route)
    thread = threading.Thread(target=made.server.serve)
    thread.start()
    yield made
    made.server.close()
    thread.join()


def test_the_dashboard_stops_trading_through_it(serving: Serving) -> None:
    assert serving.remote().ask("GET", "/api/mode")["trading"]
    done = serving.remote().ask("POST", "/api/kill", {"reason": "enough"})
    assert (done["trading"], done["reason"]) == (False, "local:dashboard: enough")
    assert not serving.remote().ask("GET", "/api/mode")["trading"]


def test_a_change_of_limits_is_a_command_for_the_trader(serving: Serving) -> None:
    body = {"reason": "calmer", "limits": {"stop_loss": "8%"}}
    assert "stop_loss=8%" in serving.remote().ask("PUT", "/api/markets/config", body)["says"]
    assert serving.remote().ask("GET", "/api/mode")["waiting"] == [CommandKind.SET.value]


def test_questions_with_parameters_reach_the_function(serving: Serving) -> None:
    with pytest.raises(BadInput, match="2026-02-31"):
        serving.remote().ask("GET", "/api/decisions?day=2026-02-31")
    assert serving.remote().ask("GET", "/api/decisions?day=2026-02-01&most=5") == {"rows": []}


def test_a_limit_that_makes_no_sense_is_told_in_one_sentence(serving: Serving) -> None:
    with pytest.raises(BadInput, match=r"stop_loss='lots'"):
        serving.remote().ask("PUT", "/api/markets/config", {"reason": "why", "limits": {"stop_loss": "lots"}})


def test_whoever_does_not_hold_the_key_changes_nothing(serving: Serving) -> None:
    with pytest.raises(BadInput, match="not allowed"):
        serving.remote("another key").ask("POST", "/api/kill", {"reason": "mischief"})
    unsigned = httpx.post(f"{serving.url}/api/kill", json={"reason": "mischief"})
    assert (unsigned.status_code, unsigned.json()["error"]) == (403, "the request is not signed")
    assert serving.remote().ask("GET", "/api/mode")["trading"]


def test_a_body_that_is_too_large_is_not_read(serving: Serving) -> None:
    with socket.create_connection(("127.0.0.1", serving.server.port)) as line:
        line.sendall(f"POST /api/kill HTTP/1.1\r\nHost: x\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n".encode())
        assert line.recv(1_000).startswith(b"HTTP/1.0 413 ")


def test_a_function_has_one_request_at_a_time() -> None:
    inside, most = [0], [0]

    def slow(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1
        return {"statusCode": 200, "multiValueHeaders": {"Content-Type": ["application/json"]}, "body": "{}"}

    server = ControlServer(0, slow, KEY)
    serve = threading.Thread(target=server.serve)
    serve.start()
    remote = Remote(f"http://127.0.0.1:{server.port}", "eu-west-1", local_credentials(KEY))
    asking = [threading.Thread(target=remote.ask, args=("GET", "/api/mode")) for _ in range(6)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    server.close()
    serve.join()
    assert most[0] == 1


def test_the_process_serves_with_its_settings_and_refuses_to_without() -> None:
    port = free_port()
    refused = subprocess.run(
        [sys.executable, "-m", "functions"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (refused.returncode, "CONTROL_KEY and CONTROL_PORT" in refused.stderr) == (2, True)
    environment = {**os.environ, "CONTROL_KEY": KEY, "CONTROL_PORT": str(port)}
    with subprocess.Popen([sys.executable, "-m", "functions"], cwd=ROOT, env=environment) as process:
        try:
            assert first_answer(f"http://127.0.0.1:{port}/api/mode").status_code == 403
        finally:
            process.terminate()


def first_answer(url: str) -> httpx.Response:
    ends = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            assert time.monotonic() < ends
            time.sleep(0.05)
