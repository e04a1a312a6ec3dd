"""What a record is committed under: the conditions, their labels, and how a record's changes of room add up.

Every backend answers a refused commit with the labels of the conditions that failed, in this order; rooms come last,
each as ``room#name`` in the order the record names them.
"""

from enum import Enum

from shared.domain.errors import Corrupt
from shared.domain.ledger import HeadroomChange

LEASE = "lease"
SWITCH = "switch"
ORDER = "order"
POSITION = "position"
POSTING = "posting"
JOURNAL = "journal"
ROOM = "room#"


class Guard(Enum):
    """Which conditions a record is committed under."""

    PLAN = "plan"
    """Lease, switch (but for sales a person told us to make), a new order key, and enough room."""
    WRITE = "write"
    """Lease: a fact is never refused for want of room."""
    REBUILD = "rebuild"
    """None but that journal line and posting are new: the record was committed before."""


def room_label(name: str) -> str:
    """The label of a limit's remaining room."""
    return f"{ROOM}{name}"


def merged(changes: tuple[HeadroomChange, ...]) -> list[HeadroomChange]:
    """One change per room, in the order first named; ``Corrupt`` when a room is given two sizes."""
    by_name: dict[str, HeadroomChange] = {}
    for change in changes:
        before = by_name.get(change.name)
        if before is None:
            by_name[change.name] = change
            continue
        if before.limit != change.limit:
            raise Corrupt(f"room {change.name} is given two limits, {before.limit} and {change.limit}")
        by_name[change.name] = HeadroomChange(change.name, before.delta + change.delta, change.limit)
    return [change for change in by_name.values() if change.delta != 0]
