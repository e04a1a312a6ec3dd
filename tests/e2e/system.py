"""The real commands as real processes: start them, read what they say, stop or kill them, and look at what is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.embedded.server import KEY_ID, REGION, SECRET, free_port
from shared.adapters.journal.file import JournalFile
from shared.domain.ledger import Record

PATIENCE_S = 40.0
RUN_S = 200.0
"""For a run to its end: some thousand plans, each written to the embedded AWS before the next event is taken."""


class System:
    """One state folder, its settings, and the commands run on it."""

    def __init__(self, state: Path, **env: str) -> None:
        self.state = state
        self.log = state.parent / "said.txt"
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HYPOTHESIS"))},
            "STATE_DIR": str(state),
            "AWS_PORT": str(free_port()),
            "DASHBOARD_PORT": str(free_port()),
            "HEALTH_PORT": str(free_port()),
            "LEASE_TTL_S": "2",
            "LEASE_BEAT_S": "0.5",
            "LEASE_MARGIN_S": "1",  # after a kill nobody lets go
            **dict.fromkeys(("DATA_API_URL", "GAMMA_URL", "CLOB_URL"), "http://127.0.0.1:9"),
            **env,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0

    # ------------------------------------------------------------------ the long command

    def start(self, *arguments: str, dashboard: bool = False) -> Self:
        """`python -m fargate paper` in the background; ``said`` begins anew."""
        return self.started("paper", *(arguments if dashboard else (*arguments, "--no-dashboard")))

    def started(self, *command: str) -> Self:
        """Any long command in the background."""
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fargate", *command],
                env=self.env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def said(self) -> str:
        """What the running command has said so far."""
        return self.log.read_bytes()[self._from :].decode()

    def until(self, seen: Callable[[], object], what: str) -> None:
        """Wait until something is so; the test fails when the command ends or patience does."""
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert self.process.poll() is None, f"ended with {self.process.returncode} before {what}:\n{self.said}"
            assert time.monotonic() < deadline, f"waited {PATIENCE_S:g} s for {what}:\n{self.said}"
            time.sleep(0.05)

    def until_said(self, text: str) -> None:
        self.until(lambda: text in self.said, f"it said {text!r}")

    def ended(self) -> int:
        """The exit code, once it ends by itself."""
        return self.process.wait(RUN_S)

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def tree(self) -> list[psutil.Process]:
        """The command and everything it started."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def kill_everything(self) -> None:
        """kill -9, the embedded AWS included: nobody gets to save anything."""
        for process in self.tree():
            process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill_everything()

    # ------------------------------------------------------------------ short commands

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Any other command, to its end."""
        command = [sys.executable, "-m", "fargate", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def endpoint(self) -> Endpoint:
        """Where the running system's AWS is."""
        (address,) = self.state.glob("*/address")
        return Endpoint(REGION, address.read_text(encoding="utf-8").strip(), KEY_ID, SECRET)

    def readers(self) -> Readers:
        """The running system's tables (asking here is cheaper than a process for each question)."""
        return Readers("house-", self.endpoint())

    def live(self) -> dict[str, Any]:
        """The live view as the dashboard sees it; empty before the trader's first."""
        return self.readers().live("paper") or {}

    # ------------------------------------------------------------------ what is left

    def journal_file(self) -> Path:
        found = list(self.state.glob("*/journal.jsonl"))
        return found[0] if found else self.state / "none"

    def journaled(self) -> int:
        """Records of the journal so far (its file has lines for the switch too)."""
        path = self.journal_file()
        return path.read_bytes().count(b'"data":{"type":"record"') if path.exists() else 0

    def records(self) -> list[Record]:
        """The journal of a system at rest."""
        journal = JournalFile(self.journal_file())
        try:
            return [entry.record for entry in journal.entries()]
        finally:
            journal.close()
