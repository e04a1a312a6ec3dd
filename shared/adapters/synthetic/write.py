"""The files of a synthetic world: exact columns and types, written in pieces, each file complete or absent."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from shared.adapters.synthetic.markets import Markets
from shared.adapters.synthetic.matching import Rows
from shared.adapters.synthetic.orders import BUY
from shared.adapters.synthetic.prices import Prices
from shared.adapters.synthetic.wallets import Wallets
from shared.adapters.synthetic.world import (
    BASE_TS,
    MIN_SIZE_SHARES,
    TICK,
    UNITS_PER_SHARE,
    FloatArray,
    IntArray,
)

CHUNK = 250_000
TRADES = pa.schema(
    [
        ("timestamp", pa.int64()),
        ("collected_at", pa.float64()),
        ("wallet", pa.string()),
        ("title", pa.string()),
        ("outcome", pa.string()),
        ("side", pa.string()),
        ("size", pa.float64()),
        ("price", pa.float64()),
        ("usdc", pa.float64()),
        ("transactionHash", pa.string()),
        ("slug", pa.string()),
        ("type", pa.string()),
        ("asset", pa.string()),
        ("conditionId", pa.string()),
    ]
)
"""The columns of the recorded wallet activity, and the token and condition ids that it lacks."""

LAG_MEDIAN_S = 2.0
LAG_SIGMA = 0.29
"""Polling lag: p50 2.0 s, p90 2.9 s."""
MADE_UP = {b"world": b"synthetic"}
"""Stands in every file of an invented world, so that no result made from it passes for a real one."""
TRUTH = "truth.parquet"
AGAIN_PART = 0.005
AGAIN_S = (5.0, 50.0)


def write_tables(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """Write tables below each other to one Parquet file, which appears only when it is complete; returns the rows."""
    partial = path.with_name(path.name + ".partial")
    written = 0
    with pq.ParquetWriter(partial, schema.with_metadata(MADE_UP), compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
            written += table.num_rows
    partial.replace(path)
    return written


def made_up(path: Path) -> bool:
    """Whether a file, or one of a folder's, is of an invented world: it says so itself, or the truth lies beside it."""
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return any(file.with_name(TRUTH).exists() or _says_so(file) for file in files)


def _says_so(file: Path) -> bool:
    try:
        metadata = pq.read_schema(file).metadata or {}
    except pa.ArrowException:  # rows as JSON lines
        return False
    return all(metadata.get(name) == word for name, word in MADE_UP.items())


def deliveries(rng: np.random.Generator, rows: Rows) -> tuple[IntArray, FloatArray, int]:
    """Which print stands in which line of the file and when it was collected; all rows of a transaction come together.

    A small part of the transactions is delivered a second time 5-50 s later: the same rows with a later
    ``collected_at``, which are not new trades. Returns (positions in ``rows``, collected_at, number of repeated rows).
    """
    orders = int(rows.order[-1]) + 1 if len(rows) else 0
    lag = rng.lognormal(np.log(LAG_MEDIAN_S), LAG_SIGMA, orders)
    second = np.where(rng.random(orders) < AGAIN_PART, rng.uniform(*AGAIN_S, orders), 0.0)
    again = np.flatnonzero(second[rows.order] > 0.0)
    position = np.concatenate([np.arange(len(rows)), again])
    delay = lag[rows.order[position]]
    delay[len(rows) :] += second[rows.order[again]]
    collected = np.round(BASE_TS + rows.at[position] + delay, 3)
    in_file = np.argsort(np.floor(rows.at[position]), kind="stable")
    return position[in_file], collected[in_file], len(again)


