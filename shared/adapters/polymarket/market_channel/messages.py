"""Messages of the market channel as the venue writes them (polymarket.md 5.1), typed; numbers are still its own text.

A field of another type refuses the message. Fields nobody needs are not decoded. Times are milliseconds. Where a
message is about a token we asked for, its ids are checked by looking them up; a pattern would cost more than all else.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.domain.order import Side

Millis = Annotated[int, Meta(ge=10**12, lt=10**14)]
"""Milliseconds since 1970 UTC, between the years 2001 and 5138: seconds or nanoseconds in their place are refused."""
Token = Annotated[str, Meta(pattern=r"^[0-9]{1,80}\Z")]
Condition = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{1,64}\Z")]

UNTOLD = "-"
"""Stands for a best price that a message does not tell, as those of before September 2025."""


class WireLevel(Struct, gc=False):
    """The total size at a price."""

    price: str
    size: str


class Change(Struct, gc=False):
    """The new total size at one level of one token, and the best prices it left ("": there is none)."""

    asset_id: str
    price: str
    side: Side
    size: str
    best_bid: str = UNTOLD
    best_ask: str = UNTOLD


class Book(Struct, gc=False):
    """The whole book of a token; levels in either order. The last four are told by some servers only."""

    market: str
    asset_id: str
    bids: tuple[WireLevel, ...]
    asks: tuple[WireLevel, ...]
    timestamp: Millis
    hash: str = ""
    tick_size: str | None = None
    last_trade_price: str | None = None
    min_order_size: str | None = None
    neg_risk: bool | None = None


class BookMessage(Book, gc=False, tag_field="event_type", tag="book"):
    """A book among other messages."""


class BookAlone(Book, gc=False, kw_only=True):
    """A book as a frame of its own, which must say so (a tag would be optional where nothing else is possible)."""

    event_type: Literal["book"]


class Changes(Struct, gc=False):
    """Levels that changed together; an order shows on both tokens of its market."""

    price_changes: list[Change]
    timestamp: Millis


class PriceChangeMessage(Changes, gc=False, tag_field="event_type", tag="price_change"):
    """Changes among other messages."""


class ChangesAlone(Changes, gc=False, kw_only=True):
    """Changes as a frame of their own, which must say so."""

    event_type: Literal["price_change"]


class LastTradeMessage(Struct, gc=False, tag_field="event_type", tag="last_trade_price"):
    """An execution: the taker's token, side and size."""

    market: str
    asset_id: str
    price: str
    size: str
    side: Side
    timestamp: Millis
    transaction_hash: str | None = None


class TickSizeMessage(Struct, gc=False, tag_field="event_type", tag="tick_size_change"):
    """Prices move in other steps from now on."""

    market: str
    asset_id: str
    new_tick_size: str
    timestamp: Millis


class BestMessage(Struct, gc=False, tag_field="event_type", tag="best_bid_ask"):
    """The best prices of a token's book."""

    market: str
    asset_id: str
    best_bid: str
    best_ask: str
    timestamp: Millis


class NewMarketMessage(Struct, gc=False, tag_field="event_type", tag="new_market"):
    """A market appeared; told of every market of the venue."""

    market: Condition
    slug: str
    assets_ids: tuple[Token, ...]
    timestamp: Millis


class ResolvedMessage(Struct, gc=False, tag_field="event_type", tag="market_resolved"):
    """A market's outcome."""

    market: Condition
    assets_ids: tuple[Token, ...]
    winning_asset_id: Token
    timestamp: Millis


Message = (
    BookMessage
    | PriceChangeMessage
    | LastTradeMessage
    | TickSizeMessage
    | BestMessage
    | NewMarketMessage
    | ResolvedMessage
)
KNOWN = (
    "book",
    "price_change",
    "last_trade_price",
    "tick_size_change",
    "best_bid_ask",
    "new_market",
    "market_resolved",
)
"""Every ``event_type`` above; any other is the venue's news, not a fault."""
