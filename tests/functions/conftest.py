import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.embedded import embedded
from tests.functions.route import Route, running

__all__ = ["embedded"]


@pytest.fixture(scope="session")
def route() -> Iterator[Route]:
    """One deployment for all tests of this folder."""
    with tempfile.TemporaryDirectory(prefix="route-") as folder:
        made = running(Path(folder))
        yield made
        made.aws.stop()
