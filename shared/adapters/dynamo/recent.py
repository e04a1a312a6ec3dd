"""The latest part of an account's journal, read from its end: what a report needs costs what it covers."""

import time
from functools import partial
from typing import Any

from shared.adapters.dynamo.codec import decode_record
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.domain.instants import HOUR
from shared.domain.ledger import Record

PAGE = 500
DISORDER_NS = HOUR
"""Records are in the order of commits; their event times may be out of it by less than that."""


def records_since(tables: Tables, account: str, since: int, pause: Pause = time.sleep) -> list[Record]:
    """Records of event time ``since`` (nanoseconds) or later, in commit order; ``Temporary`` when it cannot be read."""
    found: list[Record] = []
    last: dict[str, Any] | None = None
    while True:
        ask = partial(tables.journal.query, account, scan_index_forward=False, limit=PAGE, last_evaluated_key=last)
        page, last = patiently(f"reading the journal of {account}", partial(_page, ask), pause)
        records = [decode_record(item.body) for item in page]
        found += [record for record in records if record.at >= since]
        if last is None or (records and max(record.at for record in records) < since - DISORDER_NS):
            found.reverse()
            return found


def _page(ask: "partial[Any]") -> tuple[list[Any], dict[str, Any] | None]:
    """One page of an answer, and where the next one begins (None: it was the last)."""
    asked = ask()
    return list(asked), asked.last_evaluated_key
