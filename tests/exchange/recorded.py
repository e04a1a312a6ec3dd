"""Recorded rows in the venue's v2 wire form, for serving by ``LocalVenue``."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tests.exchange.content import Wire

_V2_NAMES = {
    "proxyWallet": "proxy_wallet",
    "conditionId": "condition_id",
    "usdcSize": "usdc_size",
    "transactionHash": "transaction_hash",
    "asset": "token_id",
    "outcomeIndex": "outcome_index",
    "eventSlug": "event_slug",
    "profileImage": "profile_image",
    "profileImageOptimized": "profile_image_optimized",
}


def v2_row(row: Mapping[str, Any]) -> Wire:
    """A v1 camelCase row under its v2 names, values untouched."""
    return {_V2_NAMES.get(name, name): value for name, value in row.items()}


def activity_page(recordings: Path, name: str) -> list[Wire]:
    """The rows of one verbatim activity page of the recordings, in v2 form."""
    return [v2_row(row) for row in json.loads((recordings / "raw" / name).read_bytes())]


def dataapi_activity(recordings: Path) -> list[Wire]:
    """Every recorded data-API activity row in v2 form, oldest first."""
    frame = pl.read_parquet(recordings / "activity_dataapi_2026-02_03.parquet").drop("source_file")
    return [v2_row(row) for row in frame.sort("timestamp", maintain_order=True).iter_rows(named=True)]


def updown_activity(recordings: Path, *, head: int) -> list[Wire]:
    """The first rows of the March recording in v2 form.

    That recording has no market or token ids, so they are derived: hashes of the slug and of ``slug:outcome``.
    """
    frame = pl.read_parquet(recordings / "wallet_activity_updown_2026-03.parquet", n_rows=head)
    rows = []
    for row in frame.iter_rows(named=True):
        slug = row["slug"] or ""
        trade = row["type"] == "TRADE"
        rows.append(
            {
                "proxy_wallet": row["wallet"],
                "timestamp": row["timestamp"],
                "condition_id": "0x" + hashlib.sha256(slug.encode()).hexdigest(),
                "type": row["type"].rstrip("?"),
                "size": row["size"],
                "usdc_size": row["usdc"],
                "transaction_hash": row["transactionHash"],
                "price": row["price"],
                "token_id": token_of(slug, row["outcome"]) if trade else "",
                "side": row["side"] or "",
                "outcome_index": 999,
                "title": row["title"] or "",
                "slug": slug,
                "event_slug": "",
                "outcome": row["outcome"] or "",
            }
        )
    return rows


def token_of(slug: str, outcome: str) -> str:
    """A stable decimal token id for an outcome whose real one was not recorded."""
    return str(int(hashlib.sha256(f"{slug}:{outcome}".encode()).hexdigest(), 16))


def gamma_markets(recordings: Path, *, slug_part: str) -> list[Wire]:
    """Recorded catalogue rows whose slug contains ``slug_part``, as Gamma objects."""
    frame = pl.read_parquet(recordings / "gamma_markets_2026-03-11.parquet")
    frame = frame.filter(pl.col("slug").str.contains(slug_part, literal=True))
    return [{name: value for name, value in row.items() if value is not None} for row in frame.iter_rows(named=True)]
