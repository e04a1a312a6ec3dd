"""The present of a live run: the sources are heard, the engine decides, and store and venue answer beside it.

Everything here runs on one event loop that nothing may block: sockets are read by their own tasks into one bounded
inbox, the driver takes from it, and calls that may take long are made in lanes.
"""

import asyncio
import contextlib
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from msgspec import Struct

from fargate.async_driver import AsyncDriver
from fargate.cancelling import CancelWatch
from fargate.components import TAPE, VIEWS
from fargate.compose import House
from fargate.condition import Component
from fargate.figures import LiveFigures
from fargate.gauges import Since, Values
from fargate.hearing import Hearing
from fargate.lanes import InPlace, ThreadLane
from fargate.life import answering, finished, silent, traded
from fargate.schedule import first_of
from fargate.streams import Clients, Interests, Streams, Tempo
from fargate.trader import Trader, status_line
from shared.adapters.feeds.coverage import Coverage
from shared.adapters.feeds.inbox import LAGGING_AT, MOST, Inbox
from shared.adapters.feeds.market_data import CLOB, MarketData
from shared.adapters.feeds.quantiles import Quantiles
from shared.adapters.feeds.roles import BOOKS, SPOT, WHALES, Roles
from shared.adapters.polymarket.clob_public import RestBook
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.market import Market
from shared.domain.messages import BookSnapshot
from shared.engine.engine import Engine
from shared.ports import Heard
from shared.settings import Settings

LIVE_SOURCES = frozenset({"activity", "trades", "rtds", "polygon"})
"""Sources of trades happening now: where market data is missing, they are not copied."""
LAG_BOOKS_NS = SECOND
"""The market channel tells books and prints within this (p90 0.22 s, polymarket.md 5.5); the paper venue waits so long.
Where books are polled there are no prints that could fill anything, and a book counts from when it was read.
"""
LAG_STREAMED_NS = 2 * SECOND
"""How long a venue without books waits for prints of the market channel."""
LAG_POLLED_NS = 45 * SECOND
"""The same where they are polled."""
BOOKS_EVERY_S = 2.0
"""How often books of our markets are read while no stream brings them: after 10 s they are too old to trade on."""
WANT_EVERY_S = 0.5
SETTLE_EVERY_S = 5.0
LAG_EVERY_S = 0.02
FIGURES_EVERY_NS = MINUTE
STATUS_EVERY_S = 10.0

Say = Callable[[str], None]


class EngineKnows(Struct, frozen=True):
    """What the engine knows of markets and books, and the streams that tell it."""

    engine: Engine
    streams: Streams
    now: Callable[[], int]

    def market(self, market: str) -> Market | None:
        """A market's data."""
        return self.engine.markets.get(market)

    def has_book(self, token: str) -> bool:
        """Whether the token's book is known and young enough to decide on; one that was lost is shown empty."""
        book = self.engine.filters.books.get(token)
        if book is None or not (book.bids or book.asks):
            return False
        return self.now() - book.at <= self.engine.limits.book_max_age_ns

    def takes(self, book: RestBook) -> bool:
        """A book over REST belongs to the stream that follows its token: what it told since is newer."""
        return self.streams.takes(book)

    def ready(self) -> bool:
        """Whether nothing that entries need is down."""
        risk = self.engine.desk.risk
        return not any(feed in risk.feeds_down for feed in risk.needs)


