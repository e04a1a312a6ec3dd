import socket
from pathlib import Path

import pytest

from tests.house.loopback import LoopbackGuard, is_loopback
from tests.house.nested import run_pytest

FOREIGN = "192.0.2.1"  # reserved for documentation, never routed

TESTS_THAT_LEAVE = f"""
import socket

def test_connects_and_hides_it():
    try:
        socket.create_connection(("{FOREIGN}", 80), timeout=0.1)
    except OSError:
        pass

def test_listens_on_every_interface():
    with socket.socket() as server:
        try:
            server.bind(("0.0.0.0", 0))
        except OSError:
            pass

def test_stays_at_home():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "::1%lo", b"127.0.0.1"])
def test_this_machine_is_loopback(host: str | bytes) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", FOREIGN, "example.org", "localhost.example.org"])
def test_anything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_a_connection_that_leaves_the_machine_is_refused_and_remembered(loopback_guard: LoopbackGuard) -> None:
    with pytest.raises(PermissionError, match="loopback only"):
        socket.create_connection((FOREIGN, 80), timeout=0.1)
    assert FOREIGN in loopback_guard.take_violations()[0]


def test_a_name_look_up_that_leaves_the_machine_is_refused(loopback_guard: LoopbackGuard) -> None:
    with pytest.raises(PermissionError, match="loopback only"):
        socket.getaddrinfo("example.org", 443)
    assert "getaddrinfo" in loopback_guard.take_violations()[0]


def test_a_test_that_swallows_the_refusal_still_fails(tmp_path: Path) -> None:
    outcome = run_pytest(tmp_path, TESTS_THAT_LEAVE)
    assert "3 passed, 2 errors" in outcome, outcome
    assert "ERROR test_nested.py::test_stays_at_home" not in outcome
