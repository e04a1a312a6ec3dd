"""The paper venue's memory: every order with its state and fills, durable before the venue answers."""

from collections.abc import Iterator

from msgspec.structs import replace

from shared.adapters.paper.orders import PaperLog, PaperOrder
from shared.domain.money import Shares
from shared.domain.order import FINAL, Order, OrderState


class Register:
    """Orders by key, as last kept. ``refused``: keys asked about before they were seen, with the reason."""

    def __init__(self, log: PaperLog) -> None:
        self._log = log
        self.orders = {paper.order.order_key: paper for paper in log.load()}
        self.refused: dict[str, str] = {}
        self._open = {key: None for key, paper in self.orders.items() if paper.state not in FINAL}

    def keep(self, paper: PaperOrder) -> PaperOrder:
        """The order stands like this from now on; returns once that is durable."""
        self._log.put(paper)
        key = paper.order.order_key
        self.orders[key] = paper
        if paper.state in FINAL:
            self._open.pop(key, None)
        else:
            self._open[key] = None
        return paper

    def end(self, paper: PaperOrder, state: OrderState, note: str = "") -> PaperOrder:
        """The order has ended."""
        return self.keep(replace(paper, state=state, rests=True, note=note or paper.note))

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
