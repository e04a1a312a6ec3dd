"""Activity rows in each column style, and files made of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

Row = dict[str, Any]

WALLET = "0x" + "ab" * 20
OTHER = "0x" + "cd" * 20
START_S = 1_774_200_000
SLUG = f"btc-updown-5m-{START_S}"


def row(number: int = 0, **changes: Any) -> Row:
    """A good row in the style of the March recording; ``number`` gives it a second and a transaction of its own."""
    good: Row = {
        "timestamp": START_S + number,
        "wallet": WALLET,
        "size": 500.0,
        "price": 0.5,
        "side": "BUY",
        "outcome": "Up",
        "slug": SLUG,
        "transactionHash": f"0x{number:064x}",
        "type": "TRADE",
    }
    return {name: value for name, value in (good | changes).items() if value is not ...}


def v1(number: int = 0, **changes: Any) -> Row:
    """The same row as the data API's first version names it."""
    names = {"wallet": "proxyWallet"}
    old = {names.get(name, name): value for name, value in row(number).items()}
    return old | {"conditionId": "0xc0", "asset": "12345", "outcomeIndex": 0} | changes


def v2(number: int = 0, **changes: Any) -> Row:
    """The same row as the data API's second version names it."""
    names = {"wallet": "proxy_wallet", "transactionHash": "transaction_hash"}
    new = {names.get(name, name): value for name, value in row(number).items()}
    return new | {"condition_id": "0xc0", "token_id": "12345", "outcome_index": 0} | changes


def parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as a Parquet file."""
    pl.DataFrame(list(rows), infer_schema_length=None).write_parquet(path)
    return path


def lines(path: Path, rows: Sequence[object]) -> Path:
    """Rows as JSON lines; texts are written as they are."""
    texts = [item if isinstance(item, str) else json.dumps(item) for item in rows]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path
