"""The paper venue's memory in table ``paper``: durable before the venue answers, never read by the engine."""

import time

import msgspec

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.venue import PaperOrder

_decode = msgspec.json.Decoder(PaperOrder).decode


class DynamoPaperLog:
    """Orders of one account's paper venue, as last put."""

    def __init__(self, account: str, tables: Tables, pause: Pause = time.sleep) -> None:
        self.account = account
        self._tables = tables
        self._pause = pause

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state; ``Temporary`` when DynamoDB does not answer."""
        key = order.order.order_key
        item = self._tables.paper(account=self.account, order_key=key, body=body_of(order))
        patiently(f"keeping paper order {key}", item.save, self._pause)

    def load(self) -> list[PaperOrder]:
        """Every order kept, by the time it was planned."""

        def read() -> list[PaperOrder]:
            return [_decode(item.body) for item in self._tables.paper.query(self.account, consistent_read=True)]

        found = patiently("reading paper orders", read, self._pause)
        return sorted(found, key=lambda paper: (paper.order.planned_at, paper.order.order_key))
