"""The questions of the pages about money over time: marks of the curve, days of the books, markets, the day's digest.

What is over never changes: a mark, a day of the books, a question is read once and then kept.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from msgspec import Struct

from dashboard.deals import DayBook
from dashboard.queries.aged import SLOW, Aged
from dashboard.state import Point, point_of
from shared.adapters.dynamo.readers import Readers
from shared.domain.decision import Decision
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND, day_of
from shared.domain.ledger import Posting, PostingKind
from shared.domain.market import Market

MARKS_MOST = 366
"""Marks that one question brings: a year of days."""
MARKS_KEPT = 5_000
AT_ONCE = 4
"""Marks asked for at the same time."""
LATE_NS, LATE_BOOKS_NS = 2 * MINUTE, HOUR
"""What is older than that is over: nothing is written about it any more."""
NOW_KEPT_NS, BOOK_KEPT_NS, DIGEST_KEPT_NS = 30 * SECOND, 30 * SECOND, 5 * MINUTE
TITLE_KEPT_NS, UNKNOWN_KEPT_NS, TITLES_MOST = 6 * HOUR, 5 * MINUTE, 50_000
BOOKS_KEPT = 40
PAGE = 2_000
Tick = Callable[[int], None]


def silent(_done: int) -> None:
    """Nobody wants to know how far it is."""


class Money(Protocol):
    """Money over time. Every call raises ``Temporary`` when the tables cannot be reached."""

    @property
    def account(self) -> str:
        """Whose money it is."""

    def began(self) -> int | None:
        """When the account's first record was made (nanoseconds); ``None`` before it."""

    def marks(self, until: int, step: int, most: int) -> list[Point]:
        """The last point of the curve in each of the latest ``most`` steps (nanoseconds) up to ``until``, oldest first;
        a step in which nothing was written is left out.
        """

    def book(self, day: int, until: int, tick: Tick = silent) -> DayBook:
        """The books of the numbered UTC day as of event time ``until``; what was handed out does not change any more.
        ``tick`` is told postings read so far.
        """

    def kept(self, day: int) -> bool:
        """Whether a day's books were read for good, so that asking takes no time."""

    def titles(self, names: Collection[str]) -> dict[str, Market]:
        """What the named markets ask, and when they end; not how they trade now."""

    def points(self, day: int) -> list[Point]:
        """Every point of the curve of the numbered UTC day, oldest first."""

    def decisions_of(self, day: int) -> Iterator[Decision]:
        """Every decision of the numbered UTC day, newest first, read as they are taken."""

    def postings(self, day: int) -> Iterator[Posting]:
        """Every posting of the numbered UTC day in the order of commits, read as they are taken."""

    def digest(self, day: int) -> str:
        """What the daily digest says of the numbered UTC day."""


class _Reading(Struct):
    """A day's books, and how far they were read (``last``).

    The next reading goes on from ``before``, where the one before the last had ended (after the first one: where its
    last page began), because an index may be late by moments.
    """

    book: DayBook
    before: str = ""
    last: str = ""
    at: int = 0
    took: int = 0
    over: bool = False


