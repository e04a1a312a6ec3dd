"""The paper venue's memory in table ``paper``: durable before the venue answers, never read by the engine."""

import time

import msgspec
from msgspec import Struct

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.orders import Movement, PaperOrder
from shared.domain.errors import Corrupt


class CancelAll(Struct, frozen=True):
    """Somebody's wish that every order planned before ``at`` (nanoseconds) ends."""

    at: int
    reason: str = ""


_decode = msgspec.json.Decoder(PaperOrder).decode
_decode_movement = msgspec.json.Decoder(Movement).decode
_decode_cancel = msgspec.json.Decoder(CancelAll).decode
MOVEMENT = "movement#"
"""Leads the range key of movements; orders are kept under their own keys (hexadecimal digits, a dot, a number)."""
CANCEL_ALL = "cancel#all"
"""The range key of the wish that everything is cancelled: others write it, whether the venue runs or not."""
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
        """Every order kept, by the time it was planned."""
        found = [_decode(body) for key, body in self._read() if key != CANCEL_ALL and not key.startswith(MOVEMENT)]
        return sorted(found, key=lambda paper: (paper.order.planned_at, paper.order.order_key))

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
        try:
            return 0 if body is None else _decode_cancel(body).at
        except msgspec.DecodeError as error:
            raise Corrupt(f"table paper, account {self.account}: item {CANCEL_ALL} cannot be read: {error}") from None

    def _read(self) -> list[tuple[str, str]]:
        def read() -> list[tuple[str, str]]:
            found = self._tables.paper.query(self.account, consistent_read=True)
            return [(item.order_key, item.body) for item in found]

        return patiently("reading paper orders", read, self._pause)
