"""What the house leaves behind for whoever runs it, hand-written."""

from collections.abc import Sequence

from dashboard.running import Moment, Operations, Quality
from shared.adapters.durable.backend import Lease
from shared.domain.errors import HouseError
from shared.domain.notes import Review, Run
from shared.domain.order import Order


class FakeOperations:
    """Answers from what it is given; empty unless told otherwise. ``away``: raises instead."""

    def __init__(self) -> None:
        self.shown: Operations | None = None
        self.held: Lease | None = None
        self.moments: list[Moment] = []
        self.failed: list[Order] = []
        self.reviewed: dict[str, Review] = {}
        self.ran: dict[str, Run] = {}
        self.found: Quality | None = None
        self.away: HouseError | None = None

    def view(self) -> Operations | None:
        if self.away is not None:
            raise self.away
        return self.shown

    def lease(self) -> Lease | None:
        return self.held

    def day(self, until: int) -> list[Moment]:
        return [one for one in self.moments if one.at <= until]

    def orders(self, keys: Sequence[str]) -> list[Order]:
        return [one for one in self.failed if one.order_key in keys]

    def reviews(self) -> dict[str, Review]:
        return self.reviewed

    def runs(self) -> dict[str, Run]:
        return self.ran

    def quality(self, at: int) -> Quality | None:
        return self.found if at > 0 else None

    def forget(self) -> None:
        """Nothing is kept."""
