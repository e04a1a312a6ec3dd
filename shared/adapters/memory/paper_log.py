"""The paper venue's log in memory: survives a venue object, not the process."""

from shared.adapters.paper.orders import Movement, PaperOrder


class MemoryPaperLog:
    """Orders by key, as last put, and movements by what they are about. ``cancelled``: see ``cancelled_at``."""

    def __init__(self) -> None:
        self.cancelled = 0
        self._orders: dict[str, PaperOrder] = {}
        self._movements: dict[str, Movement] = {}

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state."""
        self._orders[order.order.order_key] = order

    def load(self) -> list[PaperOrder]:
        """Every order kept, oldest first."""
        return list(self._orders.values())

    def note(self, movement: Movement) -> None:
        """Keep a movement."""
        self._movements[movement.ref] = movement

    def movements(self) -> list[Movement]:
        """Every movement kept, oldest first."""
        return list(self._movements.values())

    def cancelled_at(self) -> int:
        """Orders planned before this instant are to end."""
        return self.cancelled
