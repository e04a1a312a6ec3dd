"""Every live source, made from the settings, and what the trader asks of them: whose trades, which books."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from msgspec import Struct

from shared.adapters.binance.feed import BinanceFeed
from shared.adapters.chain.feed import ChainFeed
from shared.adapters.coinbase.feed import CoinbaseFeed
from shared.adapters.feeds.clock_watch import ClockSettings, ClockWatch
from shared.adapters.feeds.market_data import Patience
from shared.adapters.polymarket.clob_public import ClobPublic, RestBook
from shared.adapters.polymarket.data_api import DataApi
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.http import HttpSettings, PublicHttp
from shared.adapters.polymarket.market_channel import MarketFeed, MarketFeedSettings
from shared.adapters.polymarket.poll_feed import PollFeed
from shared.adapters.polymarket.polling import PollingFeed, PollingSettings
from shared.adapters.polymarket.rtds import RtdsFeed
from shared.adapters.sockets import SocketSettings
from shared.domain.messages import BookSnapshot
from shared.engine.detection import DetectionParams
from shared.ports import Clock, Feed
from shared.settings import Settings

SPOT_FEEDS = ("binance", "coinbase")


class Tempo(Struct, frozen=True):
    """How often and how patiently the sources are asked; the defaults are production's."""

    http: HttpSettings = HttpSettings()
    polling: PollingSettings = PollingSettings()
    market: MarketFeedSettings = MarketFeedSettings()
    sockets: SocketSettings = SocketSettings()
    clock: ClockSettings = ClockSettings()
    patience: Patience = Patience()
    chain_silence_s: float = 12.0
    """A block comes every two seconds."""
    spot_silence_s: float = 10.0
    """The prices of the five coins move many times a second, and data of ten seconds ago stops trades (spec 2)."""


class Clients(Struct, frozen=True):
    """The venue's public interfaces over one HTTP client."""

    data: DataApi
    gamma: Gamma
    clob: ClobPublic

    async def books(self, tokens: Sequence[str]) -> Sequence[RestBook]:
        """Books of these tokens over REST."""
        return (await self.clob.books(tokens)).rows


def public_http(settings: HttpSettings | None = None) -> PublicHttp:
    """A client that is to be entered (``async with``)."""
    return PublicHttp(clock=time.monotonic_ns, sleep=asyncio.sleep, jitter=random.random, settings=settings)


def clients_of(settings: Settings, http: PublicHttp) -> Clients:
    """The public interfaces that the settings name."""
    venue = settings.venue
    return Clients(
        DataApi(http, nonce=time.time_ns, base_url=venue.data_api_url),
        Gamma(http, nonce=time.time_ns, base_url=venue.gamma_url),
        ClobPublic(http, base_url=venue.clob_url),
    )


class Interests(Struct, frozen=True):
    """What the trader wants to know at this moment, asked again and again."""

    ours: Callable[[], Sequence[str]]
    """Markets in which we hold something or wait."""
    market_of: Callable[[str], str | None]
    """A token's market, if known."""
    prints_by_polling: Callable[[], bool]
    """Whether public prints must be asked for, because no stream brings them."""


class Streams:
    """The sources that are switched on. ``polling`` is always there: it is the others' fallback."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        clients: Clients,
        interests: Interests,
        detection: DetectionParams,
        tempo: Tempo | None = None,
    ) -> None:
        tempo = tempo or Tempo()
        feeds, numbers, sockets = settings.feeds, count(1), tempo.sockets
        now = clock.now
        poller = PollFeed(clients.data, clients.gamma, None, (), now)
        self.polling = PollingFeed(
            poller,
            now,
            numbers,
            watched=interests.ours,
            waiting=lambda: interests.ours() if interests.prints_by_polling() else (),
            settings=tempo.polling,
        )
        self.clock_watch = ClockWatch(clients.clob, now, settings=tempo.clock)
        self.rtds: RtdsFeed | None = None
        if feeds.rtds_url:
            self.rtds = RtdsFeed(
                feeds.rtds_url,
                now,
                numbers,
                sockets=feeds.rtds_sockets,
                silence_s=feeds.rtds_silence_s,
                detection=detection,
                fallback=self.polling,
                settings=sockets,
            )
        self.market: MarketFeed | None = None
        if feeds.clob_ws_url:
            self.market = MarketFeed(feeds.clob_ws_url, now, numbers, clients.books, settings=tempo.market)
        self.chain: ChainFeed | None = None
        if feeds.polygon_ws_url:
            self.chain = ChainFeed(
                feeds.polygon_ws_url,
                interests.market_of,
                now,
                numbers,
                sockets=sockets,
                silence_s=tempo.chain_silence_s,
            )
        self.spot: list[Feed] = []
        if feeds.binance_url and feeds.symbols:
            self.spot.append(BinanceFeed(feeds, now, numbers, sockets=sockets, silence_s=tempo.spot_silence_s))
        if feeds.coinbase_url and feeds.symbols:
            self.spot.append(CoinbaseFeed(feeds, now, numbers, sockets=sockets, silence_s=tempo.spot_silence_s))

    def feeds(self) -> list[Feed]:
        """Every source, to be run side by side."""
        optional: list[Feed | None] = [self.rtds, self.market, self.chain]
        return [self.clock_watch, self.polling, *(feed for feed in optional if feed is not None), *self.spot]

    def watch(self, wallets: Iterable[str]) -> None:
        """Hear the trades of these wallets from now on."""
        wanted = list(wallets)
        for feed in (self.polling, self.rtds, self.chain):
            if feed is not None:
                feed.watch(wanted)

    def want(self, tokens: Sequence[str]) -> None:
        """Follow the books of these tokens from now on."""
        if self.market is not None:
            self.market.want(tokens)

    def takes(self, book: RestBook) -> bool:
        """Whether a stream follows the book's token: it compares, dates and tells the book, and nobody else may."""
        return self.market is not None and self.market.takes(book)

    def book_of(self, token: str) -> BookSnapshot | None:
        """A token's book as its stream has it now; None while it is unknown."""
        return None if self.market is None else self.market.book_of(token)

    def learnt(self, markets: Mapping[str, Sequence[str]]) -> None:
        """Markets whose tokens are known now (market -> tokens): fills on the chain name only tokens."""
        if self.chain is not None:
            for market, tokens in markets.items():
                for token in tokens:
                    self.chain.known(token, market)
