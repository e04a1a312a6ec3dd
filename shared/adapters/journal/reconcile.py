"""Start-up under ``make run``: journal file and tables are made to tell the same story, or nothing starts."""

from collections.abc import Callable

from msgspec import Struct

from shared.adapters.dynamo.controls import put_switch, read_switch
from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.rebuild import rebuild, verify_books
from shared.adapters.dynamo.tables import Tables
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.journal.file import JournalFile
from shared.domain.errors import Corrupt
from shared.ports import Switch


class Reconciled(Struct, frozen=True):
    """What was done: records copied from the tables to the file, and rebuilt into the tables from the file."""

    copied: int
    rebuilt: int
    switch_restored: bool


def reconcile_journal(
    account: str, tables: Tables, file: JournalFile, progress: Callable[[int, int], None] | None = None
) -> Reconciled:
    """Bring file and tables together, while nobody else can write to them.

    The shorter of the two journals must be the beginning of the longer one, else ``Corrupt``. After a rebuild every
    balance, position, order and room is compared with what the records say, to the micro-dollar.
    """
    in_file, in_tables = file.entries(), read_journal(tables, account)
    shared_length = min(len(in_file), len(in_tables))
    _check_same(account, in_file[:shared_length], in_tables[:shared_length])
    for entry in in_file[shared_length:]:
        if entry.record.account != account:
            raise Corrupt(f"{file.path}: key {entry.key} belongs to account {entry.record.account}, not {account}")
    file.extend(in_tables[shared_length:])
    missing = in_file[shared_length:]
    if missing:
        rebuild(account, tables, missing, progress)
        verify_books(account, tables, in_file)
    restored = _restore_switch(account, tables, file)
    return Reconciled(len(in_tables) - shared_length, len(missing), restored)


def _check_same(account: str, in_file: list[JournalEntry], in_tables: list[JournalEntry]) -> None:
    for mine, theirs in zip(in_file, in_tables, strict=True):
        if mine != theirs:
            raise Corrupt(
                f"journal of {account}: the file has {mine.key} where the table has {theirs.key}, or other content"
            )


def _restore_switch(account: str, tables: Tables, file: JournalFile) -> bool:
    """The later of the two switches holds, at a tie the one that stops: a lost table must not turn trading on again."""
    stored, kept = read_switch(tables, account), file.switch
    if kept is None or (kept.at, not kept.trading) < (stored.at, not stored.trading):
        if stored != Switch(True):
            file.note_switch(stored)
        return False
    if kept == stored:
        return False
    put_switch(tables, account, kept)
    return True
