"""What becomes of a fact between the inbox and the engine: sources are measured, jobs are watched, market data comes
first, and the paper venue is shown the public prints.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from fargate.async_driver import AsyncDriver
from shared.adapters.feeds.coverage import FAST, Coverage
from shared.adapters.feeds.market_data import MarketData
from shared.adapters.feeds.roles import Roles
from shared.domain.messages import FeedHealth, FeedNotice, MarketResolved, PublicTrade, WhaleTrade
from shared.ports import Heard

PRINTS_KNOWN = 200_000
"""Transactions whose prints are remembered, so that a second source does not show them again."""


class Hearing:
    """The hook of a driver. ``say`` tells people what they should know at once."""

    def __init__(
        self,
        driver: AsyncDriver,
        roles: Roles,
        coverage: Coverage,
        market_data: MarketData,
        live_sources: frozenset[str],
        say: Callable[[str], None],
    ) -> None:
        self.notices: dict[str, int] = {}
        """How often each kind of notice came, by source."""
        self.health: dict[str, str] = {}
        """What is wrong with each source or job that is down."""
        self._driver = driver
        self._roles = roles
        self._coverage = coverage
        self._market_data = market_data
        self._live_sources = live_sources
        self._say = say
        self._printed: dict[str, str] = {}
        self._prints: dict[PublicTrade, None] = {}

    def hear(self, heard: Heard) -> bool:
        """Whether the engine is to have the fact now."""
        payload = heard.payload
        match payload:
            case PublicTrade():
                if self._is_new(payload):
                    self._show(payload, heard)
            case WhaleTrade():
                return self._trade(heard, payload)
            case FeedHealth():
                self._on_health(payload)
            case FeedNotice():
                self._count(payload)
            case MarketResolved():
                self._market_data.resolved(payload.market)
            case _:
                pass
        return True

    def _count(self, notice: FeedNotice) -> None:
        name = f"{notice.feed} {notice.kind.value}"
        self.notices[name] = self.notices.get(name, 0) + 1

    def printed(self, transactions: Iterable[str]) -> None:
        """The venue has been shown the prints of these already (the past)."""
        self._printed.update(dict.fromkeys(transactions, "past"))

    def _is_new(self, trade: PublicTrade) -> bool:
        """A stream may say a print twice; two equal ones of one transaction are taken for one (miss, never double)."""
        known = len(self._prints)
        self._prints[replace(trade, delivery=0)] = None
        if len(self._prints) > PRINTS_KNOWN:
            del self._prints[next(iter(self._prints))]
            return True
        return len(self._prints) > known

    def _show(self, trade: PublicTrade | WhaleTrade, heard: Heard) -> None:
        """A print is shown to the venue from the source that told its transaction first."""
        if self._printed.setdefault(trade.tx, heard.source) != heard.source:
            return
        if len(self._printed) > PRINTS_KNOWN:
            del self._printed[next(iter(self._printed))]
        self._driver.show_print(trade, heard.venue_at)

    def _trade(self, heard: Heard, trade: WhaleTrade) -> bool:
        if not self._driver.shows_books:  # with books only the market channel says which side of a match this was
            self._show(trade, heard)
        if heard.source not in self._live_sources:
            return True
        followed = trade.wallet in self._driver.engine.detection.whales
        if followed:
            self._coverage.hear(heard.source, trade, heard.venue_at, heard.received_at)
        return not followed or self._market_data.admit(heard, trade)

    def _on_health(self, health: FeedHealth) -> None:
        if health.healthy and health.feed in FAST:
            self._coverage.begin(self._driver.now)
        self._note(health)
        for told in self._roles.hear(health):
            if isinstance(told, FeedHealth):
                self._note(told)
            else:
                self._count(told)
                self._say(f"{told.feed}: {told.reason}")
            self._driver.handle_now(told, self._driver.now)

    def _note(self, health: FeedHealth) -> None:
        if health.healthy:
            if self.health.pop(health.feed, None) is not None:
                self._say(f"{health.feed} is back: {health.reason}")
        else:
            self.health[health.feed] = health.reason
            self._say(f"{health.feed} is down: {health.reason}")

    def settle(self, now: int) -> str | None:
        """Measure what is old enough; one sentence when the fast sources miss too much."""
        self._coverage.settle(now)
        return self._coverage.alarm()

    def figures(self) -> Mapping[str, object]:
        """Delays and coverage of each source, for the curves people look at (nanoseconds; parts of one)."""
        return {
            source: {"seen": found.seen, "of": found.of, "p50": found.p50, "p95": found.p95, "p99": found.p99}
            for source, found in self._coverage.report().items()
            if found.of
        }
