"""What became of planned orders, by the engine's own bookkeeping: records, orders and positions that fit each other."""

import random

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import Fill, Position, Record
from shared.domain.money import ONE, Price, Shares, Usd, cost, mul_div_floor, taker_fee
from shared.domain.order import Order, OrderCause, OrderState
from shared.engine.ledger import deposit_record, fill_record, move_record, plan_record, settle_record
from shared.engine.limits import Limits

LIMITS = Limits()
CAUSES = {
    OrderState.LIVE: OrderCause.ACCEPTED,
    OrderState.IN_DOUBT: OrderCause.DOUBT,
    OrderState.CANCELED: OrderCause.CANCELED,
    OrderState.EXPIRED: OrderCause.EXPIRED,
    OrderState.REJECTED: OrderCause.REJECTED,
}
NOTES = {
    OrderState.REJECTED: "not enough balance / allowance",
    OrderState.CANCELED: "older than 60 s",
    OrderState.IN_DOUBT: "no answer within 2 s; asked again every second",
}


class Wish(Struct, frozen=True):
    """A planned order, and what is to become of it."""

    order: Order
    state: OrderState


class History(Struct, frozen=True):
    """Records in the order of commits, orders as they stand (the newest first), and all positions ever held."""

    records: list[Record]
    orders: list[Order]
    positions: list[Position]

    @property
    def held(self) -> list[Position]:
        """Positions with shares in them."""
        return [position for position in self.positions if position.size > 0]


def history(account: str, capital: Usd, began: int, wishes: list[Wish], held: int, chance: random.Random) -> History:
    """Wishes (the newest first) come true one after the other; markets of all but the last ``held`` purchases are
    resolved within the hour.
    """
    records = [deposit_record(account, capital, began, "initial")]
    orders: list[Order] = []
    positions: dict[str, Position] = {}
    filled = [wish.order.order_key for wish in wishes if wish.state is OrderState.FILLED]
    kept = set(filled[:held])
    for wish in reversed(wishes):
        made = _came_of(wish, positions.get(f"{wish.order.token}#{wish.order.sleeve}"))
        records += made
        orders += [record.order for record in made[-1:] if record.order is not None]
        for position in (record.position for record in made if record.position is not None):
            positions[position.key] = position
            if wish.order.order_key not in kept:
                won = chance.randrange(ONE) < mul_div_floor(wish.order.limit, 106, 100)
                ended = wish.order.planned_at + chance.randrange(2, 50) * MINUTE
                settled = settle_record(position, ONE if won else 0, ended, LIMITS)
                records.append(settled)
                assert settled.position is not None
                positions[position.key] = settled.position
    return History(records, orders[::-1], list(positions.values()))


def _came_of(wish: Wish, position: Position | None) -> list[Record]:
    planned = plan_record(wish.order, LIMITS)
    at = wish.order.planned_at + SECOND
    if wish.state in (OrderState.FILLED, OrderState.PARTIAL):
        size = wish.order.size if wish.state is OrderState.FILLED else _half(wish.order.size)
        price = Price(max(10_000, wish.order.limit - 10_000))
        fee = taker_fee(size, price, wish.order.fee_rate)
        fill = Fill(f"t-{wish.order.salt}", wish.order.order_key, price, size, fee, at)
        return [planned, fill_record(wish.order, position, fill, at, LIMITS)]
    if wish.state in CAUSES:
        moved = move_record(wish.order, CAUSES[wish.state], at, LIMITS, NOTES.get(wish.state, ""))
        return [planned] if moved is None else [planned, moved]
    return [planned]


def _half(size: Shares) -> Shares:
    return Shares(max(10_000, size // 20_000 * 10_000))


def sized(order: Order, stake: int) -> Order:
    """The order with as many whole hundredths of a share as its stake pays for, and the cash that holds for it."""
    shares = Shares(max(1, mul_div_floor(stake, 100, order.limit)) * 10_000)
    held = Usd(cost(shares, order.limit) + taker_fee(shares, order.limit, order.fee_rate) + 10)
    return replace(order, size=shares, reserved=held)
