from collections.abc import Callable

import pytest

from shared.adapters.dynamo.controls import put_command
from shared.adapters.dynamo.lease import acquire
from shared.adapters.dynamo.store import DynamoStore
from shared.adapters.memory.store import MemoryStore
from shared.domain.messages import Command
from shared.ports import Store
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON


class Kept:
    """A store under test with its account and its front door for commands."""

    def __init__(self, store: Store, account: str, request: Callable[[Command, int], None]) -> None:
        self.store = store
        self.account = account
        self.request = request


def _memory() -> Kept:
    store = MemoryStore()
    return Kept(store, "paper-memory", lambda command, at: store.request(command))


def _dynamo(embedded: Embedded) -> Kept:
    account = embedded.account()
    epoch = acquire(embedded.tables, account, "contract", NOON)
    store = DynamoStore(account, embedded.tables, epoch)
    return Kept(store, account, lambda command, at: put_command(embedded.tables, account, command, at))


@pytest.fixture(params=["memory", "dynamo"])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param == "memory":
        return _memory()
    return _dynamo(request.getfixturevalue("embedded"))
