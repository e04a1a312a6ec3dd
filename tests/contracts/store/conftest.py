from collections.abc import Callable

import pytest

from shared.adapters.dynamo.controls import put_command
from shared.adapters.memory.backend import MemoryBackend
from shared.adapters.memory.store import MemoryStore
from shared.domain.command import Command
from shared.ports import Store
from tests.contracts.embedded import Embedded
from tests.contracts.store.lives import life


class Kept:
    """A store under test with its account and its front door for commands."""

    def __init__(self, store: Store, account: str, request: Callable[[Command, int], None]) -> None:
        self.store = store
        self.account = account
        self.request = request


def _replayed() -> Kept:
    store = MemoryStore()
    return Kept(store, "paper-replayed", lambda command, at: store.request(command))


def _in_memory() -> Kept:
    backend = MemoryBackend("paper-memory")
    return Kept(life(backend), backend.account, lambda command, at: backend.request(command))


def _on_dynamo(embedded: Embedded) -> Kept:
    account = embedded.account()
    store = life(embedded.backend(account))
    return Kept(store, account, lambda command, at: put_command(embedded.tables, account, command, at))


@pytest.fixture(params=["replays", "durable in memory", "durable on DynamoDB"])
def kept(request: pytest.FixtureRequest) -> Kept:
    match request.param:
        case "replays":
            return _replayed()
        case "durable in memory":
            return _in_memory()
        case _:
            return _on_dynamo(request.getfixturevalue("embedded"))
