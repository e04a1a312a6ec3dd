"""The ledger room: money records made from facts, and the projection every copy of the books is built with.

The functions make records (what one fact changes); ``Projection.apply`` is the only code that turns records into
balances. The engine's belief, the memory store and a rebuild from the journal all run it, so they cannot disagree.
"""

from shared.domain.errors import Corrupt
from shared.domain.ledger import (
    CASH,
    DEPOSITS,
    FEES,
    PUSD,
    RESERVED,
    SETTLEMENT,
    VENUE,
    Entry,
    Fill,
    HeadroomChange,
    Position,
    PostingKind,
    Record,
    RecordKind,
    posting,
    shares_account,
)
from shared.domain.money import Fraction, Price, Shares, Usd, cost, mul_div_floor, proceeds, taker_fee, value
from shared.domain.order import FINAL, Order, OrderCause, OrderState, Purpose, Side, next_state
from shared.engine.limits import Limits

RESERVE_MARGIN = Usd(1_000)
"""Fees are rounded up fill by fill: a tenth of a cent covers the roundings of 90 fills of one order."""


def room_names(order: Order) -> tuple[str, str, str, str]:
    """The exposure limits an order counts against, besides cash."""
    return ("portfolio", f"market#{order.market}", f"source#{order.source}", f"strategy#{order.strategy}")


def shares_room(token: str, sleeve: str) -> str:
    """The name of the room that says how many shares a sleeve can still sell."""
    return f"shares#{token}#{sleeve}"


def _exposure(order: Order, delta: int, limits: Limits) -> tuple[HeadroomChange, ...]:
    if delta == 0:
        return ()
    sizes = (limits.portfolio_usd, limits.market_usd, limits.source_usd, limits.strategy_usd)
    return tuple(HeadroomChange(name, delta, limit) for name, limit in zip(room_names(order), sizes, strict=True))


def _cash(delta: int) -> tuple[HeadroomChange, ...]:
    return () if delta == 0 else (HeadroomChange(CASH, delta, 0),)


def deposit_record(account: str, amount: Usd, at: int, key: str) -> Record:
    """Money that entered the account from outside."""
    lines = (Entry(CASH, PUSD, amount), Entry(DEPOSITS, PUSD, -amount))
    return Record(
        RecordKind.DEPOSITED,
        account,
        at,
        posting=posting(PostingKind.DEPOSIT, f"{account}/{key}", at, lines, key),
        headroom=_cash(amount),
    )


def reserve_for(size: Shares, limit: Price, fee_rate: Fraction) -> Usd:
    """Cash a BUY must hold: its cost at the limit, the fee there, and the rounding margin."""
    return Usd(cost(size, limit) + taker_fee(size, limit, fee_rate) + RESERVE_MARGIN)


def plan_record(order: Order, limits: Limits) -> Record:
    """A new order with everything it claims: cash and exposure for a BUY, the sleeve's shares for a SELL."""
    if order.purpose is Purpose.EXIT:
        claim = (HeadroomChange(shares_room(order.token, order.sleeve), -order.size, 0),)
        return Record(RecordKind.PLANNED, order.account, order.planned_at, order=order, headroom=claim)
    held = order.reserved
    lines = (Entry(CASH, PUSD, -held), Entry(RESERVED, PUSD, held))
    return Record(
        RecordKind.PLANNED,
        order.account,
        order.planned_at,
        order=order,
        posting=posting(PostingKind.RESERVE, order.order_key, order.planned_at, lines, order.order_key),
        headroom=_cash(-held) + _exposure(order, -held, limits),
    )


def _changed(order: Order, **changes: object) -> Order:
    fields = {name: getattr(order, name) for name in order.__struct_fields__}
    fields.update(changes)
    return Order(**fields)


