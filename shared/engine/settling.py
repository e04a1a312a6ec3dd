"""What becomes of executions after the match (mined, confirmed or failed), and money that moves without an order of
ours: merges, rebates, foreign activity.

A fill that settles is provisional (``ledger``). When it is mined its proceeds, or its shares, become free; when it
fails, it never happened: what it moved goes back, and cost and profit of its position are what its other moves alone
make of them. The order keeps what it was filled: settlement is the fill's state, not the order's.
"""

from collections.abc import Mapping

from shared.domain.errors import Corrupt
from shared.domain.ledger import (
    CASH,
    EXTERNAL,
    FEES,
    PROVISIONAL,
    PUSD,
    REBATES,
    SETTLED_FOR_GOOD,
    SETTLEMENT,
    VENUE,
    BookedFill,
    Entry,
    Fill,
    FillKey,
    HeadroomChange,
    Merging,
    Position,
    PostingKind,
    Record,
    RecordKind,
    SettlementStatus,
    posting,
    shares_account,
)
from shared.domain.money import ONE, Price, Shares, Usd, cost, mul_div_floor, proceeds, split
from shared.domain.order import Order, Side
from shared.engine.ledger import Projection, cash_room, exposure_room, repositioned, shares_room
from shared.engine.limits import Limits
from shared.engine.projection import Underway

# ---------------------------------------------------------------------- how executions settle


def contradicts(before: SettlementStatus, status: SettlementStatus) -> bool:
    """Whether an execution is told to have ended both ways, CONFIRMED and FAILED: a person must say which is true."""
    return before in SETTLED_FOR_GOOD and status in SETTLED_FOR_GOOD and before is not status


def status_record(
    books: Projection, fill_key: FillKey, status: SettlementStatus, at: int, limits: Limits
) -> Record | None:
    """What a statement on the settlement of an execution changes; None where it changes nothing.

    Statements may come late, twice and in any order: what is known already, and what comes after an end, changes
    nothing. CONFIRMED after MINED moves no money but is remembered. None also for an execution that is not booked (it
    is booked with its status once it is heard of), for ends that contradict each other (``contradicts``), and for a
    failure that cannot be undone (``reversible``): the last two are for a person.
    """
    booked = books.booked.get(fill_key)
    if booked is None or booked.status in SETTLED_FOR_GOOD or status in (SettlementStatus.MATCHED, booked.status):
        return None
    order = books.orders[fill_key[1]]
    if status is SettlementStatus.FAILED:
        return _reversed(books, order, booked, at, limits)
    if booked.status is SettlementStatus.MINED:
        return Record(RecordKind.CONFIRMED, order.account, at, fill=booked.fill, status=status)
    return _freed(order, booked.fill, status, at)


def reversible(books: Projection, fill_key: FillKey) -> bool:
    """Whether the failure of an execution that may still fail can be booked as if it had never happened.

    Not where its shares were sold, merged or settled meanwhile (possible once it was MINED): then the venue contradicts
    itself, or those sales will fail too; after each of them was reversed it may be tried again.
    """
    booked = books.booked.get(fill_key)
    if booked is None or booked.status in SETTLED_FOR_GOOD:
        return False
    return _without(books, books.orders[fill_key[1]], fill_key) is not None


def _freed(order: Order, fill: Fill, status: SettlementStatus, at: int) -> Record:
    """The execution is on the chain: what it brought can be used."""
    if order.side is Side.BUY:
        lines = (
            Entry(PROVISIONAL, order.token, -fill.size),
            Entry(shares_account(order.sleeve), order.token, fill.size),
        )
        headroom: tuple[HeadroomChange, ...] = (HeadroomChange(shares_room(order.token, order.sleeve), fill.size, 0),)
    else:
        net = proceeds(fill.size, Price(fill.price)) - fill.fee
        lines = (Entry(PROVISIONAL, PUSD, -net), Entry(CASH, PUSD, net))
        headroom = cash_room(net)
    made = posting(PostingKind.CONFIRM, f"{fill.trade_id}/{order.order_key}", at, lines, order.order_key)
    return Record(RecordKind.CONFIRMED, order.account, at, posting=made, fill=fill, headroom=headroom, status=status)