class DynamoMoney:
    """The questions answered from the account's tables."""

    def __init__(self, readers: Readers, account: str, now: Callable[[], int] = time.time_ns) -> None:
        self._readers = readers
        self.account = account
        self._now = now
        self._began: int | None = None
        self._marks: dict[int, Point | None] = {}
        self._latest: Aged[Point | None] = Aged(NOW_KEPT_NS, now)
        self._digests: Aged[str] = Aged(DIGEST_KEPT_NS, now)
        self._titles: dict[str, tuple[int, Market | None]] = {}
        self._readings: dict[int, _Reading] = {}
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    def began(self) -> int | None:
        """When the account's first record was made."""
        if self._began is None:
            self._began = self._readers.began(self.account)
        return self._began

    def marks(self, until: int, step: int, most: int) -> list[Point]:
        """The last point in each of the latest steps."""
        began = self.began()
        if began is None:
            return []
        last = until // step  # not money: durations
        first = max(began // step, last - min(most, MARKS_MOST) + 1)  # not money: as above
        ends = [number * step for number in range(first + 1, last + 1)]  # not money: as above
        with self._lock:
            known = {end: self._marks[end] for end in ends if end in self._marks}
        missing = [end for end in ends if end not in known]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = dict(zip(missing, pool.map(self._before, missing), strict=True))
        latest = self._latest.get(until // MINUTE, lambda: self._before(until + 1))
        with self._lock:
            if len(self._marks) + len(found) > MARKS_KEPT:
                self._marks.clear()
            self._marks.update((end, point) for end, point in found.items() if until - end >= LATE_NS)
        known.update(found)
        ordered = [known[end] for end in ends] + [latest]
        starts = [number * step for number in range(first, last + 1)]  # not money: durations
        return [one for one, start in zip(ordered, starts, strict=True) if one is not None and one.at >= start]

    def _before(self, end: int) -> Point | None:
        """The last point before an instant, on the day that ends with it or contains it."""
        item = self._readers.last_metric(self.account, day_of(end - 1), end)
        return None if item is None else point_of(item)

    def book(self, day: int, until: int, tick: Tick = silent) -> DayBook:
        """The books of a day; of one that goes on only what is new is read."""
        with self._reading:
            reading = self._readings.get(day)
            if reading is None:
                reading = self._readings[day] = _Reading(DayBook(day))
                while len(self._readings) > BOOKS_KEPT:
                    self._readings.pop(next(iter(self._readings)))
            age = self._now() - reading.at
            if not reading.over and age >= max(BOOK_KEPT_NS, SLOW * reading.took):  # not money: durations
                self._read(reading, until, tick)
            return reading.book

    def _read(self, reading: _Reading, until: int, tick: Tick) -> None:
        began, done = self._now(), 0
        book, after = reading.book.copy(), reading.before
        page = after
        while True:
            found = self._readers.postings(self.account, book.day, PAGE, after)
            filled = [place for place, made in found if made.kind is PostingKind.FILL]
            book.add([made for _, made in found], self._readers.lines(self.account, filled))
            done += len(found)
            tick(done)
            if found:
                page, after = after, found[-1][0]
            if len(found) < PAGE:
                break
        reading.book = book
        reading.before, reading.last = reading.last or page, after
        reading.over = until >= (book.day + 1) * DAY + LATE_BOOKS_NS  # not money: days to nanoseconds
        reading.at = self._now()
        reading.took = reading.at - began

    def kept(self, day: int) -> bool:
        """Whether a day was read for good."""
        return day in self._readings and self._readings[day].over

    def titles(self, names: Collection[str]) -> dict[str, Market]:
        """What markets ask, kept for hours."""
        now = self._now()
        with self._lock:
            kept = {name: self._titles[name][1] for name in names if self._fresh(name, now)}
        missing = sorted(name for name in set(names) if name not in kept)
        fetched = self._readers.markets(missing)
        with self._lock:
            if len(self._titles) + len(missing) > TITLES_MOST:
                self._titles.clear()
            self._titles.update((name, (now, fetched.get(name))) for name in missing)
        return {**{name: market for name, market in kept.items() if market is not None}, **fetched}

    def _fresh(self, name: str, now: int) -> bool:
        if name not in self._titles:
            return False
        at, market = self._titles[name]
        return now - at <= (UNKNOWN_KEPT_NS if market is None else TITLE_KEPT_NS)

    def points(self, day: int) -> list[Point]:
        """Every point of a day."""
        start = day * DAY  # not money: days to nanoseconds
        return [point_of(item) for item in self._readers.metrics(self.account, start, start + DAY - 1)]

    def decisions_of(self, day: int) -> Iterator[Decision]:
        """Every decision of a day."""
        return self._readers.decisions_of(self.account, day)

    def postings(self, day: int) -> Iterator[Posting]:
        """Every posting of a day."""
        after = ""
        while True:
            found = self._readers.postings(self.account, day, PAGE, after)
            yield from (made for _, made in found)
            if len(found) < PAGE:
                return
            after = found[-1][0]

    def digest(self, day: int) -> str:
        """What the digest says of a day."""
        return self._digests.get(day, lambda: self._told(day))

    def _told(self, day: int) -> str:
        from shared.adapters.reports.daily import day_of_account
        from shared.domain.digest import digest

        return digest(day_of_account(self._readers, self._readers.tables, self.account, day))


def days_up_to(until: int, began: int | None, most: int) -> Sequence[int]:
    """The latest ``most`` UTC days up to an instant, the newest first; none before the account began."""
    last = day_of(until)
    first = last if began is None else max(day_of(began), last - most + 1)
    return range(last, first - 1, -1)