def move_record(order: Order, cause: OrderCause, at: int, limits: Limits, note: str = "") -> Record | None:
    """An order changes state without a fill; what it still held is released when it ends. None when nothing changes."""
    after = next_state(order.state, cause)
    if after is OrderState.LIVE and order.filled > 0:
        after = OrderState.PARTIAL  # it had fills before it fell into doubt
    if after is order.state:
        return None
    if after not in FINAL:
        moved = _changed(order, state=after, changed_at=at, note=note or order.note)
        return Record(RecordKind.MOVED, order.account, at, order=moved)
    moved = _changed(order, state=after, changed_at=at, reserved=Usd(0), note=note or order.note)
    if order.side is Side.SELL:
        freed = (HeadroomChange(shares_room(order.token, order.sleeve), order.remaining, 0),)
        return Record(RecordKind.MOVED, order.account, at, order=moved, headroom=freed)
    held = order.reserved
    if held == 0:
        return Record(RecordKind.MOVED, order.account, at, order=moved)
    lines = (Entry(RESERVED, PUSD, -held), Entry(CASH, PUSD, held))
    return Record(
        RecordKind.MOVED,
        order.account,
        at,
        order=moved,
        posting=posting(PostingKind.RELEASE, order.order_key, at, lines, order.order_key),
        headroom=_cash(held) + _exposure(order, held, limits),
    )


def fill_record(order: Order, position: Position | None, fill: Fill, at: int, limits: Limits) -> Record:
    """One execution: order, position, cash and ledger in one record; ``Corrupt`` for a fill larger than its order."""
    if fill.size > order.remaining:
        raise Corrupt(f"fill {fill.trade_id} of {fill.size} exceeds what is left of order {order.order_key}")
    if position is None:
        position = Position(
            order.account, order.token, order.sleeve, order.market, order.strategy, order.source, opened_at=at
        )
    if order.side is Side.BUY:
        return _bought(order, position, fill, at, limits)
    return _sold(order, position, fill, at, limits)


def _after_fill(order: Order, fill: Fill, spent: Usd, reserved: Usd, at: int) -> Order:
    whole = fill.size == order.remaining
    cause = OrderCause.WHOLLY_FILLED if whole else OrderCause.PARTLY_FILLED
    return _changed(
        order,
        state=next_state(order.state, cause),
        filled=Shares(order.filled + fill.size),
        cost=Usd(order.cost + spent),
        fees=Usd(order.fees + fill.fee),
        reserved=reserved,
        changed_at=at,
    )


def _bought(order: Order, position: Position, fill: Fill, at: int, limits: Limits) -> Record:
    paid = cost(fill.size, Price(fill.price))
    spent = Usd(paid + fill.fee)
    from_reserved = min(spent, order.reserved)
    left = Usd(order.reserved - from_reserved)
    moved = _after_fill(order, fill, paid, left, at)
    released = Usd(0)
    if moved.state is OrderState.FILLED:
        released, moved = left, _changed(moved, reserved=Usd(0))
    cash = released - (spent - from_reserved)
    lines = (
        Entry(RESERVED, PUSD, -(from_reserved + released)),
        Entry(CASH, PUSD, cash),
        Entry(VENUE, PUSD, paid),
        Entry(FEES, PUSD, fill.fee),
        Entry(shares_account(order.sleeve), order.token, fill.size),
        Entry(VENUE, order.token, -fill.size),
    )
    held = _repositioned(position, Shares(position.size + fill.size), Usd(position.cost + spent), position.realized, at)
    room = HeadroomChange(shares_room(order.token, order.sleeve), fill.size, 0)
    return _filled(order, moved, held, fill, lines, (*_cash(cash), *_exposure(order, cash, limits), room), at)


