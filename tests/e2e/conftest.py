"""A recorded world for all of these tests, and the state of a run that Ctrl-C ended in the middle."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.adapters.synthetic import generate
from tests.e2e.system import System

Copied = Callable[[], System]


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six hours of a synthetic world: three to rank on (fewer qualify nearly nobody), three to trade."""
    folder = tmp_path_factory.mktemp("world") / "day"
    generate(1, 6.0, folder)
    return folder


@pytest.fixture(scope="session")
def interrupted(day: Path, tmp_path_factory: pytest.TempPathFactory) -> System:
    """A run on the day that Ctrl-C ended in the middle; the port it was told to take was busy all the time."""
    with (
        socket.create_server(("127.0.0.1", 0)) as busy,
        System(tmp_path_factory.mktemp("interrupted") / "state", AWS_PORT=str(busy.getsockname()[1])) as system,
    ):
        system.start("--recording", str(day), "--speed", "max")
        system.until(lambda: system.journaled() >= 60, "sixty journal records")
        assert system.interrupt() == 0, system.said
    return system


@pytest.fixture
def copied(interrupted: System, tmp_path: Path) -> System:
    """The same state in a folder of its own."""
    shutil.copytree(interrupted.state, tmp_path / "state")
    return System(tmp_path / "state")
