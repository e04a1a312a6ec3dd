"""What the facts and the journal's records say, added up anew beside the engine: money, positions, prices.

Nothing here reads the engine's own state. Records are taken as they are written; what becomes of executions is also
added up without them: by position, from every move that did not fail.
"""

from typing import NamedTuple

from msgspec import UnsetType

from shared.domain.ledger import CASH, PROVISIONAL, PUSD, RESERVED, Fill, FillKey, Position, Record, RecordKind
from shared.domain.market import Market
from shared.domain.messages import BookChange, BookSnapshot
from shared.domain.money import ONE, Usd, mul_div_floor, value
from shared.domain.order import FINAL, Order, Side

OURS = (CASH, RESERVED, PROVISIONAL)


class Move(NamedTuple):
    """What changed a position: shares in (or, negative, out), dollars in; ``key`` of a fill."""

    key: FillKey | None
    size: int
    cash: int


class Shadow:
    """One account. ``marks``: what held tokens are worth a share; ``free``: settled shares by position.

    ``unfollowed``: intents of which an order was refused by the store, or that an earlier life began.
    ``merges``: those that were written down, by name.
    """

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.open: dict[str, Order] = {}
        self.intents: dict[str, list[str]] = {}
        self.positions: dict[str, Position] = {}
        self.sizes: dict[str, int] = {}
        self.money = 0
        self.marks: dict[str, int] = {}
        self.moves: dict[str, list[Move]] = {}
        self.failed: dict[FillKey, None] = {}
        self.free: dict[str, int] = {}
        self.mined: dict[FillKey, None] = {}
        self.unfollowed: dict[str, None] = {}
        self.merges: dict[str, None] = {}

    # ------------------------------------------------------------------ records

    def apply(self, record: Record) -> None:
        """One record of the journal."""
        order, position, fill = record.order, record.position, record.fill
        if order is not None:
            self._track(order)
        if record.posting is not None:
            for entry in record.posting.entries:
                if entry.asset == PUSD and entry.account in OURS:
                    self.money += entry.amount
        if not isinstance(record.merging, UnsetType):
            self.merges[record.merging.ref] = None
        if fill is not None:
            self._settle(record, fill)
        if position is not None:
            self._reposition(record, position)

    def _track(self, order: Order) -> None:
        before = self.orders.get(order.order_key)
        if before is None:
            self.intents.setdefault(order.intent_id, []).append(order.order_key)
        self.orders[order.order_key] = order
        if order.state in FINAL:
            self.open.pop(order.order_key, None)
        else:
            self.open[order.order_key] = order

    def refused(self, record: Record) -> None:
        """A plan was not written: as if it had never been made."""
        order = record.order
        assert order is not None
        self.open.pop(order.order_key, None)
        self.orders.pop(order.order_key, None)
        self.intents[order.intent_id].remove(order.order_key)
        self.unfollowed[order.intent_id] = None

    def _settle(self, record: Record, fill: Fill) -> None:
        """Shares of a position that can be sold: those that are not provisional."""
        order, key = self.orders[fill.order_key], (fill.trade_id, fill.order_key)
        name = f"{order.token}#{order.sleeve}"
        free = self.free.get(name, 0)
        match record.kind, order.side:
            case RecordKind.FILLED, Side.SELL:
                free -= fill.size
            case RecordKind.FILLED, _:
                free += 0 if fill.settles else fill.size
            case RecordKind.CONFIRMED, Side.BUY if key not in self.mined:
                self.mined[key] = None
                free += fill.size
            case RecordKind.REVERSED, Side.SELL:
                free += fill.size
            case RecordKind.REVERSED, _:
                free -= fill.size if key in self.mined else 0
            case _:
                pass
        self.free[name] = free
        if record.kind is RecordKind.REVERSED:
            self.failed[key] = None

    def _reposition(self, record: Record, after: Position) -> None:
        key, fill = after.key, record.fill
        before = self.positions.get(key)
        grown = after.size - (0 if before is None else before.size)
        self.positions[key] = after
        held = self.sizes.get(after.token, 0)
        if held == 0:
            self.marks[after.token] = 0 if fill is None else fill.price
        self.sizes[after.token] = held + grown
        if held + grown == 0:
            del self.sizes[after.token], self.marks[after.token]
        if record.kind in (RecordKind.SETTLED, RecordKind.MERGED):
            self.free[key] = self.free.get(key, 0) + grown
        if record.kind is not RecordKind.REVERSED and record.posting is not None:
            cash = sum(e.amount for e in record.posting.entries if e.asset == PUSD and e.account in OURS)
            moved = Move(None if fill is None else (fill.trade_id, fill.order_key), grown, cash)
            self.moves.setdefault(key, []).append(moved)

    # ------------------------------------------------------------------ sums

    def equity(self) -> int:
        """All our dollars, and what we hold at its marks."""
        sizes = self.sizes
        return self.money + sum([value(sizes[token], mark) for token, mark in self.marks.items()])

    def used(self) -> dict[str, int]:
        """Cost of positions and cash of open orders, by what it counts against."""
        used: dict[str, int] = {}
        of: list[tuple[Order | Position, int]] = [(order, order.reserved) for order in self.open.values()]
        of += [(position, position.cost) for position in self.positions.values()]
        for one, amount in of:
            if amount:
                for name in ("portfolio", one.strategy, f"market {one.market}", f"source {one.source}", one.token):
                    used[name] = used.get(name, 0) + amount
        return used

    def claimed(self) -> dict[str, str]:
        """Positions we hold or are buying: the market by key."""
        claimed = {key: position.market for key, position in self.positions.items() if position.size}
        for order in self.open.values():
            if order.side is Side.BUY:
                claimed[f"{order.token}#{order.sleeve}"] = order.market
        return claimed

    def selling(self, key: str) -> int:
        """Shares of a position in open sales."""
        return sum(
            order.remaining
            for order in self.open.values()
            if order.side is Side.SELL and f"{order.token}#{order.sleeve}" == key
        )

    def without_failures(self, key: str) -> tuple[int, int, int]:
        """Size, cost and profit of a position by the moves that did not fail; each sale takes its part of the cost."""
        size = paid = realized = 0
        for move in self.moves.get(key, ()):
            if move.key in self.failed:
                continue
            if move.size >= 0:
                paid -= move.cash
            else:
                removed = mul_div_floor(paid, -move.size, size)
                paid -= removed
                realized += move.cash - removed
            size += move.size
        return size, paid, realized

    def marked_at_cost(self) -> None:
        """After a restart nobody knows a price yet; of several sleeves in a token the last one's cost counts."""
        for position in self.positions.values():
            if position.size:
                self.marks[position.token] = mul_div_floor(position.cost, ONE, position.size)


