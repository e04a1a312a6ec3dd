"""What is under way in the paper venue's own time: orders, cancels and questions that have not arrived yet, delayed
matches, expiries, settlements, redemptions, merges, rebates.
"""

from enum import Enum
from heapq import heappop, heappush

from msgspec import Struct

from shared.domain.money import Shares


class Due(Enum):
    """What happens when its moment comes."""

    ARRIVE = "arrive"
    MATCH = "match"
    CANCEL = "cancel"
    CANCEL_MARKET = "cancel_market"
    QUERY = "query"
    EXPIRE = "expire"
    MINE = "mine"
    CONFIRM = "confirm"
    REDEEM = "redeem"
    MERGE = "merge"
    REBATE = "rebate"


class Action(Struct, frozen=True, gc=False):
    """``key`` names an order (a market, or none for all, in CANCEL_MARKET; a market in REDEEM and MERGE; a day in
    REBATE), ``trade_id`` one of its executions.

    ``answer_at``: when its answer is heard, if it has one. ``size`` and ``ref``: of a MERGE.
    """

    due: Due
    key: str
    answer_at: int = 0
    trade_id: str = ""
    size: Shares = Shares(0)
    ref: str = ""


class Agenda:
    """Actions by instant; those of one instant in the order they were added. ``entries`` is a heap."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, Action]] = []
        self._added = 0

    def add(self, at: int, action: Action) -> None:
        """It happens at this instant."""
        self._added += 1
        heappush(self.entries, (at, self._added, action))

    @property
    def next_at(self) -> int | None:
        """When the next one happens, or None."""
        return self.entries[0][0] if self.entries else None

    def take(self, until: int) -> tuple[int, Action] | None:
        """The next one, if it happens by then."""
        if not self.entries or self.entries[0][0] > until:
            return None
        at, _, action = heappop(self.entries)
        return at, action