def trade_tables(
    rng: np.random.Generator, rows: Rows, markets: Markets, wallets: Wallets, lines: tuple[IntArray, FloatArray]
) -> Iterable[pa.Table]:
    """The trades in order of their timestamp, piece by piece."""
    position, collected = lines
    hashes = _HashPool(rng, int(rows.order[-1]) + 1 if len(rows) else 0)
    pools = {
        "wallet": pa.array(wallets.address),
        "title": pa.array(markets.question),
        "slug": pa.array(markets.slug),
        "conditionId": pa.array(markets.condition_id),
        "outcome": pa.array([label for m in range(markets.count) for label in markets.outcomes(m)]),
        "asset": pa.array([token for pair in markets.token_ids for token in pair]),
        "side": pa.array(["BUY", "SELL"]),
    }
    for begin in range(0, len(position), CHUNK):
        line = position[begin : begin + CHUNK]
        market, token = rows.market[line], 2 * rows.market[line] + rows.token[line]
        index = {
            "wallet": rows.wallet[line],
            "title": market,
            "slug": market,
            "conditionId": market,
            "outcome": token,
            "asset": token,
            "side": np.where(rows.side[line] == BUY, 0, 1),
        }
        columns = {name: pools[name].take(pa.array(picks)) for name, picks in index.items()}
        columns["timestamp"] = pa.array(BASE_TS + np.floor(rows.at[line]).astype(np.int64))
        columns["collected_at"] = pa.array(collected[begin : begin + CHUNK])
        columns["size"] = pa.array(rows.units[line] / UNITS_PER_SHARE)
        columns["price"] = pa.array(rows.cents[line] / 100.0)
        columns["usdc"] = pa.array(rows.units[line] * rows.cents[line] / 1e6)
        columns["transactionHash"] = hashes.take(rows.order[line])
        columns["type"] = pa.repeat(pa.scalar("TRADE"), len(line))
        yield pa.table([columns[name] for name in TRADES.names], schema=TRADES)


class _HashPool:
    """Transaction hashes of all orders as raw bytes; text is made only for the rows asked for."""

    _HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), dtype=np.uint8).reshape(256, 2)

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self._raw = np.frombuffer(rng.bytes(32 * count), dtype=np.uint8).reshape(count, 32)

    def take(self, order: IntArray) -> pa.StringArray:
        text = np.empty((len(order), 66), dtype=np.uint8)
        text[:, :2] = np.frombuffer(b"0x", dtype=np.uint8)
        text[:, 2:] = self._HEX[self._raw[order]].reshape(len(order), 64)
        offsets = np.arange(len(order) + 1, dtype=np.int32) * 66
        return pa.StringArray.from_buffers(len(order), pa.py_buffer(offsets), pa.py_buffer(text))


def resolution_table(markets: Markets, prices: Prices) -> pl.DataFrame:
    """Every market with its winner; a market that ends after the tape has none yet, and confidence 'none'."""
    resolved = markets.end <= markets.close_s
    winners = [markets.outcomes(m)[0 if prices.up_won[m] else 1] if resolved[m] else None for m in range(markets.count)]
    return pl.DataFrame(
        {
            "title": markets.question,
            "asset": markets.symbol,
            "start_ts": markets.start + BASE_TS,
            "end_ts": markets.end + BASE_TS,
            "window_s": markets.end - markets.start,
            "slug": markets.slug,
            "conditionId": markets.condition_id,
            "confidence": ["high" if flag else "none" for flag in resolved],
            "winner": pl.Series(winners, dtype=pl.String),
        }
    )


def market_table(markets: Markets, rows: Rows) -> pl.DataFrame:
    """What a market listing says; the volume is that of the takers, at most 24 hours' worth of it."""
    taken = np.flatnonzero(rows.taker)
    usd = np.bincount(rows.market[taken], weights=rows.units[taken] * rows.cents[taken] / 1e6, minlength=markets.count)
    traded_s = np.maximum(markets.close_s - markets.open_s, 1)
    return pl.DataFrame(
        {
            "slug": markets.slug,
            "conditionId": markets.condition_id,
            "question": markets.question,
            "outcomes": [list(markets.outcomes(m)) for m in range(markets.count)],
            "token_ids": [list(pair) for pair in markets.token_ids],
            "kind": ["event" if number < 0 else "crypto_updown" for number in markets.series],
            "category": markets.category,
            "start_ts": markets.start + BASE_TS,
            "end_ts": markets.end + BASE_TS,
            "tick_size": [TICK] * markets.count,
            "min_size": [MIN_SIZE_SHARES] * markets.count,
            "fee_rate": markets.fee_rate,
            "volume_24h_usd": np.round(usd * np.minimum(1.0, 86_400.0 / traded_s), 2),
            "neg_risk": [False] * markets.count,
        }
    )


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a small table to a Parquet file, which appears only when it is complete."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    schema = table.schema
    write_tables(path, schema, [table])
