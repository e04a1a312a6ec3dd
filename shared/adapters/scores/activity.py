"""Recorded wallet activity (Parquet, three column styles) as one table of fills in the house's units.

Styles: the up/down recording of March 2026 (slug, usdc, inferred types), the midterm trades of 2022 (market name, usdc,
no transaction), data-API activity v1 and v2 (conditionId, asset, usdcSize). A row that cannot be a fact is refused and
counted with one sentence naming the field and the value; the rest is used. Money is what the file says was paid; only a
file without a cash column gets size times price.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import polars as pl
import pyarrow.parquet as pq
from pyarrow.lib import ArrowException

from shared.adapters.replay.rows import MILLISECONDS_FROM, SENTENCES_MAX
from shared.domain.errors import BadInput
from shared.domain.money import MICRO_MAX, ONE

FILL_SCHEMA: dict[str, pl.DataType] = {
    "ts_s": pl.Int64(),
    "wallet": pl.String(),
    "market": pl.String(),
    "slug": pl.String(),
    "token": pl.String(),
    "outcome": pl.String(),
    "side": pl.String(),
    "price_micro": pl.Int64(),
    "size_micro": pl.Int64(),
    "cash_micro": pl.Int64(),
    "tx": pl.String(),
    "type": pl.String(),
    "inferred": pl.Boolean(),
    "n": pl.Int64(),
    "file": pl.String(),
}
"""The columns of ``Activity.fills``. Sizes in millionths of a share, prices and cash in micro-dollars, Unix seconds."""

_REQUIRED: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp",),
    "wallet": ("wallet", "proxyWallet", "proxy_wallet"),
    "side": ("side",),
    "size": ("size", "shares"),
    "price": ("price",),
    "outcome": ("outcome",),
}
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "market": ("conditionId", "condition_id", "market"),
    "slug": ("slug", "market_slug"),
    "token": ("asset", "token_id"),
    "cash": ("usdc", "usdcSize", "usdc_size"),
    "tx": ("transactionHash", "transaction_hash", "tx_hash"),
    "type": ("type",),
    "collected_at": ("collected_at",),
}
_NUMBERS = ("timestamp", "size", "price", "cash", "collected_at")
_SAME_FILL = ("tx", "wallet", "market", "token", "side", "size_micro", "type")
"""What makes rows of different deliveries the same fill (with the occurrence ``n``); no price (design.md 3)."""


class Activity(msgspec.Struct, frozen=True):
    """``fills`` (``FILL_SCHEMA``) sorted by time; ``refused`` rows, ``redelivered`` rows and whole ``repeated_files``
    are missing from it. ``sentences`` tells the first refusals.
    """

    fills: pl.DataFrame
    refused: int
    redelivered: int
    repeated_files: int
    sentences: tuple[str, ...]


def read_activity(paths: Sequence[Path]) -> Activity:
    """Read one or many Parquet files; ``BadInput`` when a file is missing, unreadable, empty or lacks a column.

    A file that repeats another one byte for byte is left out. Equal rows within one delivery (one ``collected_at`` of
    one file) are separate fills; the same rows in a later delivery are not counted again.
    """
    if not paths:
        raise BadInput("trades names no file")
    sentences: list[str] = []
    seen: dict[str, Path] = {}
    parts: list[pl.DataFrame] = []
    refused = repeated = 0
    for path in paths:
        digest = _digest(path)
        if digest in seen:
            repeated += 1
            sentences.append(f"file {path.name} repeats {seen[digest].name} byte for byte and is left out")
            continue
        seen[digest] = path
        part, bad = _read_one(path, sentences)
        refused += bad
        parts.append(part)
    every = pl.concat(parts)
    fills = _once(every)
    told = tuple(sentences[:SENTENCES_MAX])
    return Activity(fills, refused, every.height - fills.height, repeated, told)


def holds_trades(path: Path) -> bool:
    """Whether a Parquet file has the columns of recorded activity; ``BadInput`` when it cannot be opened."""
    try:
        with pq.ParquetFile(path) as file:
            columns = file.schema_arrow.names
    except (ArrowException, OSError) as error:
        raise BadInput(f"trades {path} are not a readable Parquet file: {str(error).splitlines()[0][:120]}") from None
    named = all(any(name in columns for name in choices) for choices in _REQUIRED.values())
    return named and any(name in columns for name in (*_OPTIONAL["market"], *_OPTIONAL["slug"]))


def read_outcomes(paths: Sequence[Path]) -> pl.DataFrame:
    """Columns key (condition id, slug or market name), end_ts (Unix seconds, nullable), winner (nullable), confidence.

    Only winners of confidence ``high`` (or of a file that states none) are taken; the others become null and are
    counted by who asks, never guessed. A file without ``end_ts`` knows its winners from the last trade on.
    ``BadInput`` when a file cannot be read or lacks a column.
    """
    parts: list[pl.DataFrame] = []
    for path in paths:
        raw = _parquet(path, "resolutions")
        keys = [name for name in ("conditionId", "slug", "market") if name in raw.columns]
        winner = next((name for name in ("winner", "winning_outcome") if name in raw.columns), None)
        if not keys:
            raise BadInput(f"resolutions {path} have no column conditionId, slug or market")
        if winner is None:
            raise BadInput(f"resolutions {path} have no column winner")
        end = next((name for name in ("end_ts", "last_trade_ts") if name in raw.columns), None)
        confidence = pl.col("confidence").cast(pl.String) if "confidence" in raw.columns else pl.lit("high", pl.String)
        facts = (
            (pl.lit(None, pl.Int64) if end is None else pl.col(end).cast(pl.Int64, strict=False)).alias("end_ts"),
            pl.when(confidence == "high").then(pl.col(winner).cast(pl.String)).alias("winner"),
            confidence.alias("confidence"),
        )
        parts.extend(raw.select(pl.col(key).cast(pl.String).alias("key"), *facts) for key in keys)
    if not parts:
        return pl.DataFrame(schema={"key": pl.String, "end_ts": pl.Int64, "winner": pl.String, "confidence": pl.String})
    return pl.concat(parts).filter(pl.col("key").fill_null("") != "").unique(maintain_order=True)


def _digest(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"trades {path} does not exist or is not a file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parquet(path: Path, what: str) -> pl.DataFrame:
    try:
        with pq.ParquetFile(path) as file:
            raw = pl.from_arrow(file.read())
    except (ArrowException, OSError) as error:
        raise BadInput(f"{what} {path} are not a readable Parquet file: {str(error).splitlines()[0][:120]}") from None
    assert isinstance(raw, pl.DataFrame)
    return raw


def _read_one(path: Path, sentences: list[str]) -> tuple[pl.DataFrame, int]:
    """The usable rows of a file in the house's units (with ``collected_at``), and how many were refused."""
    raw = _parquet(path, "trades")
    if raw.height == 0:
        raise BadInput(f"trades {path} have no rows")
    names = _names(raw.columns, path)
    typed = raw.select(
        (pl.lit(None) if name is None else pl.col(name))
        .cast(pl.Float64 if field in _NUMBERS else pl.String, strict=False)
        .alias(field)
        for field, name in names.items()
    ).with_columns(
        pl.col("side", "type").str.strip_chars().str.to_uppercase().replace("", None),
        pl.col("wallet", "outcome", "market", "slug", "token", "tx").str.strip_chars().fill_null(""),
    )
    has_cash = names["cash"] is not None
    fault = typed.select(_fault(has_cash=has_cash).alias("fault"))["fault"]
    bad = fault.is_not_null()
    for row in bad.arg_true().head(max(SENTENCES_MAX - len(sentences), 0)).to_list():
        name = names[fault[row]] or fault[row]
        shown = raw[name][row] if name in raw.columns else None
        sentences.append(f"file {path.name}, row {row}: {name} is {shown!r}")
    good = typed.filter(~bad)
    return _facts(good, path.name, has_cash=has_cash), int(bad.sum())


