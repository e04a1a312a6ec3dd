"""Batches of stream records into the audit bucket.

What may happen to a batch and changes nothing: it comes again, whole or from its first failure on, or cut in two
(``BisectBatchOnFunctionError``); shards are read side by side; the function dies anywhere. A record may then stand in
two objects, in the same words: readers take it once. Objects are cut at records that fail, so that what comes again
with them fills the same objects again.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from shared.adapters.archive.lines import ArchivedLine, follows, line_of, object_name, packed
from shared.adapters.archive.stream import Changed, Inserted, StreamRecord, number_of, read_record
from shared.adapters.archive.vault import Vault
from shared.domain.errors import HouseError
from shared.domain.notice import Notice
from shared.ports import Notifier

CHANGES = "changes/"
NAME = "history_changed"
Before = Callable[[str, str], tuple[str, str] | None]
"""(account, key) -> key and body of the record before it in the journal, None where there is none."""
Numbered = tuple[str, Inserted]


class Archived(Struct):
    """What became of a batch: ``failed`` are the sequence numbers to be handed back, with the reason of each."""

    records: int = 0
    objects: int = 0
    existed: int = 0
    changes: int = 0
    failed: dict[str, str] = {}


def archive_batch(
    batch: Sequence[StreamRecord], prefix: str, before: Before, vault: Vault, notifier: Notifier
) -> Archived:
    """Archive what can be archived and say what cannot; ``prefix`` is that of the tables.

    Raises ``BadInput`` only for a record that cannot even be handed back.
    """
    done = Archived()
    runs: list[list[Numbered]] = []
    growing: dict[tuple[str, str], list[Numbered]] = {}
    for record in batch:
        number = number_of(record)
        try:
            said = read_record(record, prefix)
            if isinstance(said, Changed):
                done.changes += keep_change(said, vault, notifier)
        except HouseError as error:
            done.failed[number] = str(error)
            growing.clear()
            continue
        if isinstance(said, Inserted):
            place = (said.account, said.day)
            if place not in growing:
                growing[place] = []
                runs.append(growing[place])
            growing[place].append((number, said))
    for run in runs:
        try:
            written = _write([one for _, one in run], before, vault)
        except HouseError as error:
            done.failed.update((number, str(error)) for number, _ in run)
            continue
        done.records += len(run)
        done.objects += written
        done.existed += not written
    return done


def _write(run: list[Inserted], before: Before, vault: Vault) -> bool:
    """One object; whether it is new."""
    known = {one.seq: one for one in run}
    ordered = [known[seq] for seq in sorted(known)]
    lines: list[ArchivedLine] = []
    last: Inserted | None = None
    for one in ordered:
        if last is not None and follows(one.seq, last.seq):
            lines.append(line_of(one.seq, one.body, (last.seq, last.body)))
        else:
            lines.append(line_of(one.seq, one.body, before(one.account, one.seq)))
        last = one
    content = packed(lines)
    return vault.put_once(object_name(ordered[0].account, ordered[0].day, ordered[0].seq, content), content)


def keep_change(change: Changed, vault: Vault, notifier: Notifier) -> bool:
    """Keep what an item was and became, and tell people, once; whether that was now.

    They are told first: a crash in between tells them the same again, and never nothing.
    """
    name = f"{CHANGES}{change.account}/{change.table}/{change.number}.json"
    if vault.exists(name):
        return False
    what = "modified" if change.event == "MODIFY" else "removed"
    text = f"table {change.table}: item {change.key} was {what}, which nobody may do; both states are kept as {name}"
    notifier.notify(Notice(change.account, 1, NAME, text, change.at, source="archive_stream"))
    vault.put_once(name, msgspec.json.encode(change, order="deterministic"))
    return True
