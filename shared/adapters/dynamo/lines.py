"""The journal table, read: one line, or an account's whole history in commit order. Reads are consistent."""

import time
from collections.abc import Iterator

from pynamodb.pagination import ResultIterator

from shared.adapters.dynamo.codec import decode_record
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.pages import PAGE, Key, paged
from shared.adapters.dynamo.tables import Journal, Tables
from shared.adapters.journal.entry import JournalEntry


def entry_at(tables: Tables, account: str, key: str, pause: Pause = time.sleep) -> JournalEntry | None:
    """The journal line under a key, or None."""

    def read() -> JournalEntry | None:
        try:
            item = tables.journal.get(account, key, consistent_read=True)
        except tables.journal.DoesNotExist:
            return None
        return JournalEntry(key, decode_record(item.body))

    return patiently(f"reading journal line {key}", read, pause)


def read_journal(tables: Tables, account: str, pause: Pause = time.sleep) -> list[JournalEntry]:
    """An account's whole journal in commit order."""

    def read() -> list[JournalEntry]:
        items = tables.journal.query(account, consistent_read=True)
        return [JournalEntry(item.seq, decode_record(item.body)) for item in items]

    return patiently(f"reading the journal of {account}", read, pause)


def line_before(tables: Tables, account: str, key: str, pause: Pause = time.sleep) -> tuple[str, str] | None:
    """Key and body of the last journal line before a key, or None where there is none."""
    journal = tables.journal

    def read() -> tuple[str, str] | None:
        found = journal.query(account, journal.seq < key, consistent_read=True, scan_index_forward=False, limit=1)
        return next(((item.seq, item.body) for item in found), None)

    return patiently(f"reading the journal line before {key}", read, pause)


def lines_after(tables: Tables, account: str, key: str, pause: Pause = time.sleep) -> Iterator[tuple[str, str]]:
    """Keys and bodies of all journal lines after a key (empty: all there are), in commit order."""
    journal = tables.journal
    later = journal.seq > key if key else None

    def ask(start: Key) -> ResultIterator[Journal]:
        return journal.query(account, later, consistent_read=True, limit=PAGE, last_evaluated_key=start)

    for item in paged(f"reading the journal of {account} after {key or 'its beginning'}", ask, pause):
        yield item.seq, item.body
