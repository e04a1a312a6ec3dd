"""Rows of the tables on the pages: domain records in, plain columns out. Pure.

Numbers become floats here, at the edge where they are only looked at.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from dashboard.state import WhaleRow
from dashboard.words import ORDER_STATES, SIDES, age, short, unchecked
from shared.domain.decision import Decision, Reason
from shared.domain.instants import MICROSECOND
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.money import float_of_micro, mul_div_floor, value
from shared.domain.order import FINAL, Order
from shared.domain.reasons import COPIES, label, numbers_in_words
from shared.domain.slippage import average_of, slippage_of

Row = dict[str, object]
Markets = Mapping[str, Market]
Ranks = Mapping[str, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime | None:
    """Nanoseconds as a UTC date and time; ``None`` for 0, which means never."""
    return None if at == 0 else _EPOCH + timedelta(microseconds=at // MICROSECOND)


def question(market: str, token: str, markets: Markets) -> str:
    """What a market asks; its slug, or a shortened id, where the question is not known."""
    known = markets.get(market)
    if known is not None and (known.question or known.slug):
        return known.question or known.slug
    slug, separator, _ = token.rpartition(":")
    return slug if separator else short(market)


def outcome(market: str, token: str, markets: Markets) -> str:
    """The name of a token's outcome; a recording's token is ``slug:outcome``."""
    known = markets.get(market)
    if known is not None and token in known.tokens:
        place = known.tokens.index(token)
        if place < len(known.outcomes):
            return known.outcomes[place]
    _, separator, name = token.rpartition(":")
    return name if separator else short(token)


def whale(wallet: str, ranks: Ranks) -> str:
    """A wallet with its rank, ``#3 0x1234…abcd``."""
    return f"#{ranks[wallet]} {short(wallet)}" if ranks.get(wallet) else short(wallet)


def unrealised(position: Position, marks: Mapping[str, int]) -> int | None:
    """Worth at the mark less all-in cost, in micro-dollars; ``None`` without a mark."""
    mark = marks.get(position.token)
    return None if mark is None else value(position.size, mark) - position.cost


def _dollars(micro: int | None) -> float | None:
    return None if micro is None else float_of_micro(micro)


def _percent(fraction: int) -> float:
    return float_of_micro(fraction * 100)  # not money: hundredths to look at


def position_rows(positions: Iterable[Position], marks: Mapping[str, int], markets: Markets, ranks: Ranks) -> list[Row]:
    """Open positions, the youngest first; amounts in dollars."""
    held = sorted((p for p in positions if p.size != 0), key=lambda p: (-p.opened_at, p.key))
    return [
        {
            "market": question(p.market, p.token, markets),
            "outcome": outcome(p.market, p.token, markets),
            "size": float_of_micro(p.size),
            "cost": float_of_micro(p.cost),
            "paid": float_of_micro(mul_div_floor(p.cost, 1_000_000, p.size)) if p.size > 0 else None,
            "mark": _dollars(marks.get(p.token)),
            "unrealised": _dollars(unrealised(p, marks)),
            "whale": whale(p.source, ranks),
            "opened": moment(p.opened_at),
        }
        for p in held
    ]


def order_rows(orders: Iterable[Order], at: int, markets: Markets, ranks: Ranks) -> list[Row]:
    """Open orders before final ones, the youngest first; their age is counted from the plan to event time ``at``."""
    newest = sorted(orders, key=lambda o: (o.state in FINAL, -o.planned_at, o.order_key))
    return [
        {
            "state": ORDER_STATES[o.state],
            "market": question(o.market, o.token, markets),
            "outcome": outcome(o.market, o.token, markets),
            "side": SIDES[o.side],
            "filled": _part(o.filled, o.size),
            "size": float_of_micro(o.size),
            "limit": float_of_micro(o.limit),
            "cost": float_of_micro(o.cost),
            "age": age(at - o.planned_at),
            "placed": moment(o.planned_at),
            "whale": whale(o.source, ranks),
            "note": o.note,
        }
        for o in newest
    ]


