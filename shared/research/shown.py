"""Recorded books on their way to two listeners: the paper venue sees each at its ``venue_at``, the engine hears of it
at its ``observed_at``, and neither is ever ahead of what it could know.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from shared.domain.instants import MINUTE
from shared.domain.messages import BookChange, BookSnapshot, Event, TickSizeChanged, WhaleTrade
from shared.engine.matching import Resting

AHEAD_NS = MINUTE
"""How far events are read ahead: one that is heard later than this after it happened is shown late."""
Displayed = BookSnapshot | BookChange | TickSizeChanged
_BOOKS = (BookChange, BookSnapshot, TickSizeChanged)


class NoPrints:
    """For recordings without public prints: the venue fills from books alone."""

    def next(self, _tokens: Mapping[str, list[Resting]], _until: int, /) -> tuple[int, WhaleTrade] | None:
        """There is none."""
        return None

    def take(self, token: str) -> None:
        """Nothing is returned, so nothing is ever taken."""


def shown(show: Callable[[Displayed, int], None], events: Iterable[Event]) -> Iterator[Event]:
    """The events for the engine, in order; before each, ``show`` was told every book displayed up to that moment.

    ``events`` are ordered by ``observed_at``. One that was observed before it happened only shows that two clocks
    differ: it is heard when it happens, and everything after it no sooner.
    """
    heard: deque[Event] = deque()
    displayed: deque[Event] = deque()
    source = iter(events)
    upcoming = next(source, None)
    latest, seen = 0, 0
    while heard or upcoming is not None:
        first = heard[0] if heard else upcoming
        assert first is not None  # one of the two is there
        until = first.observed_at + AHEAD_NS
        while upcoming is not None and upcoming.observed_at <= until:
            latest = max(latest, upcoming.observed_at, upcoming.venue_at)
            event = upcoming if upcoming.observed_at == latest else replace(upcoming, observed_at=latest)
            heard.append(event)
            if type(event.payload) in _BOOKS:
                _place(displayed, event)
            upcoming = next(source, None)
        at = heard[0].observed_at
        while displayed and displayed[0].venue_at <= at:
            event = displayed.popleft()
            seen = max(seen, event.venue_at)
            payload = event.payload
            assert isinstance(payload, _BOOKS)  # only those are displayed
            show(payload, seen)
        yield heard.popleft()


def _place(displayed: deque[Event], event: Event) -> None:
    """In the order of the venue's time; those of one instant in the order they came."""
    place = len(displayed)
    while place and displayed[place - 1].venue_at > event.venue_at:
        place -= 1
    if place == len(displayed):
        displayed.append(event)
    else:
        displayed.insert(place, event)
