"""What is written, seen from outside while it is: the journal of the store, and the log of the venue."""

import threading
from pathlib import Path

import msgspec

from shared.adapters.dynamo.codec import decode_record
from shared.adapters.dynamo.failures import patiently
from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.tables import Tables
from shared.adapters.journal.entry import JournalEntry, epoch_of
from shared.adapters.journal.lines import unframed
from shared.adapters.paper.orders import Movement, PaperOrder
from shared.domain.errors import Temporary
from shared.domain.ledger import PROVISIONAL, RESERVED, RecordKind
from shared.domain.order import FINAL, OrderState
from tests.simulation.audit import Books

EVERY_S = 0.25
_MOVEMENT = b'{"paper":'


class Journal:
    """Reads on in a thread of its own; ``wrong`` has whatever cannot be."""

    def __init__(self, tables: Tables, account: str) -> None:
        self.books = Books()
        self.wrong: list[str] = []
        self.keys: list[str] = []
        self.plans: list[tuple[int, str]] = []
        """When each was decided (nanoseconds), and its journal key."""
        self._tables = tables
        self._account = account
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            try:
                self.read_on()
            except Temporary:
                continue  # the store is away, as the drill wants it

    def read_on(self) -> None:
        """Take what was written since."""
        with self._lock:
            for entry in self._since(self.keys[-1] if self.keys else "0"):
                self._take(entry)

    def _since(self, key: str) -> list[JournalEntry]:
        journal = self._tables.journal

        def read() -> list[JournalEntry]:
            items = journal.query(self._account, journal.seq > key, consistent_read=True)
            return [JournalEntry(item.seq, decode_record(item.body)) for item in items]

        return patiently("reading on", read, attempts=1)

    def _take(self, entry: JournalEntry) -> None:
        self.keys.append(entry.key)
        wrong = self.books.add(entry.record)
        if wrong:
            self.wrong.append(f"{entry.key}: {wrong}")
        if entry.record.kind is RecordKind.PLANNED:
            self.plans.append((entry.record.at, entry.key))

    @property
    def epoch(self) -> int:
        """The latest under which something was written."""
        return epoch_of(self.keys[-1]) if self.keys else 0

    def planned_since(self, at: int) -> int:
        """Orders decided on after an instant (nanoseconds) and written."""
        return sum(1 for planned_at, _ in reversed(self.plans) if planned_at > at)

    def unfinished(self) -> str:
        """What is still on its way, by what is written."""
        with self._lock:
            open_orders = [key for key, order in self.books.orders.items() if order.state not in FINAL]
            held = {key: amount for key, amount in self.books.balances.items() if amount}
        if open_orders:
            states = [self.books.orders[key].state for key in open_orders]
            return f"{len(open_orders)} orders open, {states.count(OrderState.IN_DOUBT)} in doubt"
        waiting = [account for account, _ in held if account in (RESERVED, PROVISIONAL)]
        return f"{sorted(set(waiting))} are not empty" if waiting else ""

    def close(self) -> list[str]:
        """Stop reading; whatever was written behind what had been read was written under an old epoch."""
        self._stopping.set()
        self._thread.join()
        self.read_on()
        known = set(self.keys)
        late = [entry.key for entry in read_journal(self._tables, self._account) if entry.key not in known]
        return [*self.wrong, *(f"{key} was written after records of a later epoch" for key in late)]


class Log:
    """The venue's log as it stands on the disk, every state of every order in it."""

    def __init__(self, path: Path) -> None:
        self.papers: dict[str, PaperOrder] = {}
        self.movements: dict[str, Movement] = {}
        self.changed: list[str] = []
        """Orders that came twice with different content."""
        for line in path.read_bytes().split(b"\n")[:-1]:
            data = unframed(line)
            assert data is not None, f"{path}: a line is damaged"
            if data.startswith(_MOVEMENT):
                movement = msgspec.json.decode(data, type=Movement)
                self.movements[movement.ref] = movement
                continue
            paper = msgspec.json.decode(data, type=PaperOrder)
            key = paper.order.order_key
            before = self.papers.get(key)
            if before is not None and before.order != paper.order:
                self.changed.append(key)
            self.papers[key] = paper

    @property
    def open(self) -> int:
        """Orders that rest or are on their way."""
        return sum(paper.state not in FINAL for paper in self.papers.values())
