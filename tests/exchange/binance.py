"""Binance spot streams, raw and combined, with the documented pings, limits and shutdown notice (polymarket.md 7)."""

import asyncio
import json
from functools import partial
from urllib.parse import unquote

import msgspec

from tests.exchange.catalogue import Wire
from tests.exchange.sockets import Channel, Peer
from tests.exchange.spot import BINANCE_BASIS, Candle, Coin
from tests.exchange.troubles import Troubles

PING_EVERY_S = 20.0
PONG_WITHIN_S = 60.0
MESSAGES_PER_S = 5
POLICY_VIOLATION = 1008
GOING_AWAY = 1001
DEPTH = 20


class Binance(Channel):
    """``/stream?streams=a/b`` wraps each message in its stream's name, ``/ws/<stream>`` does not."""

    def __init__(self, troubles: Troubles, name: str = "binance") -> None:
        super().__init__(troubles)
        self.name = name
        self.ping_every_s = PING_EVERY_S

    def opened(self, peer: Peer) -> None:
        path, query = peer.request.path, dict(peer.request.query)
        peer.about["combined"] = path.endswith("/stream")
        named = query.get("streams", "") if peer.about["combined"] else unquote(path.partition("/ws/")[2])
        peer.subscriptions.update(dict.fromkeys((one for one in named.split("/") if one), True))
        self.after(peer, self.ping_every_s, lambda: self._ping(peer))

    def message(self, peer: Peer, text: bytes) -> None:
        now = asyncio.get_running_loop().time()
        if len([at for at in peer.heard if now - at < 1.0]) > MESSAGES_PER_S:
            peer.close(POLICY_VIOLATION, "Too many requests")
            return
        try:
            asked = json.loads(text)
            method, number = asked["method"], asked.get("id")
            params = [str(one) for one in asked.get("params", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            self.answer(peer, b'{"error":{"code":3,"msg":"Invalid JSON: expected value"}}')
            return
        result: object = None
        if method == "SUBSCRIBE":
            peer.subscriptions.update(dict.fromkeys(params, True))
        elif method == "UNSUBSCRIBE":
            for one in params:
                peer.subscriptions.pop(one, None)
        elif method == "LIST_SUBSCRIPTIONS":
            result = list(peer.subscriptions)
        else:
            self.answer(
                peer, msgspec.json.encode({"error": {"code": 2, "msg": f"Invalid request: {method}"}, "id": number})
            )
            return
        self.answer(peer, msgspec.json.encode({"result": result, "id": number}))

    # ------------------------------------------------------------------ what happens

    def wants(self, stream: str) -> bool:
        """Whether anyone subscribed to a stream."""
        return any(stream in peer.subscriptions for peer in self.peers.values())

    def traded(self, coin: Coin, size: float, side: str, at_ms: int) -> None:
        """An aggregate trade, and the best prices around it."""
        symbol = f"{coin.symbol}USDT"
        price = coin.text(coin.price * (1.0 + BINANCE_BASIS))
        trade = {
            "e": "aggTrade",
            "E": at_ms,
            "s": symbol,
            "a": coin.trade_id,
            "p": price,
            "q": f"{size:.5f}",
            "f": coin.trade_id,
            "l": coin.trade_id,
            "T": at_ms,
            "m": side == "SELL",
            "M": True,
        }
        self._publish(f"{symbol.lower()}@aggTrade", trade, trade=True)
        self.quoted(coin)

    def quoted(self, coin: Coin) -> None:
        """The best prices; this message carries no time."""
        symbol = f"{coin.symbol}USDT"
        bid, ask = coin.quote(1.0 + BINANCE_BASIS)
        best = {
            "u": coin.update_id,
            "s": symbol,
            "b": coin.text(bid),
            "B": "1.50000000",
            "a": coin.text(ask),
            "A": "0.75000000",
        }
        self._publish(f"{symbol.lower()}@bookTicker", best)

    def depth(self, coin: Coin) -> None:
        """Twenty levels a side; no symbol and no time in it."""
        stream = f"{coin.symbol.lower()}usdt@depth{DEPTH}@100ms"
        if not self.wants(stream):
            return
        bid, ask = coin.quote(1.0 + BINANCE_BASIS)
        step = 10.0**-coin.decimals
        book = {
            "lastUpdateId": coin.update_id,
            "bids": [[coin.text(bid - n * step), f"{1.5 + n:.8f}"] for n in range(DEPTH)],
            "asks": [[coin.text(ask + n * step), f"{0.75 + n:.8f}"] for n in range(DEPTH)],
        }
        self._publish(stream, book)

    def candle(self, coin: Coin, candle: Candle, at_ms: int, *, closed: bool) -> None:
        """A candle of one second, still open or final."""
        symbol, basis = f"{coin.symbol}USDT", 1.0 + BINANCE_BASIS
        shown = {
            "t": candle.opened_ms,
            "T": candle.opened_ms + 999,
            "s": symbol,
            "i": "1s",
            "f": coin.trade_id - candle.trades + 1 if candle.trades else -1,
            "L": coin.trade_id if candle.trades else -1,
            "o": coin.text(candle.open * basis),
            "c": coin.text(candle.close * basis),
            "h": coin.text(candle.high * basis),
            "l": coin.text(candle.low * basis),
            "v": f"{candle.volume:.5f}",
            "n": candle.trades,
            "x": closed,
            "q": f"{candle.volume * candle.close * basis:.8f}",
            "V": f"{candle.bought:.5f}",
            "Q": f"{candle.bought * candle.close * basis:.8f}",
            "B": "0",
        }
        self._publish(f"{symbol.lower()}@kline_1s", {"e": "kline", "E": at_ms, "s": symbol, "k": shown})

    def shut_down(self, at_ms: int, after_s: float = 1.0) -> None:
        """Announce the end of every connection, as before 24 hours are over, and end them."""
        for peer in list(self.peers.values()):
            self.emit([peer], msgspec.json.encode({"e": "serverShutdown", "E": at_ms}))
            self.after(peer, after_s, partial(peer.close, GOING_AWAY, "server shutdown"))

    # ------------------------------------------------------------------ the way out

    def _publish(self, stream: str, data: Wire, *, trade: bool = False) -> None:
        for combined in (True, False):
            peers = [
                peer
                for peer in self.peers.values()
                if stream in peer.subscriptions and peer.about["combined"] is combined
            ]
            if peers:
                self.emit(
                    peers, msgspec.json.encode({"stream": stream, "data": data} if combined else data), trade=trade
                )

    def _ping(self, peer: Peer) -> None:
        now = asyncio.get_running_loop().time()
        since = peer.about.setdefault("pinged", now)
        heard = peer.heard[-1] if peer.heard else 0.0
        if now - max(since, heard) > PONG_WITHIN_S + self.ping_every_s:
            peer.close(POLICY_VIOLATION, "Pong timeout")
            return
        peer.ping(str(round(now * 1000)).encode())
        self.after(peer, self.ping_every_s, lambda: self._ping(peer))
