"""``World``: one exchange on one port of 127.0.0.1. What happens in it is told by every source, each in its own time.

async with World() as world:
    world.list_market(listing)
    world.trade(wallet, listing.tokens[0], "BUY", 0.5, 1000)
    world.troubles.begin("silent")
"""

import asyncio
import contextlib
import math
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from tests.exchange import faults
from tests.exchange import troubles as fault
from tests.exchange.books import Book, Change, ladder
from tests.exchange.catalogue import (
    ONE,
    Execution,
    Listing,
    Match,
    Wire,
    activity_frame,
    activity_row,
    digest,
    micro,
    text,
)
from tests.exchange.chain import Chain
from tests.exchange.market_channel import MarketChannel
from tests.exchange.rtds import Rtds
from tests.exchange.server import Limits, LocalVenue, Request
from tests.exchange.sockets import Channel
from tests.exchange.spot_desk import SpotDesk
from tests.exchange.troubles import Troubles

CROWD = "0x" + "cd" * 20
"""Who trades against everybody when nobody else is named."""

LATENCY_S = {
    "market": (0.09, 0.22),
    "matched": (1.9, 2.6),
    "rtds": (2.1, 2.9),
    "polygon": (2.2, 3.1),
    "data": (5.4, 7.5),
}
"""Seconds between a match and a source's telling it: p50 and p90 (polymarket.md 5.5)."""
_NORMAL_P90 = 1.2816
MATCHES_KEPT = 20_000
ROWS_KEPT = 200_000
REQUESTS_KEPT = 2_000


