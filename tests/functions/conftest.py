import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.embedded import Embedded, embedded
from tests.functions.cloud import Cloud
from tests.functions.deployment import Deployment
from tests.functions.deployment import deployed as deployment_of
from tests.functions.route import Route, running

__all__ = ["embedded"]


@pytest.fixture(scope="session")
def route() -> Iterator[Route]:
    """One deployment for all tests of this folder."""
    with tempfile.TemporaryDirectory(prefix="route-") as folder:
        made = running(Path(folder))
        yield made
        made.aws.stop()


@pytest.fixture
def deployment(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with deployment_of(embedded, monkeypatch) as made:
        yield made


@pytest.fixture
def deployed(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return Cloud(embedded, monkeypatch)
