"""Chromium from Python: ``drive.mjs`` in a process of its own, asked for many jobs at a time."""

import json
import os
import queue
import re
import shutil
import subprocess
import threading
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "build" / "screens"
PATIENCE_S = 120.0
NAMES = ("chromium", "chromium-browser")
STREAMLITS = re.compile(r"\(Not Found\) /\w+/_stcore/(health|host-config)$")
"""A page opened by its address looks for the server below itself first, then at the root; the browser notes it."""
Step = dict[str, Any]


class Window(Struct, frozen=True):
    """What a reader looks through: pixels, and a theme ("light" or "dark")."""

    width: int = 1440
    height: int = 900
    theme: str = "light"


DESKTOP, PHONE = (1440, 900), (390, 844)


class Answer(Struct, frozen=True):
    """What came of a job: what its steps found, what the page complained of, and what it asked of other machines."""

    found: dict[str, Any]
    errors: list[str]
    offsite: list[str]
    failed: str

    def sound(self) -> dict[str, Any]:
        """What was found, of a page that did everything it was asked to, quietly and on this machine."""
        assert not self.failed, self.failed
        ours = [error for error in self.errors if not STREAMLITS.search(error)]
        assert not ours, ours
        assert not self.offsite, self.offsite
        return self.found


def chromium() -> str | None:
    """Where Debian's browser is; ``CHROMIUM`` names another one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str:
    """What a browser test lacks on this machine, in one sentence; empty when nothing."""
    if chromium() is None:
        return "there is no Chromium here (apt-get install chromium, or set CHROMIUM)"
    if shutil.which("node") is None:
        return "there is no Node.js here"
    if not (ROOT / "node_modules" / "playwright-core").is_dir() or not (ROOT / "node_modules" / "axe-core").is_dir():
        return "node_modules lacks playwright-core or axe-core (make node_modules)"
    return ""


class Driver:
    """A running browser. Jobs of one session follow each other in one window; sessions are apart. A context manager."""

    def __init__(self) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        self._waiting: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._numbers = count(1)
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).with_name("drive.mjs"))],
            cwd=ROOT,
            env={**os.environ, "CHROMIUM": chromium() or ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def ask(self, session: str, window: Window, *steps: Step, stay: bool = False) -> Answer:
        """Do the steps and wait for what comes of them; then leave the page, unless the next job goes on in it."""
        number, answers = next(self._numbers), queue.Queue[dict[str, Any]]()
        self._waiting[number] = answers
        job = {
            "id": number,
            "session": session,
            "width": window.width,
            "height": window.height,
            "theme": window.theme,
            "stay": stay,
            "steps": steps,
            "failure": str(SCREENS / f"failed-{session}.png"),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        said = answers.get(timeout=PATIENCE_S)
        return Answer(said["found"], said["errors"], said["offsite"], said["failed"])

    def stop(self) -> None:
        """Close the browser."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            self._waiting.pop(said["id"]).put(said)
        for answers in self._waiting.values():  # it died: nobody is left waiting
            answers.put({"found": {}, "errors": [], "offsite": [], "failed": "the browser ended"})
