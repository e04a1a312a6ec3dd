"""Rebuild orders, positions, ledger and rooms from the journal alone, and prove that they say what it says."""

from collections.abc import Callable, Mapping, Sequence

from shared.adapters.durable.conditions import JOURNAL, Guard, merged
from shared.adapters.dynamo.lease import raise_epoch
from shared.adapters.dynamo.lines import entry_at
from shared.adapters.dynamo.stored import stored_orders, stored_positions, stored_postings, stored_rooms
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.transaction import transaction_of
from shared.adapters.journal.entry import JournalEntry, epoch_of
from shared.domain.errors import Corrupt
from shared.engine.ledger import Projection

Progress = Callable[[int, int], None]
_NO_BODIES: Mapping[str, str] = {}


def rebuild(
    account: str,
    tables: Tables,
    entries: Sequence[JournalEntry],
    progress: Progress | None = None,
    bodies: Mapping[str, str] = _NO_BODIES,
) -> None:
    """Commit journal records again, under their own keys and by the transactions that the store itself uses.

    Records that are there already are left alone, so an interrupted rebuild is simply run again. ``Corrupt`` when one
    is there with other content. The lease's epoch is raised above every epoch of the journal. ``progress`` hears
    (records done, records in all). ``bodies``: the words of journal lines by key, where they were kept.
    """
    if not entries:
        return
    raise_epoch(tables, account, max(epoch_of(entry.key) for entry in entries))
    for done, entry in enumerate(entries, 1):
        failed = transaction_of(tables, entry, Guard.REBUILD, 0, bodies.get(entry.key, "")).send_patiently(
            f"rebuilding {entry.key}"
        )
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
    postings = {e.record.posting.posting_id: (e.key, e.record.posting) for e in entries if e.record.posting is not None}
    _compare("posting", postings, stored_postings(tables, list(postings)))
    _compare("order", books.orders, stored_orders(tables, list(books.orders)))
    _compare("position", books.positions, stored_positions(account, tables))
    moved = {change.name: books.room[change.name] for e in entries for change in merged(e.record.headroom)}
    _compare("room", moved, stored_rooms(account, tables))
    return books


def _compare(kind: str, expected: Mapping[str, object], stored: Mapping[str, object]) -> None:
    for name in sorted({*expected, *stored}):
        if expected.get(name) != stored.get(name):
            told = f"{kind} {name} is {stored.get(name)!r}, the journal says {expected.get(name)!r}"
            raise Corrupt(f"the books differ from the journal: {told}")
