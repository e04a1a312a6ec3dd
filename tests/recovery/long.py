"""An audit of a long history: how long the hourly function would read everything anew, on the embedded AWS.

The history is made by the engine's own records and written table by table, since committing each of a hundred thousand
records in a transaction of its own would take longer than what is measured.
"""

import time
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from pynamodb.models import Model

from shared.adapters.archive.vault import Vault
from shared.adapters.audit.books import Audit, audit_books
from shared.adapters.durable.conditions import merged, room_label
from shared.adapters.dynamo.codec import account_day, body_of
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.transaction import order_item
from shared.adapters.embedded.provision import provision
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.adapters.s3.client import s3_client
from shared.domain.instants import MINUTE, iso_day
from shared.domain.ledger import Record
from shared.domain.order import OrderCause
from shared.engine.projection import Projection
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, move_record, planned
from tests.recovery.drill import BUCKET, PREFIX, Say, audit_bucket

ACCOUNT = "long"
PATIENT_S = 60.0
TOKENS = 200
"""Bought again and again, so that positions have a history."""


class Audited(Struct, frozen=True):
    """How long the audit of everything took, by the clock (the embedded AWS looks through the whole history for every
    page) and of our own processor; and the one after it, which reads from the seal on.
    """

    audit: Audit
    whole_s: float
    own_s: float
    hourly_s: float


class History:
    """Orders that are planned, accepted and filled in two parts: four records each, an order every three minutes."""

    def __init__(self) -> None:
        self.books = Projection()
        self.records: list[Record] = []

    def make(self, records: int) -> None:
        """So many records, a deposit among them."""
        self._add(deposit(ACCOUNT, 10_000_000))
        for number in range((records - 1) // 4):
            at = NOON + number * 3 * MINUTE  # not money: minutes to nanoseconds
            order = buy(ACCOUNT, f"i{number}", size=2_000_000, token=f"t{number % TOKENS}", at=at)
            self._add(planned(order))
            moved = move_record(order, OrderCause.ACCEPTED, at, LIMITS)
            assert moved is not None
            self._add(moved)
            for part in (1, 2):
                order = self.books.orders[order.order_key]
                held = self.books.positions.get(f"{order.token}#{order.sleeve}")
                self._add(fill_record(order, held, fill_of(order, 1_000_000, f"{number}/{part}"), at, LIMITS))

    def _add(self, record: Record) -> None:
        self.books.apply(record)
        self.records.append(record)

    def write(self, tables: Tables) -> None:
        """As the store would have left it."""
        keyed = [(f"0000000001.trader.{number:010d}", record) for number, record in enumerate(self.records)]
        put(
            tables.journal,
            (
                tables.journal(account=ACCOUNT, seq=key, day=iso_day(record.at), body=body_of(record))
                for key, record in keyed
            ),
        )
        put(
            tables.ledger,
            (
                tables.ledger(
                    posting_id=record.posting.posting_id,
                    account=ACCOUNT,
                    account_day=account_day(ACCOUNT, record.at),
                    seq=key,
                    body=body_of(record.posting),
                )
                for key, record in keyed
                if record.posting is not None
            ),
        )
        put(tables.orders, (order_item(tables, order) for order in self.books.orders.values()))
        held = self.books.positions.values()
        put(tables.positions, (tables.positions(account=ACCOUNT, slot=one.key, body=body_of(one)) for one in held))
        names = dict.fromkeys(change.name for record in self.records for change in merged(record.headroom))
        rooms = self.books.room
        put(
            tables.control,
            (tables.control(account=ACCOUNT, item=room_label(name), headroom=rooms[name]) for name in names),
        )


def put(table: type[Model], items: Iterable[Model]) -> None:
    """Many items at once."""
    with table.batch_write() as batch:
        for item in items:
            batch.save(item)


def audit_long(folder: Path, records: int, say: Say) -> Audited:
    """Make the history, audit all of it, and audit again."""
    history = History()
    history.make(records)
    with EmbeddedAws(folder / "aws", free_port()) as aws:
        provision(aws.endpoint, PREFIX)
        tables = Tables(PREFIX, aws.endpoint)
        # For each page the embedded AWS looks through the whole partition, which takes seconds on a busy machine.
        tables.connection._read_timeout_seconds = PATIENT_S
        audit_bucket(aws.endpoint, BUCKET)
        began = time.monotonic()
        history.write(tables)
        say(f"wrote {len(history.records):,} records in {time.monotonic() - began:.0f} s")
        vault = Vault(s3_client(aws.endpoint), BUCKET)
        began, worked = time.monotonic(), time.process_time()
        audit = audit_books(ACCOUNT, tables, vault, whole=True)
        whole, own = time.monotonic() - began, time.process_time() - worked
        began = time.monotonic()
        audit_books(ACCOUNT, tables, vault, whole=False)
        return Audited(audit, whole, own, time.monotonic() - began)
