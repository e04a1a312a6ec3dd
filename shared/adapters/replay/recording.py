"""A recording as a feed: rows become events in the order an observer would have seen them.

``venue_at`` is the row's own time. ``observed_at`` adds a seeded detection delay per transaction; a re-delivered row
(same trade, later ``collected_at``) is observed as much later as it was collected later. So what was late or doubled
when it was recorded is late or doubled again.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt
import polars as pl

from shared.domain.market import Market, market_from_slug
from shared.domain.messages import Event, WalletActivity, WhaleTrade
from shared.domain.order import Side
from shared.engine.matching import Resting
from shared.engine.world import Row

CHUNK = 65_536
Texts = npt.NDArray[np.object_]
"""Distinct texts by number, one Python object each."""
Columns = tuple[list[str], list[str], list[str], list[Side], list[int], list[int], list[str], list[int]]
_TEXTS = ("wallet", "market", "token")
_QUANTILES = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)
_DELAY_S = (1.2, 1.4, 2.0, 2.9, 4.5, 8.0)
"""Detection delay of the real-time stream: p50 2.0 s, p90 2.9 s (polymarket.md 5.5); linear between the quantiles."""


def detection_delays(count: int, seed: int) -> np.ndarray:
    """``count`` delays in nanoseconds, drawn from the quantile table by inverse transform; the seed decides all."""
    raw = np.random.PCG64(seed).random_raw(count)
    uniform = (np.asarray(raw, dtype=np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.rint(np.interp(uniform, _QUANTILES, _DELAY_S) * 1e9).astype(np.int64)


class Recording:
    """Prepared rows, wallet, market and token as numbers into ``names`` (one text object per distinct value).

    ``frame`` holds every row in observed order, ``prints`` the distinct trades in venue order (what the paper venue is
    shown), ``markets`` each market's slug and ``outcomes`` its outcome labels with their tokens.
    """

    def __init__(self, rows: pl.DataFrame, seed: int, source: str = "recording") -> None:
        self.source = source
        frame = rows if rows["ts_ns"].is_sorted() else rows.sort("ts_ns", maintain_order=True)
        self.names: dict[str, Texts] = {}
        codes = [self._encoded(frame[name]) for name in _TEXTS]
        trade = frame["type"] == "TRADE"
        group = frame["tx"].rle_id().to_numpy()
        kinds = [] if trade.all() else ["type"]
        sells = (frame["side"] == "SELL").alias("sells")
        frame = frame.select("ts_ns", "price", "size", "tx", "collected_at", *kinds).with_columns(sells, *codes)
        delays = detection_delays(int(group[-1]) + 1 if len(group) else 0, seed)
        lag, delivery = _redelivered(frame)
        observed = pl.Series("observed_at", frame["ts_ns"].to_numpy() + delays[group] + lag.to_numpy())
        frame = frame.with_columns(observed, delivery.alias("delivery")).drop("collected_at")
        self.prints = frame.drop("observed_at", *kinds).filter(trade & (lag == 0))
        self.frame = frame[np.argsort(observed.to_numpy(), kind="stable")]
        self.markets: dict[str, str] = {}
        self.outcomes: dict[str, dict[str, str]] = {}
        # `rows` before sorting may differ in order from `frame`: names and labels do not depend on it.
        trades = rows.filter(pl.col("type") == "TRADE") if kinds else rows
        named = trades.filter(trades["token"].is_first_distinct())
        for market, slug, token, outcome in named.select("market", "slug", "token", "outcome").iter_rows():
            self.markets.setdefault(market, slug)
            self.outcomes.setdefault(market, {})[outcome] = token

    def _encoded(self, column: pl.Series) -> pl.Series:
        """A text column as numbers; the texts go to ``names``."""
        distinct = column.unique(maintain_order=True)
        self.names[column.name] = np.array(distinct.to_list(), dtype=object)
        return column.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32)

    def span(self) -> tuple[int, int]:
        """First and last venue time in nanoseconds."""
        times = self.frame["ts_ns"].to_numpy()
        return int(times.min()), int(times.max())

    def end(self) -> int:
        """When the last row is observed, in nanoseconds."""
        return int(self.frame["observed_at"].to_numpy()[-1])

    def time_of_row_after(self, start: int, rows: int) -> int:
        """When the n-th row after ``start`` is observed (the last one, where there are fewer), in nanoseconds."""
        observed = self.frame["observed_at"].to_numpy()
        return int(observed[min(int(np.searchsorted(observed, start)) + rows, len(observed) - 1)])

    def listings(self, known: dict[str, Market]) -> list[tuple[int, Market]]:
        """Each market at the instant its first row is observed; ``known`` data wins over what the slug tells."""
        first = self.frame.filter(pl.col("market").is_first_distinct()).select("observed_at", "market")
        names = self.names["market"]
        found = [(at, names[code]) for at, code in first.iter_rows() if names[code] in self.markets]
        return [(at, known.get(name) or market_from_slug(name, self.markets[name])) for at, name in found]

    def trades(self, until: int) -> pl.DataFrame:
        """Distinct trades up to a venue time, with texts: wallet, market, token, outcome, side, price, size, ts_ns."""
        part = self.prints.filter(pl.col("ts_ns") <= until)
        label = {token: outcome for tokens in self.outcomes.values() for outcome, token in tokens.items()}
        texts = {name: pl.Series(self.names[name].tolist(), dtype=pl.String) for name in _TEXTS}
        named = part.with_columns(texts[name].gather(part[name]).alias(name) for name in texts)
        side = pl.when("sells").then(pl.lit(Side.SELL.value)).otherwise(pl.lit(Side.BUY.value))
        outcome = pl.col("token").replace_strict(label, default="")
        return named.with_columns(side.alias("side"), outcome.alias("outcome"))

    def events(self) -> Iterator[Event]:
        """Every row as one event by observed time; ``seq`` counts from 1."""
        return chain.from_iterable(part.events() for part in self.parts())

    def parts(self) -> Iterator["Part"]:
        """Every row by observed time, some tens of thousands at once."""
        starts = range(0, self.frame.height, CHUNK)
        return (Part(self.frame.slice(start, CHUNK), start, self.names, self.source) for start in starts)


class Part:
    """Rows of a recording that follow each other, as columns; ``times``: when each is observed, in nanoseconds.

    For an engine that need not hear more of most rows than what everybody sees: events are made where asked for.
    """

    def __init__(self, frame: pl.DataFrame, start: int, names: dict[str, Texts], source: str) -> None:
        self.times: list[int] = frame["observed_at"].to_list()
        self._venue_times: list[int] = frame["ts_ns"].to_list()
        self._kinds: list[str] | None = frame["type"].to_list() if "type" in frame.columns else None
        self._trades = trade_columns(frame, names)
        self._first_seq = start + 1
        self._source = source

    @property
    def trades_only(self) -> bool:
        """Whether every row is a trade."""
        return self._kinds is None

    def rows(self) -> Iterator[Row]:
        """What everybody sees of each trade, and its place for ``event``."""
        wallets, _, tokens, _, prices, sizes, _, _ = self._trades
        return zip(self.times, wallets, tokens, prices, sizes, range(len(self.times)), strict=True)

    def event(self, place: int) -> Event:
        """The trade at this place (from 0), of a part that has trades only."""
        wallets, markets, tokens, sides, prices, sizes, txs, deliveries = self._trades
        trade = WhaleTrade(
            wallets[place],
            markets[place],
            tokens[place],
            sides[place],
            prices[place],
            sizes[place],
            txs[place],
            deliveries[place],
        )
        return Event(self._first_seq + place, self.times[place], self._venue_times[place], self._source, trade)

    def events(self) -> Iterator[Event]:
        """Every row as an event."""
        seqs = range(self._first_seq, self._first_seq + len(self.times))
        trades = map(WhaleTrade, *self._trades)
        payloads = trades if self._kinds is None else _payloads(self._kinds, trades)
        return map(Event, seqs, self.times, self._venue_times, repeat(self._source), payloads)


def _redelivered(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """How much later (nanoseconds) each row was collected than the same trade's first delivery, and its delivery."""
    collected = frame["collected_at"]
    if collected.null_count() == frame.height:
        zeros = pl.zeros(frame.height, pl.Int64, eager=True)
        return zeros, zeros
    # Equal facts have equal hashes; grouping by one integer is far cheaper than by a text and four numbers.
    same = frame.select("tx", "wallet", "token", "sells", "size").hash_rows()
    again = same.is_duplicated()
    repeated = pl.DataFrame({"same": same.filter(again), "collected_at": collected.filter(again)})
    first = repeated.select(pl.col("collected_at").min().over("same")).to_series()
    lag = np.zeros(frame.height, dtype=np.int64)
    lag[again.to_numpy()] = ((repeated["collected_at"] - first) * 1e9).fill_null(0).cast(pl.Int64).to_numpy()
    return pl.Series(lag), (collected * 1e6).fill_null(0).cast(pl.Int64)


