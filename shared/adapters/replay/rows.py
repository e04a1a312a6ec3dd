"""Recorded activity rows (Parquet or JSONL, three column styles) as checked, normalised columns.

A row that cannot be a fact is refused and counted with one sentence; the rest of the file is used.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

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
        present = [name for name in pl.read_parquet_schema(path) if name in wanted]
        return pl.read_parquet(path, columns=present)
    except (PolarsError, OSError) as error:
        first = str(error).splitlines()[0][:120]
        raise BadInput(f"recording {path} is not a readable Parquet file: {first}") from None


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
            items = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise BadInput(f"recording {path} is not a JSON array of rows: {error}") from None
        for place, item in enumerate(items):
            if isinstance(item, dict):
                rows.append(item)
            elif len(refused) < SENTENCES_MAX:
                refused.append(f"row {place}: not a JSON object")
        return _frame(rows), len(items) - len(rows)
    for number, line in _lines(path):
        problem = f"line longer than {LINE_MAX} bytes" if line is None else ""
        row: object = None
        if line is not None:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):  # the latter: brackets nested thousands deep
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
            expr.cast(pl.Float64 if name in _NUMBERS else pl.String, strict=False).alias(name)
            for name, expr in chosen.items()
        ]
    ).head(raw.height)  # a file of refused lines has no columns, and literals alone would make up a row
    fault = typed.select(_fault().alias("fault"))["fault"]
    if fault.null_count() == len(fault):
        return Rows(_facts(typed), malformed, refused)
    bad = fault.is_not_null()
    for row in bad.arg_true().head(max(SENTENCES_MAX - len(refused), 0)).to_list():
        shown = raw.select(chosen[fault[row].split()[0]].slice(row, 1).cast(pl.String)).item()
        refused.append(f"row {row}: {fault[row]} is {shown!r}")
    return Rows(_facts(typed.filter(~bad)), malformed + int(bad.sum()), refused)


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
    """The checked rows in the house's units. Derived names are only built where a recording lacks the real ones."""
    at = pl.col("timestamp")
    in_seconds = pl.when(at >= MILLISECONDS_FROM).then(at / 1000).otherwise(at)
    micro_at = (in_seconds * 1_000_000).round(0).cast(pl.Int64)
    market = pl.coalesce(_present("market"), _present("slug"), pl.lit(""))
    token, tx = _present("token"), _present("tx")
    if good.select((token.is_null() & (pl.col("type").is_null() | (pl.col("type") == "TRADE"))).any()).item():
        named = pl.concat_str([_or_empty(_present("slug"), market), _or_empty(pl.col("outcome"))], separator=":")
        token = pl.coalesce(token, named)
    if good.select(tx.is_null().any()).item():
        facts = [pl.lit("@"), micro_at.cast(pl.String), pl.lit(":"), _or_empty(pl.col("price").cast(pl.String))]
        tx = pl.coalesce(tx, pl.concat_str(facts))
    return good.select(
        (micro_at * (SECOND // 1_000_000)).alias("ts_ns"),
        _lower(good["wallet"]),
        market.alias("market"),
        _or_empty(pl.col("slug")).alias("slug"),
        _or_empty(token).alias("token"),
        _or_empty(pl.col("outcome")).alias("outcome"),
        _or_empty(pl.col("side")).alias("side"),
        _micro("price"),
        _micro("size"),
        tx.alias("tx"),
        pl.col("type").fill_null("TRADE"),
        pl.col("collected_at").fill_nan(None),
    )


def _present(name: str) -> pl.Expr:
    """The column with empty text as null."""
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _or_empty(*columns: pl.Expr) -> pl.Expr:
    return pl.coalesce(*columns, pl.lit(""))


def _micro(name: str) -> pl.Expr:
    """Floats to millionths, half-even (the vectorised form of ``money.micro_of_float``); rows without one get 0."""
    return (pl.col(name).fill_nan(0).fill_null(0) * ONE).round(0).cast(pl.Int64, strict=False).fill_null(0).alias(name)


def _lower(wallets: pl.Series) -> pl.Series:
    """Addresses in lower case; recordings that are so already (nearly all) are not rebuilt."""
    distinct = wallets.unique()
    return wallets if (distinct == distinct.str.to_lowercase()).all() else wallets.str.to_lowercase()
