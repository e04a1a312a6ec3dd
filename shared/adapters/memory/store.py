"""A store in memory: the same conditions as the durable one, for replays, tests and rebuilds."""

from shared.adapters.memory.controls import MemoryControls
from shared.domain.decision import Decision
from shared.domain.errors import Corrupt
from shared.domain.ledger import Posting, Record
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.domain.order import told_to_sell
from shared.engine.ledger import Projection


class MemoryStore(MemoryControls):
    """Journal, projections and switch of one account. ``keep_decisions`` False drops decisions (long replays)."""

    def __init__(self, keep_decisions: bool = True) -> None:
        super().__init__()
        self.records: list[Record] = []
        self.books = Projection()
        self.decisions: list[Decision] = []
        self._keep_decisions = keep_decisions
        self._postings: dict[str, Posting] = {}

    def plan(self, record: Record) -> PlanCommitted | PlanRefused:
        """Commit a planned order under its conditions."""
        order = record.order
        if order is None:
            raise Corrupt("a plan without an order")
        if order.order_key in self.books.orders:
            return PlanCommitted(order.order_key, existed=True)
        if not self._switch.trading and not told_to_sell(order):
            return PlanRefused(order.order_key, RefusedBy.SWITCH, self._switch.reason)
        short = self.books.short_of(record)
        if short is not None:
            return PlanRefused(order.order_key, RefusedBy.HEADROOM, short)
        self.write(record)
        return PlanCommitted(order.order_key)

    def write(self, record: Record) -> None:
        """Commit a fact, and take a change's command with it; the same posting again is a repeated request, with other
        content it is ``Corrupt``.
        """
        made = record.posting
        if made is not None:
            before = self._postings.get(made.posting_id)
            if before is not None and before != made:
                raise Corrupt(f"posting {made.posting_id} ({made.ref}) exists with other content")
            if before is not None:
                return
            self._postings[made.posting_id] = made
        self._obeyed(record)
        self.books.apply(record)
        self.records.append(record)

    def decide(self, decisions: list[Decision]) -> None:
        """Keep decisions for people to read."""
        if self._keep_decisions:
            self.decisions.extend(decisions)

    def journal(self, account: str) -> list[Record]:
        """Every record of the account in the order it was committed."""
        return [record for record in self.records if record.account == account]
