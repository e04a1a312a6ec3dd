"""How Coinbase speaks: one subscription per coin, trades with consecutive numbers, a heartbeat that knows the last."""

from collections.abc import Callable, Iterable

import msgspec

from shared.adapters.coinbase import wire
from shared.adapters.sockets import Hear
from shared.adapters.spot.desk import SpotDesk
from shared.domain.errors import BadInput

NAME = "coinbase"
SILENCE_S = 10.0
"""Heartbeats come every second per coin."""
CHANNELS = ("matches", "ticker", "heartbeat")
_LATE_TRADES_BEATS = 3
"""Heartbeats in a row that know a trade we never got, before it counts as missing: it may be on its way."""


class CoinbaseDialect:
    """{SYM}-USD for every symbol."""

    name = NAME
    ping: str | None = None
    ping_every_s = 0.0
    silence_s = SILENCE_S
    max_age_s: float | None = None

    def __init__(self, url: str, symbols: Iterable[str], hear: Hear, clock: Callable[[], int]) -> None:
        self.desk = SpotDesk(NAME, hear, clock)
        self._url = url
        self._symbols: dict[str, str] = {}
        self._late: dict[str, int] = {}
        self.follow(symbols)

    def follow(self, symbols: Iterable[str]) -> list[str]:
        """These symbols from now on; the frames a connection that stands must be sent."""
        before = self._symbols
        self._symbols = {f"{symbol}-USD": symbol for symbol in symbols}
        wanted = [_request("subscribe", product) for product in self._symbols if product not in before]
        return wanted + [_request("unsubscribe", product) for product in before if product not in self._symbols]

    # ------------------------------------------------------------------ Dialect

    def url(self) -> str:
        """Where to connect."""
        return self._url

    def hello(self) -> list[str]:
        """One request per coin, at once (five seconds are allowed): a coin that is refused costs the others nothing."""
        return [_request("subscribe", product) for product in self._symbols]

    def opened(self, _connection: int, /) -> None:
        """A connection stands."""
        self._late.clear()

    def closed(self, connection: int, _reason: str, /) -> None:
        """A connection is no more."""
        self.desk.closed(connection)

    def refused(self, status: int) -> str:
        """Nothing to turn to: it is the second source."""
        return f"Coinbase answered the upgrade with {status}"

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        """One message."""
        try:
            row = wire.message(data)
            symbol = self._symbols.get(row.product_id)
            if symbol is not None:
                return self._take(symbol, row, connection, received_at)
            return self._other(row)
        except BadInput as error:
            self.desk.refuse(str(error), connection)
            return False

    # ------------------------------------------------------------------ what messages say

    def _take(self, symbol: str, row: wire.Message, connection: int, received_at: int) -> bool:
        desk = self.desk
        if row.type == "heartbeat":
            return self._beat(symbol, row, connection, received_at)
        if row.type in wire.MATCHES:
            trade = wire.trade(symbol, row)
            cut = trade.cut
            if row.type == "match":  # the last match before a subscription may be hours old
                desk.timed(trade.at, received_at, connection)
            desk.trade(trade.fact, trade.at, received_at, connection)
        elif row.type == "ticker":
            book = wire.book(symbol, row)
            cut = book.cut
            desk.state(book.fact, book.at, received_at)
        else:
            return self._other(row)
        if cut:
            desk.cut(symbol)
        return True

    def _beat(self, symbol: str, row: wire.Message, connection: int, received_at: int) -> bool:
        """A heartbeat is data only while it proves that no trade passed us by."""
        desk = self.desk
        desk.timed(wire.when(row), received_at, connection)
        behind = desk.numbers.behind(symbol, wire.whole("last_trade_id", row.last_trade_id))
        self._late[symbol] = self._late.get(symbol, 0) + 1 if behind else 0
        if self._late[symbol] == _LATE_TRADES_BEATS:
            desk.missed(behind, f"{behind} trades of {symbol} are known to the heartbeat and never came", connection)
        return not behind

    def _other(self, row: wire.Message) -> bool:
        """The answer to a subscription, a refusal, or a coin left a moment ago."""
        if row.type == "error":
            raise BadInput(f"Coinbase refuses a request: {row.message[:120]!r} {row.reason[:120]!r}")
        if row.type not in ("subscriptions", "heartbeat", "ticker", *wire.MATCHES):
            raise BadInput(f"type must be one we asked for, not {row.type[:80]!r}")
        if row.type != "subscriptions" and not row.product_id.endswith("-USD"):
            raise BadInput(f"product_id must be one we asked for, not {row.product_id[:80]!r}")
        self.desk.counts.ignored += 1
        return False


def _request(kind: str, product: str) -> str:
    return msgspec.json.encode({"type": kind, "product_ids": [product], "channels": CHANNELS}).decode()
