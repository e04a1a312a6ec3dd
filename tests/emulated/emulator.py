"""A function as Lambda runs it: the zip's folder alone, Amazon's runtime interface client, and Amazon's emulator of
what stands around it, on loopback.
"""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import awslambdaric
import httpx

from shared.adapters.embedded.server import free_port

RAPID = Path(__file__).parents[2] / "build" / "rie" / "samcli" / "local" / "rapid"
INVOKE = "/2015-03-31/functions/function/invocations"
COLD = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
STARTS_S = 10.0
RUNTIME_PARTS = ("awslambdaric", "runtime_client*.so", "simplejson", "snapshot_restore_py.py")
RUNTIME = (
    "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from awslambdaric.__main__ import main; main(sys.argv)"
)
"""The runtime's own interpreter: what the zip holds and the runtime client, and nothing else that is installed here."""


class Emulated:
    """One function, started with the first event. ``folder``: what its zip holds; ``env``: its environment."""

    def __init__(self, name: str, folder: Path, env: dict[str, str], log: Path, timeout_s: int = 30) -> None:
        self.name = name
        self._log = log
        self._port, own = free_port(), free_port()
        machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
        surroundings = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
            "POWERTOOLS_METRICS_NAMESPACE": "House",
            **env,
        }
        command = [
            *(str(RAPID / f"aws-lambda-rie-{machine}"), "--runtime-interface-emulator-address"),
            *(f"127.0.0.1:{self._port}", "--runtime-api-address", f"127.0.0.1:{own}"),
            *(sys.executable, "-I", "-S", "-c", RUNTIME, f"{folder}:{runtime_client(log.parent)}"),
            f"functions.{name}.handler.handler",
        ]
        self._file = log.open("wb")
        self._process = subprocess.Popen(
            command, cwd=folder, env=surroundings, stdout=self._file, stderr=subprocess.STDOUT, start_new_session=True
        )

    def __enter__(self) -> Self:
        until = time.monotonic() + STARTS_S
        while time.monotonic() < until:
            try:
                httpx.get(f"http://127.0.0.1:{self._port}/")
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return self
        raise AssertionError(f"the emulator of {self.name} did not start: {self.said()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)  # the runtime is a child of the emulator
        self._process.wait()
        self._file.close()

    def invoke(self, event: dict[str, Any]) -> Any:
        """What the function answers; an error as Lambda tells it (``errorType``, ``errorMessage``)."""
        answer = httpx.post(f"http://127.0.0.1:{self._port}{INVOKE}", json=event, timeout=60.0)
        return json.loads(answer.content) if answer.content else None

    def said(self) -> str:
        """Its log, and the emulator's."""
        return self._log.read_text(errors="replace")

    @property
    def cold_start_ms(self) -> float:
        """How long the runtime and the module took to load before the first event."""
        found = COLD.search(self.said())
        if found is None:
            raise AssertionError(f"{self.name} was never started: {self.said()}")
        return float(found[1])


def runtime_client(folder: Path) -> Path:
    """A folder with Amazon's runtime client and what it needs: they are part of Lambda's image, not of a zip."""
    made = folder / "runtime"
    if not made.exists():
        made.mkdir()
        installed = Path(awslambdaric.__file__).parents[1]
        for pattern in RUNTIME_PARTS:
            (part,) = installed.glob(pattern)
            (made / part.name).symlink_to(part)
    return made
