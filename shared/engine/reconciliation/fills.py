"""Trades the venue reports against the fills in our books. A fill is only ever booked from a reported trade."""

from msgspec.structs import replace

from shared.domain.ledger import PUSD, Fill, SettlementStatus
from shared.domain.order import Order, OrderState, Side
from shared.domain.reports import TradeReport
from shared.engine.reconciliation.belief import BookedFill, Difference, FillKey
from shared.engine.reconciliation.draft import Draft, moved

_RANK = {
    SettlementStatus.MATCHED: 0,
    SettlementStatus.MINED: 1,
    SettlementStatus.CONFIRMED: 2,
    SettlementStatus.FAILED: 2,
}


def reconcile_fills(draft: Draft) -> None:
    """Books what was missed, tells what has settled, and finds what cannot be."""
    if draft.reports.trades is None:
        draft.unread("trades")
        return
    ours = _ours(draft, draft.reports.trades)
    missed: list[tuple[str, Fill, SettlementStatus]] = []
    settled: list[tuple[FillKey, SettlementStatus]] = []
    for fill_key, rows in ours.items():
        trade = _merged(draft, fill_key, rows)
        if trade is None:
            continue
        booked = draft.fills.get(fill_key)
        if booked is None:
            missed.append((fill_key[1], replace(trade.fill, order_key=fill_key[1]), trade.status))
        elif _facts(booked.fill) != _facts(trade.fill):
            _conflict(draft, fill_key, f"{_told(booked.fill)} is booked, the venue reports {_told(trade.fill)}")
        elif _RANK[booked.status] == _RANK[trade.status] and booked.status is not trade.status:
            _conflict(draft, fill_key, f"{booked.status.value} is booked, the venue reports {trade.status.value}")
        elif _RANK[trade.status] > _RANK[booked.status]:
            settled.append((fill_key, trade.status))
    missed = _book(draft, missed)
    for fill_key, status in sorted(settled, key=lambda one: _taken_back_late(draft, *one)):
        draft.settle(fill_key, status)
    for key, fill, _ in _book(draft, missed):
        order = draft.orders[key]
        rejected = "was rejected" if order.state is OrderState.REJECTED else f"has {order.remaining} left"
        text = f"{_told(fill)} cannot be: the order {rejected}, {draft.in_sleeve(order)} in its sleeve"
        _conflict(draft, (fill.trade_id, key), text)
    _find_unreported(draft, ours)


def _taken_back_late(draft: Draft, fill_key: FillKey, status: SettlementStatus) -> bool:
    """Whether it is a purchase that failed: it can only be taken back once the failed sales of its shares are."""
    return status is SettlementStatus.FAILED and draft.orders[fill_key[1]].side is Side.BUY


def _ours(draft: Draft, trades: tuple[TradeReport, ...]) -> dict[FillKey, list[TradeReport]]:
    """Trades of our orders by fill key, earliest first whatever order they came in; others are found EXTERNAL."""
    ours: dict[FillKey, list[TradeReport]] = {}
    foreign: dict[FillKey, TradeReport] = {}
    for trade in sorted(trades, key=_sorting):
        key = draft.key_of(trade.fill.order_key, trade.venue_order_id)
        if key is not None:
            ours.setdefault((trade.fill.trade_id, key), []).append(trade)
        else:
            foreign[trade.fill.trade_id, trade.fill.order_key or trade.venue_order_id] = trade
    for (trade_id, order_id), trade in foreign.items():
        if trade_id in draft.belief.acknowledged:
            continue
        text = f"trade {trade_id}: {_told(trade.fill)} of {trade.token} by order {order_id}, which is not ours"
        draft.find(Difference.EXTERNAL, trade_id, text)
        if trade.status is not SettlementStatus.FAILED:
            shares, money = moved(trade.side, trade.fill)
            draft.foreign[trade.token] = draft.foreign.get(trade.token, 0) + shares
            draft.foreign[PUSD] = draft.foreign.get(PUSD, 0) + money
    return ours


def _sorting(trade: TradeReport) -> tuple[int | str, ...]:
    fill = trade.fill
    leading = (fill.venue_at, fill.trade_id, fill.order_key, trade.venue_order_id)
    return (*leading, *_facts(fill), trade.token, trade.side.value, trade.status.value, fill.liquidity, fill.rebate)


def _facts(fill: Fill) -> tuple[int, int, int]:
    return (fill.price, fill.size, fill.fee)


def _told(fill: Fill) -> str:
    return f"{fill.size} at {fill.price} for a fee of {fill.fee}"


def _conflict(draft: Draft, fill_key: FillKey, text: str) -> None:
    trade_id, key = fill_key
    draft.find(Difference.UNEXPLAINED, key, f"trade {trade_id} of order {key}: {text}")


def _merged(draft: Draft, fill_key: FillKey, rows: list[TradeReport]) -> TradeReport | None:
    """One trade of all its rows, as far as it has settled; None when they contradict each other or the order."""
    order: Order = draft.orders[fill_key[1]]
    first = rows[0]
    for row in rows:
        if _facts(row.fill) != _facts(first.fill):
            _conflict(draft, fill_key, f"the venue reports both {_told(first.fill)} and {_told(row.fill)}")
            return None
        if (row.token, row.side) != (order.token, order.side):
            _conflict(draft, fill_key, f"{row.side.value} of {row.token} is not what the order asked for")
            return None
    status = first.status
    for row in rows:
        if _RANK[row.status] > _RANK[status]:
            status = row.status
        elif _RANK[row.status] == _RANK[status] and row.status is not status:
            _conflict(draft, fill_key, f"the venue reports both {status.value} and {row.status.value}")
            return None
    return replace(first, status=status)


def _book(draft: Draft, missed: list[tuple[str, Fill, SettlementStatus]]) -> list[tuple[str, Fill, SettlementStatus]]:
    """Books what can be booked, in the order it happened, until nothing more can; returns the rest.

    A sale may be stamped before the purchase it sells from, so what is left is tried again after every round.
    """
    while missed:
        left: list[tuple[str, Fill, SettlementStatus]] = []
        for key, fill, status in missed:
            if draft.bookable(draft.orders[key], fill):
                draft.book(key, fill, status)
            else:
                left.append((key, fill, status))
        if len(left) == len(missed):
            break
        missed = left
    return missed


def _find_unreported(draft: Draft, ours: dict[FillKey, list[TradeReport]]) -> None:
    """Booked executions that the venue should know and does not."""
    reports = draft.reports
    for fill_key, booked in draft.belief.fills.items():
        if fill_key in ours or not _expected(booked, reports.trades_since):
            continue
        trade_id, key = fill_key
        young = reports.as_of - booked.fill.venue_at < draft.patience.grace_ns
        text = f"trade {trade_id} of order {key}: {_told(booked.fill)} is booked, the venue does not report it"
        draft.find(Difference.IN_FLIGHT if young else Difference.UNEXPLAINED, key, text)


def _expected(booked: BookedFill, trades_since: int) -> bool:
    return booked.status is not SettlementStatus.FAILED and booked.fill.venue_at >= trades_since
