"""The paper venue's memory: every order with its state and fills, durable before the venue answers."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Generic, TypeVar

from msgspec.structs import replace

from shared.adapters.paper.orders import PaperLog, PaperOrder
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.money import Shares
from shared.domain.order import FINAL, Order, OrderState

T = TypeVar("T")


class Timeline(Generic[T]):
    """Things by the instant they happened at; a question about the last minutes does not look at years."""

    def __init__(self) -> None:
        self._ats: list[int] = []
        self._things: list[tuple[int, T]] = []

    def add(self, at: int, thing: T) -> None:
        """It happened then (which may be a little before what was added last)."""
        self._ats.append(max(at, self._ats[-1] if self._ats else at))
        self._things.append((at, thing))

    def since(self, at: int) -> Iterator[T]:
        """What happened then or later, as it was added."""
        for when, thing in self._things[bisect_left(self._ats, at) :]:
            if when >= at:
                yield thing


class Register:
    """Orders by key, as last kept. ``refused``: keys asked about before they were seen, with the reason.

    ``in_market``: keys of all orders there ever were, by market. ``executed``: every execution; ``ended``: keys of the
    orders that have ended.
    """

    def __init__(self, log: PaperLog) -> None:
        self._log = log
        self.orders = {paper.order.order_key: paper for paper in log.load()}
        self.refused: dict[str, str] = {}
        self.in_market: dict[str, dict[str, None]] = {}
        self.executed: Timeline[tuple[str, Fill]] = Timeline()
        self.ended: Timeline[str] = Timeline()
        self._open = {key: None for key, paper in self.orders.items() if paper.state not in FINAL}
        made = [(fill.venue_at, key, fill) for key, paper in self.orders.items() for fill in paper.fills]
        for at, key, fill in sorted(made, key=lambda one: one[0]):
            self.executed.add(at, (key, fill))
        for ended_at, key in sorted((paper.ended_at, key) for key, paper in self.orders.items()):
            if key not in self._open:
                self.ended.add(ended_at, key)
        for key, paper in self.orders.items():
            self.in_market.setdefault(paper.order.market, {})[key] = None

    def keep(self, paper: PaperOrder) -> PaperOrder:
        """The order stands like this from now on; returns once that is durable."""
        self._log.put(paper)
        key = paper.order.order_key
        before = self.orders.get(key)
        self.orders[key] = paper
        if before is None:
            self.in_market.setdefault(paper.order.market, {})[key] = None
        for fill in paper.fills[0 if before is None else len(before.fills) :]:
            self.executed.add(fill.venue_at, (key, fill))
        if paper.state not in FINAL:
            self._open[key] = None
        elif before is None or before.state not in FINAL:
            self._open.pop(key, None)
            self.ended.add(paper.ended_at, key)
        return paper

    def end(self, paper: PaperOrder, state: OrderState, at: int, note: str = "") -> PaperOrder:
        """The order has ended."""
        return self.keep(replace(paper, state=state, rests=True, note=note or paper.note, ended_at=at))

    def unsettled_in(self, market: str) -> bool:
        """Whether executions in the market are not on the chain yet."""
        papers = [self.orders[key] for key in self.in_market.get(market, ())]
        return any(status is SettlementStatus.MATCHED for paper in papers for status in paper.settled.values())

    def open(self) -> Iterator[PaperOrder]:
        """Orders the venue holds or has under way, oldest first."""
        for key in list(self._open):
            yield self.orders[key]

    def arrived(self) -> Iterator[tuple[Order, Shares]]:
        """Open orders that have arrived, and what is left of each."""
        for paper in self.open():
            if paper.state is not OrderState.PLANNED:
                yield paper.order, Shares(paper.order.size - paper.filled)

    def last_fill_at(self) -> dict[str, int]:
        """By token, when it last filled: prints and books up to then have been shown already."""
        shown: dict[str, int] = {}
        for paper in self.orders.values():
            for fill in paper.fills:
                shown[paper.order.token] = max(shown.get(paper.order.token, 0), fill.venue_at)
        return shown
