"""The books: what the records of the journal add up to.

``Projection.apply`` is the only code that turns records into balances. The engine's belief, the memory store and a
rebuild from the journal all run it, so they cannot disagree.
"""

from msgspec import Struct, UnsetType

from shared.domain.ledger import (
    CASH,
    PUSD,
    RESIZING,
    SETTLED_FOR_GOOD,
    BookedFill,
    Fill,
    FillKey,
    Merging,
    Position,
    PostingKind,
    Record,
    RecordKind,
    Redemption,
    SettlementStatus,
)
from shared.domain.money import Usd
from shared.domain.order import Order, Side

ONCE_PER_REF = (PostingKind.MERGE, PostingKind.REBATE)
"""Postings that the venue's own reference names: told again, they are known."""


class Move(Struct, frozen=True, gc=False):
    """What changed a position: shares and micro-dollars in (negative: out); ``key`` names the fill if it was one."""

    key: FillKey | None
    size: int
    cash: int


class History(Struct, gc=False):
    """A position before its first fill that may still fail, and every move since: what a failure is undone by."""

    size: int
    cost: int
    realized: int
    moves: list[Move]


class Underway(Struct, gc=False):
    """A merge that the venue is asked for: shares of each token and dollars that are not booked yet. An end between two
    of its records leaves a part to the next life.
    """

    asked: Merging
    left: dict[str, int]
    due: int


