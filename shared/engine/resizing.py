"""Rooms follow the limits that size them: what is left of each is its limit less what is used, after every change.

The store keeps only what is left of a room, so another size of a limit is a delta to every room in use. A plan made
before meets the rooms as they are when it is committed.
"""

from shared.domain.change import Change
from shared.domain.ledger import HeadroomChange, Record, RecordKind
from shared.engine.ledger import Projection, room_size
from shared.engine.limits import Limits

ROOMS_AT_ONCE = 90
"""DynamoDB takes a hundred actions in one transaction; lease, journal line and command need some."""


def resized(books: Projection, limits: Limits) -> list[HeadroomChange]:
    """What makes every exposure room in use as large as the limits say; empty where all are."""
    changes: list[HeadroomChange] = []
    for name, left in books.room.items():
        size = room_size(name, limits)
        if size is not None:
            before = left + books.used.get(name, 0)
            if before != size:
                changes.append(HeadroomChange(name, size - before, before))
    return changes


def change_records(
    account: str, books: Projection, limits: Limits, at: int, change: Change, command_id: str
) -> list[Record]:
    """A person's change, and the rooms as the limits it leads to say. What a crash cuts off, ``resize_records`` makes
    up for at the next start.
    """
    first, *rest = _parts(resized(books, limits)) or [()]
    made = Record(RecordKind.CHANGED, account, at, headroom=first, ref=command_id, change=change)
    return [made, *(_resize(account, at, part) for part in rest)]


def resize_records(account: str, books: Projection, limits: Limits, at: int) -> list[Record]:
    """Rooms that are not as large as the limits say, because settings were changed between two lives."""
    return [_resize(account, at, part) for part in _parts(resized(books, limits))]


def _resize(account: str, at: int, part: tuple[HeadroomChange, ...]) -> Record:
    return Record(RecordKind.RESIZED, account, at, headroom=part)


def _parts(changes: list[HeadroomChange]) -> list[tuple[HeadroomChange, ...]]:
    return [tuple(changes[start : start + ROOMS_AT_ONCE]) for start in range(0, len(changes), ROOMS_AT_ONCE)]
