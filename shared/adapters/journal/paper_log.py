"""The paper venue's memory as a file beside its table: it survives the loss of the embedded AWS."""

from pathlib import Path

import msgspec

from shared.adapters.journal.lines import LinesFile
from shared.adapters.paper.venue import PaperLog, PaperOrder
from shared.domain.errors import Corrupt

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PaperOrder).decode


class FilePaperLog:
    """Every state of every order, appended; ``table`` (if any) is written after the file, for others to look at."""

    def __init__(self, path: Path, table: PaperLog | None = None) -> None:
        self._lines = LinesFile(path)
        self._table = table
        self._orders: dict[str, PaperOrder] = {}
        for number, data in enumerate(self._lines.read(), 1):
            try:
                order = _decode(data)
            except msgspec.DecodeError as error:
                self._lines.close()
                raise Corrupt(f"{path}: line {number} is not a paper order: {error}") from None
            self._orders[order.order.order_key] = order
        self._complete()

    def _complete(self) -> None:
        """File and table may each be one order behind after a crash; the venue had not answered yet then."""
        if self._table is None:
            return
        stored = {order.order.order_key: order for order in self._table.load()}
        for key, order in stored.items():
            if key not in self._orders:
                self._keep(order)
        for key, order in self._orders.items():
            if stored.get(key) != order:
                self._table.put(order)

    def _keep(self, order: PaperOrder) -> None:
        self._lines.append([_encode(order)])
        self._orders[order.order.order_key] = order

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state; returns once it is on the disk."""
        self._keep(order)
        if self._table is not None:
            self._table.put(order)

    def load(self) -> list[PaperOrder]:
        """Every order, oldest first, as last put."""
        return list(self._orders.values())

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()
