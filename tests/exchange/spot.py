"""Spot prices of the outside exchanges: one price per coin, its last trades, its candle of the second."""

import math
import random
from dataclasses import dataclass, field

START_PRICES = {"BTC": 84_000.0, "ETH": 2_900.0, "SOL": 135.0, "XRP": 2.1, "DOGE": 0.16}
SECOND_VOLATILITY = 9e-5
"""Of the logarithm per second: about 50% a year."""
BINANCE_BASIS = -5e-4
"""Binance quotes USDT; Coinbase, in dollars, is the reference (polymarket.md 6)."""


@dataclass(slots=True)
class Candle:
    """One second of trades; prices and volumes as numbers."""

    opened_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    bought: float = 0.0
    trades: int = 0

    def add(self, price: float, size: float, *, bought: bool) -> None:
        """Take a trade in."""
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.volume += size
        self.bought += size if bought else 0.0
        self.trades += 1


@dataclass(slots=True)
class Coin:
    """The state of one coin in dollars."""

    symbol: str
    price: float
    trade_id: int = 1_000_000
    update_id: int = 400_900_000
    sequence: int = 50_000_000
    candle: Candle | None = None

    @property
    def decimals(self) -> int:
        """How finely the coin is quoted: five significant digits and two more."""
        return max(2, 6 - math.floor(math.log10(self.price)))

    def quote(self, factor: float = 1.0) -> tuple[float, float]:
        """Best bid and ask around the price, as numbers of ``decimals`` places."""
        half = self.price * factor * 1e-5
        step = 10.0**-self.decimals
        bid = round(self.price * factor - half, self.decimals)
        return bid, max(round(self.price * factor + half, self.decimals), round(bid + step, self.decimals))

    def text(self, value: float) -> str:
        """A price with the coin's decimals."""
        return f"{value:.{self.decimals}f}"


@dataclass(slots=True)
class Walk:
    """A seeded random walk of every coin."""

    chance: random.Random
    coins: dict[str, Coin] = field(default_factory=dict)

    def step(self, coin: Coin, seconds: float) -> tuple[float, float, str]:
        """The next price of a coin after this long, with a size and the aggressor's side."""
        moved = math.exp(self.chance.gauss(0.0, SECOND_VOLATILITY * math.sqrt(seconds)))
        notional = self.chance.lognormvariate(6.0, 1.5)
        price = coin.price * moved
        return price, round(notional / price, 5) or 1e-5, "BUY" if moved >= 1.0 else "SELL"


def coins(symbols: tuple[str, ...] = tuple(START_PRICES)) -> dict[str, Coin]:
    """Coins at their starting prices."""
    return {symbol: Coin(symbol, START_PRICES.get(symbol, 1.0)) for symbol in symbols}
