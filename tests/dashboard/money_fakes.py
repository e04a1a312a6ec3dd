"""Hand-written answers about money over time: marks, books of days, questions, the digest."""

from collections.abc import Collection, Iterator

from dashboard.deals import DayBook
from dashboard.queries.money import Tick, silent
from dashboard.state import Point
from shared.domain.decision import Decision
from shared.domain.instants import day_of
from shared.domain.ledger import Posting
from shared.domain.market import Market


class FakeMoney:
    """Answers from lists; empty unless told otherwise. Marks come from ``curve``, the last of each step."""

    def __init__(self) -> None:
        self.account = "paper"
        self.started: int | None = None
        self.curve: list[Point] = []
        self.books: dict[int, DayBook] = {}
        self.read: list[int] = []
        self.known: dict[str, Market] = {}
        self.decided: list[Decision] = []
        self.posted: list[Posting] = []
        self.digests: dict[int, str] = {}

    def began(self) -> int | None:
        return self.started

    def marks(self, until: int, step: int, most: int) -> list[Point]:
        last = {point.at // step: point for point in self.curve if point.at <= until}
        return list(last.values())[-most:]

    def book(self, day: int, until: int, tick: Tick = silent) -> DayBook:
        self.read.append(day)
        return self.books.get(day, DayBook(day))

    def kept(self, day: int) -> bool:
        return day in self.read

    def titles(self, names: Collection[str]) -> dict[str, Market]:
        return {name: self.known[name] for name in names if name in self.known}

    def points(self, day: int) -> list[Point]:
        return [point for point in self.curve if day_of(point.at) == day]

    def decisions_of(self, day: int) -> Iterator[Decision]:
        return (made for made in self.decided if day_of(made.at) == day)

    def postings(self, day: int) -> Iterator[Posting]:
        return (made for made in self.posted if day_of(made.at) == day)

    def digest(self, day: int) -> str:
        return self.digests[day]
