"""What the paper venue states when it is asked for everything: its own orders, executions and wallet, not our books."""

from shared.adapters.paper.account import Account
from shared.adapters.paper.orders import PaperOrder
from shared.adapters.paper.register import Register
from shared.domain.ids import fact_id
from shared.domain.ledger import PUSD, Fill, SettlementStatus
from shared.domain.money import ONE, Fraction
from shared.domain.order import OrderState
from shared.domain.reports import OpenOrder, OrderStatement, Reports, TradeReport

_SHOWN = (OrderState.LIVE, OrderState.PARTIAL)
CANCELS_KEPT = 1_000


def venue_id(order_key: str) -> str:
    """The venue's own id of an order."""
    return f"paper-{order_key}"


class Statements:
    """Answers of a venue. ``unread``: the part of its questions that nobody answers, drawn by seed, question and time.

    ``silent``: questions that nobody answers at all, by name (``open_orders``, ``trades``, ``positions``, ``balance``).
    """

    def __init__(self, seed: int, register: Register, account: Account, unread: Fraction) -> None:
        self.silent: tuple[str, ...] = ()
        self._seed = seed
        self._register = register
        self._account = account
        self._unread = unread
        self._cancels: dict[str, None] = {}

    def cancel_answered(self, order_key: str) -> None:
        """The cancel of this order was answered, whatever the answer was."""
        self._cancels[order_key] = None
        if len(self._cancels) > CANCELS_KEPT:
            del self._cancels[next(iter(self._cancels))]

    def reports(self, at: int, since: int) -> Reports:
        """Everything, as of ``at``; executions and ends since ``since``."""
        wallet, register = self._account.wallet, self._register
        knows = wallet.knows(PUSD) and self._answers("balance", at)
        return Reports(
            as_of=at,
            open_orders=self._open() if self._answers("open_orders", at) else None,
            trades=self._trades(since) if self._answers("trades", at) else None,
            positions=wallet.shares() if self._answers("positions", at) else None,
            balance=wallet.held.get(PUSD, 0) if knows else None,
            trades_since=since,
            statements=tuple(_statement(register.orders[key]) for key in register.ended.since(since)),
            cancels_answered=tuple(self._cancels),
        )

    def _answers(self, question: str, at: int) -> bool:
        if question in self.silent:
            return False
        return not self._unread or int(fact_id(question, self._seed, at)[:15], 16) % ONE >= self._unread

    def _open(self) -> tuple[OpenOrder, ...]:
        return tuple(_open_order(paper) for paper in self._register.open() if paper.state in _SHOWN)

    def _trades(self, since: int) -> tuple[TradeReport, ...]:
        return tuple(self._trade(key, fill) for key, fill in self._register.executed.since(since))

    def _trade(self, key: str, fill: Fill) -> TradeReport:
        """Where nothing is said of settlement an execution is matched, and stays so."""
        paper = self._register.orders[key]
        status = paper.settled.get(fill.trade_id, SettlementStatus.MATCHED)
        return TradeReport(fill, paper.order.token, paper.order.side, status, venue_id(key))


def _open_order(paper: PaperOrder) -> OpenOrder:
    order = paper.order
    return OpenOrder(
        order.order_key, venue_id(order.order_key), order.token, order.side, order.limit, order.size, paper.filled
    )


def _statement(paper: PaperOrder) -> OrderStatement:
    key = paper.order.order_key
    return OrderStatement(key, paper.state, paper.filled, venue_id(key), paper.note)
