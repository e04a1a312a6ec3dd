"""Processes and signals of `make run`: the embedded AWS, the dashboard, and one flag that says "stop"."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

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


class Dashboard:
    """The Streamlit dashboard as a child process on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where a person finds it."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, endpoint: Endpoint, account: str, prefix: str, log: Path) -> None:
        """Start it; ``BadInput`` when the port is taken."""
        if port_is_busy(self.port):
            raise BadInput(
                f"port {self.port} on {LOOPBACK} is in use by another program; set DASHBOARD_PORT to another one"
            )
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": endpoint.host or "",
            "AWS_REGION": endpoint.region,
            "AWS_ACCESS_KEY_ID": endpoint.key_id,
            "AWS_SECRET_ACCESS_KEY": endpoint.secret,
            "ACCOUNT": account,
            "TABLE_PREFIX": prefix,
        }
        command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
        options = {
            "server.address": LOOPBACK,
            "server.port": str(self.port),
            "server.headless": "true",
            "browser.gatherUsageStats": "false",
            "server.fileWatcherType": "none",
        }
        for name, value in options.items():
            command += [f"--{name}", value]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
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
