"""A record as one DynamoDB transaction: journal line and projections together, under conditions AWS can evaluate.

AWS has no arithmetic in conditions, so a limit is stored as the room that is left: ``headroom >= :x`` guards
``SET headroom = if_not_exists(headroom, :limit) - :x``. No transaction touches an item twice.
"""

import time

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from shared.adapters.durable.conditions import (
    JOURNAL,
    LEASE,
    ORDER,
    POSITION,
    POSTING,
    SWITCH,
    Guard,
    merged,
    room_label,
)
from shared.adapters.dynamo.codec import COMMAND, account_day, body_of, open_name
from shared.adapters.dynamo.failures import ATTEMPTS, Pause, Verdict, judge, raised_for, wait_before
from shared.adapters.dynamo.tables import Tables
from shared.adapters.journal.entry import JournalEntry
from shared.domain.instants import iso_day
from shared.domain.ledger import OBEYING, HeadroomChange
from shared.domain.order import FINAL, Order, told_to_sell

TRADING = True


class Transaction:
    """Actions with a label each, sent together. pynamodb sends checks, then deletes, puts and updates; so do the
    reasons.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._checks: list[tuple[str, type[Model], str, str, Condition]] = []
        self._deletes: list[tuple[str, Model]] = []
        self._puts: list[tuple[str, Model, Condition | None]] = []
        self._updates: list[tuple[str, Model, list[Action], Condition | None]] = []

    def check(self, label: str, model: type[Model], key: tuple[str, str], condition: Condition) -> None:
        """Require a condition of an item that is not written."""
        self._checks.append((label, model, *key, condition))

    def delete(self, label: str, item: Model) -> None:
        """Remove an item, if it is there."""
        self._deletes.append((label, item))

    def put(self, label: str, item: Model, condition: Condition | None = None) -> None:
        """Write a whole item."""
        self._puts.append((label, item, condition))

    def update(self, label: str, item: Model, actions: list[Action], condition: Condition | None) -> None:
        """Change attributes of an item."""
        self._updates.append((label, item, actions, condition))

    def labels(self) -> list[str]:
        """The labels in the order of the actions as sent."""
        return [row[0] for group in (self._checks, self._deletes, self._puts, self._updates) for row in group]

    def send(self) -> tuple[str, ...]:
        """Send once. Returns the labels whose conditions failed, none when it is committed; any other failure raises
        pynamodb's ``TransactWriteError``.
        """
        try:
            with TransactWrite(connection=self._tables.connection) as batch:
                for _, model, account, item, required in self._checks:
                    batch.condition_check(model, account, item, condition=required)
                for _, gone in self._deletes:
                    batch.delete(gone)
                for _, put, condition in self._puts:
                    batch.save(put, condition=condition)
                for _, changed, actions, condition in self._updates:
                    batch.update(changed, actions, condition=condition)
        except TransactWriteError as error:
            if judge(error) is not Verdict.CONDITIONS:
                raise
            reasons = zip(self.labels(), error.cancellation_reasons, strict=True)
            return tuple(label for label, reason in reasons if reason is not None)
        return ()

    def send_patiently(self, doing: str, pause: Pause = time.sleep) -> tuple[str, ...]:
        """Send until answered, a bounded number of times: the conditions make a second arrival harmless.

        Raises ``Temporary`` when it is certainly not written, ``OutcomeUnknown`` when it may be, ``BadInput`` when
        tables or credentials are missing, ``Corrupt`` when DynamoDB does not understand it.
        """
        attempt, doubtful = 0, False
        while True:
            try:
                return self.send()
            except TransactWriteError as error:
                verdict = judge(error)
                if verdict not in (Verdict.NOT_WRITTEN, Verdict.UNKNOWN):
                    raise raised_for(error, verdict, doing) from error
                doubtful = doubtful or verdict is Verdict.UNKNOWN
                attempt += 1
                if attempt == ATTEMPTS:
                    told = Verdict.UNKNOWN if doubtful else verdict
                    raise raised_for(error, told, f"{doing} ({attempt} attempts)") from error
                pause(wait_before(attempt))


def transaction_of(tables: Tables, entry: JournalEntry, guard: Guard, epoch: int, body: str = "") -> Transaction:
    """The transaction that commits a record at its place in the journal, in the words of ``body`` (empty: its own)."""
    record, made = entry.record, Transaction(tables)
    control = tables.control
    if guard is not Guard.REBUILD:
        made.check(LEASE, control, (record.account, LEASE), control.epoch == epoch)
    if guard is Guard.PLAN and not told_to_sell(record.order):
        trading = control.trading.does_not_exist() | (control.trading == TRADING)
        made.check(SWITCH, control, (record.account, SWITCH), trading)
    if record.order is not None:
        new = tables.orders.order_key.does_not_exist() if guard is Guard.PLAN else None
        made.put(ORDER, order_item(tables, record.order), new)
    if record.position is not None:
        held = record.position
        made.put(POSITION, tables.positions(account=held.account, slot=held.key, body=body_of(held)))
    if record.kind in OBEYING and record.ref:
        command = f"{COMMAND}{record.ref}"
        made.delete(command, control(account=record.account, item=command))
    _put_posting(made, tables, entry)
    line = tables.journal(account=record.account, seq=entry.key, day=iso_day(record.at), body=body or body_of(record))
    made.put(JOURNAL, line, tables.journal.seq.does_not_exist())
    for change in merged(record.headroom):
        _change_room(made, tables, record.account, change, guarded=guard is Guard.PLAN)
    return made


def order_item(tables: Tables, order: Order) -> Model:
    """An order as an item; ``open`` is set only while it is not final."""
    is_open = None if order.state in FINAL else open_name(order.account)
    return tables.orders(order_key=order.order_key, account=order.account, open=is_open, body=body_of(order))


def _put_posting(made: Transaction, tables: Tables, entry: JournalEntry) -> None:
    record = entry.record
    if record.posting is None:
        return
    item = tables.ledger(
        posting_id=record.posting.posting_id,
        account=record.account,
        account_day=account_day(record.account, record.at),
        seq=entry.key,
        body=body_of(record.posting),
    )
    made.put(POSTING, item, tables.ledger.posting_id.does_not_exist())


def _change_room(made: Transaction, tables: Tables, account: str, change: HeadroomChange, *, guarded: bool) -> None:
    room = tables.control.headroom
    label = room_label(change.name)
    item = tables.control(account=account, item=label)
    if change.delta >= 0 or not guarded:
        made.update(label, item, [room.set((room | change.limit) + change.delta)], None)
        return
    taken = -change.delta
    enough = room >= taken
    if taken <= change.limit:
        # A room nobody has used yet has no item; its size is the limit.
        enough = room.does_not_exist() | enough
    made.update(label, item, [room.set((room | change.limit) - taken)], enough)
