"""The books, judged from outside: the raw entries of a journal against the wallet of a venue's log.

Nothing here uses the engine's rules. Amounts are millionths. What is wrong is told in a sentence; empty: nothing is.
"""

from collections import Counter
from collections.abc import Iterable

from msgspec import UnsetType

from shared.adapters.paper.orders import Movement, MovementKind, PaperOrder
from shared.domain.ledger import CASH, PROVISIONAL, PUSD, RESERVED, Entry, FillKey, Record, RecordKind, SettlementStatus
from shared.domain.money import Price, cost, proceeds
from shared.domain.order import Order, Side

Balances = Counter[tuple[str, str]]
"""What each account has of each asset."""


class Books:
    """What a journal says happened, added up entry by entry."""

    def __init__(self) -> None:
        self.balances: Balances = Counter()
        self.filled: dict[FillKey, int] = {}
        self.reversed: dict[FillKey, None] = {}
        self.orders: dict[str, Order] = {}
        """As last written."""
        self.planned: dict[str, Order] = {}
        self.merges: dict[str, int] = {}
        """By name, shares that are still to come out of a merge that was written down."""

    def add(self, record: Record) -> str:
        """Take the next record; what is wrong with it."""
        order, wrong = record.order, ""
        if record.kind is RecordKind.PLANNED and order is not None:
            if order.order_key in self.planned:
                wrong = f"order {order.order_key} is planned twice"
            self.planned[order.order_key] = order
        if order is not None:
            self.orders[order.order_key] = order
        if record.posting is not None:
            wrong = self._book(record.posting.entries) or wrong
        if record.kind in (RecordKind.MERGING, RecordKind.MERGED, RecordKind.UNMERGED):
            wrong = self._merge(record) or wrong
        if record.fill is not None:
            key = (record.fill.trade_id, record.fill.order_key)
            if record.kind is RecordKind.FILLED:
                if key in self.filled:
                    wrong = f"the execution {key} is booked twice"
                self.filled[key] = record.fill.size
            elif record.kind is RecordKind.REVERSED:
                self.reversed[key] = None
        return wrong

    def _merge(self, record: Record) -> str:
        if not isinstance(record.merging, UnsetType):
            self.merges.setdefault(record.merging.ref, 2 * record.merging.size)
            return ""
        made = record.posting
        name = record.ref if made is None else made.ref
        if name not in self.merges:
            return f"merge {name} is booked, and was never written down"
        gone = [] if made is None else [one.amount for one in made.entries if one.account.startswith("shares:")]
        self.merges[name] = 0 if made is None else self.merges[name] + sum(gone)
        return f"merge {name} took {-self.merges[name]} shares too many" if self.merges[name] < 0 else ""

    @property
    def merging(self) -> list[str]:
        """Merges that nobody has heard the end of."""
        return [name for name, left in self.merges.items() if left]

    def _book(self, entries: tuple[Entry, ...]) -> str:
        sums: Counter[str] = Counter()
        for entry in entries:
            sums[entry.asset] += entry.amount
            self.balances[entry.account, entry.asset] += entry.amount
        return f"a posting sums to {dict(sums)}, not to zero" if any(sums.values()) else ""

    # ------------------------------------------------------------------ against the venue

    def unequal(self, papers: Iterable[PaperOrder], movements: Iterable[Movement]) -> str:
        """Where ledger and wallet differ: they may while a notice is on its way, and must not in the end."""
        cash, shares = wallet_of(papers, movements)
        booked = sum(self.balances[account, PUSD] for account in (CASH, RESERVED, PROVISIONAL))
        if booked != cash:
            return f"the ledger has {booked} micro-dollars, the wallet {cash}"
        held: Counter[str] = Counter()
        for (account, asset), amount in self.balances.items():
            if asset != PUSD and (account == PROVISIONAL or account.startswith("shares:")):
                held[asset] += amount
        for token in {**held, **shares}:
            if held[token] != shares[token]:
                return f"the ledger has {held[token]} of {token}, the wallet {shares[token]}"
        return ""

    def misbooked(self, papers: Iterable[PaperOrder]) -> str:
        """Executions lost, invented, or failed and still booked; once nothing is on its way any more."""
        happened: dict[FillKey, None] = {}
        failed: dict[FillKey, None] = {}
        for paper in papers:
            for fill in paper.fills:
                key = (fill.trade_id, fill.order_key)
                happened[key] = None
                if paper.settled.get(fill.trade_id) is SettlementStatus.FAILED:
                    failed[key] = None
        missing = [key for key in happened if key not in self.filled and key not in failed]
        if missing:
            return f"executions {missing} were lost"
        invented = [key for key in self.filled if key not in happened]
        if invented:
            return f"executions {invented} never happened"
        unreversed = [key for key in failed if key in self.filled and key not in self.reversed]
        return f"executions {unreversed} failed and still stand" if unreversed else ""

    def held_back(self) -> str:
        """Cash that is reserved for nothing, and accounts below zero; once no order is open."""
        if self.balances[RESERVED, PUSD]:
            return f"{self.balances[RESERVED, PUSD]} micro-dollars stay reserved without an open order"
        for (account, asset), amount in self.balances.items():
            if amount < 0 and (account in (CASH, RESERVED) or account.startswith("shares:")):
                return f"{account} holds {amount} of {asset}"
        return ""

    def unplanned(self, order: Order) -> str:
        """An order at the venue that nobody planned, or not so."""
        planned = self.planned.get(order.order_key)
        if planned is None:
            return f"order {order.order_key} reached the venue without a written plan"
        if planned != order:
            return f"order {order.order_key} at the venue is not the one that was planned"
        return ""


def settling(papers: Iterable[PaperOrder]) -> list[str]:
    """Orders of which executions are on their way to the chain."""
    under_way = (SettlementStatus.MATCHED, SettlementStatus.MINED)
    return [paper.order.order_key for paper in papers for one in paper.settled.values() if one in under_way]


def wallet_of(papers: Iterable[PaperOrder], movements: Iterable[Movement]) -> tuple[int, Counter[str]]:
    """Cash and shares by token, as executions that did not fail and all other movements leave them."""
    cash, shares = 0, Counter[str]()
    for paper in papers:
        for fill in paper.fills:
            if paper.settled.get(fill.trade_id) is SettlementStatus.FAILED:
                continue
            if paper.order.side is Side.BUY:
                cash -= cost(fill.size, Price(fill.price)) + fill.fee
                shares[paper.order.token] += fill.size
            else:
                cash += proceeds(fill.size, Price(fill.price)) - fill.fee
                shares[paper.order.token] -= fill.size
    for movement in movements:
        if movement.kind is MovementKind.PAYOUT:
            continue
        for asset, amount in movement.amounts.items():
            if asset == PUSD:
                cash += amount
            else:
                shares[asset] += amount
    return cash, shares
