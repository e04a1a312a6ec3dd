"""Messages of Coinbase's public documentation, and an independent slow reader to compare with."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.shared.adapters.slow import content_of
from tests.shared.adapters.slow import micro_down as micro

MATCH = (
    b'{"type":"match","trade_id":10,"sequence":50,"maker_order_id":"ac928c66-ca53-498f-9c13-a110027a60e8",'
    b'"taker_order_id":"132fb6ae-456b-4654-b4e0-d681ac05cea1","time":"2014-11-07T08:19:27.028459Z",'
    b'"product_id":"BTC-USD","size":"5.23512","price":"400.23","side":"sell"}'
)
TICKER = (
    b'{"type":"ticker","sequence":37475248783,"product_id":"ETH-USD","price":"1285.22","open_24h":"1310.79",'
    b'"volume_24h":"245532.79269678","low_24h":"1280.52","high_24h":"1313.8","volume_30d":"9788783.60117027",'
    b'"best_bid":"1285.04","best_bid_size":"0.46688654","best_ask":"1285.27","best_ask_size":"1.56637040",'
    b'"side":"buy","time":"2022-10-19T23:28:22.061769Z","trade_id":370843401,"last_size":"11.4396987"}'
)
HEARTBEAT = (
    b'{"type":"heartbeat","sequence":90,"last_trade_id":10,"product_id":"BTC-USD","time":"2014-11-07T08:19:28.464459Z"}'
)
SUBSCRIPTIONS = b'{"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"],"account_ids":null}]}'
ERROR = b'{"type":"error","message":"Failed to subscribe","reason":"ABC-USD is not a valid product"}'
NANOSECONDS = 1000
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


def match(number: int, at_ns: int, price: str = "84000.5", size: str = "0.01", kind: str = "match") -> bytes:
    row = {"type": kind, "trade_id": number, "product_id": "BTC-USD", "size": size, "price": price, "side": "sell"}
    return json.dumps({**row, "time": stamp(at_ns)}).encode()


def heartbeat(last: int, at_ns: int) -> bytes:
    row = {"type": "heartbeat", "last_trade_id": last, "product_id": "BTC-USD", "time": stamp(at_ns)}
    return json.dumps(row).encode()


def stamp(at_ns: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_ns // NANOSECONDS)
    return moment.isoformat().replace("+00:00", "Z")


def slowly(frame: bytes) -> dict[str, Any]:
    """What an accepted message says, read another way."""
    row = content_of(frame)
    said = {"symbol": row["product_id"].removesuffix("-USD"), "at": nanoseconds(row["time"])}
    if row["type"] == "ticker":
        pairs = {side: (micro(row[f"best_{side}"]), micro(row[f"best_{side}_size"])) for side in ("bid", "ask")}
        return said | {f"{side}s": (pair,) if pair[1] else () for side, pair in pairs.items()}
    return said | {
        "price": micro(row["price"]),
        "size": micro(row["size"]),
        "trade_id": row["trade_id"],
        "side": {"sell": "BUY", "buy": "SELL"}[row["side"]],
    }


def nanoseconds(text: str) -> int:
    """A time as the exchange writes it, to the microsecond; ``ValueError`` for anything else."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time")
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    days = date(year, month, day).toordinal() - date(1970, 1, 1).toordinal()
    east = int(f"{found[8]}1") * (int(found[9]) * 60 + int(found[10])) if found[8] else 0
    seconds = ((days * 24 + hour) * 60 + minute - east) * 60 + second
    return (seconds * 1_000_000 + int((found[7] or "")[:6].ljust(6, "0"))) * NANOSECONDS
