"""Decision: the market filters a copy must pass (specification 5), and what to do where an input is not there."""

from shared.domain.decision import Reason
from shared.domain.market import Market, MarketKind
from shared.domain.money import value
from shared.domain.strategy import Trade
from shared.engine.books import Book
from shared.engine.limits import Limits

Numbers = tuple[tuple[str, int], ...]
Found = tuple[Reason | None, tuple[str, ...], Numbers]
"""The first objection, the filters without an input, and what was measured against which limit (millionths)."""


class Filters:
    """Market filters. ``strict``: a missing input is a Skip (paper, live); otherwise it is counted (recordings)."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.books: dict[str, Book] = {}
        self.not_applicable: dict[str, int] = {}

    def relimit(self, limits: Limits) -> None:
        """Other limits, from the next entry on."""
        self.limits = limits

    def judge(self, trade: Trade, market: Market, at: int, strict: bool) -> Found:
        """The first filter an entry fails, the filters that could not be applied, and the numbers behind it."""
        missing: list[str] = []
        if not market.accepting:
            return Reason.MARKET_CLOSED, (), ()
        if market.disputed:
            return Reason.MARKET_DISPUTED, (), ()
        reason: Reason | None = None
        numbers: Numbers = ()
        if market.kind is MarketKind.EVENT:
            reason, numbers = self._time_and_volume(market, at, strict, missing)
        elif market.end_at is not None and at >= market.end_at:
            return Reason.MARKET_CLOSED, (), ()
        if reason is None:
            reason, numbers = self._book(trade, market, at, strict, missing)
        for name in missing:
            self.not_applicable[name] = self.not_applicable.get(name, 0) + 1
        return reason, tuple(missing), numbers

    def _time_and_volume(
        self, market: Market, at: int, strict: bool, missing: list[str]
    ) -> tuple[Reason | None, Numbers]:
        """Event markets: no entry shortly before the end, and enough volume over 24 hours."""
        limits = self.limits
        if market.end_at is None:
            if strict:
                return Reason.END_UNKNOWN, ()
            missing.append("end")
        elif at > market.end_at - limits.entry_before_end_ns:
            return Reason.NEAR_RESOLUTION, (
                ("before_end_ns", market.end_at - at),
                ("entry_before_end_ns", limits.entry_before_end_ns),
            )
        if market.volume_24h is None:
            if strict:
                return Reason.VOLUME_UNKNOWN, ()
            missing.append("volume")
        elif market.volume_24h < limits.volume_24h_min_usd:
            return Reason.LOW_VOLUME, (
                ("volume_24h", market.volume_24h),
                ("volume_24h_min", limits.volume_24h_min_usd),
            )
        return None, ()

    def _book(
        self, trade: Trade, market: Market, at: int, strict: bool, missing: list[str]
    ) -> tuple[Reason | None, Numbers]:
        """Spread, price moved away, and depth at the limit for the smallest trade; each needs a fresh book."""
        limits, book = self.limits, self.books.get(trade.token)
        if book is None or not book.usable(at, limits.book_max_age_ns):
            if market.best_bid is None or market.best_ask is None:
                if strict:
                    return Reason.SPREAD_UNKNOWN, ()
                missing.append("spread")
            elif market.best_ask - market.best_bid > limits.spread_max:
                return Reason.WIDE_SPREAD, self._spread(market.best_ask - market.best_bid)
            if strict:
                return Reason.DEPTH_UNKNOWN, ()
            missing.extend(("depth", "price_moved"))
            return None, ()
        if book.best_ask - book.best_bid > limits.spread_max:
            return Reason.WIDE_SPREAD, self._spread(book.best_ask - book.best_bid)
        if book.best_ask > trade.limit:
            return Reason.PRICE_MOVED, (("best_ask", book.best_ask), ("limit", trade.limit))
        depth = sum(value(size, at_price) for at_price, size in book.asks.items() if at_price <= trade.limit)
        if depth < limits.trade_min_usd:
            return Reason.THIN_BOOK, (("depth", depth), ("trade_min_usd", limits.trade_min_usd))
        return None, ()

    def _spread(self, spread: int) -> Numbers:
        return (("spread", spread), ("spread_max", self.limits.spread_max))