def _names(columns: list[str], path: Path) -> dict[str, str | None]:
    """Which column of the file says what; ``BadInput`` for a missing one."""
    names: dict[str, str | None] = {}
    for field, choices in (*_REQUIRED.items(), *_OPTIONAL.items()):
        names[field] = next((name for name in choices if name in columns), None)
        if names[field] is None and field in _REQUIRED:
            raise BadInput(f"trades {path} have no column {' or '.join(choices)}")
    if names["market"] is None and names["slug"] is None:
        raise BadInput(f"trades {path} have no column conditionId, slug or market")
    return names


def _unusable(number: pl.Expr, most: float) -> pl.Expr:
    """Null, NaN, infinite, negative or absurd. (A text that is no number has become null.)"""
    return number.is_null() | ~number.is_finite() | (number < 0) | (number > most)


def _fault(*, has_cash: bool) -> pl.Expr:
    """The field that makes a row unusable, or null. Dust (size or cash 0) is a fact; with cash 0 shares, no price."""
    at, size, price = pl.col("timestamp"), pl.col("size"), pl.col("price")
    trade = pl.col("type").is_null() | (pl.col("type") == "TRADE")
    concerns_market = trade | pl.col("type").str.strip_chars_end("?").is_in(["SPLIT", "MERGE", "REDEEM", "CONVERSION"])
    most = MICRO_MAX / ONE
    cash_bad = _unusable(pl.col("cash"), most) if has_cash else pl.lit(value=False)
    needs_price = (size > 0) if has_cash else pl.lit(value=True)
    return (
        pl.when(at.is_null() | ~at.is_finite() | (at <= 0) | (at > 10**14))
        .then(pl.lit("timestamp"))
        .when(pl.col("wallet") == "")
        .then(pl.lit("wallet"))
        .when(_unusable(size, most))
        .then(pl.lit("size"))
        .when(cash_bad)
        .then(pl.lit("cash"))
        .when(concerns_market & (pl.col("market") == "") & (pl.col("slug") == ""))
        .then(pl.lit("slug"))
        .when(~trade)
        .then(None)
        .when(needs_price & _unusable(price, 1.0))
        .then(pl.lit("price"))
        .when(~pl.col("side").fill_null("").is_in(["BUY", "SELL"]))
        .then(pl.lit("side"))
        .when((pl.col("outcome") == "") & (pl.col("token") == ""))
        .then(pl.lit("outcome"))
        .otherwise(None)
    )