def _reversed(books: Projection, order: Order, booked: BookedFill, at: int, limits: Limits) -> Record | None:
    """The exact opposite of the fill: money, shares and room go back to where they would be without it."""
    fill = booked.fill
    left = _without(books, order, (fill.trade_id, order.order_key))
    if left is None:
        return None
    position = books.positions[f"{order.token}#{order.sleeve}"]
    after = repositioned(position, *left, at)
    mined = booked.status is SettlementStatus.MINED
    room = shares_room(order.token, order.sleeve)
    shares = shares_account(order.sleeve)
    if order.side is Side.BUY:
        paid = cost(fill.size, Price(fill.price))
        back = paid + fill.fee
        lines: tuple[Entry, ...] = (
            Entry(CASH, PUSD, back),
            Entry(VENUE, PUSD, -paid),
            Entry(FEES, PUSD, -fill.fee),
            Entry(shares if mined else PROVISIONAL, order.token, -fill.size),
            Entry(VENUE, order.token, fill.size),
        )
        headroom = cash_room(back)
        if mined:
            headroom = (*headroom, HeadroomChange(room, -fill.size, 0))
    else:
        got = proceeds(fill.size, Price(fill.price))
        net = got - fill.fee
        lines = (
            Entry(CASH if mined else PROVISIONAL, PUSD, -net),
            Entry(FEES, PUSD, -fill.fee),
            Entry(VENUE, PUSD, got),
            Entry(shares, order.token, fill.size),
            Entry(VENUE, order.token, -fill.size),
        )
        headroom = (*cash_room(-net if mined else 0), HeadroomChange(room, fill.size, 0))
    made = posting(PostingKind.REVERSE, f"{fill.trade_id}/{order.order_key}", at, lines, order.order_key)
    headroom = (*headroom, *exposure_room(position, position.cost - after.cost, limits))
    failed = SettlementStatus.FAILED
    return Record(RecordKind.REVERSED, order.account, at, None, after, made, fill, headroom, status=failed)


def _without(books: Projection, order: Order, fill_key: FillKey) -> tuple[Shares, Usd, Usd] | None:
    """Size, cost and profit of the position had this fill not been; None where more would have left it than was in it.

    All moves since the first fill that may still fail are walked again, because every sale took its share of the
    average cost of what was held then, the failed shares included.
    """
    history = books.histories[f"{order.token}#{order.sleeve}"]
    size, paid, realized = history.size, history.cost, history.realized
    for move in history.moves:
        if move.key == fill_key:
            continue
        if move.size >= 0:
            paid -= move.cash
        else:
            if size + move.size < 0:
                return None
            removed = mul_div_floor(paid, -move.size, size)
            paid -= removed
            realized += move.cash - removed
        size += move.size
    return Shares(size), Usd(paid), Usd(realized)


# ---------------------------------------------------------------------- both outcomes in hand


def merging_record(account: str, asked: Merging, at: int) -> Record:
    """A merge is about to be asked for."""
    return Record(RecordKind.MERGING, account, at, merging=asked)


def unmerged_record(account: str, ref: str, at: int) -> Record:
    """The venue could not do what was asked for under ``ref``."""
    return Record(RecordKind.UNMERGED, account, at, ref=ref)


