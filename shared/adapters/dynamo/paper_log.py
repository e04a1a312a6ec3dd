"""The paper venue's memory in table ``paper``: durable before the venue answers, never read by the engine."""

import time

import msgspec

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.cancelling import CANCEL_ALL, CancelAll, ended_by
from shared.adapters.paper.orders import Movement, PaperOrder

_decode = msgspec.json.Decoder(PaperOrder).decode
decode_cancel = msgspec.json.Decoder(CancelAll).decode
_decode_movement = msgspec.json.Decoder(Movement).decode
MOVEMENT = "movement#"
"""Leads the range key of movements; orders are kept under their own keys (hexadecimal digits, a dot, a number)."""


class DynamoPaperLog:
    """Orders of one account's paper venue, as last put."""

    def __init__(self, account: str, tables: Tables, pause: Pause = time.sleep) -> None:
        self.account = account
        self._tables = tables
        self._pause = pause

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state; ``Temporary`` when DynamoDB does not answer."""
        self._save(order.order.order_key, order)

    def note(self, movement: Movement) -> None:
        """Keep a movement; ``Temporary`` when DynamoDB does not answer."""
        self._save(f"{MOVEMENT}{movement.ref}", movement)

    def _save(self, key: str, thing: PaperOrder | Movement) -> None:
        item = self._tables.paper(account=self.account, order_key=key, body=body_of(thing))
        patiently(f"keeping paper order {key}", item.save, self._pause)

    def load(self) -> list[PaperOrder]:
        """Every order kept, by the time it was planned; those before a cancel-all are void, whoever reads."""
        items = self._read()
        cancel_at = max((decode_cancel(body).at for key, body in items if key == CANCEL_ALL), default=0)
        found = [_decode(body) for key, body in items if key != CANCEL_ALL and not key.startswith(MOVEMENT)]
        ended = {paper.order.order_key: paper for paper in ended_by(cancel_at, found, cancel_at)}
        papers = [ended.get(paper.order.order_key, paper) for paper in found]
        return sorted(papers, key=lambda paper: (paper.order.planned_at, paper.order.order_key))

    def movements(self) -> list[Movement]:
        """Every movement kept, by its time."""
        found = [_decode_movement(body) for key, body in self._read() if key.startswith(MOVEMENT)]
        return sorted(found, key=lambda movement: (movement.at, movement.ref))

    def _read(self) -> list[tuple[str, str]]:
        def read() -> list[tuple[str, str]]:
            found = self._tables.paper.query(self.account, consistent_read=True)
            return [(item.order_key, item.body) for item in found]

        return patiently("reading paper orders", read, self._pause)
