"""The dashboard as `make run` starts it: a process of its own, on loopback only."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame import WANTED
from dashboard.queries.opening import source
from shared.adapters.embedded.server import free_port
from tests.dashboard.fakes import MAKER, decision, quiet, ranked

ROOT = Path(__file__).parents[2]
DEADLINE_S = 30.0
WHY = f"{decision(2).at}-{decision(2).signal_id}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)]
    environment = {**os.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}", "HOME": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield port, process
        finally:
            process.terminate()
            process.communicate()


def healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_stcore/health").text == "ok"
    except httpx.TransportError:
        return False


def test_it_answers_on_loopback_and_listens_nowhere_else(server: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, process = server
    end = time.monotonic() + DEADLINE_S
    while not healthy(port):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    listening = [c.laddr for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", port)]


def test_the_entrance_opens_the_first_page_and_keeps_what_was_opened() -> None:
    queries = quiet()
    source.close()
    source.open(lambda: queries)
    try:
        at = AppTest.from_file(str(ROOT / "dashboard" / "entrance.py"), default_timeout=60).run()
        assert not at.exception
        assert at.title[0].value == "Trading overview"
        assert source.ask() is queries
    finally:
        source.close()


def test_the_entrance_opens_the_page_that_a_first_reader_asked_for() -> None:
    source.close()
    source.open(ranked)
    try:
        at = AppTest.from_file(str(ROOT / "dashboard" / "entrance.py"), default_timeout=60)
        at.session_state[WANTED] = ("Whales", {"wallet": MAKER})
        at.run()
        assert not at.exception
        assert at.title[0].value == "Whales"
        assert MAKER in at.query_params["wallet"]
        assert WANTED not in at.session_state
    finally:
        source.close()


@pytest.mark.parametrize(
    ("page", "address", "labels"),
    [
        ("Whales", {"wallet": MAKER}, ["What was decided on its trades"]),
        ("Decisions", {"why": WHY}, ["The wallet's record", "All its decisions", "All decisions in this market"]),
    ],
)
def test_pages_lead_to_each_other(page: str, address: dict[str, str], labels: list[str]) -> None:
    source.close()
    source.open(ranked)
    try:
        at = AppTest.from_file(str(ROOT / "dashboard" / "entrance.py"), default_timeout=60)
        at.session_state[WANTED] = (page, address)
        at.run()
        assert not at.exception
        links = [link.proto for link in at.get("page_link")]
        assert [link.label for link in links] == labels
        assert all("wallet=" in link.query_string or "market=" in link.query_string for link in links)
    finally:
        source.close()
