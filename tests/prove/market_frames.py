"""The market channel under mutated frames, beside a slow parser with Decimal that knows nothing of ours."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.domain.messages import BookChange, BookSnapshot, FeedNotice, MarketResolved, PublicTrade, TickSizeChanged
from tests.shared.adapters.polymarket.market_channel.frames import (
    MARKET,
    NO,
    NOW_MS,
    YES,
    Listening,
    book,
    change,
    changes,
    encode,
    tick,
    trade,
)
from tests.shared.adapters.slow import content_of

_PLAIN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,20})?")
Claim = tuple[Any, ...]


class MarketChannel:
    """A fresh shelf with two known books for every frame."""

    name = "market channel"

    def __init__(self) -> None:
        self._said = 0

    def seeds(self) -> list[bytes]:
        best = {
            "event_type": "best_bid_ask",
            "market": MARKET,
            "asset_id": YES,
            "best_bid": "0.45",
            "best_ask": "0.5",
            "timestamp": str(NOW_MS),
        }
        resolved = {
            "event_type": "market_resolved",
            "market": MARKET,
            "assets_ids": [YES, NO],
            "winning_asset_id": YES,
            "timestamp": str(NOW_MS),
        }
        new = {"event_type": "new_market", "market": MARKET, "slug": "btc-x", "assets_ids": [YES], "timestamp": NOW_MS}
        two = changes(change("0.46", "7.25", best=("0.46", "0.5")), change("0.54", "7.25", "SELL", NO))
        frames: list[object] = [book(at=NOW_MS + 1), two, changes(change("0.46", "3")), trade(), tick()]
        frames += [best, resolved, new, [book(NO, at=NOW_MS + 1), two, trade()]]
        return [encode(frame) for frame in frames]

    def accepted(self) -> bool:
        return self._said > 0

    def problem(self, frame: bytes) -> str:
        listening = Listening()
        listening.take([book(), book(NO)])
        counted = self._counted(listening)
        before = len(listening.heard)
        listening.take(frame)
        facts = [heard.payload for heard in listening.heard[before:]]
        said = [fact for fact in facts if not isinstance(fact, FeedNotice)]
        claims = [claim for fact in said if (claim := _claim(fact)) is not None]
        self._said = len(claims) + len(listening.listed)
        allowed = _allowed(frame)
        if allowed is not None:
            for claim in claims:
                if claim not in allowed:
                    return f"accepted {claim}, which the frame does not say"
        elif claims:
            return f"accepted {claims[0]} of a frame that is not JSON"
        for token, kept in listening.shelf.kept.items():
            if kept.book is not None and kept.book.crossed:
                return f"the book of {token} is crossed"
        if not self._said and self._counted(listening) == counted and not _says_nothing(frame):
            return "nothing was taken, and nothing counted it"
        return ""

    def _counted(self, listening: Listening) -> tuple[object, ...]:
        """Everything that is counted, and every doubt, as one value."""
        counts = listening.shelf.counts
        wire = listening.reader.wire.counts
        kept = [(one.doubted_at, len(one.waiting), one.venue_ms) for one in listening.shelf.kept.values()]
        return (*(getattr(counts, name) for name in counts.__struct_fields__), wire.refused, repr(wire.ignored), *kept)


def _claim(fact: object) -> Claim | None:
    """What a fact says, in the words of the slow parser; a book told empty says nothing of the frame."""
    match fact:
        case BookChange():
            return ("change", fact.token, fact.side.value, fact.price, fact.size)
        case BookSnapshot():
            empty = not fact.bids and not fact.asks
            return None if empty else ("book", fact.token, fact.market, frozenset(fact.bids), frozenset(fact.asks))
        case PublicTrade():
            return ("trade", fact.token, fact.market, fact.side.value, fact.price, fact.size, fact.tx)
        case TickSizeChanged():
            return ("tick", fact.token, fact.market, fact.tick)
        case MarketResolved():
            return ("resolved", fact.market, frozenset(fact.payouts.items()))
        case _:
            return ("unexpected", repr(fact))


# ---------------------------------------------------------------------- the slow parser


def _allowed(frame: bytes) -> list[Claim] | None:
    """Everything a frame says, or None when it is no JSON whatever one makes of its bytes."""
    try:
        content = content_of(frame)
    except ValueError:
        return None
    claims: list[Claim] = []
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, dict):
            claims.extend(_claims(item))
    return claims


def _micro(text: object, least: Decimal, below: Decimal) -> int | None:
    """Millionths of a plain decimal text within bounds; None for anything else."""
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        return None
    number = Decimal(text) * 1_000_000
    return int(number) if number == int(number) and least <= number < below else None


def _price(text: object) -> int | None:
    return _micro(text, Decimal(1), Decimal(1_000_000))


def _size(text: object) -> int | None:
    return _micro(text, Decimal(0), Decimal(10**17 + 1))


def _claims(item: dict[str, Any]) -> list[Claim]:
    kind = item.get("event_type")
    at = item.get("timestamp")
    if not _dated(at):
        return []
    if kind == "price_change":
        inner = item.get("price_changes", item.get("changes", [item]))
        some = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
        return [
            ("change", one.get("asset_id", item.get("asset_id")), one.get("side"), _price(one.get("price")), size)
            for one in some
            if (size := _size(one.get("size"))) is not None
        ]
    if kind == "book":
        sides = [_levels(item.get(side)) for side in ("bids", "asks")]
        return [("book", item.get("asset_id"), item.get("market"), *sides)] if None not in sides else []
    if kind == "last_trade_price":
        tx = item.get("transaction_hash") or ""
        price, size = _price(item.get("price")), _size(item.get("size"))
        return [("trade", item.get("asset_id"), item.get("market"), item.get("side"), price, size, str(tx).lower())]
    if kind == "tick_size_change":
        return [("tick", item.get("asset_id"), item.get("market"), _price(item.get("new_tick_size")))]
    if kind == "market_resolved":
        tokens, winner = item.get("assets_ids"), item.get("winning_asset_id")
        if isinstance(tokens, list) and all(isinstance(token, str) for token in tokens):
            payouts = frozenset((token, 1_000_000 * (token == winner)) for token in tokens)
            return [("resolved", item.get("market"), payouts)] if winner in tokens else []
    return []


def _dated(at: object) -> bool:
    """A whole number of milliseconds, as a number or as text, that is not of the future."""
    if isinstance(at, bool) or not isinstance(at, str | int | Decimal):
        return False
    try:
        number = Decimal(str(at))
    except InvalidOperation:
        return False
    return number.is_finite() and 10**12 <= number <= NOW_MS + 60_000 and number == int(number)


def _levels(levels: object) -> frozenset[tuple[int, int]] | None:
    """A side of a book without its empty levels; None when a level is unusable or there twice."""
    if not isinstance(levels, list) or not all(isinstance(level, dict) for level in levels):
        return None
    pairs = [(_price(level.get("price")), _size(level.get("size"))) for level in levels]
    if any(price is None or size is None for price, size in pairs) or len({p for p, _ in pairs}) != len(pairs):
        return None
    return frozenset((price, size) for price, size in pairs if price is not None and size)


def _says_nothing(frame: bytes) -> bool:
    """Frames nobody owes an account of: none, or messages that agree with what is known or concern nobody."""
    try:
        content = content_of(frame)
    except ValueError:
        return False
    items = content if isinstance(content, list) else [content]
    return all(isinstance(item, dict) and _owes_nothing(item) for item in items)


def _owes_nothing(item: dict[str, Any]) -> bool:
    kind = item.get("event_type")
    return kind in ("best_bid_ask", "new_market") or (kind == "price_change" and item.get("price_changes") == [])
