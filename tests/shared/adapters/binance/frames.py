"""Frames of polymarket.md 7, elided parts completed by hand, and an independent slow reader to compare with."""

import json
from typing import Any

from tests.shared.adapters.slow import content_of
from tests.shared.adapters.slow import micro_down as micro

AGG_TRADE = (
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1672515782136,"s":"BTCUSDT","a":12345,"p":"0.001",'
    b'"q":"100","f":100,"l":105,"T":1672515782136,"m":true,"M":true}}'
)
BOOK_TICKER = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":400900217,"s":"BTCUSDT","b":"25.35190000","B":"31.21000000",'
    b'"a":"25.36520000","A":"40.66000000"}}'
)
DEPTH = (
    b'{"stream":"btcusdt@depth20@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"],["0.0023","5.5"]],'
    b'"asks":[["0.0026","100"],["0.0027","7"]]}}'
)
KLINE = (
    b'{"stream":"btcusdt@kline_1s","data":{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{"t":1672515780000,'
    b'"T":1672515780999,"s":"BTCUSDT","i":"1s","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015",'
    b'"v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}}'
)
"""As documented, except that there o lies below l, which no real candle does: ``KLINE_SOUND`` has o = 0.0016."""
KLINE_SOUND = KLINE.replace(b'"o":"0.0010"', b'"o":"0.0016"')
SOUND = (AGG_TRADE, BOOK_TICKER, DEPTH, KLINE_SOUND)
ACKNOWLEDGED = b'{"result":null,"id":1}'
SHUTDOWN = b'{"stream":"btcusdt@aggTrade","data":{"e":"serverShutdown","E":1770123456789}}'
BARE_SHUTDOWN = b'{"e":"serverShutdown","E":1770123456789}'
NESTED_SHUTDOWN = b'{"event":{"e":"serverShutdown","E":1770123456789}}'


def agg_trade(number: int, price: str = "84000.5", at_ms: int = 1_790_000_000_000, symbol: str = "BTC") -> bytes:
    data = {
        "e": "aggTrade",
        "E": at_ms,
        "s": f"{symbol}USDT",
        "a": number,
        "p": price,
        "q": "0.5",
        "T": at_ms,
        "m": False,
    }
    return json.dumps({"stream": f"{symbol.lower()}usdt@aggTrade", "data": data}).encode()


def slowly(frame: bytes) -> dict[str, Any]:
    """What an accepted frame says, read another way; "at" where it tells a time."""
    outer = content_of(frame)
    data, (pair, _, kind) = outer["data"], outer["stream"].partition("@")
    symbol = pair.removesuffix("usdt").upper()
    if kind == "aggTrade":
        return {
            "symbol": symbol,
            "price": micro(data["p"]),
            "size": micro(data["q"]),
            "trade_id": data["a"],
            "side": "SELL" if data["m"] else "BUY",
            "at": data["T"] * 10**6,
        }
    if kind == "kline_1s":
        k = data["k"]
        return {
            "symbol": symbol,
            "at": data["E"] * 10**6,
            "opened_at": k["t"] * 10**6,
            **{long: micro(k[short]) for long, short in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"))},
            "volume": micro(k["v"]),
            "buy_volume": micro(k["V"]),
            "trades": k["n"],
            "closed": k["x"],
        }
    sides = {"bids": [[data["b"], data["B"]]], "asks": [[data["a"], data["A"]]]} if kind == "bookTicker" else data
    return {"symbol": symbol, **{side: _levels(sides[side]) for side in ("bids", "asks")}}


def _levels(pairs: list[list[str]]) -> tuple[tuple[int, int], ...]:
    """Levels that have a size."""
    return tuple((micro(price), micro(size)) for price, size in pairs if micro(size))
