"""One frame of the market channel, from bytes to books and facts."""

from collections.abc import Callable
from typing import Protocol

from shared.adapters.polymarket.market_channel.keeper import Keeper
from shared.adapters.polymarket.market_channel.messages import (
    BestMessage,
    BookAlone,
    BookMessage,
    LastTradeMessage,
    Message,
    NewMarketMessage,
    PriceChangeMessage,
    ResolvedMessage,
    TickSizeMessage,
)
from shared.adapters.polymarket.market_channel.shelf import Shelf, latest_ms
from shared.adapters.polymarket.market_channel.wire import (
    FRAME_MAX,
    LOOKS_LIKE_CHANGES,
    UNREADABLE,
    Wire,
    decode,
    decode_book,
    decode_changes,
)
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import MarketResolved
from shared.domain.money import ONE

Listed = Callable[[str, str, tuple[str, ...]], None]
"""Called with slug, condition id and tokens of a market that was listed."""
_AT, _CHANGES = LOOKS_LIKE_CHANGES


class Line(Protocol):
    """Where a frame came from: the connection's number, and the tokens asked for on it."""

    connection: int
    tokens: dict[str, None]


class Reader:
    """``listed`` hears of new markets whose slug ``is_ours``."""

    def __init__(self, shelf: Shelf, is_ours: Callable[[str], bool], listed: Listed) -> None:
        self.wire = Wire()
        self.keeper = Keeper(shelf)
        self._shelf = shelf
        self._is_ours = is_ours
        self._listed = listed
        self._again_at = 0
        self._changes = self.keeper.changes

    def take(self, data: bytes, line: Line, received_at: int) -> None:
        """A frame of a line. Never raises for what the venue says."""
        if received_at >= self._again_at:
            self._again_at = received_at + SECOND
            self._shelf.latest_ms = latest_ms(received_at)
        if data[_AT] == _CHANGES:
            try:
                changes = decode_changes(data)
            except UNREADABLE:
                self._any(data, line, received_at)
            else:
                self._changes(changes, received_at)
        else:
            self._any(data, line, received_at)

    def _any(self, data: bytes, line: Line, received_at: int) -> None:
        """A frame of any form."""
        got = self._decoded(data)
        if got is None:
            messages, refusals = self.wire.one_by_one(data)
            for message in messages:
                self._one(message, line.connection, received_at)
            for refusal in refusals:
                lost = line.tokens if refusal.all_books else refusal.tokens
                self._shelf.refuse(refusal.sentence, lost, received_at)
        elif isinstance(got, list):
            for message in got:
                self._one(message, line.connection, received_at)
        else:
            self._one(got, line.connection, received_at)

    def _decoded(self, data: bytes) -> Message | BookAlone | list[Message] | None:
        """The whole frame at once, or None when something in it is not as expected."""
        if len(data) > FRAME_MAX:
            return None
        try:
            if data[:1] == b"{" and b'"bids"' in data:
                return decode_book(data)
            return decode(data)
        except UNREADABLE:
            return None

    def _one(self, message: Message | BookAlone, connection: int, received_at: int) -> None:
        match message:
            case PriceChangeMessage():
                self.keeper.changes(message, received_at)
            case BookMessage() | BookAlone():
                self.keeper.whole(message, received_at)
            case LastTradeMessage():
                self.keeper.traded(message, connection, received_at)
            case BestMessage():
                self.keeper.best(message, received_at)
            case TickSizeMessage():
                self.keeper.tick_size(message, received_at)
            case ResolvedMessage():
                self._resolved(message, received_at)
            case NewMarketMessage():
                if self._is_ours(message.slug):
                    self._listed(message.slug, message.market, message.assets_ids)

    def _resolved(self, message: ResolvedMessage, received_at: int) -> None:
        """Each token's payout; a market told without a winner among its tokens is left to Gamma."""
        try:
            self._shelf.date(message.timestamp)
            payouts = _payouts(message)
        except BadInput as error:
            self._shelf.refuse(f"market_resolved: {error}", [], received_at)
            return
        self._shelf.say(MarketResolved(message.market, payouts), received_at, message.timestamp * MILLISECOND)


def _payouts(message: ResolvedMessage) -> dict[str, int]:
    winner = message.winning_asset_id
    if winner not in message.assets_ids:
        raise BadInput(f"winning_asset_id {winner} is none of the market's tokens")
    return {token: ONE if token == winner else 0 for token in message.assets_ids}
