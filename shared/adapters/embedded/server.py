"""The embedded AWS: ministack as a child process on loopback, its state kept in a folder between runs.

It saves its state only when it is stopped gracefully. Two locks in the folder tell runs apart: ``owner`` is held by
the run that uses the folder, ``server`` by the server itself. A server without an owner is left over from a run that
was killed; it is stopped gracefully first, which saves what it holds.
"""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.adapters.endpoint import Endpoint
from shared.domain.errors import BadInput, Temporary

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
KEY_ID = "embedded"
SECRET = KEY_ID
"""The embedded server checks no signature; the AWS clients insist on having one."""
START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 30.0
POLL_S = 0.05
SERVICES = "dynamodb,s3,kms"
"""What the trader needs; the functions of the cloud need more."""


def free_port() -> int:
    """A port on loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_busy(port: int) -> bool:
    """Whether something accepts connections on this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


class EmbeddedAws:
    """One server with its state in ``folder``, listening on ``port`` of loopback only. Use as a context manager.

    ``services``: those it offers, by the names the server knows them by.
    """

    def __init__(self, folder: Path, port: int, services: str = SERVICES) -> None:
        self.folder = folder
        self.port = port
        self._services = services
        self._process: subprocess.Popen[bytes] | None = None
        self._owner: TextIOWrapper | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def endpoint(self) -> Endpoint:
        """The same for the tables."""
        return Endpoint(REGION, self.url, KEY_ID, SECRET)

    @property
    def pid(self) -> int:
        """The server's process; ``Temporary`` when it is not running."""
        if self._process is None:
            raise Temporary("the embedded AWS is not running")
        return self._process.pid

    def start(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Start and wait until it answers.

        Raises ``BadInput`` when the port is busy or another run uses the folder, ``Temporary`` when the server dies or
        does not answer in time; each in one sentence.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own()
        try:
            self._stop_left_over()
            self._spawn()
            self._wait_until_ready(deadline_s)
        except BaseException:
            self.stop()
            raise

    def stop(self, deadline_s: float = STOP_DEADLINE_S) -> bool:
        """Stop so that the state is saved; kill after the deadline. Returns whether it stopped by itself."""
        process, self._process = self._process, None
        graceful = True
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                graceful = False
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._owner is not None:
            self._owner.close()
            self._owner = None
        return graceful

    def vacate(self) -> None:
        """Make sure that nobody uses the folder, so that it may be deleted: a server left over is stopped.

        Raises ``BadInput`` when another run uses the folder, ``Temporary`` when the server left over does not stop.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own()
        try:
            self._stop_left_over()
        finally:
            self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    # ------------------------------------------------------------------ steps

    def _own(self) -> None:
        owner = (self.folder / "owner").open("a")
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner.close()
            raise BadInput(f"the folder {self.folder} is in use by another run of this program") from None
        self._owner = owner

    def _stop_left_over(self) -> None:
        with (self.folder / "server").open("a+") as lock:
            deadline = time.monotonic() + STOP_DEADLINE_S
            asked = False
            while not _locked(lock):
                if not asked:
                    _terminate(lock)
                    asked = True
                if time.monotonic() > deadline:
                    raise Temporary(f"a server left over from a killed run still holds {self.folder}")
                time.sleep(POLL_S)

    def _spawn(self) -> None:
        if port_is_busy(self.port):
            raise BadInput(f"port {self.port} on {LOOPBACK} is in use by another program")
        with (self.folder / "server").open("w") as lock, (self.folder / "server.log").open("ab") as log:
            if not _locked(lock):
                raise Temporary(f"another server took {self.folder} just now")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock.fileno(),),  # the server holds the lock for as long as it lives
                start_new_session=True,  # Ctrl-C reaches us first: we stop it when the trader has finished
            )
            lock.write(str(self._process.pid))
            lock.flush()

    def _environment(self) -> dict[str, str]:
        """Nothing of ours but the path; everything that would listen, look for Docker or write elsewhere is off."""
        folder = self.folder.resolve()
        scratch = folder / "tmp"
        scratch.mkdir(exist_ok=True)
        return {
            "PATH": os.defpath,
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "SERVICES": self._services,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{scratch}/no-docker",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(folder / "s3"),
            "MINISTACK_REGION": REGION,
            "LOG_LEVEL": "WARNING",
        }

    def _wait_until_ready(self, deadline_s: float) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + deadline_s
        while time.monotonic() < deadline:
            code = process.poll()
            if code is not None:
                self._process = None
                raise Temporary(f"the embedded AWS ended with code {code}: {self._last_words()}")
            if self._answers():
                return
            time.sleep(POLL_S)
        raise Temporary(f"the embedded AWS did not answer on port {self.port} within {deadline_s:g} s")

    def _answers(self) -> bool:
        asked = http.client.HTTPConnection(LOOPBACK, self.port, timeout=1.0)
        try:
            asked.request("GET", "/_ministack/ready")
            return asked.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()

    def _last_words(self) -> str:
        lines = (self.folder / "server.log").read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"


def _locked(file: TextIOWrapper) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _terminate(lock: TextIOWrapper) -> None:
    """Ask the process that wrote its id into the lock it holds to stop."""
    lock.seek(0)
    written = lock.read().strip()
    if written.isdigit():
        try:
            os.kill(int(written), signal.SIGTERM)
        except ProcessLookupError:
            return
