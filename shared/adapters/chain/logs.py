"""``OrderFilled`` of the exchange's contracts: which logs to ask for, and what one says (polymarket.md 1.2, 5.5).

``maker`` is the owner of the filled order in both roles, so the wallet we look for always stands there: a match is one
log per resting order, and one of the taker's own order whose ``taker`` is the exchange itself.
"""

import re
from collections.abc import Sequence

import msgspec

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import MICRO_MAX, ONE
from shared.domain.order import Side

SIGNATURE = "OrderFilled(bytes32,address,address,uint8,uint256,uint256,uint256,uint256,bytes32,bytes32)"
ORDER_FILLED = "0xd543adfd945773f1a62f74f0ee55a5e3b9b1a28262980ba90b1a89f2ea84d8ee"
"""Keccak-256 of the signature (a test computes it)."""
EXCHANGES = (
    "0xe111180000d2663c0091e4f400237545b87b996b",
    "0xe2222d279d744050d28e00520010520000310f59",
)
"""CTFExchangeV2 and its neg-risk twin. The third generation's events are not published: other sources must see them."""

_QUANTITY = re.compile(r"0x[0-9a-f]{1,16}")
_WORD = re.compile(r"0x[0-9a-f]{64}")
_DATA = re.compile(r"0x[0-9a-f]{448}")
_ADDRESS_PAD = "0" * 24
_WORD_CHARS = 64
_SHOWN = 80


class RawLog(msgspec.Struct, rename="camel"):
    """A log as a node writes it; a pending one has no block. ``block_timestamp``: newer nodes only."""

    address: str
    topics: list[str]
    data: str
    block_number: str | None = None
    block_hash: str | None = None
    transaction_hash: str | None = None
    log_index: str | None = None
    removed: bool = False
    block_timestamp: str | None = None


class Filled(msgspec.Struct, frozen=True, gc=False):
    """One executed order of a wallet, as the chain keeps it; ``at`` (nanoseconds) only where the log itself tells.

    ``index`` numbers the logs of a block, so it changes when a reorganisation moves the transaction elsewhere.
    """

    wallet: str
    order: str
    token: str
    side: Side
    price: int
    size: int
    tx: str
    block: int
    block_hash: str
    index: int
    removed: bool
    at: int | None


class Head(msgspec.Struct):
    """A block's header, the two fields we read."""

    number: str
    timestamp: str


_LOG = msgspec.json.Decoder(RawLog)
_LOGS = msgspec.json.Decoder(list[msgspec.Raw])
_HEAD = msgspec.json.Decoder(Head)


def topic_of(wallet: str) -> str:
    """A wallet as an indexed argument: left-padded to 32 bytes."""
    return "0x" + _ADDRESS_PAD + wallet[2:].lower()


def wallet_filter(wallets: Sequence[str]) -> dict[str, object]:
    """What to ask a node for: fills of these wallets at both exchanges.

    ``BadInput`` without a wallet: an empty list means "everybody" to a node.
    """
    if not wallets:
        raise BadInput("wallets of a log filter must not be empty")
    return {"address": list(EXCHANGES), "topics": [ORDER_FILLED, None, [topic_of(one) for one in wallets]]}


def raw_logs(body: msgspec.Raw) -> list[msgspec.Raw]:
    """The logs of an ``eth_getLogs`` answer, undecoded, so that a bad one costs only itself."""
    try:
        return _LOGS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the list of logs is unusable ({error}): {bytes(body)[:_SHOWN]!r}") from None


def filled(body: msgspec.Raw | bytes) -> Filled:
    """One log in our words; ``BadInput`` when it is anything but a complete ``OrderFilled`` of our exchanges."""
    try:
        raw = _LOG.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"log is unusable ({error}): {bytes(body)[:_SHOWN]!r}") from None
    if raw.address.lower() not in EXCHANGES:
        raise BadInput(f"address must be one of our exchanges, not {raw.address[:_SHOWN]!r}")
    topics = [_word("topics", topic) for topic in raw.topics]
    if len(topics) != 4 or topics[0] != ORDER_FILLED:
        raise BadInput(f"topics must be OrderFilled and its three arguments, not {str(raw.topics)[:_SHOWN]}")
    data = raw.data.lower()
    if _DATA.fullmatch(data) is None:
        raise BadInput(f"data must be seven words of 32 bytes, not {raw.data[:_SHOWN]!r}")
    side, token, made, taken = (
        int(data[start : start + _WORD_CHARS], 16) for start in range(2, 2 + 4 * _WORD_CHARS, _WORD_CHARS)
    )
    if side not in (0, 1):
        raise BadInput(f"side must be 0 (buy) or 1 (sell), not {side}")
    if token == 0:
        raise BadInput("tokenId must not be 0")
    paid, size = (made, taken) if side == 0 else (taken, made)
    return Filled(
        wallet=_address("maker", topics[2]),
        order=topics[1],
        token=str(token),
        side=Side.BUY if side == 0 else Side.SELL,
        price=_price(paid, size),
        size=size,
        tx=_word("transactionHash", raw.transaction_hash),
        block=quantity("blockNumber", raw.block_number),
        block_hash=_word("blockHash", raw.block_hash),
        index=quantity("logIndex", raw.log_index),
        removed=raw.removed,
        at=None if raw.block_timestamp is None else _time("blockTimestamp", raw.block_timestamp),
    )


def head(body: msgspec.Raw | bytes) -> tuple[int, int]:
    """A block's number and its time in nanoseconds UTC."""
    try:
        found = _HEAD.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"block is unusable ({error}): {bytes(body)[:_SHOWN]!r}") from None
    at = _time("timestamp", found.timestamp)
    return quantity("number", found.number), at


def quantity(name: str, text: object) -> int:
    """A node's number."""
    if not isinstance(text, str) or _QUANTITY.fullmatch(text.lower()) is None:
        raise BadInput(f"{name} must be a hexadecimal number, not {str(text)[:_SHOWN]!r}")
    return int(text, 16)


def _time(name: str, text: str) -> int:
    at_s = quantity(name, text)
    if not 1_500_000_000 < at_s < 4_102_444_800:  # the chain is younger than 2017, and this is not 2100
        raise BadInput(f"{name} of a block is not a usable time: {at_s}")
    return at_s * SECOND


def _price(paid: int, size: int) -> int:
    """Collateral per share to the nearest micro-dollar, half up: a ratio on no tick grid, as the data API's is."""
    if not (0 < paid <= MICRO_MAX and 0 < size <= MICRO_MAX):
        raise BadInput(f"amounts filled must be positive, not {paid} of pUSD and {size} shares")
    price = (2 * paid * ONE + size) // (2 * size)
    if not 0 < price < ONE:
        raise BadInput(f"price must lie strictly between 0 and 1, not {paid} / {size}")
    return price


def _word(name: str, text: str | None) -> str:
    word = (text or "").lower()
    if _WORD.fullmatch(word) is None:
        raise BadInput(f"{name} must be 32 bytes in hexadecimal, not {word[:_SHOWN]!r}")
    return word


def _address(name: str, word: str) -> str:
    if word[2:26] != _ADDRESS_PAD:
        raise BadInput(f"{name} must be an address, not {word!r}")
    return "0x" + word[26:]
