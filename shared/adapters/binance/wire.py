"""Binance's spot streams in the house's words: one combined frame in, one fact out, in integers (polymarket.md 7).

A frame that cannot be used raises ``BadInput`` with one sentence; nothing else is ever raised.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

import msgspec

from shared.adapters.spot.decimals import micro_down
from shared.domain.errors import BadInput
from shared.domain.instants import MILLISECOND
from shared.domain.messages import SpotBook, SpotCandle, SpotTrade
from shared.domain.order import Side

KLINE_S = 1
LEVELS_MAX = 20
_SHOWN = 80
_SHUTDOWN = "serverShutdown"
_TIME_MIN_MS = 1_262_304_000_000  # 2010
_SPAN_MAX_MS = 60_000
_TIME_MAX_MS = 4_102_444_800_000  # 2100; a time in microseconds lies far above

Levels = tuple[tuple[int, int], ...]
Read = TypeVar("Read")


class Envelope(msgspec.Struct):
    """A combined frame, or an answer to a request, or (undocumented where) a bare notice of the server."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    id: int | None = None
    error: msgspec.Raw = msgspec.Raw(b"")
    code: int | None = None
    msg: str = ""
    e: str = ""
    event: msgspec.Raw = msgspec.Raw(b"")


class _Named(msgspec.Struct):
    e: str = ""


class _AggTrade(msgspec.Struct, gc=False):
    s: str
    a: int
    p: str
    q: str
    T: int
    m: bool


class _BookTicker(msgspec.Struct, gc=False):
    u: int
    s: str
    b: str
    B: str
    a: str
    A: str


class _Depth(msgspec.Struct):
    last_update_id: int = msgspec.field(name="lastUpdateId")
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class _Candle(msgspec.Struct, gc=False):
    t: int
    s: str
    i: str
    o: str
    c: str
    h: str
    low: str = msgspec.field(name="l")
    v: str
    n: int
    x: bool
    V: str


class _Kline(msgspec.Struct):
    E: int
    s: str
    k: _Candle


class Trade(msgspec.Struct, frozen=True):
    """An aggregate trade and when it happened; ``cut``: digits beyond the millionth were dropped."""

    fact: SpotTrade
    at: int
    cut: bool


class Book(msgspec.Struct, frozen=True):
    """The best levels and the exchange's number of this state; a later state has a higher one. It has no time."""

    fact: SpotBook
    update_id: int
    cut: bool


class Candle(msgspec.Struct, frozen=True):
    """A one-second candle as it stands at ``at``."""

    fact: SpotCandle
    at: int
    cut: bool


_ENVELOPE = msgspec.json.Decoder(Envelope)
_NAMED = msgspec.json.Decoder(_Named)
_TRADE = msgspec.json.Decoder(_AggTrade)
_TICKER = msgspec.json.Decoder(_BookTicker)
_DEPTH = msgspec.json.Decoder(_Depth)
_KLINE = msgspec.json.Decoder(_Kline)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(tuple[int, str, str, str, str, str, int, str, int, str, str, str])


def envelope(data: bytes) -> Envelope:
    """The outer layer of a frame."""
    return _read(_ENVELOPE, data, "frame")


def is_shutdown(frame: Envelope) -> bool:
    """Whether the server says that it is about to leave: bare, in a stream's data, or wrapped as an ``event``.

    The documentation shows no example for these streams, so every wrapping the exchange uses elsewhere counts.
    """
    if frame.e:
        return frame.e == _SHUTDOWN
    inner = bytes(frame.event) or bytes(frame.data)
    return _SHUTDOWN.encode() in inner and _read(_NAMED, inner, "data").e == _SHUTDOWN


def trade(symbol: str, pair: str, data: msgspec.Raw) -> Trade:
    """``aggTrade``: m = the buyer was the maker, so the aggressor sold."""
    row = _read(_TRADE, data, "aggTrade")
    _same(pair, row.s)
    price, price_cut = _positive("p", row.p)
    size, size_cut = _positive("q", row.q)
    if row.a < 0:
        raise BadInput(f"a (the trade's number) must not be negative, not {row.a}")
    fact = SpotTrade(symbol, Side.SELL if row.m else Side.BUY, price, size, row.a)
    return Trade(fact, _time("T", row.T), price_cut or size_cut)


def ticker(symbol: str, pair: str, data: msgspec.Raw) -> Book:
    """``bookTicker``: the best level of either side."""
    row = _read(_TICKER, data, "bookTicker")
    _same(pair, row.s)
    return _book(symbol, row.u, [(row.b, row.B)], [(row.a, row.A)])


def depth(symbol: str, data: msgspec.Raw) -> Book:
    """``depth20``: the best twenty levels; it names no symbol, only its stream does."""
    row = _read(_DEPTH, data, "depth")
    return _book(symbol, row.last_update_id, row.bids, row.asks)


