"""A recording as a feed: rows become events in the order an observer would have seen them.

``venue_at`` is the row's own time. ``observed_at`` adds a seeded detection delay per transaction; a re-delivered row
(same trade, later ``collected_at``) is observed as much later as it was collected later. So what was late or doubled
when it was recorded is late or doubled again.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from shared.domain.market import Market, market_from_slug
from shared.domain.messages import Event, MarketListed, WalletActivity, WhaleTrade
from shared.domain.order import Side

CHUNK = 65_536
Row = tuple[int, int, str, str, str, Side, int, int, str, int, str]
"""observed_at, venue_at, wallet, market, token, side, price, size, tx, delivery, type."""
_QUANTILES = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)
_DELAY_S = (1.2, 1.4, 2.0, 2.9, 4.5, 8.0)
"""Detection delay of the real-time stream: p50 2.0 s, p90 2.9 s (polymarket.md 5.5); linear between the quantiles."""


def detection_delays(count: int, seed: int) -> np.ndarray:
    """``count`` delays in nanoseconds, drawn from the quantile table by inverse transform; the seed decides all."""
    raw = np.random.PCG64(seed).random_raw(count)
    uniform = (np.asarray(raw, dtype=np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.rint(np.interp(uniform, _QUANTILES, _DELAY_S) * 1e9).astype(np.int64)


class Recording:
    """Prepared rows. ``prints`` are the distinct trades by venue time (what the paper venue is shown)."""

    def __init__(self, rows: pl.DataFrame, seed: int, source: str = "recording") -> None:
        self.source = source
        frame = rows.sort("ts_ns", maintain_order=True)
        group = (frame["tx"] != frame["tx"].shift(1)).fill_null(value=True).cum_sum().to_numpy() - 1
        delays = detection_delays(int(group[-1]) + 1 if len(group) else 0, seed)
        key = ["tx", "wallet", "token", "side", "size"]
        if frame["collected_at"].null_count() < frame.height:
            first = pl.col("collected_at").min().over(key)
            lag = ((pl.col("collected_at") - first) * 1e9).fill_null(0).cast(pl.Int64)
            frame = frame.with_columns(lag.alias("lag"))
            deliveries = frame["collected_at"].fill_null(0.0).rank("dense").cast(pl.Int64)
        else:
            frame = frame.with_columns(pl.lit(0, pl.Int64).alias("lag"))
            deliveries = pl.zeros(frame.height, pl.Int64, eager=True)
        observed = frame["ts_ns"].to_numpy() + delays[group] + frame["lag"].to_numpy()
        frame = frame.with_columns(pl.Series("observed_at", observed), deliveries.alias("delivery"))
        trades = frame.filter(pl.col("type") == "TRADE")
        self.prints = trades.filter(pl.col("lag") == 0)
        self.frame = frame.sort("observed_at", maintain_order=True)
        listed = trades.unique("market", keep="first", maintain_order=True)
        self.markets: dict[str, str] = dict(listed.select("market", "slug").iter_rows())
        self.outcomes: dict[str, dict[str, str]] = {}
        for market, outcome, token in (
            trades.select("market", "outcome", "token").unique(maintain_order=True).iter_rows()
        ):
            self.outcomes.setdefault(market, {})[outcome] = token

    def span(self) -> tuple[int, int]:
        """First and last venue time in nanoseconds."""
        first, last = self.frame["ts_ns"].min(), self.frame["ts_ns"].max()
        assert isinstance(first, int)
        assert isinstance(last, int)
        return first, last

    def listings(self, known: dict[str, Market]) -> list[tuple[int, Market]]:
        """Each market at the instant its first row is observed; ``known`` data wins over what the slug tells."""
        first = self.frame.filter(pl.col("type") == "TRADE").unique("market", keep="first", maintain_order=True)
        return [
            (at, known.get(market) or market_from_slug(market, slug))
            for at, market, slug in first.select("observed_at", "market", "slug").iter_rows()
        ]

    def print_rows(self) -> Iterator[Row]:
        """Distinct trades by venue time; rows, not messages, since almost all of them concern no order."""
        return _rows(self.prints)

    def events(self, known: dict[str, Market] | None = None) -> Iterator[Event]:
        """Every row as one event by observed time, each market listed just before its first row."""
        listings = self.listings(known or {})
        listings.reverse()
        for event in _events(self.frame, self.source):
            while listings and listings[-1][0] <= event.observed_at:
                at, market = listings.pop()
                yield Event(0, at, at, self.source, MarketListed(market))
            yield event


def _shared_objects(column: pl.Series) -> list[str]:
    """The strings of a column with one object per distinct value, so that look-ups reuse its hash."""
    encoded = column.to_arrow().dictionary_encode()
    objects: list[str] = np.array(encoded.dictionary.to_pylist(), dtype=object)[encoded.indices.to_numpy()].tolist()
    return objects


def _rows(frame: pl.DataFrame) -> Iterator[Row]:
    sides = {"BUY": Side.BUY, "SELL": Side.SELL}
    for start in range(0, frame.height, CHUNK):
        part = frame.slice(start, CHUNK)
        yield from zip(
            part["observed_at"].to_list(),
            part["ts_ns"].to_list(),
            _shared_objects(part["wallet"]),
            _shared_objects(part["market"]),
            _shared_objects(part["token"]),
            [sides.get(side, Side.BUY) for side in part["side"].to_list()],
            part["price"].to_list(),
            part["size"].to_list(),
            part["tx"].to_list(),
            part["delivery"].to_list(),
            part["type"].to_list(),
            strict=True,
        )


def _events(frame: pl.DataFrame, source: str) -> Iterator[Event]:
    for seq, row in enumerate(_rows(frame), start=1):
        observed, at, wallet, market, token, side, price, size, tx, delivery, kind = row
        if kind == "TRADE":
            trade = WhaleTrade(wallet, market, token, side, price, size, tx, delivery)
            yield Event(seq, observed, at, source, trade)
        else:
            yield Event(seq, observed, at, source, WalletActivity(wallet, market, kind, size or 0))


def trade_of(row: Row) -> WhaleTrade:
    """The trade a row tells of."""
    _, _, wallet, market, token, side, price, size, tx, delivery, _ = row
    return WhaleTrade(wallet, market, token, side, price, size, tx, delivery)
