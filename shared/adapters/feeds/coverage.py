"""How much each source hears and how fast, measured all the time against what all of them together have heard.

A trade of a followed wallet is settled two minutes after it was first heard: by then every source has told it or missed
it. Equal fills of one transaction are counted: the most that any one source told is how many there were.
"""

from collections.abc import Mapping

from msgspec import Struct

from shared.adapters.feeds.quantiles import Quantiles
from shared.domain.instants import HOUR, MINUTE
from shared.domain.messages import WhaleTrade
from shared.domain.order import Side

SETTLE_NS = 2 * MINUTE
WINDOW_NS = 24 * HOUR
"""The window of counts and delays; it moves in halves."""
FAST = ("rtds", "polygon")
FAST_SHARE_LEAST = 0.95
JUDGED_FROM = 20
"""Fewer trades than this say nothing about a share."""

Key = tuple[str, str, str, Side]


class SourceCoverage(Struct, frozen=True):
    """One source over the window: trades it told of all that were told; delays venue to here in nanoseconds."""

    seen: int
    of: int
    p50: int | None
    p95: int | None
    p99: int | None

    @property
    def share(self) -> float | None:
        """Part of all trades that this source told; None without any."""
        return self.seen / self.of if self.of else None


class _Trade(Struct):
    """One key's fills so far by source and connection, when it was first heard and when it happened."""

    since: int
    venue_at: int
    told: dict[str, dict[int, int]] = {}
    first: dict[str, int] = {}


class Coverage:
    """Fed with every whale trade as its source told it, before any is recognised as heard already."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self.sources = sources
        self._since: int | None = None if any(source in FAST for source in sources) else 0
        self._open: dict[Key, _Trade] = {}
        self._seen = dict.fromkeys((*sources, "fast"), 0)
        self._seen_before = dict.fromkeys((*sources, "fast"), 0)
        self._total = 0
        self._total_before = 0
        self._delays = {source: Quantiles() for source in sources}
        self._turned_at = 0

    def begin(self, at: int) -> None:
        """A fast source is heard from now on: what happened before, it could not tell."""
        if self._since is None:
            self._since = at

    def hear(self, source: str, trade: WhaleTrade, venue_at: int, received_at: int) -> None:
        """A source told a trade; one from before a fast source was heard is not measured."""
        if self._since is None or venue_at < self._since:
            return
        key = (trade.tx, trade.wallet, trade.token, trade.side)
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Trade(received_at, venue_at)
        told = known.told.setdefault(source, {})
        told[trade.delivery] = told.get(trade.delivery, 0) + 1
        if source not in known.first:
            known.first[source] = received_at

    def settle(self, now: int) -> None:
        """Count what is old enough to have been told by everybody."""
        if self._turned_at == 0:
            self._turned_at = now
        if now - self._turned_at >= WINDOW_NS // 2:
            self._turn(now)
        for key in list(self._open):
            trade = self._open[key]
            if now - trade.since < SETTLE_NS:
                break
            del self._open[key]
            self._count(trade)

    def _turn(self, now: int) -> None:
        self._turned_at = now
        self._seen_before, self._seen = self._seen, dict.fromkeys(self._seen, 0)
        self._total_before, self._total = self._total, 0
        for delays in self._delays.values():
            delays.turn()

    def _count(self, trade: _Trade) -> None:
        fills = {source: max(told.values()) for source, told in trade.told.items()}
        self._total += max(fills.values())
        self._seen["fast"] += max((n for source, n in fills.items() if source in FAST), default=0)
        for source, n in fills.items():
            self._seen[source] = self._seen.get(source, 0) + n
            self._delays.setdefault(source, Quantiles()).add(trade.first[source] - trade.venue_at)

    def report(self) -> Mapping[str, SourceCoverage]:
        """Every source over the window, and ``fast``: what the fast ones heard together."""
        total = self._total + self._total_before
        found: dict[str, SourceCoverage] = {}
        for source, n in self._seen.items():
            delays = self._delays.get(source)
            p50, p95, p99 = (None, None, None) if delays is None else (delays.at(q) for q in (0.5, 0.95, 0.99))
            found[source] = SourceCoverage(n + self._seen_before.get(source, 0), total, p50, p95, p99)
        return found

    def alarm(self) -> str | None:
        """One sentence when the fast sources miss more than they may; None while all is well or too little is known."""
        fast = self.report()["fast"]
        share = fast.share
        if share is None or fast.of < JUDGED_FROM or share >= FAST_SHARE_LEAST:
            return None
        return f"the fast sources told {fast.seen} of {fast.of} trades of followed wallets ({share:.1%})"
