"""The ledger room: money records made from facts.

The functions make records (what one fact changes); ``Projection.apply`` is the only code that turns them into balances.

A fill that ``settles`` is provisional: what it gave is spent at once, what it brought lies in PROVISIONAL and cannot be
used until it is mined. ``settling`` has the records of what becomes of it, and of merges, rebates and foreign activity.
"""

from shared.domain.errors import Corrupt
from shared.domain.ledger import (
    CASH,
    DEPOSITS,
    FEES,
    PROVISIONAL,
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
from shared.engine.projection import Projection

__all__ = [
    "RESERVE_MARGIN",
    "Projection",
    "cash_room",
    "deposit_record",
    "exposure_room",
    "fill_record",
    "move_record",
    "plan_record",
    "repositioned",
    "reserve_for",
    "room_names",
    "room_size",
    "settle_record",
    "shares_room",
]

RESERVE_MARGIN = Usd(1_000)
"""Fees are rounded up fill by fill: a tenth of a cent covers the roundings of 90 fills of one order."""


def room_names(of: Order | Position) -> tuple[str, str, str, str]:
    """The exposure limits an order or a position counts against, besides cash."""
    return ("portfolio", f"market#{of.market}", f"source#{of.source}", f"strategy#{of.strategy}")


def room_size(name: str, limits: Limits) -> Usd | None:
    """How large a room is by the limits; None for cash and shares, which no limit sizes."""
    match name.partition("#")[0]:
        case "portfolio":
            return limits.portfolio_usd
        case "market":
            return limits.market_usd
        case "source":
            return limits.source_usd
        case "strategy":
            return limits.strategy_usd
    return None


def shares_room(token: str, sleeve: str) -> str:
    """The name of the room that says how many shares a sleeve can still sell."""
    return f"shares#{token}#{sleeve}"


def exposure_room(of: Order | Position, delta: int, limits: Limits) -> tuple[HeadroomChange, ...]:
    """The room under every exposure limit changes by ``delta`` micro-dollars."""
    if delta == 0:
        return ()
    sizes = (limits.portfolio_usd, limits.market_usd, limits.source_usd, limits.strategy_usd)
    return tuple(HeadroomChange(name, delta, limit) for name, limit in zip(room_names(of), sizes, strict=True))


def cash_room(delta: int) -> tuple[HeadroomChange, ...]:
    """Free cash changes by ``delta`` micro-dollars."""
    return () if delta == 0 else (HeadroomChange(CASH, delta, 0),)


def deposit_record(account: str, amount: Usd, at: int, key: str) -> Record:
    """Money that entered the account from outside."""
    lines = (Entry(CASH, PUSD, amount), Entry(DEPOSITS, PUSD, -amount))
    return Record(
        RecordKind.DEPOSITED,
        account,
        at,
        posting=posting(PostingKind.DEPOSIT, f"{account}/{key}", at, lines, key),
        headroom=cash_room(amount),
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
        headroom=cash_room(-held) + exposure_room(order, -held, limits),
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
        headroom=cash_room(held) + exposure_room(order, held, limits),
    )


def fill_record(order: Order, position: Position | None, fill: Fill, at: int, limits: Limits) -> Record:
    """One execution: order, position, cash and ledger in one record; ``Corrupt`` for a fill larger than its order."""
    if fill.size > order.remaining:
        raise Corrupt(f"fill {fill.trade_id} of {fill.size} exceeds what is left of order {order.order_key}")
    if position is None:
        position = Position(order.account, order.token, order.sleeve, order.market, order.strategy, order.source)
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
        Entry(PROVISIONAL if fill.settles else shares_account(order.sleeve), order.token, fill.size),
        Entry(VENUE, order.token, -fill.size),
    )
    held = repositioned(position, Shares(position.size + fill.size), Usd(position.cost + spent), position.realized, at)
    headroom = cash_room(cash) + exposure_room(order, cash, limits)
    if not fill.settles:  # the venue refuses to sell shares that are not on the chain yet
        headroom = (*headroom, HeadroomChange(shares_room(order.token, order.sleeve), fill.size, 0))
    return _filled(order, moved, held, fill, lines, headroom, at)


def _sold(order: Order, position: Position, fill: Fill, at: int, limits: Limits) -> Record:
    if fill.size > position.size:
        raise Corrupt(f"fill {fill.trade_id} sells {fill.size} of a position of {position.size} in {position.key}")
    got = proceeds(fill.size, Price(fill.price))
    net = Usd(got - fill.fee)
    removed = Usd(mul_div_floor(position.cost, fill.size, position.size))
    lines = (
        Entry(PROVISIONAL if fill.settles else CASH, PUSD, net),
        Entry(FEES, PUSD, fill.fee),
        Entry(VENUE, PUSD, -got),
        Entry(shares_account(order.sleeve), order.token, -fill.size),
        Entry(VENUE, order.token, fill.size),
    )
    left = Shares(position.size - fill.size)
    held = repositioned(position, left, Usd(position.cost - removed), Usd(position.realized + net - removed), at)
    moved = _after_fill(order, fill, got, Usd(0), at)
    headroom = cash_room(0 if fill.settles else net) + exposure_room(order, removed, limits)
    if order.state in FINAL:
        # A fill that arrives after the order ended: its shares had already been given back as free to sell.
        headroom = (*headroom, HeadroomChange(shares_room(order.token, order.sleeve), -fill.size, 0))
    return _filled(order, moved, held, fill, lines, headroom, at)


def repositioned(position: Position, size: Shares, paid: Usd, realized: Usd, at: int) -> Position:
    """The position with another size, cost and profit. One that had ended opens anew, always later than the last time:
    the instant names its settlement.
    """
    p = position
    opened = max(at, p.opened_at + 1) if p.size == 0 else p.opened_at
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


def settle_record(position: Position, payout: int, at: int, limits: Limits, got: Usd | None = None) -> Record:
    """A resolved market pays ``payout`` micro-dollars for each share the position holds.

    ``got``: its part of what the venue pays for all shares of the token at once, which is rounded down only once.
    """
    got = value(position.size, payout) if got is None else got
    lines = (
        Entry(CASH, PUSD, got),
        Entry(SETTLEMENT, PUSD, -got),
        Entry(shares_account(position.sleeve), position.token, -position.size),
        Entry(SETTLEMENT, position.token, position.size),
    )
    freed = exposure_room(position, position.cost, limits)
    sold = HeadroomChange(shares_room(position.token, position.sleeve), -position.size, 0)
    held = repositioned(position, Shares(0), Usd(0), Usd(position.realized + got - position.cost), at)
    key = f"{position.account}/{position.key}/{position.opened_at}"
    return Record(
        RecordKind.SETTLED,
        position.account,
        at,
        position=held,
        posting=posting(PostingKind.SETTLE, key, at, lines, position.key),
        headroom=(*cash_room(got), *freed, sold),
    )
