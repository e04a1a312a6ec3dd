"""Market data first: a whale's trade in a market nobody asked about yet waits until its market and book are known, and
one that would open something until every source needed for that is well.

A decision without them could only be a skip, and a trade is decided once. So the trade is held while both are fetched,
for a few seconds at most; then it is handed on whatever came, and the engine says what was missing. Trades of one
market stay in their order. Markets we hold or wait in are read again every minute, and every few seconds once their
end has passed, until they are resolved.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from shared.adapters.polymarket.clob_public import RestBook
from shared.adapters.polymarket.gamma_market import GammaMarket
from shared.adapters.polymarket.normal import market_of, payouts_of
from shared.adapters.polymarket.wire import Page
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from shared.domain.market import Market
from shared.domain.messages import BookSnapshot, MarketChanged, MarketListed, MarketResolved, Payload, WhaleTrade
from shared.domain.order import Side
from shared.ports import Heard

GAMMA = "gamma"
CLOB = "clob"
SOON_S = 0.01
"""What a stream tells reaches the engine within this."""
TOKENS_MOST = 1_000
"""Tokens of recent whale trades whose books are followed, newest first."""


class Patience(Struct, frozen=True):
    """Seconds: how long a trade is held, between two tries, between two readings of a market; of one that has ended.

    ``stale_s``: a book dated this long before a trade in its token, which moved it, stands still at the venue.
    """

    hold_s: float = 5.0
    retry_s: float = 0.5
    refresh_s: float = 60.0
    ended_s: float = 5.0
    stale_s: float = 10.0


class Markets(Protocol):
    """The catalogue of markets."""

    async def markets(
        self, *, condition_ids: Sequence[str] = (), closed: bool | None = None, fresh: bool = False
    ) -> Page[GammaMarket]:
        """Markets by their ids."""


class Books(Protocol):
    """Snapshots of books."""

    async def books(self, token_ids: Sequence[str]) -> Page[RestBook]:
        """The books of these tokens."""


class Known(Protocol):
    """What the engine knows already."""

    def market(self, market: str) -> Market | None:
        """A market's data."""

    def has_book(self, token: str) -> bool:
        """Whether the token's book is known now."""

    def takes(self, book: RestBook) -> bool:
        """Whether a stream that follows the token takes the book, to compare and tell it."""

    def ready(self) -> bool:
        """Whether every source without which nobody enters is well."""