_SIDES = np.array([Side.BUY, Side.SELL], dtype=object)


def trade_columns(part: pl.DataFrame, names: dict[str, Texts]) -> Columns:
    """The columns of a trade in the order of ``WhaleTrade``; texts are shared, so that look-ups reuse their hash."""
    wallets, markets, tokens = (names[name][part[name].to_numpy()].tolist() for name in _TEXTS)
    sides: list[Side] = _SIDES[part["sells"].cast(pl.Int8).to_numpy()].tolist()
    prices, sizes, txs, deliveries = (part[name].to_list() for name in ("price", "size", "tx", "delivery"))
    return wallets, markets, tokens, sides, prices, sizes, txs, deliveries


def _payloads(kinds: list[str], trades: Iterator[WhaleTrade]) -> Iterator[WhaleTrade | WalletActivity]:
    for kind, trade in zip(kinds, trades, strict=True):
        yield trade if kind == "TRADE" else WalletActivity(trade.wallet, trade.market, kind, trade.size)


class _Tape:
    """One token's prints and how far they have been shown."""

    __slots__ = ("position", "times", "trades")

    def __init__(self, times: list[int], trades: list[WhaleTrade]) -> None:
        self.times = times
        self.trades = trades
        self.position = 0

    def skip_to(self, after: int) -> int | None:
        """Time of the next print, leaving out those up to ``after`` (no order of ours could meet them)."""
        if self.position < len(self.times) and self.times[self.position] <= after:
            self.position = bisect_right(self.times, after, self.position)
        return self.times[self.position] if self.position < len(self.times) else None