def leg_rows(legs: Iterable[Order]) -> list[Row]:
    """The orders of one intent in their order: how far execution had to go for each, and how well it was filled."""
    return [
        {
            "state": ORDER_STATES[o.state],
            "side": SIDES[o.side],
            "worked": worked(o),
            "size": float_of_micro(o.size),
            "filled": _part(o.filled, o.size),
            "limit": float_of_micro(o.limit),
            "average": _dollars(average_of(o)),
            "reference": _dollars(o.reference or None),
            "slippage": _percent_or_none(slippage_of(o)),
            "fees": float_of_micro(o.fees),
            "placed": moment(o.planned_at),
            "note": "Failed for good. " + o.note if o.dead else o.note,
            "key": o.order_key,
        }
        for o in legs
    ]


def worked(order: Order) -> str:
    """How far execution had to go for an order: its phase, its slice of several, its try after the first."""
    parts = [f"phase {order.phase}"]
    if order.slices > 1:
        parts.append(f"slice {order.slice_no} of {order.slices}")
    if order.attempt > 1:
        parts.append(f"try {order.attempt}")
    return ", ".join(parts)


def _part(part: int, whole: int) -> float:
    return float_of_micro(mul_div_floor(part, 100_000_000, whole)) if whole > 0 else 0.0


def _percent_or_none(fraction: int | None) -> float | None:
    return None if fraction is None else _percent(fraction)


def decision_rows(decisions: Iterable[Decision], markets: Markets, ranks: Ranks) -> list[Row]:
    """Decisions in the order given; a number that played no part is left empty."""
    return [
        {
            "at": moment(d.at),
            "reason": label(d.reason),
            "numbers": " · ".join(numbers_in_words(d.numbers)),
            "whale": whale(d.wallet, ranks),
            "side": SIDES[d.side],
            "outcome": outcome(d.market, d.token, markets),
            "market": question(d.market, d.token, markets),
            "price": float_of_micro(d.price),
            "size": float_of_micro(d.size),
            "limit": _dollars(d.limit or None),
            "p_win": _percent(d.p_win) if d.p_win else None,
            "stake": _dollars(d.stake or None),
            "confidence": _percent(d.confidence) if d.confidence else None,
            "unchecked": unchecked(d),
            "wallet": d.wallet,
        }
        for d in decisions
    ]


def matching(rows: Iterable[Row], made: Iterable[Decision], text: str) -> tuple[list[Row], list[Decision]]:
    """The rows in which every word of ``text`` occurs somewhere, whatever the case, and the decisions they are of."""
    words = text.lower().split()
    kept = [pair for pair in zip(rows, made, strict=True) if _has(pair[0], words)]
    return [row for row, _ in kept], [one for _, one in kept]


def _has(row: Row, words: list[str]) -> bool:
    # The numbers of nearly every decision name the same things; they would answer every search.
    hay = " ".join(cell for name, cell in row.items() if isinstance(cell, str) and name != "numbers").lower()
    return all(word in hay for word in words)


def chosen(decisions: Iterable[Decision], outcome_of_it: str, reasons: Iterable[Reason]) -> list[Decision]:
    """Decisions that were copied, or not, or either ("All"), and have one of the reasons (none given: any)."""
    wanted = set(reasons)
    return [
        d
        for d in decisions
        if (not wanted or d.reason in wanted)
        and (outcome_of_it == "All" or (d.reason in COPIES) == (outcome_of_it == "Copied"))
    ]


def whale_rows(whales: Iterable[WhaleRow]) -> list[Row]:
    """Followed wallets by rank; edge in cents per share, returns in percent of the money paid, money in dollars."""
    return [
        {
            "rank": w.rank,
            "whale": short(w.wallet),
            "pnl": float_of_micro(w.pnl_usd),
            "copies": w.copies,
            "edge": float_of_micro(w.edge_shrunk * 100),  # not money: cents to look at
            "mean": _percent(w.mean_return),
            "low": _percent(w.return_low),
            "high": _percent(w.return_high),
            "markets": w.n_markets,
            "volume": float_of_micro(w.volume_usd),
            "last": moment(w.last_trade_at),
            "wallet": w.wallet,
        }
        for w in sorted(whales, key=lambda w: (w.rank == 0, w.rank, w.wallet))
    ]