class MarketData:
    """``hand`` takes market data and the trades held for it to the engine; ``now`` is the clock in nanoseconds.

    ``broken`` hears of an error that is nobody's answer (``hand`` may fail for good), and ends the run.
    """

    def __init__(
        self,
        markets: Markets,
        books: Books,
        known: Known,
        hand: Callable[[Heard], None],
        now: Callable[[], int],
        broken: Callable[[BaseException], None],
        patience: Patience | None = None,
    ) -> None:
        self.held = 0
        """Trades that had to wait, in all."""
        self.handed_without = 0
        """Trades handed on although something was still missing."""
        self.stale_books = 0
        """Books over REST that were not taken, because trades they should show are missing in them."""
        self._markets = markets
        self._books = books
        self._known = known
        self._hand = hand
        self._now = now
        self._patience = patience or Patience()
        self._broken = broken
        self._waiting: dict[str, list[Heard]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._recent: dict[str, str] = {}
        self._read_at: dict[str, int] = {}
        self._resolved: dict[str, None] = {}

    # ------------------------------------------------------------------ trades

    def admit(self, heard: Heard, trade: WhaleTrade) -> bool:
        """Whether the trade may be decided now; otherwise it is kept and handed on later."""
        self._recent.pop(trade.token, None)
        self._recent[trade.token] = trade.market
        if len(self._recent) > TOKENS_MOST:
            del self._recent[next(iter(self._recent))]
        waiting = self._waiting.get(trade.market)
        if waiting is None and self._is_known(trade):
            return True
        self.held += 1
        if waiting is not None:
            waiting.append(heard)
            return False
        self._waiting[trade.market] = [heard]
        task = asyncio.get_running_loop().create_task(self._prepare(trade.market))
        task.add_done_callback(self._done)
        self._tasks[trade.market] = task
        return False

    def _done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._broken(error)

    def _is_known(self, trade: WhaleTrade) -> bool:
        if trade.market in self._resolved:
            return True
        if trade.side is Side.BUY and not self._known.ready():
            return False  # sources that come back tell trades before the others have told that they are back
        return self._known.market(trade.market) is not None and self._known.has_book(trade.token)

    async def _prepare(self, market: str) -> None:
        """Fetch until nothing is missing or the patience is over; then hand on what waited, in its order."""
        until = self._now() + int(self._patience.hold_s * SECOND)
        try:
            while self._missing(market) and self._now() < until:
                if not await self._fetched(market):
                    await asyncio.sleep(self._patience.retry_s)
        finally:
            del self._tasks[market]
            self._release(market)

    def _release(self, market: str) -> None:
        missing = self._missing(market)
        for heard in self._waiting.pop(market):
            self.handed_without += 1 if missing else 0
            self._hand(heard)

    def _missing(self, market: str) -> bool:
        return any(not self._is_known(trade) for trade in self._trades(market))

    def _trades(self, market: str) -> list[WhaleTrade]:
        return [heard.payload for heard in self._waiting[market] if isinstance(heard.payload, WhaleTrade)]

    async def _fetched(self, market: str) -> bool:
        """One try; whether the sources answered (what they do not have, another try would not bring at once)."""
        try:
            if self._known.market(market) is None:
                await self._read([market])
            tokens = list(dict.fromkeys(trade.token for trade in self._trades(market)))
            page = await self._books.books([token for token in tokens if not self._known.has_book(token)])
        except (Temporary, BadInput):
            return False
        taken = False
        for book in page.rows:
            if self._is_stale(book, market):
                self.stale_books += 1
            elif self._known.takes(book):
                taken = True
            else:
                self._say(CLOB, BookSnapshot(book.condition_id, book.token_id, book.bids, book.asks))
        if taken:
            await asyncio.sleep(SOON_S)
        return not self._missing(market)

    def _is_stale(self, book: RestBook, market: str) -> bool:
        """Whether a book is dated long before a trade that waits for it. (A quiet book is as old as its last trade.)"""
        if book.venue_at_ns is None:
            return False
        traded = [heard.venue_at for heard in self._waiting[market] if _token_of(heard) == book.token_id]
        return book.venue_at_ns < max(traded, default=0) - int(self._patience.stale_s * SECOND)

    # ------------------------------------------------------------------ markets

    async def run(self, ours: Callable[[], Iterable[str]], every_s: float = 1.0) -> None:
        """Read the markets again that are ours (held, or with an order) until cancelled."""
        while True:
            due = [market for market in dict.fromkeys(ours()) if self._is_due(market)]
            if due:
                with contextlib.suppress(Temporary, BadInput):  # they stay due
                    await self._read(due)
            await asyncio.sleep(every_s)

    def _is_due(self, market: str) -> bool:
        if market in self._resolved:
            return False
        known, now = self._known.market(market), self._now()
        ended = known is not None and known.end_at is not None and known.end_at <= now
        every = self._patience.ended_s if ended else self._patience.refresh_s
        return now - self._read_at.get(market, 0) >= int(every * SECOND)

    async def _read(self, markets: Sequence[str]) -> None:
        page = await self._markets.markets(condition_ids=markets, closed=None, fresh=True)
        now = self._now()
        for market in markets:
            self._read_at[market] = now
        for found in page.rows:
            self.learn(found)

    def learn(self, found: GammaMarket) -> None:
        """Hand on a market's data, and its payouts once it has them."""
        market = market_of(found)
        listed = self._known.market(market.market) is None
        self._say(GAMMA, MarketListed(market) if listed else MarketChanged(market))
        paid = payouts_of(found)
        if paid is not None:
            self._say(GAMMA, MarketResolved(market.market, paid))

    def resolved(self, market: str) -> None:
        """A market has ended for good (whoever said so): nothing more is read of it."""
        self._resolved[market] = None
        if len(self._resolved) > TOKENS_MOST * 10:
            del self._resolved[next(iter(self._resolved))]

    def _say(self, source: str, payload: Payload) -> None:
        now = self._now()
        if isinstance(payload, MarketResolved):
            self.resolved(payload.market)
        self._hand(Heard(source, now, now, payload))

    def tokens_of_interest(self) -> list[str]:
        """Both tokens of each market with a recent whale trade that is not resolved, the newest trades first."""
        found: dict[str, None] = {}
        for token, market in reversed(self._recent.items()):
            if market in self._resolved:
                continue
            known = self._known.market(market)
            for one in (token, *(() if known is None else known.tokens)):
                found[one] = None
        return list(found)

    async def stop(self) -> None:
        """Hand on everything that is held and wait for nothing more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for market in list(self._waiting):  # cancelled before it had begun
            self._release(market)


def _token_of(heard: Heard) -> str:
    return heard.payload.token if isinstance(heard.payload, WhaleTrade) else ""
