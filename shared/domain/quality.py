"""How well we executed, were heard and were there: figures of one stretch of time, from the journal and the curves."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shared.domain.instants import SECOND
from shared.domain.ledger import Position, Record, RecordKind
from shared.domain.messages import NoticeKind
from shared.domain.money import ONE, mul_div_floor
from shared.domain.order import FINAL, Order, OrderState
from shared.domain.slippage import slippage_of
from shared.domain.states import share_of

BEAT_NS = 90 * SECOND
"""A trader leaves a point of the curves each minute: two that are no further apart leave nothing open between them."""
TROUBLES = (NoticeKind.LOST, NoticeKind.SILENT, NoticeKind.GAP, NoticeKind.DROPPED, NoticeKind.LATE)


class Execution(Struct, frozen=True):
    """Orders of one stretch and what became of them. Millionths and nanoseconds; None where there was nothing.

    ``filled``: orders with an execution; ``canceled``: those ended without being filled wholly, by us, the venue or
    their time. ``fill_rate``: filled of all orders that have ended. ``slippage``: median and worst, against the best
    price that was displayed (negative: better). ``wait_ns``: from plan to first execution, median and 95th percentile.
    """

    orders: int = 0
    ended: int = 0
    filled: int = 0
    canceled: int = 0
    rejected: int = 0
    in_doubt: int = 0
    fills: int = 0
    traded: int = 0
    fees: int = 0
    fill_rate: int | None = None
    slippage: tuple[int | None, int | None] = (None, None)
    wait_ns: tuple[int | None, int | None] = (None, None)


def execution(records: Iterable[Record], since: int) -> Execution:
    """Of records in commit order: orders planned at or after ``since`` (nanoseconds), and what they led to."""
    orders: dict[str, Order] = {}
    first: dict[str, int] = {}
    fills = traded = fees = 0
    for record in records:
        order = record.order
        if order is None or order.planned_at < since:
            continue
        orders[order.order_key] = order
        if record.kind is RecordKind.FILLED and record.fill is not None:
            first.setdefault(order.order_key, record.at)
            fills += 1
            traded += mul_div_floor(record.fill.size, record.fill.price, ONE)
            fees += record.fill.fee
    ended = [order for order in orders.values() if order.state in FINAL]
    filled = [order for order in orders.values() if order.filled]
    slips = sorted(slip for slip in map(slippage_of, filled) if slip is not None)
    waits = sorted(at - orders[key].planned_at for key, at in first.items())
    return Execution(
        len(orders),
        len(ended),
        len(filled),
        sum(1 for order in ended if order.state in (OrderState.CANCELED, OrderState.EXPIRED)),
        sum(1 for order in ended if order.state is OrderState.REJECTED),
        sum(1 for order in orders.values() if order.state is OrderState.IN_DOUBT),
        fills,
        traded,
        fees,
        share_of(sum(1 for order in ended if order.filled), len(ended)),
        (quantile(slips, 500_000), slips[-1] if slips else None),
        (quantile(waits, 500_000), quantile(waits, 950_000)),
    )


def quantile(ordered: Sequence[int], share: int) -> int | None:
    """The smallest of ordered numbers that is at least as large as the share (millionths) of them; None of nothing."""
    if not ordered:
        return None
    place = -(-len(ordered) * share // ONE)  # not money: a place in a list
    return ordered[max(place - 1, 0)]


def closed(positions: Iterable[Position], start: int = 0, end: int | None = None) -> list[Position]:
    """Positions that are wholly sold or settled, the latest first, as far as that was from ``start`` to before ``end``
    (nanoseconds). Their ``realized`` is the result of all that was ever in them.
    """
    found = [one for one in positions if not one.size and one.opened_at and one.changed_at >= start]
    kept = found if end is None else [one for one in found if one.changed_at < end]
    return sorted(kept, key=lambda one: (-one.changed_at, one.key))


def uptime(beats: Sequence[int], start: int, end: int) -> int | None:
    """The share of the time from ``start`` to ``end`` (nanoseconds) with a heartbeat, in millionths; None of no time.

    ``beats`` are their instants in order. Time counts for as long as the next one is not overdue.
    """
    if end <= start:
        return None
    up, until = 0, start
    for beat in beats:
        begins, ends = max(beat, until), min(beat + BEAT_NS, end)
        if ends > begins:
            up += ends - begins
            until = ends
    return share_of(up, end - start)


def troubles(points: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """How often each kind of trouble was told of each feed, of counters that begin anew with each life of a trader.

    ``points``: the counters (``rtds gap``: 3) as each point of the curves holds them, the oldest first; counting begins
    with the first one.
    """
    kinds = tuple(kind.value for kind in TROUBLES)
    found: dict[str, int] = {}
    before: Mapping[str, int] | None = None
    for counters in points:
        if before is not None:
            for name, count in counters.items():
                earlier = before.get(name, 0)
                more = count - earlier if count >= earlier else count
                if more and name.rpartition(" ")[2] in kinds:
                    found[name] = found.get(name, 0) + more
        before = counters
    return found
