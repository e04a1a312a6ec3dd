"""The paper venue without books: orders fill from later public prints alone (``shared.engine.matching``).

There is nothing to cross and nothing to take at once: a post-only order rests like any other, and an order that only
takes finds nobody to match.
"""

from shared.adapters.paper.executions import TAKER, Executions
from shared.adapters.paper.orders import PaperOrder
from shared.adapters.paper.register import Register
from shared.domain.messages import PublicTrade, WhaleTrade
from shared.domain.money import Shares
from shared.engine.matching import PrintMatcher, Resting
from shared.ports import Answer


class PrintFloor:
    """Orders that wait for prints; ``by_token`` is what is open where."""

    def __init__(self, register: Register, executions: Executions) -> None:
        self._register = register
        self._executions = executions
        self._matcher = PrintMatcher()
        self._held: dict[str, Resting] = {}
        self.by_token = self._matcher.by_token

    def rest(self, paper: PaperOrder, active_at: int) -> None:
        """The order may fill from prints after ``active_at``."""
        resting = Resting(paper.order, active_at)
        resting.remaining = Shares(paper.order.size - paper.filled)
        self._held[paper.order.order_key] = resting
        self._matcher.add(resting)

    def remove(self, order_key: str) -> None:
        """The order waits no longer."""
        resting = self._held.pop(order_key, None)
        if resting is not None:
            self._matcher.remove(resting)

    def trade(self, trade: WhaleTrade | PublicTrade, at: int) -> list[Answer]:
        """A public print, and the fills it leads to."""
        answers: list[Answer] = []
        if trade.token not in self.by_token:
            return answers
        for resting, size in self._matcher.match(trade, at):
            key = resting.order.order_key
            if resting.remaining == 0:
                del self._held[key]
            answers += self._executions.execute(
                self._register.orders[key], [(resting.price_of(trade), size)], at, TAKER, tx=trade.tx
            )
        return answers