class Present:
    """Made when the past has been dealt with, on a running loop.

    ``trader_of`` makes the housekeeping around the new driver, and gets the lane where it makes its calls.
    """

    def __init__(
        self,
        settings: Settings,
        house: House,
        clients: Clients,
        trader_of: Callable[[AsyncDriver, ThreadLane], Trader[AsyncDriver]],
        say: Say,
        tempo: Tempo | None = None,
    ) -> None:
        tempo = tempo or Tempo()
        loop = asyncio.get_running_loop()
        clock, engine = house.clock, house.engine
        self._say = say
        self._clock = clock
        self._clob = clients.clob
        self.books_every_s = BOOKS_EVERY_S
        self._lanes = [ThreadLane(name, loop, self._broken) for name in ("store", "venue", "views", "figures")]
        self.inbox = Inbox(self._book_of)
        self.driver = AsyncDriver(
            engine, house.venue, house.store, clock, self.inbox, self._lanes[0], self._lanes[1], house.keeper
        )
        self.trader = trader_of(self.driver, self._lanes[2])
        self.lag = Quantiles()
        """How late the event loop is, sampled all the time."""
        self._tokens: dict[str, str] = {}
        interests = Interests(self._ours, self._market_of, lambda: self.roles.doing().get(BOOKS) != "market")
        self.streams = Streams(settings, clock, clients, interests, engine.detection.params, tempo)
        self.roles = Roles([feed.name for feed in self.streams.feeds()])
        self.market_data = MarketData(
            clients.gamma,
            clients.clob,
            EngineKnows(engine, self.streams, clock.now),
            self.driver.take,
            clock.now,
            self._broken,
            tempo.patience,
        )
        coverage = Coverage(tuple(name for name in ("rtds", "polygon", "activity") if name in self._names()))
        self.hearing = Hearing(self.driver, self.roles, coverage, self.market_data, LIVE_SOURCES, say)
        self.driver.on_heard = self.hearing.hear
        self.driver.on_look = self._look
        self._cancelling = CancelWatch(house.venue, self._lanes[1], self.driver.schedule)
        self._submitted, self._heard = Since(lambda: self.driver.at_venue.submitted), Since(lambda: self.inbox.heard)
        self.trader.measured = self._measured
        self.trader.served = {feed.name: settings.feeds.symbols for feed in self.streams.spot}
        self._portfolio = LiveFigures()
        self._figures_at = 0
        self._alarmed = ""
        self._said_at = 0.0
        for name, ask in (
            ("store", lambda: answering(self.driver, self._lanes[0])),
            ("inbox", self._inbox_filled),
            (VIEWS, self._views),
        ):
            self.trader.health.components[name] = ask

    def _names(self) -> list[str]:
        return [feed.name for feed in self.streams.feeds()]

    def _broken(self, error: BaseException) -> None:
        self.driver.break_with(error)

    def _book_of(self, token: str) -> BookSnapshot | None:
        return self.streams.book_of(token)

    def _ours(self) -> list[str]:
        """Markets in which we hold something or have an order."""
        desk = self.driver.engine.desk
        return list(dict.fromkeys([*desk.positions, *desk.execution.open_by_market]))

    def _market_of(self, token: str) -> str | None:
        return self._tokens.get(token)

    # ------------------------------------------------------------------ running

    async def run(self, *beside: Coroutine[Any, Any, None]) -> None:
        """Until somebody stops it, or something fails for good; then everything begun is finished."""
        for health in self.roles.start():
            self.hearing.health[health.feed] = health.reason
            self.driver.handle_now(health, self.driver.now)
        self.streams.watch(self.driver.engine.detection.whales)
        self.streams.want(self._wanted())
        self.driver.venue_lag_ns = self._lag()
        work = [feed.run(self.inbox.hear) for feed in self.streams.feeds()]
        # What was made so far stays: a full collection that looks at all of it again holds everything up for 0.2 s.
        gc.collect()
        gc.freeze()
        try:
            await first_of(
                traded(self.driver, self._say),
                self.market_data.run(self._ours),
                self._tend(),
                self._settle(),
                self._measure_lag(),
                self._read_books(),
                *(_for_ever(one) for one in work),
                *beside,
            )
        except BaseException as error:
            self.trader.health.end(error)
            raise
        finally:
            await self.market_data.stop()
            await finished(self.driver, self._lanes)
            self.trader.lane = InPlace()
            gc.unfreeze()

    async def _tend(self) -> None:
        """Whose trades are heard and whose books are followed keeps up with what the engine does."""
        watched: list[str] = []
        wanted: list[str] = []
        while True:
            await asyncio.sleep(WANT_EVERY_S)
            whales = list(self.driver.engine.detection.whales)
            if whales != watched:
                watched = whales
                self.streams.watch(whales)
            tokens = self._wanted()
            if tokens != wanted:
                wanted = tokens
                self.streams.want(tokens)
            self.driver.venue_lag_ns = self._lag()

    def _lag(self) -> int:
        if self.driver.shows_books:
            return LAG_BOOKS_NS
        return LAG_STREAMED_NS if self._streamed() else LAG_POLLED_NS

    def _streamed(self) -> bool:
        return self.roles.doing().get(BOOKS) == "market"

    async def _read_books(self) -> None:
        """While no stream brings books, those of our markets are read: exits are decided and orders filled on them."""
        while True:
            await asyncio.sleep(self.books_every_s)
            markets = self.driver.engine.markets
            tokens = [token for market in self._ours() if market in markets for token in markets[market].tokens]
            if not tokens or self._streamed():
                continue
            with contextlib.suppress(Temporary, BadInput):  # what cannot be read grows old, and nothing trades on it
                for book in (await self._clob.books(tokens)).rows:
                    now = self._clock.now()
                    snapshot = BookSnapshot(book.condition_id, book.token_id, book.bids, book.asks)
                    self.inbox.hear(Heard(CLOB, now, now, snapshot))

    def _wanted(self) -> list[str]:
        """Tokens held or waited in first, then those of recent whale trades."""
        markets = self.driver.engine.markets
        ours = [token for market in self._ours() if market in markets for token in markets[market].tokens]
        self._learn(markets)
        return list(dict.fromkeys([*ours, *self.market_data.tokens_of_interest()]))

    def _learn(self, markets: dict[str, Market]) -> None:
        """Tokens of markets that became known since we last looked."""
        if self.streams.chain is None:
            return
        fresh = {
            name: market.tokens
            for name, market in markets.items()
            if market.tokens and market.tokens[0] not in self._tokens
        }
        for name, tokens in fresh.items():
            self._tokens.update(dict.fromkeys(tokens, name))
        self.streams.learnt(fresh)

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_EVERY_S)
            alarm = self.hearing.settle(self._clock.now()) or ""
            if alarm and not self._alarmed:
                self._say(f"ALARM: {alarm}")
            self._alarmed = alarm

    async def _measure_lag(self) -> None:
        while True:
            began = time.monotonic_ns()
            await asyncio.sleep(LAG_EVERY_S)
            self.lag.add(time.monotonic_ns() - began - int(LAG_EVERY_S * SECOND))

    # ------------------------------------------------------------------ what people see

    def _look(self, at: int) -> None:
        trader = self.trader
        trader.feeds = {**self.hearing.health, **{k: v for k, v in trader.feeds.items() if k in (VIEWS, TAPE)}}
        if self._alarmed:
            trader.feeds["coverage"] = self._alarmed
        if self._cancelling.trouble:
            trader.feeds["cancelling"] = self._cancelling.trouble
        doing = self.roles.doing()
        jobs = ", ".join(f"{job} by {doing[job]}" for job in (WHALES, BOOKS, SPOT) if job in doing)
        trader.progress = f"live: {jobs or 'nobody is heard yet'}"
        if at - self._figures_at >= FIGURES_EVERY_NS:
            self._figures_at = at
            trader.figures = self.figures()
            self.lag.turn()
            self.driver.decided.turn()
        now = time.monotonic()
        if now - self._said_at >= STATUS_EVERY_S:
            self._said_at = now
            self._say(status_line(trader, at))
        self._portfolio.tend(self.driver, self._lanes[3], at)
        self._cancelling.tend(self._clock.now())
        trader.tick(at)

    def _measured(self) -> Values:
        """What the loop measures, for the gauges."""
        return {
            "trading_orders_submitted": self._submitted(),
            "websocket_events_total": self._heard(),
            "loop_lag_ms": _ms(self.lag.at(0.99)),
            "decision_ms_p95": _ms(self.driver.decided.at(0.95)),
            "store_latency_ms": _ms(self.driver.store_watch.median or None),
        }

    def _views(self) -> Component:
        wrong = silent(self._lanes[2]) or self.trader.feeds.get(VIEWS, "")
        return Component(not wrong, wrong or "shown")

    def _inbox_filled(self) -> Component:
        waiting = len(self.inbox)
        return Component(waiting < LAGGING_AT, f"{waiting:,} facts wait, {MOST:,} at most")

    def figures(self) -> dict[str, object]:
        """Coverage and delays of the sources; how fast decisions and the store are and how late the loop is, in
        milliseconds; what the rounds of reconciliation found.
        """
        decided, merged = self.driver.decided, self.inbox.merged
        return {
            "sources": self.hearing.figures(),
            "decided_ms": [_ms(decided.at(share)) for share in (0.5, 0.95, 0.99)],
            "lag_ms": [_ms(self.lag.at(share)) for share in (0.5, 0.99)],
            "merged": merged.facts,
            "held_trades": self.market_data.held,
            "reconciliation": self.driver.rounds.figures(),
            "store_ms": _ms(self.driver.store_watch.median),
            "notices": dict(self.hearing.notices),
        }


def _ms(delay_ns: int | None) -> float | None:
    return None if delay_ns is None else round(delay_ns / MILLISECOND, 3)


async def _for_ever(work: Awaitable[None]) -> None:
    """A source that ends by itself is switched off; the others go on. An error in it ends the run, by its own name."""
    try:
        await work
    except BaseExceptionGroup as group:
        raise _first(group) from group
    await asyncio.Event().wait()


def _first(error: BaseException) -> BaseException:
    """The error that a task group of a source wraps, so that what it means (and the exit code) is not lost."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
