from collections.abc import Iterator

import pytest

from tests.contracts.embedded import Embedded, embedded
from tests.functions.deployment import Deployment, deployed

__all__ = ["embedded"]


@pytest.fixture
def deployment(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with deployed(embedded, monkeypatch) as made:
        yield made
