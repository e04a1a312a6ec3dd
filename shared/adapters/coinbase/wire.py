"""Coinbase Exchange's messages in the house's words, in integers (polymarket.md 7).

``side`` of a match is the maker's (its public documentation), so the aggressor is the other side. A message that
cannot be used raises ``BadInput`` with one sentence; nothing else is ever raised.
"""

import re
from typing import Generic, TypeVar

import msgspec

from shared.adapters.polymarket.fields import instant
from shared.adapters.spot.decimals import micro_down
from shared.domain.errors import BadInput
from shared.domain.instants import DAY
from shared.domain.messages import SpotBook, SpotTrade
from shared.domain.order import Side

MATCHES = ("match", "last_match")
_AGGRESSOR = {"buy": Side.SELL, "sell": Side.BUY}
_SHOWN = 80
_YEAR_2010 = 14_610 * DAY
_YEAR_2100 = 47_482 * DAY
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""The library reads far more than that, and "22.061728:22.06Z" as 22.061728."""


class Message(msgspec.Struct, gc=False):
    """Every field we read of any kind of message; a kind has some of them."""

    type: str
    product_id: str = ""
    trade_id: int | None = None
    last_trade_id: int | None = None
    side: str = ""
    price: str = ""
    size: str = ""
    time: str = ""
    best_bid: str = ""
    best_bid_size: str = ""
    best_ask: str = ""
    best_ask_size: str = ""
    message: str = ""
    reason: str = ""


Fact = TypeVar("Fact")


class Dated(msgspec.Struct, Generic[Fact], frozen=True):
    """A fact and when it happened; ``cut``: digits beyond the millionth were dropped."""

    fact: Fact
    at: int
    cut: bool


_MESSAGE = msgspec.json.Decoder(Message)


def message(data: bytes) -> Message:
    """One frame."""
    try:
        return _MESSAGE.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"frame is unusable ({error}): {data[:_SHOWN]!r}") from None


def trade(symbol: str, row: Message) -> Dated[SpotTrade]:
    """A match. A size under a millionth of a coin becomes 0; the trade's number still counts."""
    side = _AGGRESSOR.get(row.side)
    if side is None:
        raise BadInput(f"side must be buy or sell, not {row.side[:_SHOWN]!r}")
    price, price_cut = _positive("price", row.price)
    size, size_cut = micro_down("size", row.size)
    number = whole("trade_id", row.trade_id)
    return Dated(SpotTrade(symbol, side, price, size, number), when(row), price_cut or size_cut)


def book(symbol: str, row: Message) -> Dated[SpotBook]:
    """A ticker's best bid and ask; a side whose size is under a millionth is none to us."""
    bid, bid_cut = _positive("best_bid", row.best_bid)
    ask, ask_cut = _positive("best_ask", row.best_ask)
    bid_size, bid_size_cut = micro_down("best_bid_size", row.best_bid_size)
    ask_size, ask_size_cut = micro_down("best_ask_size", row.best_ask_size)
    if bid >= ask:
        raise BadInput(f"the book is crossed: best_bid {row.best_bid!r}, best_ask {row.best_ask!r}")
    fact = SpotBook(symbol, ((bid, bid_size),) if bid_size else (), ((ask, ask_size),) if ask_size else ())
    return Dated(fact, when(row), bid_cut or ask_cut or bid_size_cut or ask_size_cut)


def when(row: Message) -> int:
    """The message's own time in nanoseconds UTC."""
    if _TIME.fullmatch(row.time) is None:
        raise BadInput(f"time must be an ISO-8601 time, not {row.time[:_SHOWN]!r}")
    at = instant("time", row.time)
    if not _YEAR_2010 <= at < _YEAR_2100:
        raise BadInput(f"time is not a usable time: {row.time[:_SHOWN]!r}")
    return at


def whole(name: str, number: int | None) -> int:
    """A number that counts something."""
    if number is None or number < 0:
        raise BadInput(f"{name} must be a whole number from 0, not {number}")
    return number


def _positive(name: str, text: str) -> tuple[int, bool]:
    micro, cut = micro_down(name, text)
    if micro == 0:
        raise BadInput(f"{name} must be at least a millionth, not {text!r}")
    return micro, cut
