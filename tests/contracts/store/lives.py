"""A life of a durable store, begun at once: tests wait for no lease."""

from shared.adapters.durable.backend import Backend
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from tests.contracts.store.records import NOON


def life(backend: Backend, owner: str = "test", writer: str = "trader") -> DurableStore:
    """The store of a new life: whatever held the lease before can no longer write."""
    return DurableStore(backend, acquire(backend, owner, NOON), writer)
