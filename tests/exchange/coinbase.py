"""Coinbase Exchange: matches, ticker and heartbeat of dollar products (polymarket.md 7)."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.exchange.catalogue import Wire
from tests.exchange.sockets import Channel, Peer
from tests.exchange.spot import Coin
from tests.exchange.troubles import Troubles

SUBSCRIBE_WITHIN_S = 5.0
CHANNELS = ("matches", "ticker", "heartbeat")


class Coinbase(Channel):
    """Subscriptions are ``channel/product``; a client that subscribes to nothing within 5 s is shown the door."""

    name = "coinbase"

    def __init__(self, troubles: Troubles, coins: dict[str, Coin]) -> None:
        super().__init__(troubles)
        self._coins = coins
        self._last: dict[str, Wire] = {}

    def opened(self, peer: Peer) -> None:
        self.after(peer, SUBSCRIBE_WITHIN_S, lambda: self._hurry(peer))

    @staticmethod
    def _hurry(peer: Peer) -> None:
        if not peer.subscriptions:
            peer.close(1008, "no subscription within 5 seconds")

    def message(self, peer: Peer, text: bytes) -> None:
        try:
            asked = json.loads(text)
            wanted = _wanted(asked)
        except (ValueError, KeyError, TypeError, AttributeError):
            self.answer(peer, b'{"type":"error","message":"Failed to parse","reason":"malformed JSON"}')
            return
        unknown = [pair for pair in wanted if pair[0] not in CHANNELS or pair[1].partition("-")[0] not in self._coins]
        if unknown or asked.get("type") not in ("subscribe", "unsubscribe"):
            named = "/".join(unknown[0]) if unknown else str(asked.get("type"))
            error = {
                "type": "error",
                "message": "Failed to subscribe",
                "reason": f"{named} is not a valid subscription",
            }
            self.answer(peer, msgspec.json.encode(error))
            return
        for channel, product in wanted:
            if asked["type"] == "subscribe":
                peer.subscriptions[f"{channel}/{product}"] = True
            else:
                peer.subscriptions.pop(f"{channel}/{product}", None)
        listed: dict[str, list[str]] = {}
        for key in peer.subscriptions:
            channel, _, product = key.partition("/")
            listed.setdefault(channel, []).append(product)
        channels = [{"name": name, "product_ids": products, "account_ids": None} for name, products in listed.items()]
        self.answer(peer, msgspec.json.encode({"type": "subscriptions", "channels": channels}))
        for channel, product in wanted:
            if channel == "matches" and product in self._last and asked["type"] == "subscribe":
                self.emit([peer], msgspec.json.encode({**self._last[product], "type": "last_match"}))

    # ------------------------------------------------------------------ what happens

    def traded(self, coin: Coin, size: float, side: str, at_ms: int) -> None:
        """A match; its ``side`` is the maker's, the ticker's is the taker's."""
        product = f"{coin.symbol}-USD"
        taker, maker = ("buy", "sell") if side == "BUY" else ("sell", "buy")
        price, amount, at = coin.text(coin.price), f"{size:.8f}", _iso(at_ms)
        match = {
            "type": "match",
            "trade_id": coin.trade_id,
            "maker_order_id": f"00000000-0000-4000-8000-{coin.trade_id:012d}",
            "taker_order_id": f"00000000-0000-4000-9000-{coin.trade_id:012d}",
            "side": maker,
            "size": amount,
            "price": price,
            "product_id": product,
            "sequence": coin.sequence,
            "time": at,
        }
        self._last[product] = match
        self._publish(f"matches/{product}", match, trade=True)
        bid, ask = coin.quote()
        ticker = {
            "type": "ticker",
            "sequence": coin.sequence,
            "product_id": product,
            "price": price,
            "open_24h": price,
            "volume_24h": "9000.00000000",
            "low_24h": price,
            "high_24h": price,
            "volume_30d": "270000.00000000",
            "best_bid": coin.text(bid),
            "best_bid_size": "0.50000000",
            "best_ask": coin.text(ask),
            "best_ask_size": "0.25000000",
            "side": taker,
            "time": at,
            "trade_id": coin.trade_id,
            "last_size": amount,
        }
        self._publish(f"ticker/{product}", ticker)

    def heartbeat(self, coin: Coin, at_ms: int) -> None:
        """The sign of life of each second."""
        beat = {
            "type": "heartbeat",
            "last_trade_id": coin.trade_id,
            "product_id": f"{coin.symbol}-USD",
            "sequence": coin.sequence,
            "time": _iso(at_ms),
        }
        self._publish(f"heartbeat/{coin.symbol}-USD", beat)

    def _publish(self, key: str, data: Wire, *, trade: bool = False) -> None:
        peers = [peer for peer in self.peers.values() if key in peer.subscriptions]
        if peers:
            self.emit(peers, msgspec.json.encode(data), trade=trade)


def _wanted(asked: dict[str, Any]) -> list[tuple[str, str]]:
    """(channel, product) pairs; a channel may be a name or an object with products of its own."""
    pairs = []
    for channel in asked["channels"]:
        name = channel if isinstance(channel, str) else channel["name"]
        products = asked.get("product_ids", []) if isinstance(channel, str) else channel.get("product_ids", [])
        pairs += [(str(name), str(product)) for product in products]
    return pairs


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
