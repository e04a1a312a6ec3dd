"""An account's durable state on DynamoDB: a commit is one transaction, a read is consistent."""

import time
from datetime import UTC, datetime

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import Guard
from shared.adapters.dynamo.codec import account_day, body_of, decode_order, moment
from shared.adapters.dynamo.controls import put_switch, read_commands, read_switch, remove_command
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.lease import read_lease, swap_lease
from shared.adapters.dynamo.lines import entry_at, read_journal
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.transaction import transaction_of
from shared.adapters.journal.entry import JournalEntry
from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.instants import SECOND
from shared.domain.order import Order
from shared.ports import Switch


class DynamoBackend:
    """One account on one set of tables. Requests that may safely be repeated are, a bounded number of times; ``pause``
    waits between two attempts (seconds).
    """

    def __init__(self, account: str, tables: Tables, pause: Pause = time.sleep) -> None:
        self.account = account
        self._tables = tables
        self._pause = pause
        self._decided = (0, 0)

    # ------------------------------------------------------------------ money

    def commit(self, entry: JournalEntry, guard: Guard, epoch: int) -> tuple[str, ...]:
        """Commit a record at its place in the journal; the labels of failed conditions, none when it is there.

        Raises ``Temporary`` when it is certainly not written, ``OutcomeUnknown`` when it may be.
        """
        transaction = transaction_of(self._tables, entry, guard, epoch)
        return transaction.send_patiently(f"committing {entry.key}", self._pause)

    def line(self, key: str) -> JournalEntry | None:
        """The journal line under a key, or None."""
        return entry_at(self._tables, self.account, key, self._pause)

    def lines(self) -> list[JournalEntry]:
        """The whole journal in commit order."""
        return read_journal(self._tables, self.account, self._pause)

    def order(self, order_key: str) -> Order | None:
        """An order as last committed, or None."""
        orders = self._tables.orders

        def read() -> Order | None:
            try:
                return decode_order(orders.get(order_key, consistent_read=True).body)
            except orders.DoesNotExist:
                return None

        return patiently(f"reading order {order_key}", read, self._pause)

    def seq_of_posting(self, posting_id: str) -> str | None:
        """The journal key under which a posting was written, or None."""
        ledger = self._tables.ledger

        def read() -> str | None:
            try:
                return ledger.get(posting_id, consistent_read=True).seq
            except ledger.DoesNotExist:
                return None

        return patiently(f"reading posting {posting_id}", read, self._pause)

    # ------------------------------------------------------------------ control

    def switch(self) -> Switch:
        """The kill switch; never set means trading."""
        return read_switch(self._tables, self.account, self._pause)

    def set_switch(self, switch: Switch) -> None:
        """Set or clear the kill switch; the next plan already sees it."""
        put_switch(self._tables, self.account, switch, self._pause)

    def commands(self) -> list[Command]:
        """Requests not taken yet, oldest first."""
        return read_commands(self._tables, self.account, self._pause)

    def taken(self, command_id: str) -> None:
        """Forget a request that was acted on; one that is not there is no error."""
        remove_command(self._tables, self.account, command_id, self._pause)

    def decide(self, decisions: list[Decision], expires_at: int | None, /) -> None:
        """Keep decisions until an instant; those of one instant are numbered in the order they were made."""
        table = self._tables.decisions
        expires = None if expires_at is None else datetime.fromtimestamp(expires_at // SECOND, UTC)
        items = []
        for decision in decisions:
            at, count = self._decided
            self._decided = (decision.at, count + 1 if at == decision.at else 0)
            name = f"{moment(decision.at)}#{decision.signal_id}#{self._decided[1]:06d}"
            item = table(account_day=account_day(decision.account, decision.at), moment=name, body=body_of(decision))
            if expires is not None:
                item.expires = expires
            items.append(item)

        def put() -> None:
            with table.batch_write() as batch:
                for item in items:
                    batch.save(item)

        patiently("keeping decisions", put, self._pause)

    # ------------------------------------------------------------------ lease

    def lease(self) -> Lease | None:
        """The lease as it stands, None when nobody has ever taken it. Asked once: who waits for it asks again."""
        return read_lease(self._tables, self.account)

    def swap_lease(self, before: Lease | None, after: Lease) -> bool:
        """Replace the lease if it still stands as ``before``; False when it does not. Asked once.

        Raises ``Temporary`` when it is certainly not written, ``OutcomeUnknown`` when it may be, now or later.
        """
        return swap_lease(self._tables, self.account, before, after)
