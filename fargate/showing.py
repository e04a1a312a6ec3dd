"""What the paper venue is shown in a live run: books, trades and resolutions, handed over in the order of its own time.

Its time stays a little behind, so that what is heard late still finds its place. Facts are collected on the event loop
and handed over many at once: a call for each of thousands a second would cost more than all the rest.
"""

from shared.domain.messages import BookChange, BookSnapshot, PublicTrade, TickSizeChanged, WhaleTrade
from shared.ports import Batch, Shown

BOOKS = (BookChange, BookSnapshot, TickSizeChanged)


class Showing:
    """Facts that the venue has not been shown yet."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Shown]] = []
        self._number = 0
        self._last = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, payload: Shown, venue_at: int) -> None:
        """It happened then (nanoseconds of the venue)."""
        self._number += 1
        self._waiting.append((venue_at, self._number, payload))

    def take(self, until: int) -> Batch:
        """What happened by then, in order, and is not to be shown again.

        A trade that comes too late keeps its time, and meets only orders that were there; a book is as new as its
        coming.
        """
        waiting = self._waiting
        waiting.sort(key=_when)
        batch: Batch = []
        for venue_at, _, payload in waiting:
            if venue_at > until:
                break
            if isinstance(payload, PublicTrade | WhaleTrade):
                batch.append((venue_at, payload))
            else:
                self._last = max(self._last, venue_at)
                batch.append((self._last, payload))
        del waiting[: len(batch)]
        return batch


def _when(waiting: tuple[int, int, Shown]) -> tuple[int, int]:
    return waiting[0], waiting[1]
