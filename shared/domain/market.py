"""Markets: one question with its tokens, its fee and the rules that decide when it may be entered."""

import re
from enum import Enum

from msgspec import Struct

from shared.domain.instants import SECOND
from shared.domain.money import Fraction, Price, Shares, Usd

CRYPTO_TAKER_FEE = Fraction(70_000)
"""0.07: the taker fee rate of crypto markets today (polymarket.md 1.8)."""
OTHER_TAKER_FEE = Fraction(50_000)
"""0.05: the highest rate of any other category, assumed where a recording does not say (against us)."""
DEFAULT_TICK = Price(10_000)
DEFAULT_MIN_SIZE = Shares(5_000_000)

_UPDOWN = re.compile(r"^([a-z]+)-updown-(5m|15m|4h)-(\d{9,11})$")
_UPDOWN_LONG = re.compile(r"^[a-z]+-up-or-down-")
_COIN = re.compile(r"^([a-z]+)-up")
_COINS = {"bitcoin": "BTC", "ethereum": "ETH", "solana": "SOL", "dogecoin": "DOGE"}
"""What hourly and daily slugs call some coins."""
_WINDOW_S = {"5m": 300, "15m": 900, "4h": 14_400}


class MarketKind(Enum):
    """Which rule book a market follows."""

    CRYPTO_UPDOWN = "crypto_updown"
    EVENT = "event"


class Market(Struct, frozen=True, gc=False):
    """One question. Times in nanoseconds UTC; ``None`` means the source did not say.

    ``disputed``: its resolution is contested. ``topic``: what the venue groups it under (its event).
    """

    market: str
    kind: MarketKind
    slug: str = ""
    question: str = ""
    category: str = ""
    tokens: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    tick: Price = DEFAULT_TICK
    min_size: Shares = DEFAULT_MIN_SIZE
    fee_rate: Fraction = OTHER_TAKER_FEE
    start_at: int | None = None
    end_at: int | None = None
    volume_24h: Usd | None = None
    best_bid: Price | None = None
    best_ask: Price | None = None
    liquidity: Usd | None = None
    accepting: bool = True
    disputed: bool = False
    topic: str = ""

    @property
    def coin(self) -> str:
        """The symbol of the coin whose price decides an up/down market (``BTC``); empty for any other."""
        return coin_of(self.slug) if self.kind is MarketKind.CRYPTO_UPDOWN else ""

    @property
    def subject(self) -> str:
        """What positions in it have in common with others: its topic if told, else its coin, category, or itself."""
        if self.topic:
            return self.topic
        coin = _COIN.match(self.slug) if self.kind is MarketKind.CRYPTO_UPDOWN else None
        return coin.group(1) if coin is not None else self.category or self.market


def coin_of(slug: str) -> str:
    """The symbol of the coin that an up/down slug names (``BTC``); empty for any other slug."""
    named = _COIN.match(slug) if is_crypto_updown(slug) else None
    return "" if named is None else _COINS.get(named.group(1), named.group(1).upper())


def is_crypto_updown(slug: str) -> bool:
    """Whether a slug belongs to the crypto up/down families of any duration (polymarket.md 6)."""
    return _UPDOWN.match(slug) is not None or _UPDOWN_LONG.match(slug) is not None


def market_from_slug(market: str, slug: str) -> Market:
    """What a slug alone tells of a market; used for recordings that carry no market data.

    Up/down slugs carry their window start, hence start, end, kind and fee. Everything else is an event market
    with an unknown end and the highest other fee.
    """
    match = _UPDOWN.match(slug)
    if match is not None:
        start = int(match.group(3)) * SECOND  # not money: seconds to nanoseconds
        end = start + _WINDOW_S[match.group(2)] * SECOND  # not money: seconds to nanoseconds
        return Market(market, MarketKind.CRYPTO_UPDOWN, slug, fee_rate=CRYPTO_TAKER_FEE, start_at=start, end_at=end)
    if is_crypto_updown(slug):
        return Market(market, MarketKind.CRYPTO_UPDOWN, slug, fee_rate=CRYPTO_TAKER_FEE)
    return Market(market, MarketKind.EVENT, slug)