class TapePrints:
    """The public prints of a recording, by token: only tokens with an open order are ever unpacked."""

    def __init__(self, recording: Recording) -> None:
        self._frame = recording.prints
        self._names = recording.names
        codes = self._frame["token"].to_numpy()
        tokens = recording.names["token"]
        self._order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[self._order], np.arange(len(tokens) + 1))
        self._slices = {token: (int(edges[i]), int(edges[i + 1])) for i, token in enumerate(tokens)}
        self._open: dict[str, _Tape] = {}

    def next(self, tokens: Mapping[str, list[Resting]], until: int) -> tuple[int, WhaleTrade] | None:
        """The earliest print, not taken yet, after a resting order of its token became active and up to ``until``."""
        best: _Tape | None = None
        best_at = until + 1
        for token, resting in tokens.items():
            tape = self._open.get(token) or self._unpack(token)
            at = tape.skip_to(resting[0].active_at)
            if at is not None and at < best_at:
                best, best_at = tape, at
        return None if best is None else (best_at, best.trades[best.position])

    def take(self, token: str) -> None:
        """The print last returned for this token has been shown."""
        self._open[token].position += 1

    def _unpack(self, token: str) -> _Tape:
        start, stop = self._slices.get(token, (0, 0))
        part = self._frame[np.sort(self._order[start:stop])]
        tape = _Tape(part["ts_ns"].to_list(), list(map(WhaleTrade, *trade_columns(part, self._names))))
        self._open[token] = tape
        return tape
