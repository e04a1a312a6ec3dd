"""The paper venue's memory as a file beside its table: it survives the loss of the embedded AWS."""

from pathlib import Path

import msgspec

from shared.adapters.journal.lines import LinesFile
from shared.adapters.paper.orders import Movement, PaperLog, PaperOrder
from shared.domain.errors import Corrupt

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PaperOrder).decode
_decode_movement = msgspec.json.Decoder(Movement).decode
_MOVEMENT = b'{"paper":'
"""How the line of a movement begins; every other line is an order."""


class FilePaperLog:
    """Every state of every order and every movement, appended; ``table`` (if any) is written after the file, for others
    to look at.
    """

    def __init__(self, path: Path, table: PaperLog | None = None) -> None:
        self._lines = LinesFile(path)
        self._table = table
        self._orders: dict[str, PaperOrder] = {}
        self._movements: dict[str, Movement] = {}
        for number, data in enumerate(self._lines.read(), 1):
            try:
                self._learn(data)
            except msgspec.DecodeError as error:
                self._lines.close()
                raise Corrupt(f"{path}: line {number} is not a paper order: {error}") from None
        self._complete()

    def _learn(self, data: bytes) -> None:
        if data.startswith(_MOVEMENT):
            movement = _decode_movement(data)
            self._movements[movement.ref] = movement
        else:
            order = _decode(data)
            self._orders[order.order.order_key] = order

    def _complete(self) -> None:
        """File and table may each be one line behind after a crash; the venue had not answered yet then."""
        if self._table is None:
            return
        stored = {order.order.order_key: order for order in self._table.load()}
        for key, order in stored.items():
            if key not in self._orders:
                self._keep(order)
        for key, order in self._orders.items():
            if stored.get(key) != order:
                self._table.put(order)
        moved = {movement.ref: movement for movement in self._table.movements()}
        for ref, movement in moved.items():
            if ref not in self._movements:
                self._keep_movement(movement)
        for ref, movement in self._movements.items():
            if ref not in moved:
                self._table.note(movement)

    def _keep(self, order: PaperOrder) -> None:
        self._lines.append([_encode(order)])
        self._orders[order.order.order_key] = order

    def _keep_movement(self, movement: Movement) -> None:
        self._lines.append([_encode(movement)])
        self._movements[movement.ref] = movement

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state; returns once it is on the disk."""
        self._keep(order)
        if self._table is not None:
            self._table.put(order)

    def load(self) -> list[PaperOrder]:
        """Every order, oldest first, as last put."""
        return list(self._orders.values())

    def note(self, movement: Movement) -> None:
        """Keep a movement; returns once it is on the disk."""
        self._keep_movement(movement)
        if self._table is not None:
            self._table.note(movement)

    def movements(self) -> list[Movement]:
        """Every movement, oldest first."""
        return list(self._movements.values())

    def cancelled_at(self) -> int:
        """What was asked for at the table; nobody else writes to the file."""
        return 0 if self._table is None else self._table.cancelled_at()

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()