def _sold(order: Order, position: Position, fill: Fill, at: int, limits: Limits) -> Record:
    if fill.size > position.size:
        raise Corrupt(f"fill {fill.trade_id} sells {fill.size} of a position of {position.size} in {position.key}")
    got = proceeds(fill.size, Price(fill.price))
    net = Usd(got - fill.fee)
    removed = Usd(mul_div_floor(position.cost, fill.size, position.size))
    lines = (
        Entry(CASH, PUSD, net),
        Entry(FEES, PUSD, fill.fee),
        Entry(VENUE, PUSD, -got),
        Entry(shares_account(order.sleeve), order.token, -fill.size),
        Entry(VENUE, order.token, fill.size),
    )
    left = Shares(position.size - fill.size)
    held = _repositioned(position, left, Usd(position.cost - removed), Usd(position.realized + net - removed), at)
    moved = _after_fill(order, fill, got, Usd(0), at)
    headroom = _cash(net) + _exposure(order, removed, limits)
    if order.state in FINAL:
        # A fill that arrives after the order ended: its shares had already been given back as free to sell.
        headroom = (*headroom, HeadroomChange(shares_room(order.token, order.sleeve), -fill.size, 0))
    return _filled(order, moved, held, fill, lines, headroom, at)


def _repositioned(position: Position, size: Shares, paid: Usd, realized: Usd, at: int) -> Position:
    opened = at if position.size == 0 else position.opened_at
    p = position
    return Position(p.account, p.token, p.sleeve, p.market, p.strategy, p.source, size, paid, realized, opened, at)


def _filled(
    order: Order,
    moved: Order,
    held: Position,
    fill: Fill,
    lines: tuple[Entry, ...],
    headroom: tuple[HeadroomChange, ...],
    at: int,
) -> Record:
    key = f"{fill.trade_id}/{order.order_key}"
    made = posting(PostingKind.FILL, key, at, lines, order.order_key)
    return Record(RecordKind.FILLED, order.account, at, moved, held, made, fill, headroom)


def settle_record(position: Position, payout: int, at: int, limits: Limits) -> Record:
    """A resolved market pays ``payout`` micro-dollars for each share the position holds."""
    got = value(position.size, payout)
    lines = (
        Entry(CASH, PUSD, got),
        Entry(SETTLEMENT, PUSD, -got),
        Entry(shares_account(position.sleeve), position.token, -position.size),
        Entry(SETTLEMENT, position.token, position.size),
    )
    names = ("portfolio", f"market#{position.market}", f"source#{position.source}", f"strategy#{position.strategy}")
    sizes = (limits.portfolio_usd, limits.market_usd, limits.source_usd, limits.strategy_usd)
    freed = tuple(HeadroomChange(n, position.cost, limit) for n, limit in zip(names, sizes, strict=True))
    sold = HeadroomChange(shares_room(position.token, position.sleeve), -position.size, 0)
    held = _repositioned(position, Shares(0), Usd(0), Usd(position.realized + got - position.cost), at)
    key = f"{position.account}/{position.key}/{position.opened_at}"
    return Record(
        RecordKind.SETTLED,
        position.account,
        at,
        position=held,
        posting=posting(PostingKind.SETTLE, key, at, lines, position.key),
        headroom=(*_cash(got), *freed, sold),
    )


class Projection:
    """Orders, positions, balances and room as the records applied so far leave them."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.positions: dict[str, Position] = {}
        self.balances: dict[tuple[str, str], int] = {}
        self.room: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.realized = Usd(0)
        self.fees = Usd(0)
        self.fills = 0

    def apply(self, record: Record) -> None:
        """Take one committed record into the books."""
        if record.order is not None:
            self.orders[record.order.order_key] = record.order
        if record.position is not None:
            before = self.positions.get(record.position.key)
            self.realized = Usd(self.realized + record.position.realized - (before.realized if before else 0))
            self.positions[record.position.key] = record.position
        if record.posting is not None:
            for entry in record.posting.entries:
                key = (entry.account, entry.asset)
                self.balances[key] = self.balances.get(key, 0) + entry.amount
        if record.fill is not None:
            self.fills += 1
            self.fees = Usd(self.fees + record.fill.fee)
        for change in record.headroom:
            self.room[change.name] = self.room.get(change.name, change.limit) + change.delta
            self.used[change.name] = self.used.get(change.name, 0) - change.delta

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
