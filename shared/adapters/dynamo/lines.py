"""The journal table, read: one line, or an account's whole history in commit order. Reads are consistent."""

import time

from shared.adapters.dynamo.codec import decode_record
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
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
