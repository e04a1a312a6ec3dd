"""Profit and loss by position, whale, strategy and market: a pure reading of the books at given marks."""

from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct

from shared.domain.ledger import REBATES, Position
from shared.domain.money import Usd, value
from shared.engine.ledger import Projection


class By(Enum):
    """What profit is told apart by."""

    POSITION = "position"
    WHALE = "whale"
    STRATEGY = "strategy"
    MARKET = "market"


class Profit(Struct, frozen=True, gc=False):
    """Micro-dollars won and lost. ``open``: positions with shares in them; ``cost`` is theirs, ``worth`` at the marks.

    ``realized`` and ``cost`` are all-in: ``fees`` (of executions that did not fail) are in them already and are told
    for information. ``rebates_due`` is an estimate of what the venue will pay back for them, and in no other figure.
    """

    name: str
    open: int = 0
    cost: Usd = Usd(0)
    worth: Usd = Usd(0)
    realized: Usd = Usd(0)
    fees: Usd = Usd(0)
    rebates_due: Usd = Usd(0)

    @property
    def unrealized(self) -> Usd:
        """What the open positions would bring at the marks, beyond their cost."""
        return Usd(self.worth - self.cost)

    @property
    def total(self) -> Usd:
        """Realised and unrealised together."""
        return Usd(self.realized + self.unrealized)


def profits(books: Projection, marks: Mapping[str, int], by: By) -> list[Profit]:
    """One row for each position, whale, strategy or market that ever had a position, in the order of the first.

    ``marks`` are prices by token in micro-dollars; a token without one is taken at its cost. Each position is valued
    rounded down, so with several sleeves in a token a total may lie a micro-dollar per sleeve under the account's.
    """
    sums: dict[str, list[int]] = {}
    for position in books.positions.values():
        row = sums.setdefault(_name(position, by), [0, 0, 0, 0, 0, 0])
        size, key, mark = position.size, position.key, marks.get(position.token)
        row[0] += 1 if size else 0
        row[1] += position.cost
        row[2] += position.cost if mark is None else value(size, mark)
        row[3] += position.realized
        row[4] += books.fees_of.get(key, 0)
        row[5] += books.rebates_due.get(key, 0)
    return [_row(name, row) for name, row in sums.items()]


def overall(rows: Iterable[Profit], name: str = "") -> Profit:
    """The sum of rows."""
    sums = [0, 0, 0, 0, 0, 0]
    for row in rows:
        told = (row.open, row.cost, row.worth, row.realized, row.fees, row.rebates_due)
        sums = [before + more for before, more in zip(sums, told, strict=True)]
    return _row(name, sums)


def rebates_paid(books: Projection) -> Usd:
    """What the venue has paid back so far. It pays by day and market, to no position; so it is the account's profit."""
    return Usd(-books.balance(REBATES))


def _name(position: Position, by: By) -> str:
    if by is By.POSITION:
        return position.key
    if by is By.WHALE:
        return position.source
    return position.strategy if by is By.STRATEGY else position.market


def _row(name: str, sums: list[int]) -> Profit:
    opened, paid, worth, realized, fees, due = sums
    return Profit(name, opened, Usd(paid), Usd(worth), Usd(realized), Usd(fees), Usd(due))