class Projection:
    """Orders, positions, balances and room as the records applied so far leave them.

    ``booked``: every fill and how far it has settled (one that the venue says nothing more about is CONFIRMED at
    once); ``unsettled``: by market, those that may still fail. ``fills`` counts executions, those that failed
    later included; ``fees`` are those of the others. ``fees_of`` and ``rebates_due`` are by position.
    ``redemptions``: by market, shares paid out here that the venue has not redeemed yet; ``merging``: by ref,
    merges that it has not answered yet.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.positions: dict[str, Position] = {}
        self.balances: dict[tuple[str, str], int] = {}
        self.room: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.booked: dict[FillKey, BookedFill] = {}
        self.unsettled: dict[str, dict[FillKey, None]] = {}
        self.histories: dict[str, History] = {}
        self.refs: dict[tuple[PostingKind, str], None] = {}
        self.realized = Usd(0)
        self.fees = Usd(0)
        self.fees_of: dict[str, int] = {}
        self.rebates_due: dict[str, int] = {}
        self.redemptions: dict[str, list[Redemption]] = {}
        self.merging: dict[str, Underway] = {}
        self.fills = 0
        self.failed = 0

    def apply(self, record: Record) -> None:
        """Take one committed record into the books."""
        if record.order is not None:
            self.orders[record.order.order_key] = record.order
        if record.position is not None:
            if record.kind is RecordKind.SETTLED:
                self._await_redemption(record.position, record)
            elif record.kind is RecordKind.MERGED:
                self._merge(record.position, record)
            self._reposition(record.position, record)
        elif record.kind is RecordKind.REDEEMED:
            self.redemptions.pop(record.ref, None)
        elif record.kind is RecordKind.UNMERGED:
            self.merging.pop(record.ref, None)
        elif not isinstance(record.merging, UnsetType):
            self._await_merge(record.merging)
        if record.posting is not None:
            if record.posting.kind in ONCE_PER_REF:
                self.refs[record.posting.kind, record.posting.ref] = None
            for entry in record.posting.entries:
                key = (entry.account, entry.asset)
                self.balances[key] = self.balances.get(key, 0) + entry.amount
        if record.fill is not None:
            self._settle(record.fill, record.status)
        resizes = record.kind in RESIZING
        for change in record.headroom:
            self.room[change.name] = self.room.get(change.name, change.limit) + change.delta
            self.used[change.name] = self.used.get(change.name, 0) - (0 if resizes else change.delta)

    def _reposition(self, after: Position, record: Record) -> None:
        before, fill = self.positions.get(after.key), record.fill
        size, paid, realized = (before.size, before.cost, before.realized) if before is not None else (0, 0, 0)
        self.realized = Usd(self.realized + after.realized - realized)
        self.positions[after.key] = after
        history = self.histories.get(after.key)
        if history is None:
            if fill is None or not fill.settles:
                return  # the usual case: nothing of this position may still fail
            history = self.histories[after.key] = History(size, paid, realized, [])
        key = None if fill is None else (fill.trade_id, fill.order_key)
        if record.status is SettlementStatus.FAILED:
            history.moves = [move for move in history.moves if move.key != key]
        else:
            cash = (after.realized - realized) - (after.cost - paid)
            history.moves.append(Move(key, after.size - size, cash))

    def _await_redemption(self, after: Position, record: Record) -> None:
        """A resolved market's shares are dollars in the books; the wallet holds them until they are redeemed."""
        before, made = self.positions.get(after.key), record.posting
        if before is None or made is None:
            return
        paid = sum(entry.amount for entry in made.entries if entry.account == CASH)
        self.redemptions.setdefault(after.market, []).append(Redemption(after.token, before.size, Usd(paid)))

    def _await_merge(self, asked: Merging) -> None:
        """A merge is asked for; told twice, it is one."""
        if asked.ref not in self.merging and not self.knows(PostingKind.MERGE, asked.ref):
            self.merging[asked.ref] = Underway(asked, dict.fromkeys(asked.tokens, asked.size), asked.size)

    def _merge(self, after: Position, record: Record) -> None:
        """One position has given its part of a merge."""
        before, made = self.positions.get(after.key), record.posting
        underway = None if made is None else self.merging.get(made.ref)
        if before is None or made is None or underway is None:
            return
        underway.left[after.token] -= before.size - after.size
        underway.due -= sum(entry.amount for entry in made.entries if entry.account == CASH)
        if not any(underway.left.values()):
            del self.merging[made.ref]

    def _settle(self, fill: Fill, status: SettlementStatus | None) -> None:
        """A new fill (no status), or how far a known one has settled."""
        key = (fill.trade_id, fill.order_key)
        order = self.orders[fill.order_key]
        if status is None:
            self.fills += 1
            self._charge(order, fill, 1)
            status = SettlementStatus.MATCHED if fill.settles else SettlementStatus.CONFIRMED
        elif status is SettlementStatus.FAILED:
            self.failed += 1
            self._charge(order, fill, -1)
        self.booked[key] = BookedFill(fill, status)
        if status not in SETTLED_FOR_GOOD:
            self.unsettled.setdefault(order.market, {})[key] = None
        elif fill.settles:
            self._close(order, key)

    def _charge(self, order: Order, fill: Fill, sign: int) -> None:
        """Fees paid and rebates expected, or (``sign`` -1) not so."""
        name = f"{order.token}#{order.sleeve}"
        fee, rebate = (fill.fee, fill.rebate) if sign > 0 else (-fill.fee, -fill.rebate)
        self.fees = Usd(self.fees + fee)
        self.fees_of[name] = self.fees_of.get(name, 0) + fee
        if rebate:
            self.rebates_due[name] = self.rebates_due.get(name, 0) + rebate

    def _close(self, order: Order, key: FillKey) -> None:
        """A fill can fail no more; once no fill of its position can, the position's history is forgotten."""
        waiting = self.unsettled.get(order.market, {})
        waiting.pop(key, None)
        name = f"{order.token}#{order.sleeve}"
        history = self.histories.get(name)
        if history is not None and not any(move.key in waiting for move in history.moves):
            del self.histories[name]
        if not waiting:
            self.unsettled.pop(order.market, None)

    def knows(self, kind: PostingKind, ref: str) -> bool:
        """Whether a merge or rebate of this reference is booked, all of it; so a restart does not book it again."""
        return (kind, ref) in self.refs and ref not in self.merging

    def merging_in(self, market: str) -> int:
        """Shares of each outcome of the market that the venue may be merging: nobody may sell them meanwhile."""
        return sum(max(one.left.values()) for one in self.merging.values() if one.asked.market == market)

    def has_unsettled(self, market: str) -> bool:
        """Whether an execution of ours in the market may still fail."""
        return market in self.unsettled

    def may_fail(self, market: str, position: str) -> bool:
        """Whether a purchase into the position (by key) may still fail: nobody knows yet whether it is there."""
        for _, order_key in self.unsettled.get(market, ()):
            order = self.orders[order_key]
            if order.side is Side.BUY and f"{order.token}#{order.sleeve}" == position:
                return True
        return False

    def short_of(self, record: Record) -> str | None:
        """The name of the first limit without room for this record, or None."""
        for change in record.headroom:
            if change.delta < 0 and self.room.get(change.name, change.limit) + change.delta < 0:
                return change.name
        return None

    def balance(self, account: str, asset: str = PUSD) -> int:
        """Millionths of an asset in an account."""
        return self.balances.get((account, asset), 0)

    def imbalance(self) -> int:
        """Sum over assets of the absolute sum of all balances: 0, or money was made or lost."""
        sums: dict[str, int] = {}
        for (_, asset), amount in self.balances.items():
            sums[asset] = sums.get(asset, 0) + amount
        return sum(abs(total) for total in sums.values())
