"""Positions and balance of the wallet against our books, to the micro-unit.

A difference is explained only by facts that we know: executions that may not have settled, shares not redeemed or
merged yet, and, for a short time, what an order of ours may have filled without our having heard.
"""

from msgspec import Struct

from shared.domain.ledger import PUSD, SettlementStatus
from shared.domain.order import FINAL, Order, OrderState, Side
from shared.engine.ledger import reserve_for
from shared.engine.reconciliation.belief import BookedFill, Difference
from shared.engine.reconciliation.draft import Draft, moved

MOST_SUMS = 4_096
"""Sums of unsettled executions that are told apart (12 executions of different sizes); beyond, only their bounds count
until enough of them have settled.
"""


class _Room(Struct, gc=False):
    """What may move an asset without our books: ``unsettled`` amounts, each wholly or not at all, and what an order may
    have filled unheard, anything from ``low`` to ``high``.
    """

    unsettled: list[int]
    low: int = 0
    high: int = 0


def reconcile_assets(draft: Draft) -> None:
    """Compares every token and the pUSD."""
    rooms = _rooms(draft)
    positions, balance = draft.reports.positions, draft.reports.balance
    if positions is None:
        draft.unread("positions")
    else:
        for token in sorted({**draft.tokens, **positions}):
            _compare(draft, rooms, "positions", token, positions.get(token, 0), draft.tokens.get(token, 0))
    if balance is None:
        draft.unread("balance")
    else:
        _compare(draft, rooms, "balance", PUSD, balance, draft.cash)


def _rooms(draft: Draft) -> dict[str, _Room]:
    """By asset, in belief's view: an amount that is in our books and perhaps not in the wallet."""
    rooms: dict[str, _Room] = {PUSD: _Room([])}
    for (_, key), booked in draft.fills.items():
        order = draft.orders[key]
        if _unsettled(draft, booked):
            shares, money = moved(order.side, booked.fill)
            if booked.status is SettlementStatus.FAILED:  # out of our books again, perhaps still in the wallet
                shares, money = -shares, -money
            rooms.setdefault(order.token, _Room([])).unsettled.append(shares)
            rooms[PUSD].unsettled.append(money)
    for redemption in draft.belief.redemptions:
        rooms.setdefault(redemption.token, _Room([])).unsettled.append(-redemption.size)
        rooms[PUSD].unsettled.append(redemption.paid)
    for merge in draft.belief.merging:
        for token, left in merge.left.items():
            rooms.setdefault(token, _Room([])).unsettled.append(left)
        rooms[PUSD].unsettled.append(-merge.due)
    for order in draft.orders.values():
        if order.remaining and _may_fill(draft, order):
            room, cash = rooms.setdefault(order.token, _Room([])), rooms[PUSD]
            if order.side is Side.BUY:
                room.high += order.remaining
                cash.low -= reserve_for(order.remaining, order.limit, order.fee_rate)
            else:
                room.low -= order.remaining
                cash.high += order.remaining  # a share sells for less than a dollar
    return rooms


def _unsettled(draft: Draft, booked: BookedFill) -> bool:
    patience = draft.patience
    settled = booked.status in (SettlementStatus.MINED, SettlementStatus.CONFIRMED)
    age = draft.reports.as_of - booked.fill.venue_at
    return age < (patience.shown_ns if settled else patience.settling_ns)


def _may_fill(draft: Draft, order: Order) -> bool:
    """Open, or ended so lately that its last fill may still come."""
    return order.state not in FINAL or (order.state is not OrderState.REJECTED and draft.recent(order))


def _compare(draft: Draft, rooms: dict[str, _Room], question: str, asset: str, held: int, believed: int) -> None:
    difference = held - believed
    if difference == 0:
        return
    room = rooms.get(asset, _Room([]))
    text = f"{asset}: the wallet holds {held}, our books {believed}, a difference of {difference}"
    kind, unheard = _explain(difference, room)
    if kind is Difference.SETTLING:
        draft.find(kind, asset, f"{text}, which is what has not settled, or was not redeemed or merged yet")
    elif kind is Difference.IN_FLIGHT:
        draft.lags(question, asset, unheard, f"{text}, of which an open order may have filled {unheard} unheard")
    elif difference == draft.foreign.get(asset, 0):
        draft.find(Difference.EXTERNAL, asset, f"{text}, which foreign trades moved")
    else:
        draft.find(Difference.UNEXPLAINED, asset, text)


def _explain(difference: int, room: _Room) -> tuple[Difference, int]:
    """Which known fact accounts for the difference exactly (wallet = books - some of the unsettled + the unheard), and
    the least that must be unheard.
    """
    sums = _sums(room.unsettled)
    if sums is None:
        least = sum(amount for amount in room.unsettled if amount < 0)
        most = sum(amount for amount in room.unsettled if amount > 0)
        if least <= -difference <= most:
            return Difference.SETTLING, 0
        possible = difference + least <= room.high and room.low <= difference + most
        return (Difference.IN_FLIGHT if possible else Difference.UNEXPLAINED), difference
    if -difference in sums:
        return Difference.SETTLING, 0
    unheard = [difference + held_back for held_back in sums if room.low <= difference + held_back <= room.high]
    if unheard:
        return Difference.IN_FLIGHT, min(unheard, key=lambda amount: (abs(amount), amount))
    return Difference.UNEXPLAINED, difference


def _sums(amounts: list[int]) -> dict[int, None] | None:
    """Every sum that some of the amounts make up (0: none of them); None when there are too many to tell apart."""
    sums: dict[int, None] = {0: None}
    for amount in amounts:
        sums.update(dict.fromkeys([before + amount for before in sums]))
        if len(sums) > MOST_SUMS:
            return None
    return sums
