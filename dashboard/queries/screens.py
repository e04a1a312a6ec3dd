"""What people see of single markets while they trade: which have a screen, and what is on it."""

from collections.abc import Callable
from typing import Protocol

from dashboard.queries.aged import Aged
from shared.adapters.dynamo.readers import Readers
from shared.domain.instants import SECOND
from shared.domain.screens import Tabs, View

KEPT_NS = SECOND
"""Half of what passes between two looks of a page: viewers share an answer, and nobody sees it twice."""


class Screens(Protocol):
    """What a page may ask of markets on screen."""

    def tabs(self) -> Tabs:
        """The markets that have a screen; none before the trader has written any."""

    def view(self, slot: int) -> View | None:
        """What is kept in one of the places for screens, of whichever market; ``None`` while it is empty."""


class DynamoScreens:
    """Answered from the account's live items."""

    def __init__(self, readers: Readers, account: str, now: Callable[[], int]) -> None:
        self._readers = readers
        self._account = account
        self._tabs: Aged[Tabs] = Aged(KEPT_NS, now)
        self._views: Aged[View | None] = Aged(KEPT_NS, now)

    def tabs(self) -> Tabs:
        """The markets that have a screen."""
        return self._tabs.get(None, lambda: self._readers.tabs(self._account) or Tabs(0))

    def view(self, slot: int) -> View | None:
        """What is kept in a slot."""
        return self._views.get(slot, lambda: self._readers.screen(self._account, slot))
