"""Decision: the market filters a copy must pass (specification 5), and what to do where an input is not there."""

from shared.domain.decision import Reason
from shared.domain.market import Market, MarketKind
from shared.domain.money import value
from shared.domain.strategy import Trade
from shared.engine.books import Book
from shared.engine.limits import Limits


class Filters:
    """Market filters. ``strict``: a missing input is a Skip (paper, live); otherwise it is counted (recordings)."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.books: dict[str, Book] = {}
        self.not_applicable: dict[str, int] = {}

    def judge(self, trade: Trade, market: Market, at: int, strict: bool) -> tuple[Reason | None, tuple[str, ...]]:
        """The first filter an entry fails, and the filters that could not be applied."""
        missing: list[str] = []
        if not market.accepting:
            return Reason.MARKET_CLOSED, ()
        if market.kind is MarketKind.EVENT:
            reason = self._time_and_volume(market, at, strict, missing)
            if reason is not None:
                return self._noted(reason, missing)
        elif market.end_at is not None and at >= market.end_at:
            return Reason.MARKET_CLOSED, ()
        return self._noted(self._book(trade, market, at, strict, missing), missing)

    def _noted(self, reason: Reason | None, missing: list[str]) -> tuple[Reason | None, tuple[str, ...]]:
        for name in missing:
            self.not_applicable[name] = self.not_applicable.get(name, 0) + 1
        return reason, tuple(missing)

    def _time_and_volume(self, market: Market, at: int, strict: bool, missing: list[str]) -> Reason | None:
        """Event markets: no entry shortly before the end, and enough volume over 24 hours."""
        if market.end_at is None:
            if strict:
                return Reason.END_UNKNOWN
            missing.append("end")
        elif at > market.end_at - self.limits.entry_before_end_ns:
            return Reason.NEAR_RESOLUTION
        if market.volume_24h is None:
            if strict:
                return Reason.VOLUME_UNKNOWN
            missing.append("volume")
        elif market.volume_24h < self.limits.volume_24h_min_usd:
            return Reason.LOW_VOLUME
        return None

    def _book(self, trade: Trade, market: Market, at: int, strict: bool, missing: list[str]) -> Reason | None:
        """Spread, price moved away, and depth at the limit for the smallest trade; each needs a fresh book."""
        book = self.books.get(trade.token)
        fresh = book is not None and at - book.at <= self.limits.book_max_age_ns
        if book is None or not fresh or not book.two_sided or book.crossed:
            if market.best_bid is None or market.best_ask is None:
                if strict:
                    return Reason.SPREAD_UNKNOWN
                missing.append("spread")
            elif market.best_ask - market.best_bid > self.limits.spread_max:
                return Reason.WIDE_SPREAD
            if strict:
                return Reason.DEPTH_UNKNOWN
            missing.extend(("depth", "price_moved"))
            return None
        if book.best_ask - book.best_bid > self.limits.spread_max:
            return Reason.WIDE_SPREAD
        if book.best_ask > trade.limit:
            return Reason.PRICE_MOVED
        depth = sum(value(size, at_price) for at_price, size in book.asks.items() if at_price <= trade.limit)
        return Reason.THIN_BOOK if depth < self.limits.trade_min_usd else None
