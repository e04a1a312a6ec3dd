"""A deployment on the embedded AWS for tests of functions: an account, an audit bucket, a queue of notices."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.adapters.archive.vault import Vault
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.notices.clients import sqs_client
from shared.adapters.paper.orders import Movement, MovementKind, PaperOrder
from shared.domain.ledger import PUSD, Fill, Record
from shared.domain.notice import Notice
from shared.domain.order import OrderCause, OrderState
from shared.engine.projection import Projection
from tests.contracts.embedded import Embedded
from tests.contracts.store.lives import life
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, move_record, planned
from tests.recovery.drill import audit_bucket
from tests.recovery.streams import Item, journal_items

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Cloud:
    """See the module; ``store`` is that of the trader's life."""

    def __init__(self, embedded: Embedded, monkeypatch: pytest.MonkeyPatch, account: str = "") -> None:
        self.account = account or embedded.account()
        self.embedded = embedded
        self.endpoint: Endpoint = embedded.server.endpoint
        self.tables: Tables = embedded.tables
        self.bucket = f"audit-{self.account}"
        audit_bucket(self.endpoint, self.bucket)
        self.vault = Vault(embedded.s3, self.bucket)
        self._sqs = sqs_client(self.endpoint)
        self.queue = self._sqs.create_queue(QueueName=f"alerts-{self.account}")["QueueUrl"]
        self.store: DurableStore = life(embedded.backend(self.account))
        self.books = Projection()
        for name, value in {
            "ACCOUNT": self.account,
            "AWS_ENDPOINT_URL": embedded.server.url,
            "TABLE_PREFIX": "test-",
            "AUDIT_BUCKET": self.bucket,
            "ALERTS_QUEUE_URL": self.queue,
        }.items():
            monkeypatch.setenv(name, value)

    def call(self, handler: Handler, event: dict[str, Any] | None = None) -> dict[str, Any]:
        return handler(event or {}, None)

    def notices(self) -> list[Notice]:
        """What was said since the last look."""
        found: list[Notice] = []
        while messages := self._sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(msgspec.json.decode(message["Body"], type=Notice))
                self._sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def write(self, record: Record) -> None:
        """The trader commits a record."""
        if record.order is not None and record.order.order_key not in self.books.orders:
            self.store.plan(record)
        else:
            self.store.write(record)
        self.books.apply(record)

    def trade(self, orders: int = 2, dollars: int = 10_000) -> None:
        """A deposit, and purchases that fill whole: four records each."""
        self.write(deposit(self.account, dollars))
        for number in range(orders):
            self.buy(f"intent-{number}", token=f"t{number}")

    def buy(self, intent: str, token: str = "t1") -> None:
        """One purchase, planned, accepted, and filled in two parts."""
        order = buy(self.account, intent, token=token)
        self.write(planned(order))
        moved = move_record(order, OrderCause.ACCEPTED, order.planned_at, LIMITS)
        assert moved is not None
        self.write(moved)
        for part in (1, 2):
            order = self.books.orders[order.order_key]
            fill = fill_of(order, 50_000_000, f"{self.account}-{intent}-{part}")
            held = self.books.positions.get(f"{order.token}#{order.sleeve}")
            self.write(fill_record(order, held, fill, order.planned_at, LIMITS))

    def at_venue(self) -> DynamoPaperLog:
        """The paper venue remembers the same as our books: the deposit and every order, filled."""
        log = DynamoPaperLog(self.account, self.tables)
        log.note(Movement("deposit/first", MovementKind.DEPOSIT, NOON, {PUSD: 10_000_000_000}))
        fills: dict[str, list[Fill]] = {}
        for booked in self.books.booked.values():
            fills.setdefault(booked.fill.order_key, []).append(booked.fill)
        for key, made in fills.items():
            log.put(PaperOrder(self.books.orders[key], OrderState.FILLED, NOON, tuple(made), ended_at=NOON))
        return log

    def journal(self) -> list[Item]:
        """The trader's journal as DynamoDB says it."""
        return journal_items(self.endpoint, self.tables, self.account)
