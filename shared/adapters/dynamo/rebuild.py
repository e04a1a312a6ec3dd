"""Rebuild orders, positions, ledger and rooms from the journal alone, and prove that they say what it says."""

from collections.abc import Callable, Mapping, Sequence

from shared.adapters.durable.conditions import JOURNAL, ROOM, Guard, merged
from shared.adapters.dynamo.codec import decode_order, decode_position, decode_posting
from shared.adapters.dynamo.failures import patiently
from shared.adapters.dynamo.lease import raise_epoch
from shared.adapters.dynamo.lines import entry_at
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.transaction import transaction_of
from shared.adapters.journal.entry import JournalEntry, epoch_of
from shared.domain.errors import Corrupt
from shared.domain.ledger import Position, Posting
from shared.domain.order import Order
from shared.engine.ledger import Projection

Progress = Callable[[int, int], None]


def rebuild(account: str, tables: Tables, entries: Sequence[JournalEntry], progress: Progress | None = None) -> None:
    """Commit journal records again, under their own keys and by the transactions that the store itself uses.

    Records that are there already are left alone, so an interrupted rebuild is simply run again. ``Corrupt`` when one
    is there with other content. The lease's epoch is raised above every epoch of the journal. ``progress`` hears
    (records done, records in all).
    """
    if not entries:
        return
    raise_epoch(tables, account, max(epoch_of(entry.key) for entry in entries))
    for done, entry in enumerate(entries, 1):
        failed = transaction_of(tables, entry, Guard.REBUILD, 0).send_patiently(f"rebuilding {entry.key}")
        if failed:
            _check_there(tables, entry, failed)
        if progress is not None:
            progress(done, len(entries))


def _check_there(tables: Tables, entry: JournalEntry, failed: tuple[str, ...]) -> None:
    there = entry_at(tables, entry.record.account, entry.key) if JOURNAL in failed else None
    if there != entry:
        raise Corrupt(f"rebuilding {entry.key}: {', '.join(failed)} exists with other content")


def verify_books(account: str, tables: Tables, entries: Sequence[JournalEntry]) -> Projection:
    """Compare every stored posting, balance, order, position and room with what the records say.

    Returns the books of the records; ``Corrupt`` names the first difference.
    """
    books = Projection()
    for entry in entries:
        books.apply(entry.record)
    if books.imbalance():
        raise Corrupt(f"the journal of {account} is out of balance by {books.imbalance()} micro")
    postings = {e.record.posting.posting_id: e.record.posting for e in entries if e.record.posting is not None}
    _compare("posting", postings, _stored_postings(tables, list(postings)))
    _compare("order", books.orders, _stored_orders(tables, list(books.orders)))
    _compare("position", books.positions, _stored_positions(account, tables))
    moved = {change.name: books.room[change.name] for e in entries for change in merged(e.record.headroom)}
    _compare("room", moved, _stored_rooms(account, tables))
    return books


def _compare(kind: str, expected: Mapping[str, object], stored: Mapping[str, object]) -> None:
    for name in sorted({*expected, *stored}):
        if expected.get(name) != stored.get(name):
            told = f"{kind} {name} is {stored.get(name)!r}, the journal says {expected.get(name)!r}"
            raise Corrupt(f"the books differ from the journal: {told}")


def _stored_postings(tables: Tables, ids: list[str]) -> dict[str, Posting]:
    def read() -> dict[str, Posting]:
        return {i.posting_id: decode_posting(i.body) for i in tables.ledger.batch_get(ids, consistent_read=True)}

    return patiently("reading postings", read) if ids else {}


def _stored_orders(tables: Tables, keys: list[str]) -> dict[str, Order]:
    def read() -> dict[str, Order]:
        return {i.order_key: decode_order(i.body) for i in tables.orders.batch_get(keys, consistent_read=True)}

    return patiently("reading orders", read) if keys else {}


def _stored_positions(account: str, tables: Tables) -> dict[str, Position]:
    def read() -> dict[str, Position]:
        return {i.slot: decode_position(i.body) for i in tables.positions.query(account, consistent_read=True)}

    return patiently("reading positions", read)


def _stored_rooms(account: str, tables: Tables) -> dict[str, int]:
    control = tables.control

    def read() -> dict[str, int]:
        found = control.query(account, control.item.startswith(ROOM), consistent_read=True)
        return {item.item.removeprefix(ROOM): int(item.headroom or 0) for item in found}

    return patiently("reading rooms", read)
