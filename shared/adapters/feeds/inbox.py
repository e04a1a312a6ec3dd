"""The inbox: everything heard waits here for the trader, in the order it was heard, and never without a bound.

While the trader keeps up, every fact is handed on as it came. When it lags, facts that only say how things stand
(books, candles, prices) are merged: the latest state stands for all that was missed, and each merge is counted.
Facts about trades and markets are never dropped: when even these overflow, the inbox says so and the trader stops.
"""

from collections import deque
from collections.abc import Callable

from msgspec import Struct

from shared.domain.errors import Corrupt
from shared.domain.messages import BookChange, BookSnapshot, PricePoint, SpotBook, SpotCandle, TickSizeChanged
from shared.ports import Heard

LAGGING_AT = 4_096
"""Facts waiting from which on states are merged: some milliseconds of the engine's work."""
MOST = 1_000_000

Key = tuple[str, str, str]


class Merged(Struct):
    """How much was merged since the start: facts not handed on one by one, and how often a merge began."""

    facts: int = 0
    times: int = 0


class _Place:
    """Where the state of one thing waits, once for all that is missed of it."""

    __slots__ = ("key", "newest")

    def __init__(self, key: Key, newest: Heard) -> None:
        self.key = key
        self.newest = newest


def _nothing() -> None:
    """Nobody waits for arrivals."""


class Inbox:
    """``book_of`` tells a token's book as its source holds it now (None: unknown). ``woken`` is called on an arrival
    in an empty inbox.
    """

    def __init__(
        self, book_of: Callable[[str], BookSnapshot | None], lagging_at: int = LAGGING_AT, most: int = MOST
    ) -> None:
        self.merged = Merged()
        self.heard = 0
        """Facts told by all sources since the start."""
        self.woken: Callable[[], None] = _nothing
        self._book_of = book_of
        self._lagging_at = lagging_at
        self._most = most
        self._waiting: deque[Heard | _Place] = deque()
        self._standing: dict[Key, _Place] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def hear(self, heard: Heard) -> None:
        """Keep a fact until the trader takes it; ``Corrupt`` when more wait than can be held."""
        self.heard += 1
        waiting = self._waiting
        if (self._standing or len(waiting) >= self._lagging_at) and self._merged(heard):
            return
        waiting.append(heard)
        if len(waiting) == 1:
            self.woken()

    def _merged(self, heard: Heard) -> bool:
        """Whether the fact found a place among the states that nobody has looked at yet."""
        payload = heard.payload
        if type(payload) is TickSizeChanged:
            # Books before and after it are in other steps: what comes now waits behind it.
            self._standing.pop(("book", "", payload.token), None)
            return False
        key = _state_of(heard)
        place = None if key is None else self._standing.get(key)
        if place is not None:
            place.newest = heard
            self.merged.facts += 1
            return True
        if len(self._waiting) < self._lagging_at:
            return False
        if key is None:
            if len(self._waiting) >= self._most:
                raise Corrupt(f"{len(self._waiting)} facts wait for the trader, the most is {self._most}")
            return False
        place = self._standing[key] = _Place(key, heard)
        self.merged.times += 1
        self._waiting.append(place)
        return True

    def take(self) -> Heard | None:
        """The oldest fact; None when nothing waits."""
        while self._waiting:
            item = self._waiting.popleft()
            if type(item) is Heard:
                return item
            assert isinstance(item, _Place)
            if self._standing.get(item.key) is item:
                del self._standing[item.key]
            found = self._as_it_stands(item.newest)
            if found is not None:
                return found
        return None

    def _as_it_stands(self, newest: Heard) -> Heard | None:
        """The newest state; a book's as a whole, since its changes were merged (None: its source lost it meanwhile)."""
        payload = newest.payload
        if type(payload) is not BookChange:
            return newest
        book = self._book_of(payload.token)
        return None if book is None else Heard(newest.source, newest.received_at, newest.venue_at, book)


def _state_of(heard: Heard) -> Key | None:
    """What the fact tells the state of; None for facts that must each be seen."""
    payload = heard.payload
    match payload:
        case BookChange() | BookSnapshot():
            return ("book", "", payload.token)
        case SpotBook():
            return ("top", heard.source, payload.symbol)
        case PricePoint():
            return (payload.kind.value, heard.source, payload.symbol)
        case SpotCandle():
            return None if payload.closed else (f"candle {payload.interval_s}", heard.source, payload.symbol)
        case _:
            return None