def _micro(number: pl.Expr) -> pl.Expr:
    """Millionths, half-even: the vectorised form of ``money.micro_of_float``."""
    return (number.fill_nan(0).fill_null(0) * ONE).round(0).cast(pl.Int64)


def _facts(good: pl.DataFrame, file: str, *, has_cash: bool) -> pl.DataFrame:
    """``FILL_SCHEMA`` without ``n``, with ``collected_at``."""
    at = pl.col("timestamp")
    seconds = pl.when(at >= MILLISECONDS_FROM).then(at / 1000).otherwise(at).floor().cast(pl.Int64)
    kind = pl.col("type").fill_null("TRADE")
    inferred = kind.str.ends_with("?")
    size, price = _micro(pl.col("size")), _micro(pl.col("price"))
    by_price = ((size.cast(pl.Int128) * price + ONE // 2) // ONE).cast(pl.Int64)
    trade = kind == "TRADE"
    # The type of an inferred row was concluded from its size; its cash column means nothing. A pair is worth a dollar.
    stated = _micro(pl.col("cash")) if has_cash else pl.when(trade).then(by_price).otherwise(size)
    market = pl.when(pl.col("market") != "").then(pl.col("market")).otherwise(pl.col("slug"))
    label = pl.when(pl.col("outcome") != "").then(pl.col("outcome")).otherwise(pl.col("token"))
    named = pl.concat_str(market, pl.lit(":"), pl.col("outcome"))
    return good.select(
        seconds.alias("ts_s"),
        pl.col("wallet").str.to_lowercase(),
        market.alias("market"),
        pl.col("slug"),
        pl.when((pl.col("token") == "") & trade).then(named).otherwise(pl.col("token")).alias("token"),
        label.alias("outcome"),
        pl.when(trade).then(pl.col("side")).otherwise(pl.lit("")).alias("side"),
        price.alias("price_micro"),
        size.alias("size_micro"),
        pl.when(inferred).then(size).otherwise(stated).alias("cash_micro"),
        pl.when(pl.col("tx") != "").then(pl.col("tx")).otherwise(_moment(seconds, price)).alias("tx"),
        kind.str.strip_chars_end("?").alias("type"),
        inferred.alias("inferred"),
        pl.lit(file).alias("file"),
        pl.col("collected_at").fill_nan(None),
    )


def _moment(seconds: pl.Expr, price: pl.Expr) -> pl.Expr:
    """Stands for the transaction where a file names none: time and price."""
    return pl.concat_str(pl.lit("@"), seconds.cast(pl.String), pl.lit(":"), price.cast(pl.String))


def _once(every: pl.DataFrame) -> pl.DataFrame:
    """Number equal rows within a delivery, drop what an earlier delivery brought already, sort by time."""
    every = every.with_columns(pl.int_range(pl.len()).over(*_SAME_FILL, "file", "collected_at").alias("n"))
    kept = every.unique([*_SAME_FILL, "n"], keep="first", maintain_order=True)
    return kept.sort("ts_s", maintain_order=True).select(list(FILL_SCHEMA))
