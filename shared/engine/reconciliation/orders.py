"""Orders the venue holds open, or has made a statement on, against the orders in our books.

"Not found" ends nothing: an order that is neither open nor known to have ended falls into doubt, and is given up only
when its cancel was answered and enough empty rounds have left the position as it was.
"""

from msgspec import Struct

from shared.domain.messages import OrderAccepted, OrderInDoubt, OrderRejected, OrderReport
from shared.domain.order import FINAL, Order, OrderState
from shared.domain.reports import OpenOrder, OrderStatement
from shared.engine.reconciliation.belief import Difference, EmptyReads
from shared.engine.reconciliation.draft import Draft

QUESTION = "open orders"
_UNPROVEN = (OrderState.PLANNED, OrderState.IN_DOUBT)


class _Seen(Struct, gc=False):
    """What the reports say of one order: open or ended (None: not a word), filled in total, and the venue's id."""

    state: OrderState
    filled: int
    venue_order_id: str
    reason: str = ""


def reconcile_orders(draft: Draft) -> None:
    """Tells acceptances and ends, moves lost orders into doubt, and finds contradictions."""
    if draft.reports.open_orders is None:
        draft.unread(QUESTION)
    seen = _seen(draft)
    for key in list(draft.orders):
        order, statement = draft.orders[key], seen.get(key)
        if statement is None:
            _not_found(draft, order)
        elif statement.state in FINAL:
            _ended(draft, order, statement)
        else:
            _open(draft, order, statement)


def _seen(draft: Draft) -> dict[str, _Seen]:
    """One word per order: of several the last it can have said, since an ended order does not come back."""
    seen: dict[str, _Seen] = {}
    strange: dict[str, str] = {}
    for row in sorted(draft.reports.open_orders or (), key=_open_sorting):
        key = draft.key_of(row.order_key, row.venue_order_id)
        if key is None:
            name = row.order_key or row.venue_order_id
            if name not in draft.belief.acknowledged:
                strange[name] = f"{row.side.value} {row.size} of {row.token} at {row.limit}"
        elif not _same(draft.orders[key], row):
            order = draft.orders[key]
            text = (
                f"order {key}: the venue holds {row.side.value} {row.size} of {row.token} at {row.limit}, "
                f"not {order.side.value} {order.size} of {order.token} at {order.limit}"
            )
            draft.find(Difference.UNEXPLAINED, key, text)
        else:
            seen[key] = _Seen(OrderState.LIVE, row.filled, row.venue_order_id)  # sorted: the most filled comes last
    for name, what in strange.items():
        draft.find(Difference.EXTERNAL, name, f"order {name}: {what} is open at the venue and is not ours")
    for said in sorted(draft.reports.statements, key=_statement_sorting):
        key = draft.key_of(said.order_key, said.venue_order_id)
        if key is None:
            continue  # the answer to a question about an order that our books do not have: nothing of ours hangs on it
        known = seen.get(key)
        if known is None or known.state not in FINAL:
            filled = said.filled if known is None or said.state in FINAL else max(said.filled, known.filled)
            seen[key] = _Seen(said.state, filled, said.venue_order_id, said.reason)
        elif said.state is OrderState.REJECTED and known.filled:
            text = f"order {key}: the venue says both {known.state.value} with {known.filled} filled and REJECTED"
            draft.find(Difference.UNEXPLAINED, key, text)
    return seen


def _open_sorting(row: OpenOrder) -> tuple[int | str, ...]:
    return (row.filled, row.order_key, row.venue_order_id, row.token, row.side.value, row.limit, row.size)


def _statement_sorting(said: OrderStatement) -> tuple[int | str, ...]:
    """Ends last, the most filled first among them, so that the order of arrival does not matter."""
    ended = said.state in FINAL
    return (ended, -said.filled if ended else said.filled, said.order_key, said.venue_order_id, said.state.value)


def _same(order: Order, row: OpenOrder) -> bool:
    return (order.token, order.side, order.limit, order.size) == (row.token, row.side, row.limit, row.size)


def _fills_agree(draft: Draft, order: Order, filled: int) -> bool:
    """Whether the venue has filled what we have booked; the first to hear of a fill is ahead for a while."""
    if filled == order.filled:
        return True
    text = f"order {order.order_key}: the venue has filled {filled}, we have booked {order.filled}"
    draft.lags(QUESTION, order.order_key, filled - order.filled, text)
    return False


def _open(draft: Draft, order: Order, seen: _Seen) -> None:
    """The venue holds it open."""
    key = order.order_key
    if order.state in FINAL:
        text = f"order {key} is {order.state.value} in our books, the venue holds it open"
        draft.find(Difference.IN_FLIGHT if draft.recent(order) else Difference.UNEXPLAINED, key, text)
        return
    if order.state in _UNPROVEN:
        accepted = OrderAccepted(key, seen.venue_order_id)
        draft.tell(accepted, key, f"order {key} is {order.state.value} in our books, the venue holds it open")
        draft.move(key, OrderState.PARTIAL if order.filled else OrderState.LIVE)
    _fills_agree(draft, order, seen.filled)