def candle(symbol: str, pair: str, data: msgspec.Raw) -> Candle:
    """``kline_1s``; final once ``closed``."""
    row = _read(_KLINE, data, "kline")
    _same(pair, row.s)
    _same(pair, row.k.s)
    k = row.k
    if k.i != f"{KLINE_S}s":
        raise BadInput(f"i (the candle's interval) must be {KLINE_S}s, not {k.i[:_SHOWN]!r}")
    if not 0 <= row.E - k.t < _SPAN_MAX_MS:  # a wrong opening time would pass for a later candle
        raise BadInput(f"t (the candle's opening) must lie shortly before E, not {k.t} to {row.E}")
    fact, cut = _candle(symbol, KLINE_S, k.t, (k.o, k.h, k.low, k.c), k.v, k.V, k.n, closed=k.x)
    return Candle(fact, _time("E", row.E), cut)


def candles(symbol: str, interval_s: int, body: bytes, now_ms: int) -> tuple[list[SpotCandle], list[str]]:
    """Rows of ``/api/v3/klines``, and a sentence per row that is unusable; closed ones are over by ``now_ms``.

    Row: open time, open, high, low, close, volume, close time, quote volume, trades, taker volume, taker quote, "0".
    """
    good: list[SpotCandle] = []
    bad: list[str] = []
    rows: list[msgspec.Raw] = _read(_ROWS, body, "klines")
    for number, raw in enumerate(rows):
        try:
            row = _read(_ROW, raw, "candle")
            prices = row[1:5]
            fact, _ = _candle(symbol, interval_s, row[0], prices, row[5], row[9], row[8], closed=row[6] < now_ms)
        except BadInput as error:
            bad.append(f"row {number}: {error}")
        else:
            good.append(fact)
    return good, bad


def _candle(
    symbol: str,
    interval_s: int,
    opened_ms: int,
    prices: Iterable[str],
    volume: str,
    buy_volume: str,
    trades: int,
    *,
    closed: bool,
) -> tuple[SpotCandle, bool]:
    read = [_positive(name, text) for name, text in zip(("o", "h", "l", "c"), prices, strict=True)]
    (opened, _), (high, _), (low, _), (last, _) = read
    total, total_cut = micro_down("v", volume)
    bought, bought_cut = micro_down("V", buy_volume)
    if not low <= min(opened, last) <= max(opened, last) <= high:
        raise BadInput(f"o, h, l, c of a candle contradict each other: {opened}, {high}, {low}, {last}")
    if bought > total:
        raise BadInput(f"V (bought) must not be above v (volume): {buy_volume[:_SHOWN]!r}, {volume[:_SHOWN]!r}")
    if trades < 0:
        raise BadInput(f"n (trades of a candle) must not be negative, not {trades}")
    at = _time("t", opened_ms)
    fact = SpotCandle(symbol, interval_s, at, opened, high, low, last, total, bought, trades, closed)
    return fact, total_cut or bought_cut or any(cut for _, cut in read)


def _book(symbol: str, update_id: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> Book:
    if update_id < 0:
        raise BadInput(f"the book's update number must not be negative, not {update_id}")
    bought, bids_cut = _levels("bids", bids)
    sold, asks_cut = _levels("asks", asks)
    if any(worse >= better for (better, _), (worse, _) in pairwise(bought)):
        raise BadInput("bids must fall from level to level")
    if any(worse <= better for (better, _), (worse, _) in pairwise(sold)):
        raise BadInput("asks must rise from level to level")
    if bought and sold and bought[0][0] >= sold[0][0]:
        raise BadInput(f"the book is crossed: bid {bids[0][0]!r}, ask {asks[0][0]!r}")
    return Book(SpotBook(symbol, bought, sold), update_id, bids_cut or asks_cut)


def _levels(name: str, rows: list[tuple[str, str]]) -> tuple[Levels, bool]:
    """Levels that still have a size; one whose size is under a millionth is none to us."""
    if len(rows) > LEVELS_MAX:
        raise BadInput(f"{name} must have at most {LEVELS_MAX} levels, not {len(rows)}")
    levels: list[tuple[int, int]] = []
    cut = False
    for price_text, size_text in rows:
        price, price_cut = _positive(f"price of {name}", price_text)
        size, size_cut = micro_down(f"size of {name}", size_text)
        cut = cut or price_cut or size_cut
        if size and cut and levels and levels[-1][0] == price:  # two prices that differ beyond the millionth
            levels[-1] = (price, levels[-1][1] + size)
        elif size:
            levels.append((price, size))
    return tuple(levels), cut


def _read(decoder: msgspec.json.Decoder[Read], data: bytes | msgspec.Raw, name: str) -> Read:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{name} is unusable ({error}): {bytes(data)[:_SHOWN]!r}") from None


def _same(pair: str, said: str) -> None:
    if said != pair:
        raise BadInput(f"s must be {pair}, as its stream says, not {said[:_SHOWN]!r}")


def _positive(name: str, text: str) -> tuple[int, bool]:
    micro, cut = micro_down(name, text)
    if micro == 0:
        raise BadInput(f"{name} must be at least a millionth, not {text!r}")
    return micro, cut


def _time(name: str, milliseconds: int) -> int:
    if not _TIME_MIN_MS <= milliseconds < _TIME_MAX_MS:
        raise BadInput(f"{name} is not a time in milliseconds: {milliseconds}")
    return milliseconds * MILLISECOND
