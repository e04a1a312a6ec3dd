"""Processes and signals of `make run`: the dashboard, the control API, and one flag that says "stop"."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from msgspec import Struct

from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.embedded.server import LOOPBACK, port_is_busy
from shared.domain.errors import BadInput

STOP_S = 10.0


class StopFlag:
    """Set by SIGINT or SIGTERM; asked between events. A second Ctrl-C is not needed and does no harm."""

    def __init__(self) -> None:
        self._raised = False

    def listen(self) -> None:
        """Take the two signals from now on."""
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._raised = True

    def __call__(self) -> bool:
        """Whether the process is to end."""
        return self._raised


class Place(Struct, frozen=True):
    """What a child of ours works on: the AWS, the account, and the prefix of its tables."""

    endpoint: Endpoint
    account: str
    prefix: str

    def environment(self) -> dict[str, str]:
        """As settings of a process."""
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": self.endpoint.host or "",
            "AWS_REGION": self.endpoint.region,
            "AWS_ACCESS_KEY_ID": self.endpoint.key_id,
            "AWS_SECRET_ACCESS_KEY": self.endpoint.secret,
            "ACCOUNT": self.account,
            "TABLE_PREFIX": self.prefix,
        }


class Child:
    """A process of ours on loopback that ends with us."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is found."""
        return f"http://{LOOPBACK}:{self.port}"

    def run(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        """Start ``python -m`` with these arguments; what it says goes into ``log``."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is ours to pass on, so that the order of stopping is ours too
            )

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop it; kill after a deadline."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class ControlApi(Child):
    """The control API, through which the dashboard stops, resumes and changes; its key is new with each run."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.key = secrets.token_urlsafe(32)

    def start(self, place: Place, log: Path) -> None:
        """Start it."""
        self.run(["functions"], {**place.environment(), "CONTROL_PORT": str(self.port), "CONTROL_KEY": self.key}, log)


class Dashboard(Child):
    """The Streamlit dashboard."""

    def start(self, place: Place, control: ControlApi, log: Path) -> None:
        """Start it; ``BadInput`` when the port is taken."""
        if port_is_busy(self.port):
            raise BadInput(
                f"port {self.port} on {LOOPBACK} is in use by another program; set DASHBOARD_PORT to another one"
            )
        options = {
            "server.address": LOOPBACK,
            "server.port": str(self.port),
            "server.headless": "true",
            "browser.gatherUsageStats": "false",
            "server.fileWatcherType": "none",
        }
        arguments = ["streamlit", "run", "dashboard/app.py"]
        for name, value in options.items():
            arguments += [f"--{name}", value]
        self.run(arguments, {**place.environment(), "CONTROL_URL": control.url, "CONTROL_KEY": control.key}, log)
