"""A log of the chain read slowly, by hand: what ``shared.adapters.chain.logs`` is compared with."""

import re
from fractions import Fraction
from typing import Any

from shared.adapters.chain.logs import EXCHANGES, ORDER_FILLED, Filled
from shared.domain.instants import SECOND
from shared.domain.order import Side

_AT_S = range(1_500_000_001, 4_102_444_800)
_MOST = 10**17
"""No wallet ever had more micro-dollars or micro-shares."""


def fill_of(log: Any) -> Filled:
    """What a decoded log says; any of the errors of bad values, keys, types and attributes when it is no fill."""
    event, order, maker, _taker = (_word(topic, 64) for topic in log["topics"])
    data = _word(log["data"], 448)
    side, token, made, taken = (int(data[at * 64 : at * 64 + 64], 16) for at in range(4))
    paid, size = (made, taken) if side == 0 else (taken, made)
    if log["address"].lower() not in EXCHANGES or f"0x{event}" != ORDER_FILLED or token == 0:
        raise ValueError("this is no OrderFilled of our exchanges")
    if not (0 < paid <= _MOST and 0 < size <= _MOST) or int(maker, 16) >= 2**160:
        raise ValueError("amounts or maker are out of range")
    price = int(Fraction(paid * 10**6, size) + Fraction(1, 2))
    if not 0 < price < 10**6:
        raise ValueError(f"{price} is no price")
    told = log.get("blockTimestamp")
    return Filled(
        wallet=f"0x{maker[24:]}",
        order=f"0x{order}",
        token=str(token),
        side=(Side.BUY, Side.SELL)[side],
        price=price,
        size=size,
        tx="0x" + _word(log["transactionHash"], 64),
        block=number_of(log["blockNumber"]),
        block_hash="0x" + _word(log["blockHash"], 64),
        index=number_of(log["logIndex"]),
        removed=log.get("removed", False) is True,
        at=None if told is None else time_of(told),
    )


def number_of(text: Any) -> int:
    """A node's number, at most eight bytes."""
    return int(_hex(text, "{1,16}"), 16)


def time_of(text: Any) -> int:
    """A block's time, a number of seconds, in nanoseconds."""
    if number_of(text) not in _AT_S:
        raise ValueError(f"{text!r} is no usable time")
    return number_of(text) * SECOND


def _word(text: Any, digits: int) -> str:
    return _hex(text, f"{{{digits}}}")


def _hex(text: Any, times: str) -> str:
    found = re.fullmatch(f"0[xX]([0-9a-fA-F]{times})", text)
    if found is None:
        raise ValueError(f"{text!r} is not hexadecimal")
    return found[1].lower()