def _ended(draft: Draft, order: Order, seen: _Seen) -> None:
    """The venue says that it has ended: believed once its fills are booked, so that no fill can follow an end."""
    key, said = order.order_key, seen.state
    if said is OrderState.REJECTED:
        _rejected(draft, order, seen)
    elif _fills_agree(draft, order, seen.filled) and order.state not in FINAL:
        if said is OrderState.FILLED:
            text = f"order {key}: the venue says FILLED with {seen.filled} of {order.size}"
            draft.find(Difference.UNEXPLAINED, key, text)
        else:
            draft.tell(OrderReport(key, said, order.filled), key, f"order {key} has ended: {said.value}")
            draft.move(key, said)


def _rejected(draft: Draft, order: Order, seen: _Seen) -> None:
    """A rejection is possible only while nothing else is proven; of an order that ended unfilled it changes nothing."""
    key, filled = order.order_key, max(order.filled, seen.filled)
    if order.state in _UNPROVEN and not filled:
        draft.tell(OrderRejected(key, seen.reason), key, f"order {key} was rejected: {seen.reason}")
        draft.move(key, OrderState.REJECTED)
    elif order.state not in FINAL or filled:
        text = f"order {key} is {order.state.value} with {filled} filled, the venue says REJECTED"
        draft.find(Difference.UNEXPLAINED, key, text)


def _not_found(draft: Draft, order: Order) -> None:
    """Not a word about it. With every question answered, an order we believe open is lost from sight."""
    key, reports = order.order_key, draft.reports
    if order.state in FINAL or order.state is OrderState.IN_DOUBT:
        return
    if reports.open_orders is None or reports.trades is None:
        return
    if order.state is OrderState.PLANNED:  # perhaps not even sent: the engine's own time-out moves it into doubt
        draft.find(Difference.IN_FLIGHT, key, f"order {key} is planned, and nothing was heard of it")
    elif draft.recent(order):
        draft.find(Difference.IN_FLIGHT, key, f"order {key} is {order.state.value}, the venue does not show it")
    else:
        text = f"the venue does not hold it open and does not say how it ended ({order.filled} filled)"
        draft.tell(OrderInDoubt(key, text), key, f"order {key}: {text}")
        draft.move(key, OrderState.IN_DOUBT)


def reconcile_doubts(draft: Draft) -> dict[str, EmptyReads]:
    """Weighs the orders in doubt, gives up those that are proven to be nowhere, and returns what is known of the rest.

    An empty round: open orders, trades and positions were all answered, none of them shows a trace of the order, and
    the position is what it was. Rounds count from the answer to the cancel on; the same round counts once.
    """
    doubts: dict[str, EmptyReads] = {}
    traces = dict.fromkeys([finding.subject for finding in draft.findings])
    for key, order in draft.orders.items():
        if order.state is not OrderState.IN_DOUBT:
            continue
        reads = _weigh(draft, order, draft.evidence.doubts.get(key), key in traces)
        if reads is not None and _enough(draft, reads):
            text = f"order {key} is given up: its cancel was answered, {reads.reads} rounds found no trace of it"
            draft.tell(OrderReport(key, OrderState.CANCELED, order.filled), key, text)
            draft.move(key, OrderState.CANCELED)
            continue
        draft.find(Difference.IN_DOUBT, key, f"order {key} is in doubt: cancel it by its hash and ask again")
        if reads is not None:
            doubts[key] = reads
    return doubts


def _weigh(draft: Draft, order: Order, before: EmptyReads | None, traced: bool) -> EmptyReads | None:
    """The evidence after this round; None while the cancel has not been answered."""
    reports = draft.reports
    if before is None:
        answered = dict.fromkeys(reports.cancels_answered)
        if order.order_key not in answered and (not order.venue_hash or order.venue_hash not in answered):
            return None
        before = EmptyReads()
    if traced:
        return EmptyReads(last_at=max(before.last_at, reports.as_of))  # this very round spoke of it: start again
    if reports.open_orders is None or reports.trades is None or reports.positions is None:
        return before  # a failed question is no evidence, neither for nor against
    if reports.as_of <= before.last_at or reports.as_of <= order.planned_at:
        return before  # counted already, or asked before the order existed
    position = reports.positions.get(order.token, 0)
    if position != draft.tokens.get(order.token, 0):
        return EmptyReads(last_at=reports.as_of)  # something moved that nobody explained: start again
    if not before.reads or position != before.position:
        return EmptyReads(1, reports.as_of, reports.as_of, position)
    return EmptyReads(before.reads + 1, before.first_at, reports.as_of, position)


def _enough(draft: Draft, reads: EmptyReads) -> bool:
    patience = draft.patience
    return reads.reads >= patience.reads and reads.last_at - reads.first_at >= patience.doubt_ns
