"""The processes of a drill: the venue, and traders whom a supervisor starts again whatever they die of."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from msgspec import Struct

from shared.adapters.embedded.server import LOOPBACK, free_port

AGAIN_S = 0.5
"""After which a supervisor starts a new life."""
ENDS_S = 60.0
ASK_S = 2.0


class Venue:
    """The served paper venue on its log."""

    def __init__(self, log: Path, settings: bytes, seed: int) -> None:
        command = [sys.executable, "-m", "shared.adapters.paper.served", "--log", str(log), "--seed", str(seed)]
        self._process = subprocess.Popen(
            [*command, "--settings", settings.decode()], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("paper venue on"), f"the venue said {line!r}"
        self.port = int(line.split(":")[1].split(",")[0])

    def close(self) -> None:
        """End it in order."""
        self._process.terminate()
        code = self._process.wait(ENDS_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        assert code == 0, f"the venue ended with {code}"


class Ended(Struct, frozen=True):
    """How a life ended: its exit code (negative: the signal), and when (monotonic seconds)."""

    code: int
    at: float


class Supervised:
    """A slot for a trader: one life after the other, until closed."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.ends: list[Ended] = []
        self.health = free_port()
        self._command = [*command, "--name", name, "--health", str(self.health)]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"supervisor of {name}", daemon=True)

    def start(self) -> None:
        """The first life begins."""
        self._thread.start()

    def _run(self) -> None:
        with self._log.open("ab") as log:
            while not self._closing.is_set():
                self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
                code = self._process.wait()
                self.ends.append(Ended(code, time.monotonic()))
                self._closing.wait(AGAIN_S)

    def send(self, number: int) -> None:
        """Send the life of this moment a signal; nobody hears it between two lives."""
        process = self._process
        if process is not None and process.poll() is None:
            os.kill(process.pid, number)

    @property
    def alive(self) -> bool:
        """Whether a life goes on at this moment."""
        return self._process is not None and self._process.poll() is None

    @property
    def rss_mb(self) -> float:
        """Resident memory of the life of this moment, in megabytes."""
        assert self._process is not None
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    def condition(self) -> dict[str, Any]:
        """What the health port says; empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.health}/live", timeout=ASK_S) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                found = json.load(error)
        except OSError:
            return {}
        return found

    @property
    def ready(self) -> bool:
        """Whether it would enter now."""
        return bool(self.condition().get("ready"))

    def close(self, how: int = signal.SIGTERM) -> None:
        """The last life ends, and no other begins."""
        self._closing.set()
        self.send(signal.SIGCONT)
        self.send(how)
        self._thread.join(ENDS_S)
        if self._thread.is_alive():
            self.send(signal.SIGKILL)
            self._thread.join()

    def said(self) -> str:
        """Everything all lives said."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def wait_for(seen: Callable[[], object], within_s: float, every_s: float = 0.1) -> float | None:
    """How long it took to come true, in seconds; None when it has not within the time."""
    began = time.monotonic()
    while not seen():
        if time.monotonic() - began > within_s:
            return None
        time.sleep(every_s)
    return time.monotonic() - began
