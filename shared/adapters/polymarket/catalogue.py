"""Which crypto up/down markets are open now, found by asking again and again: a window lives for minutes.

Every market found is told once as ``MarketListed`` and again when it is resolved; the tokens of the windows that trade
now or begin soon are handed to whoever follows their books.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct

from shared.adapters.polymarket.gamma import Filters, Gamma
from shared.adapters.polymarket.gamma_market import GammaMarket
from shared.adapters.polymarket.normal import market_of, payouts_of
from shared.adapters.sockets import Hear, Sparing, Voice
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import MINUTE, SECOND, iso
from shared.domain.market import is_crypto_updown
from shared.domain.messages import MarketListed, MarketResolved, NoticeKind
from shared.ports import Heard

NAME = "gamma"
COINS = {
    "BTC": ("btc", "bitcoin"),
    "ETH": ("eth", "ethereum"),
    "SOL": ("sol", "solana"),
    "XRP": ("xrp",),
    "DOGE": ("doge", "dogecoin"),
    "BNB": ("bnb",),
    "HYPE": ("hype",),
    "ZEC": ("zec",),
}
"""The words a coin's slugs begin with (polymarket.md 6)."""


class CatalogueSettings(Struct, frozen=True):
    """``every_s``: between two readings. ``ahead_ns``: windows that begin within this are followed already.

    ``behind_ns``: a window is asked for this long after its end, until it is resolved.
    """

    every_s: float = 20.0
    ahead_ns: int = 5 * MINUTE
    behind_ns: int = 30 * MINUTE


class Catalogue:
    """Feed ``gamma``. ``want`` gets the tokens to follow whenever they change; ``clock`` tells nanoseconds UTC."""

    name = NAME

    def __init__(
        self,
        gamma: Gamma,
        clock: Callable[[], int],
        symbols: Iterable[str],
        want: Callable[[Sequence[str]], None],
        *,
        settings: CatalogueSettings | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gamma = gamma
        self._clock = clock
        self._words = tuple(word for symbol in symbols for word in COINS.get(symbol, (symbol.lower(),)))
        self._want = want
        self._settings = settings or CatalogueSettings()
        self._sleep = sleep
        self._known: dict[str, GammaMarket] = {}
        self._wanted: list[str] = []

    async def run(self, hear: Hear) -> None:
        """Read until cancelled."""
        voice = Voice(NAME, hear, self._clock)
        failures = Sparing(voice, NoticeKind.LOST, self._clock)
        while True:
            try:
                await self._read(hear)
            except (Temporary, BadInput) as error:
                failures.say(str(error))
            self._follow()
            await self._sleep(self._settings.every_s)

    async def _read(self, hear: Hear) -> None:
        now, settings = self._clock(), self._settings
        filters: Filters = {
            "tag_slug": "up-or-down",
            "closed": False,
            "end_date_min": _seconds(now),
            "end_date_max": _seconds(now + 25 * 60 * MINUTE),
        }
        async for page in self._gamma.markets_keyset(filters, fresh=True):
            for market in page.rows:
                self._learn(market, hear)
        ended = [
            one.condition_id
            for one in self._known.values()
            if one.end_ns is not None and one.end_ns <= now <= one.end_ns + settings.behind_ns
        ]
        if ended:
            for market in (await self._gamma.markets(condition_ids=ended, closed=None, fresh=True)).rows:
                self._resolve(market, hear)
        self._forget(now)

    def _learn(self, market: GammaMarket, hear: Hear) -> None:
        coin = market.slug.partition("-")[0]
        if market.condition_id in self._known or coin not in self._words or not is_crypto_updown(market.slug):
            return
        self._known[market.condition_id] = market
        now = self._clock()
        hear(Heard(NAME, now, now, MarketListed(market_of(market))))

    def _resolve(self, market: GammaMarket, hear: Hear) -> None:
        paid = payouts_of(market)
        if paid is not None and self._known.pop(market.condition_id, None) is not None:
            now = self._clock()
            hear(Heard(NAME, now, market.closed_ns or now, MarketResolved(market.condition_id, paid)))

    def _forget(self, now: int) -> None:
        """Windows that never resolved within the time allowed are asked for no longer."""
        for name, market in list(self._known.items()):
            if market.end_ns is not None and now > market.end_ns + self._settings.behind_ns:
                del self._known[name]

    def _follow(self) -> None:
        now, ahead = self._clock(), self._settings.ahead_ns
        tokens = [
            token
            for market in sorted(self._known.values(), key=lambda one: (one.end_ns or 0, one.slug))
            if (market.start_ns or 0) <= now + ahead and now <= (market.end_ns or now)
            for token in market.token_ids
        ]
        if tokens != self._wanted:
            self._wanted = tokens
            self._want(tokens)


def _seconds(at: int) -> str:
    return f"{iso(at // SECOND * SECOND)[:19]}Z"
