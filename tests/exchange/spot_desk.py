"""Where coins trade: one price per coin, told by Binance (twice), Coinbase and the price topics of RTDS."""

import asyncio
import random
from collections.abc import Callable

from tests.exchange.binance import Binance
from tests.exchange.coinbase import Coinbase
from tests.exchange.rtds import Rtds
from tests.exchange.spot import BINANCE_BASIS, Candle, Coin, Walk, coins
from tests.exchange.troubles import Troubles

STEP_S = 0.1
TRADE_PART = 0.4
"""Part of the steps in which a coin trades; in the others only its quote is told."""


class SpotDesk:
    """``now_ms``: the venues' clock."""

    def __init__(self, troubles: Troubles, rtds: Rtds, now_ms: Callable[[], int]) -> None:
        self.coins = coins()
        self.binance = Binance(troubles)
        self.binance_data = Binance(troubles, "binance-data")
        self.coinbase = Coinbase(troubles, self.coins)
        self._rtds = rtds
        self._now_ms = now_ms

    def trade(self, symbol: str, value: float, size: float, side: str) -> None:
        """A trade at this price in dollars, on every exchange."""
        coin, at = self.coins[symbol], self._now_ms()
        coin.price = value
        coin.trade_id, coin.update_id, coin.sequence = coin.trade_id + 1, coin.update_id + 1, coin.sequence + 7
        second = at - at % 1000
        if coin.candle is None or coin.candle.opened_ms != second:
            self.close_candle(coin)
            coin.candle = Candle(second, value, value, value, value)
        coin.candle.add(value, size, bought=side == "BUY")
        for exchange in (self.binance, self.binance_data):
            exchange.traded(coin, size, side, at)
            exchange.candle(coin, coin.candle, at, closed=False)
        self.coinbase.traded(coin, size, side, at)

    def close_candle(self, coin: Coin) -> None:
        """The second is over: its candle is final."""
        if coin.candle is not None:
            for exchange in (self.binance, self.binance_data):
                exchange.candle(coin, coin.candle, self._now_ms(), closed=True)
            coin.candle = None

    def topics(self, symbol: str) -> None:
        """The legacy price topics of RTDS."""
        coin, at = self.coins[symbol], self._now_ms()
        second, value = at - at % 1000, coin.price
        tether = round(value * (1 + BINANCE_BASIS), coin.decimals)
        near = {
            "symbol": f"{symbol.lower()}usdt",
            "timestamp": second,
            "value": tether,
            "full_accuracy_value": f"{tether:.8f}",
        }
        link = {
            "full_accuracy_value": str(round(value * 1e6) * 10**12),
            "symbol": f"{symbol.lower()}/usd",
            "timestamp": second,
            "value": round(value, 6),
        }
        for topic, payload in (("crypto_prices", near), ("crypto_prices_chainlink", link)):
            self._rtds.publish({"topic": topic, "type": "update", "timestamp": at, "payload": payload})

    async def walk(self, chance: random.Random) -> None:
        """Let every coin wander until cancelled: ten steps a second, candles and heartbeats on the second."""
        walk = Walk(chance)
        loop = asyncio.get_running_loop()
        due, second = loop.time(), self._now_ms() // 1000
        while True:
            due += STEP_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            now_s = self._now_ms() // 1000
            for coin in self.coins.values():
                if now_s != second:
                    self._on_the_second(coin)
                self._step(walk, coin, chance.random())
            second = now_s

    def _step(self, walk: Walk, coin: Coin, draw: float) -> None:
        price, size, side = walk.step(coin, STEP_S)
        if draw < TRADE_PART:
            self.trade(coin.symbol, price, size, side)
        else:
            coin.price, coin.update_id = price, coin.update_id + 1
        for exchange in (self.binance, self.binance_data):
            if draw >= TRADE_PART:
                exchange.quoted(coin)
            exchange.depth(coin)

    def _on_the_second(self, coin: Coin) -> None:
        at = self._now_ms()
        if coin.candle is not None and coin.candle.opened_ms != at - at % 1000:
            self.close_candle(coin)
        self.coinbase.heartbeat(coin, at)
        self.topics(coin.symbol)
