"""The order book of a token as the exchange keeps it: integer levels, the venue's wire form and its hash."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.exchange.catalogue import ONE, Listing, Wire, text

Levels = Mapping[int, int]
"""Size by price, both in millionths."""


@dataclass(frozen=True, slots=True)
class Change:
    """The new total size of one level, and the best prices and the hash of the book after it."""

    side: str
    price: int
    size: int
    best_bid: int | None
    best_ask: int | None
    hash: str


@dataclass(slots=True)
class Book:
    """Bids and asks of one token of a listing."""

    listing: Listing
    token: str
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    last_price: int | None = None
    at_ms: int = 0

    def best(self) -> tuple[int | None, int | None]:
        """The highest bid and the lowest ask."""
        return max(self.bids, default=None), min(self.asks, default=None)

    def set_levels(self, bids: Levels, asks: Levels, at_ms: int) -> list[Change]:
        """Become this book; the changes that lead there, removals first so that it never is crossed between them."""
        wanted = (("BUY", self.bids, bids), ("SELL", self.asks, asks))
        gone = [(side, price, 0) for side, mine, new in wanted for price in mine if price not in new]
        moved = [
            (side, price, size) for side, mine, new in wanted for price, size in new.items() if mine.get(price) != size
        ]
        return self.change(gone + moved, at_ms)

    def change(self, levels: Iterable[tuple[str, int, int]], at_ms: int) -> list[Change]:
        """Apply new totals of levels (side, price, size)."""
        self.at_ms = at_ms
        applied = []
        for side, price, size in levels:
            mine = self.bids if side == "BUY" else self.asks
            if size > 0:
                mine[price] = size
            else:
                mine.pop(price, None)
            applied.append((side, price, size, *self.best()))
        final = self.wire()["hash"] if applied else ""
        return [Change(side, price, size, bid, ask, final) for side, price, size, bid, ask in applied]

    def wire(self) -> Wire:
        """The book as GET /book shows it: best prices last, and the hash over all of it."""
        shown: Wire = {
            "market": self.listing.condition_id,
            "asset_id": self.token,
            "timestamp": str(self.at_ms),
            "hash": "",
            "bids": [{"price": text(price), "size": text(self.bids[price])} for price in sorted(self.bids)],
            "asks": [
                {"price": text(price), "size": text(self.asks[price])} for price in sorted(self.asks, reverse=True)
            ],
            "min_order_size": text(self.listing.min_size),
            "tick_size": text(self.listing.tick),
            "neg_risk": self.listing.neg_risk,
            "last_trade_price": "" if self.last_price is None else text(self.last_price),
        }
        shown["hash"] = hashlib.sha1(
            json.dumps(shown, separators=(",", ":")).encode(), usedforsecurity=False
        ).hexdigest()
        return shown

    def message(self) -> Wire:
        """The book as the market channel sends it; the hash is that of the REST form."""
        shown = self.wire()
        kept = ("market", "asset_id", "timestamp", "hash", "bids", "asks", "tick_size", "last_trade_price")
        return {**{name: shown[name] for name in kept}, "event_type": "book"}


def ladder(bid: int, ask: int, tick: int, *, depth: int = 5, size: int = 500 * ONE) -> tuple[Levels, Levels]:
    """A plain book around a quote: up to ``depth`` levels a side within 0 and 1, the same size on each."""
    bids = {bid - step * tick: size for step in range(depth) if 0 < bid - step * tick < ONE}
    asks = {ask + step * tick: size for step in range(depth) if 0 < ask + step * tick < ONE}
    return bids, asks
