"""A dashboard as a reader meets it: an account in the embedded AWS, somebody who trades, and what `make run` starts."""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from fargate.runner import ControlApi, Dashboard, Place
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.provision import Provisioned, provision
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import Lake
from shared.domain.command import Command, CommandKind
from shared.domain.instants import SECOND
from shared.ports import Switch
from tests.browser.filling import fill
from tests.browser.population import SIZES, Population, populate

PATIENCE_S = 40.0
RENEWED_NS = 2 * SECOND
PULSE_S = 0.25


class Cloud:
    """The embedded AWS with the house's tables and its bucket. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = EmbeddedAws(folder / "aws", free_port())
        self._server.start()
        self.endpoint = self._server.endpoint
        self.made: Provisioned = provision(self.endpoint)
        self.lake = Lake(s3_client(self.endpoint), self.made.bucket)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()


class Trader:
    """Stands in for the trader: renews the live item every two seconds, follows the switch, takes what it is told."""

    def __init__(self, cloud: Cloud, population: Population) -> None:
        account = population.account
        self._live, self._risk = dict(population.live), dict(population.risk)
        self._screens = population.screens
        self._views = Views(account, cloud.made.tables)
        self._backend = DynamoBackend(account, cloud.made.tables)
        self._readers = Readers(cloud.made.tables.prefix, cloud.endpoint)
        self._account = account
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def show(self, **changed: Any) -> None:
        """Write the live item now, with these fields changed from now on; nothing of an account that has none."""
        with self._lock:
            if self._live:
                self._live.update(changed)
                now = time.time_ns()
                for name, item in self._screens.items(now).items():
                    self._views.put_screen(name, item)
                self._views.put_live({**self._live, "at": now, "event_at": now})

    def stop(self) -> None:
        """Work no more."""
        self._done.set()
        self._thread.join()

    def _work(self) -> None:
        due = 0
        while not self._done.wait(PULSE_S):
            for command in self._readers.commands(self._account):
                self._obey(command)
            switch = self._backend.switch()
            if switch.trading != self._live.get("trading", True) or time.monotonic_ns() >= due:
                due = time.monotonic_ns() + RENEWED_NS
                self.show(trading=switch.trading, switch_reason=switch.reason)

    def _obey(self, command: Command) -> None:
        if command.kind in (CommandKind.KILL, CommandKind.RESUME):
            self._backend.set_switch(Switch(command.kind is CommandKind.RESUME, command.reason, time.time_ns()))
        if command.change is not None:
            limits = {**self._risk["changes"]["limits"], **dict(command.change.limits)}
            self._risk["changes"] = {**self._risk["changes"], "limits": limits}
            self._views.put_risk(self._risk)
        self._backend.taken(command.command_id)


class Site:
    """An account of a size, the dashboard that shows it and the control API behind it. A context manager."""

    def __init__(self, cloud: Cloud, size: str) -> None:
        self.population = populate(size, SIZES[size], time.time_ns())
        fill(self.population, cloud.made.tables, cloud.lake)
        self.place = Place(cloud.endpoint, size, cloud.made.tables.prefix)
        self.folder = cloud.folder
        self.control = ControlApi(free_port())
        self._dashboard = Dashboard(free_port())
        self.url = self._dashboard.url
        self.trader = Trader(cloud, self.population)
        self.control.start(self.place, self.folder / f"{size}-control.log")

    def open(self) -> None:
        """Start the dashboard, and wait until it answers."""
        self._dashboard.start(self.place, self.control, self._log)
        deadline = time.monotonic() + PATIENCE_S
        while not healthy(self.url):
            assert self._dashboard.alive(), self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)

    def shut(self) -> None:
        """End the dashboard; the account goes on."""
        self._dashboard.stop()

    @property
    def said(self) -> str:
        """What the dashboard has said."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.shut()
        self.control.stop()
        self.trader.stop()

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.population.account}-dashboard.log"


def healthy(url: str) -> bool:
    """Whether a dashboard answers there."""
    try:
        return httpx.get(f"{url}/_stcore/health").text == "ok"
    except httpx.TransportError:
        return False