class Quotes:
    """What a token can be sold at: its book as it was told, or its last print."""

    def __init__(self, max_age_ns: int) -> None:
        self._max_age_ns = max_age_ns
        self._books: dict[str, tuple[dict[int, int], dict[int, int], int]] = {}

    def shown(self, told: BookSnapshot, at: int) -> None:
        """A whole book."""
        self._books[told.token] = (dict(told.bids), dict(told.asks), at)

    def changed(self, told: BookChange, at: int) -> None:
        """One level of a book that was shown."""
        if told.token in self._books:
            bids, asks, _ = self._books[told.token]
            levels = bids if told.side is Side.BUY else asks
            if told.size:
                levels[told.price] = told.size
            else:
                levels.pop(told.price, None)
            self._books[told.token] = (bids, asks, at)

    def forget(self, token: str) -> None:
        """The book is unknown."""
        self._books.pop(token, None)

    def bid(self, token: str, at: int) -> int:
        """The best bid of a book that is neither old nor crossed; 0 where there is none."""
        known = self._books.get(token)
        if known is None or not known[0]:
            return 0
        bids, asks, told_at = known
        best = max(bids)
        crossed = bool(asks) and best >= min(asks)
        return 0 if crossed or at - told_at > self._max_age_ns else best


def held_to_resolution(market: Market, stop_loss: int, exits_updown: bool) -> bool:
    """Whether no stop bounds what a position in the market can lose."""
    return stop_loss == 0 or (market.kind.value == "crypto_updown" and not exits_updown)


def fraction_of(amount: int, share: int) -> int:
    """A share (millionths) of an amount, rounded down."""
    return int(Usd(amount * share // ONE))
