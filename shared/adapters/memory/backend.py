"""One account's durable state in memory: the conditions of the DynamoDB transactions, for simulations and tests.

Any number of stores and keepers (lives and processes of a simulation) may share one; a commit is all or nothing.
"""

from shared.adapters.durable.backend import Lease, unchanged
from shared.adapters.durable.conditions import JOURNAL, LEASE, ORDER, POSTING, SWITCH, Guard, merged, room_label
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.memory.controls import MemoryControls
from shared.domain.decision import Decision
from shared.domain.ledger import HeadroomChange, Position
from shared.domain.order import Order, told_to_sell


class MemoryBackend(MemoryControls):
    """See the module. The tables are there to be looked at. ``keep_decisions`` False drops decisions (long runs).

    ``postings`` holds the journal key of each posting, ``rooms`` what is left of every limit that was ever used.
    """

    def __init__(self, account: str, keep_decisions: bool = True) -> None:
        super().__init__()
        self.account = account
        self.journal: dict[str, JournalEntry] = {}
        self.orders: dict[str, Order] = {}
        self.positions: dict[str, Position] = {}
        self.postings: dict[str, str] = {}
        self.rooms: dict[str, int] = {}
        self.decisions: list[Decision] = []
        self._keep_decisions = keep_decisions
        self._lease: Lease | None = None

    # ------------------------------------------------------------------ money

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        """Commit a record at its place in the journal; the labels of failed conditions, none when it is there."""
        changes = merged(entry.record.headroom)
        with self._lock:
            failed = self._failed(entry, changes, guard, epoch)
            if not failed:
                self._apply(entry, changes)
        return tuple(failed)

    def _failed(self, entry: JournalEntry, changes: list[HeadroomChange], guard: Guard, epoch: int) -> list[str]:
        record, order, failed = entry.record, entry.record.order, list[str]()
        if guard is not Guard.REBUILD and (self._lease is None or self._lease.epoch != epoch):
            failed.append(LEASE)
        if guard is Guard.PLAN:
            if not self._switch.trading and not told_to_sell(order):
                failed.append(SWITCH)
            if order is not None and order.order_key in self.orders:
                failed.append(ORDER)
        if record.posting is not None and record.posting.posting_id in self.postings:
            failed.append(POSTING)
        if entry.key in self.journal:
            failed.append(JOURNAL)
        if guard is Guard.PLAN:
            rooms = self.rooms
            failed += [room_label(c.name) for c in changes if c.delta < 0 and rooms.get(c.name, c.limit) + c.delta < 0]
        return failed

    def _apply(self, entry: JournalEntry, changes: list[HeadroomChange]) -> None:
        record = entry.record
        if record.order is not None:
            self.orders[record.order.order_key] = record.order
        if record.position is not None:
            self.positions[record.position.key] = record.position
        if record.posting is not None:
            self.postings[record.posting.posting_id] = entry.key
        self._obeyed(record)
        self.journal[entry.key] = entry
        for change in changes:
            self.rooms[change.name] = self.rooms.get(change.name, change.limit) + change.delta

    def line(self, key: str) -> JournalEntry | None:
        """The journal line under a key, or None."""
        return self.journal.get(key)

    def lines(self) -> list[JournalEntry]:
        """The whole journal in commit order."""
        return [self.journal[key] for key in sorted(self.journal)]

    def order(self, order_key: str) -> Order | None:
        """An order as last committed, or None."""
        return self.orders.get(order_key)

    def seq_of_posting(self, posting_id: str) -> str | None:
        """The journal key under which a posting was written, or None."""
        return self.postings.get(posting_id)

    # ------------------------------------------------------------------ control

    def decide(self, decisions: list[Decision], _expires_at: int | None, /) -> None:
        """Keep decisions in the order they were made, for good: memory ends first."""
        if self._keep_decisions:
            self.decisions.extend(decisions)

    # ------------------------------------------------------------------ lease

    def lease(self) -> Lease | None:
        """The lease as it stands, None when nobody has ever taken it."""
        return self._lease

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        """Replace the lease if it still stands as ``before``; False when it does not."""
        with self._lock:
            if not unchanged(self._lease, before):
                return False
            self._lease = after
        return True
