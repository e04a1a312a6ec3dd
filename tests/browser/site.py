"""A dashboard as a reader meets it: the embedded AWS filled with an account, somebody who trades, and Streamlit."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.server import free_port
from shared.adapters.s3.lake import Lake
from shared.domain.command import CommandKind
from shared.ports import Switch
from tests.browser.driver import ROOT
from tests.browser.filling import fill
from tests.browser.population import SIZES, populate

PATIENCE_S = 40.0
RENEWED_S = 2.0
OBEYED_S = 0.25


class Trader:
    """Stands in for the trader: renews the live item every two seconds, and stops and resumes when it is told to."""

    def __init__(self, account: str, tables: Tables, endpoint: Endpoint, live: dict[str, Any]) -> None:
        self.live = dict(live)
        self._views = Views(account, tables)
        self._backend = DynamoBackend(account, tables)
        self._readers = Readers(tables.prefix, endpoint)
        self._account = account
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._renew, self._obey)]
        for thread in self._threads:
            thread.start()

    def show(self, **changed: Any) -> None:
        """Write the live item now, with these fields changed."""
        with self._lock:
            self.live.update(changed)
            if self.live:
                now = time.time_ns()
                self._views.put_live({**self.live, "at": now, "event_at": now})

    def stop(self) -> None:
        """Neither write nor obey any more."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _renew(self) -> None:
        while not self._done.wait(RENEWED_S):
            self.show()

    def _obey(self) -> None:
        while not self._done.wait(OBEYED_S):
            for command in self._readers.commands(self._account):
                stops = command.kind is CommandKind.KILL
                self._backend.set_switch(Switch(not stops, command.reason, time.time_ns()))
                self._backend.taken(command.command_id)
                if self.live:
                    self.show(trading=not stops, switch_reason=command.reason if stops else "")


class Site:
    """An account of a size, and the dashboard that shows it. A context manager."""

    def __init__(self, size: str, endpoint: Endpoint, tables: Tables, lake: Lake, account: str, folder: Path) -> None:
        self.account = account
        self.population = populate(account, SIZES[size], time.time_ns())
        fill(self.population, tables, lake)
        self.trader = Trader(account, tables, endpoint, self.population.live)
        self.port = free_port()
        self._folder = folder
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": endpoint.host or "",
            "TABLE_PREFIX": tables.prefix,
            "LAKE_BUCKET": lake.bucket,
            "ACCOUNT": account,
            "HOME": str(folder),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where readers find it."""
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Start the dashboard, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(self.port)]
        with (self._folder / "said.txt").open("ab") as said:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=said, stderr=said)
        deadline = time.monotonic() + PATIENCE_S
        while not self._healthy():
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def shut(self) -> None:
        """End the dashboard; the account goes on."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    @property
    def said(self) -> str:
        """What the dashboard has said."""
        return (self._folder / "said.txt").read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.shut()
        self.trader.stop()

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/_stcore/health").text == "ok"
        except httpx.TransportError:
            return False
