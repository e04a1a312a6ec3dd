"""The durable store: every plan and every fact is one all-or-nothing commit under the lease.

The n-th record of a life is put under the journal key ``epoch.writer.n`` if that key is absent, and n moves on only
when its record is known to be there. So a request whose reply was lost may be sent again, a late one can never land
after the next record has, and the journal has no gaps.
"""

from collections.abc import Callable

from shared.adapters.durable.backend import Backend
from shared.adapters.durable.conditions import JOURNAL, LEASE, ORDER, POSTING, ROOM, SWITCH, Guard
from shared.adapters.journal.entry import JournalEntry, journal_key
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.errors import Corrupt, LeaseLost, OutcomeUnknown
from shared.domain.instants import DAY
from shared.domain.ledger import Record, RecordKind
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.domain.order import Order
from shared.ports import Clock, Switch

KEEP_DECISIONS_NS = 90 * DAY
OnCommit = Callable[[JournalEntry], None]


class DurableStore:
    """One account's store for one life: ``epoch`` is the lease taken for it, ``writer`` names the process within it.

    ``on_commit`` hears every record of this life once, in commit order, before ``plan`` or ``write`` returns. Without
    a ``clock`` decisions never expire. Not for use by several threads at once.
    """

    def __init__(self, backend: Backend, epoch: int, writer: str = "trader", clock: Clock | None = None) -> None:
        self.account = backend.account
        self.epoch = epoch
        self.on_commit: OnCommit | None = None
        self._backend = backend
        self._writer = writer
        self._clock = clock
        self._n = 0
        self._unresolved = False
        self._owed: Record | None = None

    # ------------------------------------------------------------------ money

    def plan(self, record: Record) -> PlanCommitted | PlanRefused:
        """Commit a planned order under its conditions; an order that is there already counts as committed.

        Raises ``Temporary`` when it is certainly not written, ``OutcomeUnknown`` when it may be: calling again with
        the same record is safe and says which.
        """
        order = record.order
        if order is None:
            raise Corrupt("a plan without an order")
        self._nothing_owed(record)
        failed = self._commit(record, Guard.PLAN)
        if not failed:
            return PlanCommitted(order.order_key)
        if LEASE in failed:
            return PlanRefused(order.order_key, RefusedBy.EPOCH, f"epoch {self.epoch} is over")
        if ORDER in failed:
            self._check_same(order)
            return PlanCommitted(order.order_key, existed=True)
        if POSTING in failed:
            raise Corrupt(f"the posting of order {order.order_key} exists without the order")
        if self._unresolved and not self._keeps_out(record):
            return PlanCommitted(order.order_key)
        if SWITCH in failed:
            return PlanRefused(order.order_key, RefusedBy.SWITCH, self.switch().reason)
        short = next(label for label in failed if label.startswith(ROOM))
        return PlanRefused(order.order_key, RefusedBy.HEADROOM, short.removeprefix(ROOM))

    def write(self, record: Record) -> None:
        """Commit a fact. The same fact again changes nothing.

        Raises ``Corrupt`` when its posting exists with other content, ``LeaseLost`` under an old epoch, ``Temporary``
        or ``OutcomeUnknown`` as ``plan`` does.
        """
        self._nothing_owed(record)
        self._owed = record
        failed = self._commit(record, Guard.WRITE)
        self._owed = None
        if not failed:
            return
        if LEASE in failed:
            raise LeaseLost(f"epoch {self.epoch} of account {self.account} is over")
        posting = record.posting
        if posting is None or POSTING not in failed:
            raise Corrupt(f"a {record.kind.value} record was refused because of {', '.join(failed)}")
        if self._record_of_posting(posting.posting_id) != record:
            raise Corrupt(f"posting {posting.posting_id} ({posting.ref}) exists with other content")

    def _nothing_owed(self, record: Record) -> None:
        """What follows may rest on a fact that could not be written: it comes first, or nothing does."""
        if self._owed is not None and self._owed != record:
            raise Corrupt(f"a {record.kind.value} record before the {self._owed.kind.value} that was not written yet")

    def _keeps_out(self, plan: Record) -> bool:
        """A plan is refused now, and an earlier request for it may still be on its way. Something else takes its place
        in the journal, so that it cannot land any more; False where it has.
        """
        nothing = Record(RecordKind.VOIDED, plan.account, plan.at)
        entry = JournalEntry(journal_key(self.epoch, self._writer, self._n), nothing)
        failed = self._send(entry, Guard.WRITE)
        if JOURNAL not in failed:
            if not failed:
                self._advance(entry)
            return True  # or the epoch is over, and with it every request that was made under it
        there = self._backend.line(entry.key)
        if there is None:
            raise Corrupt(f"journal key {entry.key} was refused as existing but cannot be read")
        self._advance(there)
        return there.record != plan

    def journal(self, account: str) -> list[Record]:
        """Every record of the account in the order it was committed; this store keeps those of its own account only."""
        return [entry.record for entry in self.entries() if entry.record.account == account]

    def entries(self) -> list[JournalEntry]:
        """Every record with its key, in the order it was committed."""
        return self._backend.lines()

    def _commit(self, record: Record, guard: Guard) -> tuple[str, ...]:
        """Put a record at the next place of the journal; returns the labels of failed conditions, none when it is
        there (by this request or by an earlier one whose reply was lost).
        """
        for part in (record, record.order, record.position):
            if part is not None and part.account != self.account:
                raise Corrupt(f"a record of account {part.account} in the store of {self.account}")
        while True:
            entry = JournalEntry(journal_key(self.epoch, self._writer, self._n), record)
            failed = self._send(entry, guard)
            if JOURNAL not in failed:
                if not failed:
                    self._advance(entry)
                return failed
            there = self._backend.line(entry.key)
            if there is None:
                raise Corrupt(f"journal key {entry.key} was refused as existing but cannot be read")
            if there.record != record and not self._unresolved:
                raise LeaseLost(f"another process writes the journal as {entry.key}")
            self._advance(there)
            if there.record == record:
                return ()

    def _advance(self, entry: JournalEntry) -> None:
        self._n += 1
        self._unresolved = False
        if self.on_commit is not None:
            self.on_commit(entry)

    def _send(self, entry: JournalEntry, guard: Guard) -> tuple[str, ...]:
        try:
            return self._backend.commit(entry, guard, self.epoch)
        except OutcomeUnknown:
            self._unresolved = True
            raise

    def _check_same(self, order: Order) -> None:
        there = self._backend.order(order.order_key)
        if there is None:
            raise Corrupt(f"order {order.order_key} was refused as existing but cannot be read")
        if (there.account, there.intent_id) != (order.account, order.intent_id):
            raise Corrupt(f"order {order.order_key} exists for intent {there.intent_id} of account {there.account}")

    def _record_of_posting(self, posting_id: str) -> Record | None:
        seq = self._backend.seq_of_posting(posting_id)
        entry = None if seq is None else self._backend.line(seq)
        return None if entry is None else entry.record

    # ------------------------------------------------------------------ control

    def switch(self) -> Switch:
        """The kill switch as it stands."""
        return self._backend.switch()

    def set_switch(self, switch: Switch) -> None:
        """Set or clear the kill switch."""
        self._backend.set_switch(switch)

    def commands(self) -> list[Command]:
        """Requests not taken yet, oldest first."""
        return self._backend.commands()

    def taken(self, command_id: str) -> None:
        """A command was acted on and need not be delivered again."""
        self._backend.taken(command_id)

    # ------------------------------------------------------------------ for people

    def decide(self, decisions: list[Decision]) -> None:
        """Keep decisions; those of one instant stay in the order they were made."""
        expires_at = None if self._clock is None else self._clock.now() + KEEP_DECISIONS_NS
        self._backend.decide(decisions, expires_at)
