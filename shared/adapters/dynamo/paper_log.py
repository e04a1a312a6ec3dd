"""The paper venue's memory in table ``paper``: durable before the venue answers, never read by the engine."""

import time

import msgspec

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.cancelling import CANCEL_ALL, CancelAll, ended_by
from shared.adapters.paper.orders import Movement, PaperOrder
from shared.domain.errors import Corrupt

_decode = msgspec.json.Decoder(PaperOrder).decode
decode_cancel = msgspec.json.Decoder(CancelAll).decode
_decode_movement = msgspec.json.Decoder(Movement).decode
MOVEMENT = "movement#"
"""Leads the range key of movements; orders are kept under their own keys (hexadecimal digits, a dot, a number)."""
CANCEL_ATTEMPTS = 2
"""It is looked for every second; who waits longer for one answer holds up everything else at the venue."""


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
        cancel_at = max((_cancel_of(self.account, body).at for key, body in items if key == CANCEL_ALL), default=0)
        found = [_decode(body) for key, body in items if key != CANCEL_ALL and not key.startswith(MOVEMENT)]
        ended = {paper.order.order_key: paper for paper in ended_by(cancel_at, found, cancel_at)}
        papers = [ended.get(paper.order.order_key, paper) for paper in found]
        return sorted(papers, key=lambda paper: (paper.order.planned_at, paper.order.order_key))

    def movements(self) -> list[Movement]:
        """Every movement kept, by its time."""
        found = [_decode_movement(body) for key, body in self._read() if key.startswith(MOVEMENT)]
        return sorted(found, key=lambda movement: (movement.at, movement.ref))

    def cancelled_at(self) -> int:
        """Orders planned before this instant are to end; 0 where nobody has asked for it. ``Temporary`` when DynamoDB
        does not answer, ``Corrupt`` when what was asked for cannot be read.
        """
        table = self._tables.paper

        def read() -> str | None:
            try:
                return table.get(self.account, CANCEL_ALL, consistent_read=True).body
            except table.DoesNotExist:
                return None

        body = patiently("reading whether all is cancelled", read, self._pause, CANCEL_ATTEMPTS)
        return 0 if body is None else _cancel_of(self.account, body).at

    def _read(self) -> list[tuple[str, str]]:
        def read() -> list[tuple[str, str]]:
            found = self._tables.paper.query(self.account, consistent_read=True)
            return [(item.order_key, item.body) for item in found]

        return patiently("reading paper orders", read, self._pause)


def _cancel_of(account: str, body: str) -> CancelAll:
    try:
        return decode_cancel(body)
    except msgspec.DecodeError as error:
        raise Corrupt(f"table paper, account {account}: item {CANCEL_ALL} cannot be read: {error}") from None
