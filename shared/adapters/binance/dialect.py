"""How Binance speaks: combined streams named in the address, every symbol on one connection (polymarket.md 7)."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from shared.adapters.binance import wire
from shared.adapters.sockets import Hear
from shared.adapters.spot.desk import SpotDesk
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, SECOND
from shared.domain.messages import NoticeKind

NAME = "binance"
MAX_AGE_S = 24 * HOUR / SECOND
SILENCE_S = 10.0
"""The best bid and ask of the five coins move many times a second; staleness of ten seconds stops trades (spec 2)."""
GEOGRAPHIC = (403, 451)
STREAMS = ("aggTrade", "bookTicker", "depth20@100ms", "kline_1s")
SKEW_UPDATES = 100_000
"""Two connections side by side are never this many book updates apart."""


class Wishes:
    """What the dialect learns and only its feed can do something about."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.leaving: dict[int, None] = {}
        """Connections whose server is about to leave."""
        self.shut_out = False
        """Every host refused us because of where we are."""


class BinanceDialect:
    """``url`` is the usual host, ``data_url`` the one with market data only ("": none), for refused countries."""

    name = NAME
    ping: str | None = None
    ping_every_s = 0.0
    silence_s = SILENCE_S
    max_age_s: float | None = MAX_AGE_S

    def __init__(
        self, url: str, data_url: str, symbols: Iterable[str], hear: Hear, clock: Callable[[], int], wishes: Wishes
    ) -> None:
        self.desk = SpotDesk(NAME, hear, clock)
        self._hosts = [one for one in dict.fromkeys((url, data_url)) if one]
        self._host = 0
        self._fallback_said = False
        self._wishes = wishes
        self._streams: dict[str, tuple[str, str]] = {}
        self._named: list[str] = []
        self._updates: dict[str, int] = {}
        self._candles: dict[str, int] = {}
        self.follow(symbols)

    def follow(self, symbols: Iterable[str]) -> tuple[list[str], list[str]]:
        """These symbols from now on; the streams to subscribe and to leave on a connection that stands."""
        before = self._streams
        self._streams = {f"{symbol.lower()}usdt@{stream}": (symbol, stream) for symbol in symbols for stream in STREAMS}
        return [one for one in self._streams if one not in before], [one for one in before if one not in self._streams]

    def start_over(self) -> None:
        """Forget that every host refused us."""
        self._host = 0
        self._wishes.shut_out = False

    # ------------------------------------------------------------------ Dialect

    def url(self) -> str:
        """The subscriptions stand in the address, so that not one message has to be sent."""
        self._named = list(self._streams)
        return f"{self._hosts[self._host]}/stream?streams={'/'.join(self._streams)}"

    def hello(self) -> list[str]:
        """Nothing (see ``url``), unless other symbols were wished for while the connection was made."""
        streams = list(self._streams)
        return [] if streams == self._named else [request("SUBSCRIBE", streams, 0)]

    def opened(self, connection: int) -> None:
        """A connection stands."""

    def closed(self, connection: int, _reason: str, /) -> None:
        """A connection is no more."""
        self._wishes.leaving.pop(connection, None)
        self.desk.closed(connection)

    def refused(self, status: int) -> str:
        """451 and 403 mean our country: the data-only host once, then peace."""
        if status not in GEOGRAPHIC:
            return f"the upgrade was answered {status}"
        if self._host + 1 < len(self._hosts):
            self._host += 1
            if not self._fallback_said:
                self._fallback_said = True
                reason = f"Binance refuses this country ({status}): turning to its data-only host"
                self.desk.voice.notice(NoticeKind.FALLBACK, reason)
            return f"Binance refuses this country ({status})"
        self._wishes.shut_out = True
        self._wishes.changed.set()
        return f"Binance refuses this country ({status}) on every host we know"

    def frame(self, data: bytes, connection: int, received_at: int) -> bool:
        """One combined frame."""
        try:
            frame = wire.envelope(data)
            if frame.stream and frame.stream in self._streams:
                symbol, stream = self._streams[frame.stream]
                if wire.is_shutdown(frame):
                    return self._leaves(connection)
                self._take(symbol, stream, frame.data, connection, received_at)
                return True
            return self._other(frame, connection)
        except BadInput as error:
            self.desk.refuse(str(error), connection)
            return False

    # ------------------------------------------------------------------ what frames say

    def _other(self, frame: wire.Envelope, connection: int) -> bool:
        """An answer to a request, a notice of the server, or a stream left a moment ago."""
        if wire.is_shutdown(frame):
            return self._leaves(connection)
        said = frame.msg or bytes(frame.error).decode(errors="replace")
        if said or frame.code is not None:
            raise BadInput(f"Binance refuses a request: {said[:120]!r} (code {frame.code})")
        if frame.id is None and frame.stream.partition("@")[2] not in STREAMS:
            raise BadInput(f"stream must be one we asked for, not {frame.stream[:80]!r}")
        self.desk.counts.ignored += 1
        return False

    def _leaves(self, connection: int) -> bool:
        if connection not in self._wishes.leaving:
            self._wishes.leaving[connection] = None
            self._wishes.changed.set()
            self.desk.voice.notice(
                NoticeKind.FALLBACK, "the server says it is about to leave: replacing it", connection
            )
        return False

    def _take(self, symbol: str, stream: str, data: msgspec.Raw, connection: int, received_at: int) -> None:
        pair, desk = f"{symbol}USDT", self.desk
        if stream == "aggTrade":
            trade = wire.trade(symbol, pair, data)
            cut = trade.cut
            desk.timed(trade.at, received_at, connection)
            desk.trade(trade.fact, trade.at, received_at, connection)
        elif stream == "kline_1s":
            candle = wire.candle(symbol, pair, data)
            cut = candle.cut
            if candle.fact.opened_at > self._candles.get(symbol, 0):
                if candle.fact.closed:  # what comes of it later, by another connection, is old
                    self._candles[symbol] = candle.fact.opened_at
                desk.state(candle.fact, candle.at, received_at)
            else:
                desk.counts.older += 1
        else:
            book = wire.ticker(symbol, pair, data) if stream == "bookTicker" else wire.depth(symbol, data)
            cut = book.cut
            if self._is_later(f"{symbol}@{stream}", book.update_id):
                # Neither stream says when: the moment of arrival is the best there is.
                desk.state(book.fact, received_at, received_at)
            else:
                desk.counts.older += 1
        if cut:
            desk.cut(symbol)

    def _is_later(self, book: str, update_id: int) -> bool:
        """Whether a state is newer than the last one heard (two connections may deliver side by side)."""
        before = self._updates.get(book, -1)
        # A number far below means that the exchange counts anew, or that the last one was wrong.
        if before - SKEW_UPDATES <= update_id <= before:
            return False
        self._updates[book] = update_id
        return True


def request(method: str, streams: list[str], number: int) -> str:
    """A frame that asks for streams or leaves them; asking for one twice does no harm."""
    return msgspec.json.encode({"method": method, "params": streams, "id": number}).decode()
