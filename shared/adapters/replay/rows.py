"""Recorded activity rows (Parquet or JSONL, three column styles) as checked, normalised columns.

A row that cannot be a fact is refused and counted with one sentence; the rest of the file is used.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from pyarrow.lib import ArrowException

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import MICRO_MAX, ONE

LINE_MAX = 1 << 20
"""Bytes of one JSON line; a longer one is refused without being held in memory."""
ARRAY_MAX = 1 << 26
"""Bytes of a file that is one JSON array (a saved page); more belongs into lines."""
SENTENCES_MAX = 20
"""Refusals are all counted; the first few are told in full."""
MILLISECONDS_FROM = 10**11
"""Unix times at or above this are milliseconds (as seconds they would lie beyond the year 5000)."""

_NAMES: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp",),
    "wallet": ("wallet", "proxyWallet", "proxy_wallet"),
    "size": ("size",),
    "price": ("price",),
    "side": ("side",),
    "outcome": ("outcome",),
    "slug": ("slug",),
}
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "tx": ("transactionHash", "transaction_hash"),
    "market": ("conditionId", "condition_id"),
    "token": ("asset", "token_id"),
    "type": ("type",),
    "collected_at": ("collected_at",),
}
_NUMBERS = ("timestamp", "size", "price", "collected_at")


class Rows:
    """``table``: one line per usable row, in file order, with columns ts_ns, wallet, market, slug, token, outcome,
    side, price, size (both in millionths), tx, type, collected_at. ``malformed`` rows are missing from it and
    described in ``sentences`` (the first few).
    """

    def __init__(self, table: pl.DataFrame, malformed: int, sentences: list[str]) -> None:
        self.table = table
        self.malformed = malformed
        self.sentences = sentences


def read_rows(path: Path) -> Rows:
    """Read a recording; ``BadInput`` when the file as a whole is unusable (missing, empty, cut, a column short)."""
    if not path.exists():
        raise BadInput(f"recording {path} does not exist")
    if path.is_dir():
        return read_rows(path / "trades.parquet")
    if path.stat().st_size == 0:
        raise BadInput(f"recording {path} is empty")
    refused: list[str] = []
    malformed = 0
    if path.suffix in (".jsonl", ".ndjson", ".json"):
        raw, malformed = _read_json_lines(path, refused)
    else:
        raw = _read_parquet(path)
    return _normalised(raw, path, malformed, refused)


def _read_parquet(path: Path) -> pl.DataFrame:
    wanted = {name for names in (*_NAMES.values(), *_OPTIONAL.values()) for name in names}
    try:
        with pq.ParquetFile(path) as file:
            present = [name for name in file.schema_arrow.names if name in wanted]
            frame = pl.from_arrow(file.read(columns=present))
    except (ArrowException, OSError) as error:
        first = str(error).splitlines()[0][:120]
        raise BadInput(f"recording {path} is not a readable Parquet file: {first}") from None
    assert isinstance(frame, pl.DataFrame)
    return frame


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; None for one beyond the limit, which is skipped piece by piece."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_MAX + 1):
            number += 1
            if len(line) > LINE_MAX and not line.endswith(b"\n"):
                while (rest := file.readline(LINE_MAX)) and not rest.endswith(b"\n"):
                    pass
                yield number, None
            else:
                yield number, line


def _read_json_lines(path: Path, refused: list[str]) -> tuple[pl.DataFrame, int]:
    """JSON lines, or one JSON array of rows; values are kept as they are for the checks."""
    rows: list[dict[str, Any]] = []
    malformed = 0
    with path.open("rb") as file:
        is_array = file.read(64).lstrip()[:1] == b"["
    if is_array:
        if path.stat().st_size > ARRAY_MAX:
            raise BadInput(f"recording {path} is one JSON array of over {ARRAY_MAX} bytes; use one row per line")
        try:
            rows = [row for row in json.loads(path.read_bytes()) if isinstance(row, dict)]
        except ValueError as error:
            raise BadInput(f"recording {path} is not a JSON array of rows: {error}") from None
        return _frame(rows), malformed
    for number, line in _lines(path):
        problem = f"line longer than {LINE_MAX} bytes" if line is None else ""
        row: object = None
        if line is not None:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                problem = "not JSON"
        if isinstance(row, dict):
            rows.append(row)
        else:
            malformed += 1
            if len(refused) < SENTENCES_MAX:
                refused.append(f"line {number}: {problem or 'not a JSON object'}")
    return _frame(rows), malformed


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    wanted = [name for names in (*_NAMES.values(), *_OPTIONAL.values()) for name in names]
    present = [name for name in wanted if any(name in row for row in rows)]
    text = {name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in present}
    return pl.DataFrame(text, schema=dict.fromkeys(present, pl.String))


def _column(raw: pl.DataFrame, names: tuple[str, ...]) -> pl.Expr | None:
    for name in names:
        if name in raw.columns:
            return pl.col(name)
    return None


def _normalised(raw: pl.DataFrame, path: Path, malformed: int, refused: list[str]) -> Rows:
    if raw.height == 0 and malformed == 0:
        raise BadInput(f"recording {path} has no rows")
    chosen: dict[str, pl.Expr] = {}
    for name, names in _NAMES.items():
        column = _column(raw, names)
        if column is None and raw.height > 0:
            raise BadInput(f"recording {path} has no column {' or '.join(names)}")
        chosen[name] = pl.lit(None, pl.String) if column is None else column
    for name, names in _OPTIONAL.items():
        column = _column(raw, names)
        chosen[name] = pl.lit(None, pl.String) if column is None else column
    typed = raw.select(
        [
            expr.cast(pl.Float64, strict=False).alias(name)
            if name in _NUMBERS
            else expr.cast(pl.String, strict=False).alias(name)
            for name, expr in chosen.items()
        ]
    ).with_row_index("row")
    shown = raw.select([expr.cast(pl.String, strict=False).alias(name) for name, expr in chosen.items()])
    checked = typed.with_columns(_fault().alias("fault"))
    bad = checked.filter(pl.col("fault").is_not_null())
    for row, fault in bad.select("row", "fault").head(max(SENTENCES_MAX - len(refused), 0)).iter_rows():
        refused.append(f"row {row}: {fault} is {shown[fault.split()[0]][row]!r}")
    good = checked.filter(pl.col("fault").is_null())
    return Rows(_facts(good), malformed + bad.height, refused)


def _fault() -> pl.Expr:
    """The first thing wrong with a row, or null. Only trades need a side, a price, a size and an outcome."""
    at, price, size = pl.col("timestamp"), pl.col("price"), pl.col("size")
    trade = pl.col("type").is_null() | (pl.col("type") == "TRADE")
    no_token = (pl.col("token").fill_null("") == "") & (pl.col("outcome").fill_null("") == "")
    no_market = (pl.col("market").fill_null("") == "") & (pl.col("slug").fill_null("") == "")
    return (
        pl.when(at.is_null() | ~at.is_finite() | (at <= 0) | (at > 10**14))
        .then(pl.lit("timestamp"))
        .when(pl.col("wallet").fill_null("") == "")
        .then(pl.lit("wallet"))
        .when(~trade)
        .then(None)
        .when(price.is_null() | ~price.is_finite() | (price * ONE < 0.5) | (price * ONE > ONE - 0.5))
        .then(pl.lit("price outside (0, 1)"))
        .when(size.is_null() | ~size.is_finite() | (size * ONE < 0.5) | (size * ONE > MICRO_MAX))
        .then(pl.lit("size"))
        .when(~pl.col("side").fill_null("").is_in(["BUY", "SELL"]))
        .then(pl.lit("side"))
        .when(no_token)
        .then(pl.lit("outcome"))
        .when(no_market)
        .then(pl.lit("slug"))
        .otherwise(None)
    )


def _facts(good: pl.DataFrame) -> pl.DataFrame:
    at = pl.col("timestamp")
    in_seconds = pl.when(at >= MILLISECONDS_FROM).then(at / 1000).otherwise(at)
    micro_at = (in_seconds * 1_000_000).round(0).cast(pl.Int64)
    market = pl.when(pl.col("market").fill_null("") != "").then(pl.col("market")).otherwise(pl.col("slug"))
    named = pl.concat_str(
        [pl.col("slug").fill_null(market).fill_null(""), pl.col("outcome").fill_null("")], separator=":"
    )
    token = pl.when(pl.col("token").fill_null("") != "").then(pl.col("token")).otherwise(named)
    no_tx = pl.concat_str([pl.lit("@"), micro_at.cast(pl.String), pl.lit(":"), pl.col("price").cast(pl.String)])
    return good.select(
        (micro_at * (SECOND // 1_000_000)).alias("ts_ns"),
        pl.col("wallet").str.to_lowercase(),
        market.fill_null("").alias("market"),
        pl.col("slug").fill_null(""),
        token.fill_null("").alias("token"),
        pl.col("outcome").fill_null(""),
        pl.col("side").fill_null(""),
        (pl.col("price").fill_nan(0).fill_null(0) * ONE).round(0).cast(pl.Int64, strict=False).alias("price"),
        (pl.col("size").fill_nan(0).fill_null(0) * ONE).round(0).cast(pl.Int64, strict=False).alias("size"),
        pl.when(pl.col("tx").fill_null("") != "").then(pl.col("tx")).otherwise(no_tx).alias("tx"),
        pl.col("type").fill_null("TRADE"),
        pl.col("collected_at").fill_nan(None),
    )
