import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cdk.synthesis import CHOICES, Synthesised, synthesise


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synthesised]:
    """Each house is synthesised once, also when several processes share the tests."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made: dict[str, Synthesised] = {}

    def house(choice: str) -> Synthesised:
        if choice not in made:
            made[choice] = _once(choice, shared)
        return made[choice]

    return house


def _once(choice: str, shared: Path) -> Synthesised:
    with (shared / f"{choice}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / choice
        if (folder / "manifest.json").is_file() and (folder / "validation-report.json").is_file():
            return Synthesised(choice, folder)
        return synthesise(choice, folder)


@pytest.fixture(params=list(CHOICES))
def house(request: pytest.FixtureRequest, houses: Callable[[str], Synthesised]) -> Synthesised:
    return houses(request.param)


@pytest.fixture
def paper(houses: Callable[[str], Synthesised]) -> Synthesised:
    return houses("paper")


@pytest.fixture
def live(houses: Callable[[str], Synthesised]) -> Synthesised:
    return houses("live")