class World:
    """The exchange and its sources.

    ``clock``: nanoseconds UTC. ``latency`` multiplies the delays of the sources (0: at once, 1: as measured in the
    field), ``stretch`` those of the faults. ``rtds_loss``: part of matches that RTDS never tells.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], int] = time.time_ns,
        seed: int = 0,
        latency: float = 0.0,
        stretch: float = 1.0,
        rtds_loss: float = 0.0,
        port: int = 0,
        limits: Limits | None = None,
    ) -> None:
        self._clock = clock
        self.seed = seed
        self.latency = latency
        self.rtds_loss = rtds_loss
        self.chance = random.Random(seed)
        self.venue = LocalVenue(clock=lambda: clock() / 1e9, limits=limits, port=port)
        self.troubles = Troubles(seed, stretch)
        self.listings: dict[str, Listing] = {}
        """By condition id."""
        self.listing_of: dict[str, Listing] = {}
        """By token."""
        self.books: dict[str, Book] = {}
        """By token."""
        self.matches: deque[Match] = deque(maxlen=MATCHES_KEPT)
        self.told: dict[str, int] = {}
        """How many matches each source has told, for reports."""
        self.rtds = Rtds(self.troubles)
        self.market = MarketChannel(self.troubles, self.books.get)
        self.spot = SpotDesk(self.troubles, self.rtds, self.now_ms)
        self.polygon = Chain(self.troubles, self.now_ms)
        self._channels: dict[str, Channel] = {
            "/ws/market": self.market,
            "/rtds": self.rtds,
            "/binance-data": self.spot.binance_data,
            "/binance": self.spot.binance,
            "/coinbase": self.spot.coinbase,
            "/polygon": self.polygon,
        }
        self._frozen: dict[str, Wire] = {}
        self._late_told: dict[str, bool] = {}
        self._stamp_ms = 0
        self._count = 0
        self._closed = False
        self.troubles.listeners.append(self._trouble)
        self.venue.on_upgrade = self._upgrade
        self.venue.on_request = self._before_request
        self.venue.spoil = self._spoil
        self.venue.content.book_of = self._rest_book

    async def __aenter__(self) -> Self:
        await self.venue.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self.troubles.close()
        await self.venue.close()

    def settings(self) -> dict[str, str]:
        """The trader's settings that lead it here."""
        sockets = self.venue.base_url.replace("http://", "ws://")
        return {
            "DATA_API_URL": self.venue.data_url,
            "GAMMA_URL": self.venue.gamma_url,
            "CLOB_URL": self.venue.clob_url,
            "CLOB_WS_URL": f"{sockets}/ws/market",
            "RTDS_URL": f"{sockets}/rtds",
            "BINANCE_URL": f"{sockets}/binance",
            "BINANCE_DATA_URL": f"{sockets}/binance-data",
            "COINBASE_URL": f"{sockets}/coinbase",
            "POLYGON_WS_URL": f"{sockets}/polygon",
        }

    def now_ms(self) -> int:
        """The venues' clock in milliseconds."""
        return self._clock() // 1_000_000 + round(self.venue.content.skew_s * 1000)

    # ------------------------------------------------------------------ markets and books

    def list_market(self, listing: Listing, *, announce: bool = True) -> None:
        """A market exists from now on, with empty books unless it is resolved already."""
        self.listings[listing.condition_id] = listing
        for token in listing.tokens:
            self.listing_of[token] = listing
            if listing.winner is None:
                self.books[token] = Book(listing, token, at_ms=self.now_ms())
        if announce:
            self.market.listed(listing, self.now_ms())

    def resolve(self, condition_id: str, winner: str) -> None:
        """A market paid ``winner``: its books are gone, Gamma and the market channel say so."""
        listing = self.listings[condition_id]
        listing.winner, listing.closed_s = winner, self.now_ms() / 1000
        for token in listing.tokens:
            self.books.pop(token, None)
        self.market.resolved(listing, self.now_ms())

    def book(
        self,
        token: str,
        bids: Mapping[float, float],
        asks: Mapping[float, float],
        *,
        mirror: bool = True,
        whole: bool = False,
    ) -> None:
        """The book of a token is this from now on (prices and sizes as numbers), and the other token's its mirror.

        Told as level changes, or with ``whole`` as a ``book``.
        """
        mine = [{micro(price): micro(size) for price, size in side.items()} for side in (bids, asks)]
        self.set_book(token, mine[0], mine[1], whole=whole)
        listing = self.listing_of[token]
        if mirror and len(listing.tokens) == 2:
            other = listing.tokens[1 - listing.tokens.index(token)]
            reflected = [{ONE - price: size for price, size in side.items()} for side in mine]
            self.set_book(other, reflected[1], reflected[0], whole=whole)

    def set_book(self, token: str, bids: Mapping[int, int], asks: Mapping[int, int], *, whole: bool = False) -> None:
        """As ``book`` for one token, in millionths."""
        book = self.books.get(token)
        if book is not None:
            before = book.best()
            self._moved(book, before, book.set_levels(bids, asks, self.now_ms()), whole=whole)

    def set_levels(self, token: str, levels: Sequence[tuple[str, int, int]]) -> None:
        """New totals of some levels: (BUY or SELL, price, size) in millionths, 0 removes."""
        book = self.books.get(token)
        if book is not None:
            before = book.best()
            self._moved(book, before, book.change(levels, self.now_ms()))

    def _moved(
        self, book: Book, before: tuple[int | None, int | None], changes: Sequence[Change], *, whole: bool = False
    ) -> None:
        if whole:
            self.market.whole(book)
        else:
            self.market.changed(book, changes, before)

    def tick_size(self, condition_id: str, tick: float) -> None:
        """Another tick size from now on; the books of both tokens follow the notice."""
        listing = self.listings[condition_id]
        old, listing.tick = listing.tick, micro(tick)
        for token in listing.tokens:
            book = self.books.get(token)
            if book is not None:
                book.at_ms = self.now_ms()
                self.market.tick(book, old, book.at_ms)
                self._after(0.2 * self.troubles.stretch, self.market.whole, book)

    # ------------------------------------------------------------------ trades

    def trade(
        self,
        wallet: str,
        token: str,
        side: str,
        price: float,
        size: float,
        *,
        maker: bool = False,
        other: str = CROWD,
        tx: str | None = None,
    ) -> str:
        """A wallet trades with another one, as the taker or the maker. Returns the transaction."""
        mine = Execution(wallet, token, side, micro(price), micro(size))
        theirs = Execution(other, token, "SELL" if side == "BUY" else "BUY", mine.price, mine.size)
        return self.match((theirs, mine) if maker else (mine, theirs), tx=tx).tx

    def match(self, executions: Sequence[Execution], *, tx: str | None = None, requote: bool = False) -> Match:
        """A settlement, the taker's execution first; ``requote``: the book moves to a plain one around its price."""
        match = Match(tx or self._new_tx(), self.now_ms(), tuple(executions))
        self.matches.append(match)
        if match.taker.token in self.books:
            self.books[match.taker.token].last_price = match.taker.price
        self._later("market", self._print, match, requote)
        self._later("data", self._index, match, "data")
        self._later("polygon", self._settle, match)
        if self.rtds_loss <= 0.0 or self.chance.random() >= self.rtds_loss:
            self._tell_rtds(match)
        return match

    def past(self, match: Match) -> None:
        """A settlement of the past: only the sources that can be asked know it."""
        self.matches.append(match)
        self._index(match, "past")
        self.polygon.settled(match, neg_risk=self.listing_of[match.taker.token].neg_risk, quiet=True)

    def _new_tx(self) -> str:
        self._count += 1
        return "0x" + digest("tx", self.seed, self._count, self._clock())

    def _print(self, match: Match, requote: bool) -> None:
        taker, listing = match.taker, self.listing_of[match.taker.token]
        event = {
            "asset_id": taker.token,
            "event_type": "last_trade_price",
            "fee_rate_bps": "0",
            "market": listing.condition_id,
            "price": text(taker.price),
            "side": taker.side,
            "size": text(taker.size),
            "timestamp": str(match.at_ms),
            "transaction_hash": match.tx,
        }
        self._told("market")
        book = self.books.get(taker.token)
        if book is None or not requote:
            self.market.printed(event)
            return
        step, at = listing.tick, taker.price - taker.price % listing.tick
        bid, ask = (at - step, at) if taker.side == "BUY" else (at, at + step)
        book.set_levels(*ladder(bid, ask, step), self.now_ms())
        self.market.whole(book, after=event)
        other = listing.tokens[1 - listing.tokens.index(taker.token)]
        self.set_book(other, *ladder(ONE - ask, ONE - bid, step))

    def _index(self, match: Match, source: str) -> None:
        self._told(source)
        listing, content = self.listing_of[match.taker.token], self.venue.content
        for which in range(len(match.executions)):
            content.add_rows([activity_row(listing, match, which)], maker=which > 0)
        if len(content.rows) > ROWS_KEPT:
            del content.rows[: ROWS_KEPT // 4]

    def _settle(self, match: Match) -> None:
        self._told("polygon")
        self.polygon.settled(match, neg_risk=self.listing_of[match.taker.token].neg_risk)

    def _tell_rtds(self, match: Match) -> None:
        if self.troubles.on("late", "rtds"):
            self._after(self.troubles.delay(*fault.LATE_S), self._publish, match, "trades")
            self._publish(self._late_one(match), "trades")
            return
        self._later("matched", self._publish, match, "orders_matched")
        self._later("rtds", self._publish, match, "trades")

    def _publish(self, match: Match, kind: str) -> None:
        self._told("rtds" if kind == "trades" else "matched")
        listing = self.listing_of[match.taker.token]
        for which in range(len(match.executions) if kind == "trades" else 1):
            # Every frame has a millisecond of its own: equal rows are separate fills, equal frames are copies.
            self._stamp_ms = max(self._stamp_ms + 1, self.now_ms())
            self.rtds.publish(activity_frame(listing, match, which, kind=kind, at_ms=self._stamp_ms), trade=True)

    def _late_one(self, model: Match) -> Match:
        """A match of 30-60 min ago not told late before; without one, a match like ``model`` is put into that past."""
        young, old = (self.now_ms() - round(seconds * 1000) for seconds in fault.LATE_S)
        for match in self.matches:
            if old <= match.at_ms <= young and match.tx not in self._late_told:
                self._late_told[match.tx] = True
                return match
        made = Match(self._new_tx(), round(self.troubles.chance.uniform(old, young)), model.executions)
        self._late_told[made.tx] = True
        self.past(made)
        return made

    def price(self, symbol: str, value: float, *, size: float = 0.01, side: str = "BUY") -> None:
        """A coin trades at this price in dollars, on both exchanges and in RTDS's price topics."""
        self.spot.trade(symbol, value, size, side)
        self.spot.topics(symbol)

    # ------------------------------------------------------------------ time

    def _later(self, source: str, action: Callable[..., None], *args: Any) -> None:
        """Do something after the source's usual delay; at once without latency."""
        if self.latency <= 0.0:
            action(*args)
            return
        half, most = LATENCY_S[source]
        wait_s = half * math.exp(self.chance.gauss(0.0, 1.0) * math.log(most / half) / _NORMAL_P90) * self.latency
        self._after(wait_s, action, *args)

    def _after(self, seconds: float, action: Callable[..., None], *args: Any) -> None:
        def act() -> None:
            if not self._closed:
                action(*args)

        asyncio.get_running_loop().call_later(seconds, act)

    def _told(self, source: str) -> None:
        self.told[source] = self.told.get(source, 0) + 1

    # ------------------------------------------------------------------ requests and faults

    async def _upgrade(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = request.path if request.service == "unknown" else f"/{request.service}{request.path}"
        for prefix, channel in self._channels.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                with contextlib.suppress(ConnectionError):
                    await channel.serve(request, reader, writer)
                return
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    def _before_request(self, request: Request) -> None:
        if len(self.venue.requests) > REQUESTS_KEPT:
            del self.venue.requests[: REQUESTS_KEPT // 2]
        if request.service == "gamma":
            self.venue.content.markets = [
                listing.gamma([self.books[token].best() for token in listing.tokens if token in self.books])
                for listing in self.listings.values()
            ]

    def _spoil(self, request: Request) -> faults.Fault | None:
        """What the faults of the moment make of a REST answer."""
        return faults.of_troubles(self.troubles, request.service)

    def _rest_book(self, token: str) -> Wire | None:
        if token in self._frozen:
            return self._frozen[token]
        book = self.books.get(token)
        return None if book is None else book.wire()

    def _trouble(self, name: str, began: bool) -> None:
        if name == "clock-skew":
            self.venue.content.skew_s = fault.SKEW_MS / 1000 if began else 0.0
        elif name == "stale-book":
            self._frozen = {token: book.wire() for token, book in self.books.items()} if began else {}
        elif name == "tick-change":
            heard = [token for peer in self.market.peers.values() for token in peer.subscriptions]
            for condition in dict.fromkeys(self.listing_of[t].condition_id for t in heard if t in self.listing_of):
                self.tick_size(condition, 0.001 if began else 0.01)
