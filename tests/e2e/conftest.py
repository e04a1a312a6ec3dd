"""A recorded world for all of these tests, and the state of a run that Ctrl-C ended in the middle.

Both are made once, also when several processes share the tests: the second one waits, and finds them.
"""

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.adapters.synthetic import generate
from tests.e2e.system import System

DONE = "done"


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same one in every process."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Whether what ``folder`` holds is ours to make; nobody else does meanwhile."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours = not (folder / DONE).exists()
        yield ours
        (folder / DONE).touch()


@pytest.fixture(scope="session")
def day(shared_folder: Path) -> Path:
    """Six hours of a synthetic world: three to rank on (fewer qualify nearly nobody), three to trade."""
    folder = shared_folder / "world"
    with once(folder) as ours:
        if ours:
            generate(1, 6.0, folder / "day")
    return folder / "day"


@pytest.fixture(scope="session")
def interrupted(day: Path, shared_folder: Path) -> System:
    """A run on the day that Ctrl-C ended in the middle; the port it was told to take was busy all the time."""
    folder = shared_folder / "interrupted"
    with once(folder) as ours, socket.create_server(("127.0.0.1", 0)) as busy:
        with System(folder / "state", AWS_PORT=str(busy.getsockname()[1])) as system:
            if ours:
                system.start("--recording", str(day), "--speed", "max")
                system.until(lambda: system.journaled() >= 60, "sixty journal records")
                assert system.interrupt() == 0, system.said
        return system


@pytest.fixture
def copied(interrupted: System, tmp_path: Path) -> System:
    """The same state in a folder of its own."""
    shutil.copytree(interrupted.state, tmp_path / "state")
    return System(tmp_path / "state")
