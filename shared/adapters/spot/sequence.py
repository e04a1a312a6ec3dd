"""Trade numbers of an exchange: which trade is new, which was heard already, and which are missing.

While a connection is replaced, the old and the new one deliver the same trades side by side. So a hole is judged
within one connection (or from one to the next), a repetition across all of them.
"""

from enum import Enum

from msgspec import Struct

RECENT_MAX = 4096
"""Trade numbers remembered per symbol; a number this far behind the highest was heard, or is too old to matter."""
RESTART = 1_000_000
"""A number this far behind the highest is no late trade: the exchange counts anew, or the highest was wrong."""


class Novelty(Enum):
    """What a trade number says."""

    NEW = "new"
    REPEATED = "repeated"
    RESTARTED = "restarted"


class Hole(Struct, frozen=True, gc=False):
    """Trades that were never heard: ``count`` of them, beginning with ``first``."""

    symbol: str
    first: int
    count: int

    def __str__(self) -> str:
        """For a person."""
        return f"{self.count} trades of {self.symbol} are missing, from number {self.first}"


class Span(Struct, gc=False):
    """What one connection delivered of one symbol: its first number and its highest."""

    first: int
    last: int


class TradeNumbers:
    """The trade numbers of one feed, per symbol."""

    def __init__(self) -> None:
        self._highest: dict[str, int] = {}
        self._recent: dict[str, dict[int, None]] = {}
        self._spans: dict[int, dict[str, Span]] = {}

    def see(self, symbol: str, trade_id: int, connection: int) -> tuple[Novelty, Hole | None]:
        """Judge a trade delivered by a connection: its novelty, and what is missing before it."""
        highest = self._highest.get(symbol, trade_id)
        if trade_id < highest - RESTART:
            self._forget(symbol)
            self._keep(symbol, trade_id, connection, trade_id)
            return Novelty.RESTARTED, None
        recent = self._recent.get(symbol, {})
        novelty = Novelty.REPEATED if trade_id in recent or trade_id < highest - RECENT_MAX else Novelty.NEW
        due = self._due(symbol, connection)
        hole = Hole(symbol, due, trade_id - due) if due is not None and trade_id > due else None
        self._keep(symbol, trade_id, connection, max(trade_id, highest))
        return novelty, hole

    def behind(self, symbol: str, last_trade_id: int) -> int:
        """How many trades the exchange has had beyond the last one heard; 0 before any was heard."""
        highest = self._highest.get(symbol, last_trade_id)
        return max(0, last_trade_id - highest)

    def closed(self, connection: int) -> list[Hole]:
        """A connection is no more; what its successor, delivering already, never heard of its end."""
        ended = self._spans.pop(connection, {})
        holes: list[Hole] = []
        for symbol, span in ended.items():
            others = [spans[symbol].first for spans in self._spans.values() if symbol in spans]
            if others and min(others) > span.last + 1:
                holes.append(Hole(symbol, span.last + 1, min(others) - span.last - 1))
        return holes

    def _due(self, symbol: str, connection: int) -> int | None:
        """The number this connection's next trade should have; None when that cannot be known.

        A connection's first trade follows the last one of the connection before it, unless that one still delivers:
        then either may be ahead of the other.
        """
        mine = self._spans.get(connection, {}).get(symbol)
        if mine is not None:
            return mine.last + 1
        if any(symbol in spans for spans in self._spans.values()) or symbol not in self._highest:
            return None
        return self._highest[symbol] + 1

    def _keep(self, symbol: str, trade_id: int, connection: int, highest: int) -> None:
        self._highest[symbol] = highest
        span = self._spans.setdefault(connection, {}).setdefault(symbol, Span(trade_id, trade_id))
        span.last = max(span.last, trade_id)
        recent = self._recent.setdefault(symbol, {})
        recent[trade_id] = None
        if len(recent) > RECENT_MAX:
            del recent[next(iter(recent))]

    def _forget(self, symbol: str) -> None:
        self._recent.pop(symbol, None)
        for spans in self._spans.values():
            spans.pop(symbol, None)
