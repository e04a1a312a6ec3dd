"""What concerns whoever runs the house, answered from the account's tables: its parts, failed orders, runs, a day's
points. Every answer is kept for a while and shared.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from dashboard.queries.aged import Aged
from dashboard.running import Moment, Operations, Quality, moment_of, operations_of, quality_of
from shared.adapters.durable.backend import Lease
from shared.domain.instants import DAY, MINUTE, SECOND, day_of
from shared.domain.notes import Review, Run
from shared.domain.order import Order

if TYPE_CHECKING:
    from shared.adapters.dynamo.readers import Readers

FRESH_NS = 5 * SECOND
"""Of what the trader writes, or a person has just done."""
SELDOM_NS = 30 * SECOND
"""Of what changes by the minute."""
QUALITY = "#quality"
"""The hourly figures are points of the account of this ending."""


class Operating(Protocol):
    """What a page may ask. Every call raises ``Temporary`` when the tables cannot be reached, ``BadInput`` for an item
    that cannot be read.
    """

    def view(self) -> Operations | None:
        """What the trader writes about itself; ``None`` before it has."""

    def lease(self) -> Lease | None:
        """Who may trade; ``None`` when nobody ever could."""

    def day(self, until: int) -> list[Moment]:
        """What the points of the 24 hours up to an instant of event time say of the machinery, oldest first."""

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """Orders that do not change any more, in the order of ``keys``."""

    def reviews(self) -> dict[str, Review]:
        """Failed orders that somebody has looked at, by their key."""

    def runs(self) -> dict[str, Run]:
        """The last run of each function, by its name; empty where none runs."""

    def quality(self, at: int) -> Quality | None:
        """What the hourly function found last up to an instant (wall clock); ``None`` without a run for two days."""

    def forget(self) -> None:
        """Ask everything anew: somebody has just changed it."""


class TableOperations:
    """See ``Operating``. A day's points are asked for once and then added to: each is written for good."""

    def __init__(self, readers: "Readers", account: str) -> None:
        self._readers = readers
        self._account = account
        self._views: Aged[Operations | None] = Aged(FRESH_NS)
        self._leases: Aged[Lease | None] = Aged(FRESH_NS)
        self._orders: Aged[list[Order]] = Aged(MINUTE)
        self._reviews: Aged[dict[str, Review]] = Aged(SELDOM_NS)
        self._runs: Aged[dict[str, Run]] = Aged(SELDOM_NS)
        self._quality: Aged[Quality | None] = Aged(MINUTE)
        self._days: Aged[list[Moment]] = Aged(SELDOM_NS)
        self._day: list[Moment] = []
        self._adding = threading.Lock()

    def view(self) -> Operations | None:
        """What the trader writes about itself."""

        def ask() -> Operations | None:
            item = self._readers.operations(self._account)
            return None if item is None else operations_of(item)

        return self._views.get("view", ask)

    def lease(self) -> Lease | None:
        """Who may trade."""
        return self._leases.get("lease", lambda: self._readers.lease(self._account))

    def day(self, until: int) -> list[Moment]:
        """The points of a day, kept together for half a minute of the wall clock however fast events go."""
        return self._days.get("day", lambda: self._added(until))

    def _added(self, until: int) -> list[Moment]:
        with self._adding:
            last = self._day[-1].at if self._day else 0
            if last > until:  # another world began: an earlier time
                self._day, last = [], 0
            start = max(until - DAY, last + 1)
            fresh = [moment_of(item) for item in self._readers.metrics(self._account, start, until)]
            self._day = [point for point in self._day if point.at >= until - DAY] + fresh
            return list(self._day)

    def orders(self, keys: Sequence[str]) -> list[Order]:
        """Orders that do not change any more."""
        wanted = tuple(keys)
        return self._orders.get(wanted, lambda: self._readers.orders(wanted))

    def reviews(self) -> dict[str, Review]:
        """Failed orders that somebody has looked at."""
        from shared.adapters.dynamo.notes import read_reviews

        return self._reviews.get("reviews", lambda: read_reviews(self._readers.tables, self._account))

    def runs(self) -> dict[str, Run]:
        """The last run of each function."""
        from shared.adapters.dynamo.notes import read_runs

        return self._runs.get("runs", lambda: read_runs(self._readers.tables, self._account))

    def quality(self, at: int) -> Quality | None:
        """What the hourly function found last."""

        def ask() -> Quality | None:
            for day in (day_of(at), day_of(at) - 1):
                item = self._readers.last_metric(f"{self._account}{QUALITY}", day, at + 1)
                if item is not None:
                    return quality_of(item)
            return None

        return self._quality.get("quality", ask)

    def forget(self) -> None:
        """Ask for what people change anew."""
        self._reviews.forget()
        self._views.forget()
