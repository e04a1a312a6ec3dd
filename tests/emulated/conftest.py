from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk.constructs.zips import collected
from tests.contracts.embedded import Embedded, embedded
from tests.functions.deployment import Deployment
from tests.functions.deployment import deployed as deployment_of
from tests.recovery.drill import audit_bucket

__all__ = ["embedded"]


@pytest.fixture(scope="session")
def zipped() -> Path:
    """What the light functions' zip holds, with libraries for this machine."""
    return collected("here")


@pytest.fixture
def deployment(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with deployment_of(embedded, monkeypatch) as made:
        made.env["AUDIT_BUCKET"] = f"audit-{made.account}"
        audit_bucket(embedded.server.endpoint, made.env["AUDIT_BUCKET"])
        yield made