def merge_records(
    books: Projection, merge: Underway, legs: Mapping[str, list[Position]], at: int, limits: Limits
) -> list[Record]:
    """What is left of a merge has become dollars: one record for each position that gave some.

    ``legs`` are our positions by token. Each token takes from its oldest first, free shares before those in open orders
    (the venue has merged them, so an order for them will find nothing to sell). The two tokens share the dollars as
    their average costs are to each other, to the micro-dollar: the first token's part is rounded down, the second has
    the rest; so are the parts of its positions. ``Corrupt`` when nothing was merged, or more than is held of a token.
    """
    ref = merge.asked.ref
    if merge.due <= 0:
        raise Corrupt(f"merge {ref} of {merge.asked.size} shares")
    parted = [
        (left, sorted(legs[token], key=lambda position: (position.opened_at, position.key)))
        for token, left in merge.left.items()
        if left
    ]
    weights = [left * _average_cost(leg) for left, leg in parted]  # not money: what it is shared out by
    parts = split(merge.due, weights if any(weights) else [1] * len(weights))
    made: list[Record] = []
    for (left, leg), dollars in zip(parted, parts, strict=True):
        given = _given(leg, books.room, left)
        if sum(given) < left:
            raise Corrupt(f"merge {ref} of {left} takes more than the {sum(given)} we hold of one of its tokens")
        for position, taken, got in zip(leg, given, split(dollars, given), strict=True):
            if taken:
                made.append(_merged(position, Shares(taken), Usd(got), ref, at, limits))
    return made


def _average_cost(leg: list[Position]) -> int:
    size = sum(position.size for position in leg)
    return mul_div_floor(sum(position.cost for position in leg), ONE, size) if size else 0


def _given(leg: list[Position], room: Mapping[str, int], size: int) -> list[int]:
    """What each position of a token gives: free shares of all first, then the others."""
    given: list[int] = []
    for position in leg:
        free = max(room.get(shares_room(position.token, position.sleeve), 0), 0)
        given.append(min(free, position.size, size - sum(given)))
    for n, position in enumerate(leg):
        given[n] += min(position.size - given[n], size - sum(given))
    return given


def _merged(position: Position, size: Shares, got: Usd, ref: str, at: int, limits: Limits) -> Record:
    removed = mul_div_floor(position.cost, size, position.size)
    lines = (
        Entry(CASH, PUSD, got),
        Entry(SETTLEMENT, PUSD, -got),
        Entry(shares_account(position.sleeve), position.token, -size),
        Entry(SETTLEMENT, position.token, size),
    )
    left, paid = Shares(position.size - size), Usd(position.cost - removed)
    after = repositioned(position, left, paid, Usd(position.realized + got - removed), at)
    key = f"{position.account}/{ref}/{position.key}"
    sold = HeadroomChange(shares_room(position.token, position.sleeve), -size, 0)
    return Record(
        RecordKind.MERGED,
        position.account,
        at,
        position=after,
        posting=posting(PostingKind.MERGE, key, at, lines, ref),
        headroom=(*cash_room(got), *exposure_room(position, removed, limits), sold),
    )


# ---------------------------------------------------------------------- money without an order


def rebate_record(account: str, amount: Usd, ref: str, at: int) -> Record:
    """The venue paid a rebate (a negative one: took it back), once per ``ref``. It is profit, not capital."""
    lines = (Entry(CASH, PUSD, amount), Entry(REBATES, PUSD, -amount))
    made = posting(PostingKind.REBATE, f"{account}/{ref}", at, lines, ref)
    return Record(RecordKind.REBATED, account, at, posting=made, headroom=cash_room(amount))


def external_record(account: str, asset: str, amount: int, ref: str, at: int) -> Record:
    """Foreign activity ``ref``, which a person has looked at, moved ``amount`` of an asset in (or, negative, out).

    Dollars go to free cash. Shares belong to no sleeve of ours: they are kept apart, in ``shares:external``, no room is
    made for them and nothing sells them.
    """
    holder = CASH if asset == PUSD else shares_account(EXTERNAL)
    lines = (Entry(holder, asset, amount), Entry(EXTERNAL, asset, -amount))
    made = posting(PostingKind.EXTERNAL, f"{account}/{ref}/{asset}", at, lines, ref)
    room = cash_room(amount) if asset == PUSD else ()
    return Record(RecordKind.EXTERNAL, account, at, posting=made, headroom=room)
