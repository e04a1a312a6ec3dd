"""Command ``status`` against a real health port."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from fargate import status as module
from fargate.__main__ import main
from fargate.condition import HUNG_NS, Component
from shared.domain.errors import BadInput
from shared.settings import HealthSettings
from tests.fargate.test_health import Asked


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    made = Asked()
    monkeypatch.setenv("HEALTH_PORT", str(made.port))
    with made.server:
        yield made


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on standard error, and nothing else."""
    said = capsys.readouterr()
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    return str(sentence)


def test_a_ready_trader_ends_with_0_and_shows_every_component(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.told.trading(inbox=Component(False, "5,000 facts wait"))
    assert main(["status"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "live, started, ready  (2026-03-22T12:00:00Z)",
        "ok   loop    turned 0 ms ago: replaying  (since 2026-03-22T12:00:00Z)",
        "ok   switch  trading is on  (since 2026-03-22T12:00:00Z)",
        "no   inbox   5,000 facts wait  (since 2026-03-22T12:00:00Z)",
    ]


def test_a_trader_that_is_not_ready_ends_with_1_and_says_why(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.told.trading(switch=Component(False, "STOPPED: drill", needed=True))
    assert main(["status"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("live, started, NOT ready  ")
    assert "no   switch  STOPPED: drill" in shown


def test_a_hung_trader_ends_with_1(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.told.trading().turn(HUNG_NS + 1)
    assert main(["status"]) == 1
    assert capsys.readouterr().out.startswith("NOT live, started, NOT ready  ")


def test_whoever_asks_only_whether_it_lives_is_answered_0_while_it_waits(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.told.trading(switch=Component(False, "STOPPED: drill", needed=True))
    assert main(["status", "--live"]) == 0
    assert "NOT ready" in capsys.readouterr().out
    asked.told.turn(HUNG_NS + 1)
    assert main(["status", "--live"]) == 1


def test_json_is_what_the_port_said(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.told.trading()
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == asked.ask("/")[1]


def test_where_nobody_is_the_command_ends_with_2_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = Asked().port
    monkeypatch.setenv("HEALTH_PORT", str(port))
    assert main(["status"]) == 2
    assert told(capsys) == (
        f"fargate status: no trader answers on 127.0.0.1:{port}: "
        "start one with `make run`, or set HEALTH_PORT to its port"
    )


def test_a_port_that_is_switched_off_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEALTH_PORT", "0")
    assert main(["status"]) == 2
    assert told(capsys) == "fargate status: HEALTH_PORT is 0: a trader started like this answers nowhere"


def test_a_trader_that_takes_the_call_and_stays_silent_is_there_and_not_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("HEALTH_PORT", str(port))
        assert main(["status"]) == 1
    assert told(capsys) == f"fargate status: the trader on 127.0.0.1:{port} has not answered within 0.2 s"


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-x\r\n", b'HTTP/1.0 200 OK\r\n\r\n{"live": "maybe"}', b"HTTP/1.0 200 OK\r\n\r\n<p>"]
)
def test_another_program_on_the_port_is_not_taken_for_a_trader(
    answer: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("HEALTH_PORT", str(port))

        def serve() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        assert main(["status"]) == 2
        serving.join()
    assert told(capsys) == (
        f"fargate status: what answers on 127.0.0.1:{port} is no trader: set HEALTH_PORT to the port of one"
    )


def test_a_trader_that_listens_everywhere_is_asked_on_loopback(asked: Asked) -> None:
    asked.told.trading()
    assert module.asked(HealthSettings("0.0.0.0", asked.port)).ready
    with pytest.raises(BadInput, match="HEALTH_PORT is 0"):
        module.asked(HealthSettings("0.0.0.0", 0))
