import pytest

from tests.contracts.embedded import Embedded, embedded
from tests.functions.cloud import Cloud

__all__ = ["deployed", "embedded"]


@pytest.fixture
def deployed(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return Cloud(embedded, monkeypatch)
