"""The paper venue's log in memory: survives a venue object, not the process."""

from shared.adapters.paper.venue import PaperOrder


class MemoryPaperLog:
    """Orders by key, as last put."""

    def __init__(self) -> None:
        self._orders: dict[str, PaperOrder] = {}

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state."""
        self._orders[order.order.order_key] = order

    def load(self) -> list[PaperOrder]:
        """Every order kept, oldest first."""
        return list(self._orders.values())
