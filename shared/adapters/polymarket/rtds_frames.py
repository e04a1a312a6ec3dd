"""Frames of the real-time activity stream: whose trade it is, seen in the bytes, and the row it holds.

Nineteen frames in twenty are by wallets nobody follows, so the wallet is read before anything is decoded. A JSON text
cannot contain an unescaped quote, so no name or biography can look like the field.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from shared.adapters.polymarket.fields import Fields, micro, show
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.messages import WhaleTrade
from shared.domain.money import MICRO_MAX, ONE
from shared.domain.order import Side

TRADES = "trades"
MATCHED = "orders_matched"
TOPIC = "activity"

WALLET_KEY = b'"proxyWallet":"'
WALLET_FROM = len(WALLET_KEY)
WALLET_TO = WALLET_FROM + 42
SINGLE_BYTES = 1000
"""A shorter frame has no place for two trades; a longer one may be a batch, and is searched for a second wallet."""

DECIMALS = 6
ZEROS = "0" * DECIMALS
WHOLE_DIGITS = 9
_WALLET = re.compile(r"0x[0-9a-f]{40}")
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "buy": Side.BUY, "sell": Side.SELL}

SUBSCRIBE = msgspec.json.encode(
    {"action": "subscribe", "subscriptions": [{"topic": TOPIC, "type": TRADES}, {"topic": TOPIC, "type": MATCHED}]}
).decode()


class Row(
    msgspec.Struct,
    rename={"wallet": "proxyWallet", "market": "conditionId", "token": "asset", "tx": "transactionHash"},
):
    """The fields of a trade that are needed, as written; a fraction is its own text."""

    wallet: str = ""
    market: str = ""
    token: str = ""
    side: str = ""
    price: Any = None
    size: Any = None
    timestamp: Any = None
    tx: str = ""


class Message(msgspec.Struct):
    """One message of the stream; what is not stated stays empty, and what it carries is decoded when wanted."""

    topic: str = ""
    type: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")
    status: Any = msgspec.field(default=None, name="statusCode")
    message: Any = None
    body: Any = None


_MESSAGES = msgspec.json.Decoder(Message | list[Message])
_ROWS = msgspec.json.Decoder(Row | list[Row], float_hook=str)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def messages_of(data: bytes) -> list[Message]:
    """The messages of a frame (an empty one, or a pong in words, has none); ``BadInput`` when it is no message."""
    if not data or data.strip().upper() in {b"", b"PONG"}:
        return []
    try:
        found = _MESSAGES.decode(data)
    except _UNREADABLE as error:
        raise BadInput(f"frame is not a message ({error}): {show(data[:80])}"[:300]) from None
    return found if isinstance(found, list) else [found]


def rows_of(message: Message) -> list[Row]:
    """The rows an activity message holds: one, or those of a list; ``BadInput`` when one of them is none."""
    try:
        found = _ROWS.decode(message.payload)
    except _UNREADABLE as error:
        raise BadInput(f"payload is not a trade ({error})") from None
    return found if isinstance(found, list) else [found]


def is_activity(message: Message) -> bool:
    """Whether it tells of executions."""
    return message.topic == TOPIC and message.type in {TRADES, MATCHED}


def complaint_of(message: Message) -> str:
    """What the venue says is wrong, or ""."""
    if message.topic or (message.status is None and message.message is None):
        return ""
    return f"the venue says {show(message.message or message.body)} ({message.status})"


def is_wallet(text: str) -> bool:
    """Whether this is an address in lower case."""
    return _WALLET.fullmatch(text) is not None


def trade_of(row: Row, connection: int) -> WhaleTrade:
    """The row as the engine's message; ``BadInput`` with one sentence when it cannot be used."""
    wallet, token = row.wallet.lower(), row.token
    if not is_wallet(wallet):
        raise BadInput(f"proxyWallet must be 0x and 40 hex digits, not {show(row.wallet)}")
    side = _SIDES.get(row.side)
    if side is None:
        raise BadInput(f"side must be BUY or SELL, not {show(row.side)}")
    price = _micro("price", row.price)
    if not 0 < price < ONE:
        raise BadInput(f"price must lie strictly between 0 and 1, not {show(row.price)}")
    size = _micro("size", row.size)
    if not 0 < size <= MICRO_MAX:
        raise BadInput(f"size must be a positive number of shares, not {show(row.size)}")
    if not (token.isascii() and token.isdigit()):
        raise BadInput(f"asset must be a decimal number, not {show(token)}")
    if not row.market:
        raise BadInput("conditionId is missing")
    if not row.tx:
        raise BadInput("transactionHash is missing")
    return WhaleTrade(wallet, row.market, token, side, price, size, row.tx.lower(), connection)


def happened_at(row: Row) -> int:
    """When it happened (nanoseconds UTC), from seconds or milliseconds, a number or text; ``BadInput`` otherwise."""
    return Fields({"timestamp": row.timestamp}).seconds("timestamp") * SECOND


def _micro(name: str, value: object) -> int:
    """Millionths as ``fields.micro`` reads them; a plain decimal, as nearly all are, without the detour."""
    if isinstance(value, str):
        whole, _, decimals = value.partition(".")
        digits = whole + decimals
        if digits.isascii() and digits.isdigit() and whole and len(whole) <= WHOLE_DIGITS and len(decimals) <= DECIMALS:
            return int(digits + ZEROS[len(decimals) :])
    return micro(name, value)


def watch_list(wallets: Iterable[str]) -> dict[bytes, None]:
    """Addresses in the form in which the bytes of a frame are looked up."""
    return dict.fromkeys(wallet.lower().encode() for wallet in wallets)
