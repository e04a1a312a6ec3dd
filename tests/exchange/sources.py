"""Scripts from files: the synthetic day, recorded wallet activity, a recorded order book."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from shared.adapters.synthetic import HOUSE, generate
from shared.domain.errors import BadInput
from tests.exchange.catalogue import Execution, Listing, digest, micro
from tests.exchange.recorded import token_of
from tests.exchange.script import Move, Script, Traded
from tests.exchange.world import CROWD

DAY_HOURS = 4.0
HISTORY_S = 3_600.0
SMALL = replace(HOUSE, name="exchange", wallets=300, events_per_day=40, book_every_crypto_s=2, book_every_event_s=20)
"""A small day: about one trade a second and ten books."""
LEADERS = 50
BATCH = 20_000


def synthetic_script(folder: Path, seed: int, hours: float = DAY_HOURS) -> Script:
    """A day generated into ``folder``, of which the first hour (or the first third) are history."""
    generate(seed, hours, folder, SMALL)
    trades = pl.read_parquet(folder / "trades.parquet")
    markets = pl.read_parquet(folder / "markets.parquet")
    resolutions = pl.read_parquet(folder / "resolutions.parquet").drop_nulls("winner")
    truth = pl.read_parquet(folder / "truth.parquet").filter(pl.col("role") == "skilled")
    first = float(trades["timestamp"][0])
    listings = [
        Listing(
            condition_id=row["conditionId"],
            slug=row["slug"],
            question=row["question"],
            outcomes=tuple(row["outcomes"]),
            tokens=tuple(row["token_ids"]),
            start_s=row["start_ts"] if row["kind"] == "crypto_updown" else None,
            end_s=row["end_ts"],
            tick=micro(row["tick_size"]),
            min_size=micro(row["min_size"]),
            fee_rate=row["fee_rate"],
            volume_24h=row["volume_24h_usd"],
            tags=(row["category"],),
        )
        for row in markets.iter_rows(named=True)
    ]
    base = first - first % 900.0
    return Script(
        listings=listings,
        trades=_settlements(trades.unique("transactionHash", keep="first", maintain_order=True), trades),
        moves=lambda begins_s: _synthetic_books(folder / "books.parquet", begins_s),
        begins_s=base + min(HISTORY_S, hours * 1200.0 // 900.0 * 900.0),
        ends_s=base + hours * 3600.0,
        winners=dict(resolutions.select("conditionId", "winner").iter_rows()),
        leaders=truth.sort("true_edge", descending=True)["wallet"].to_list()[:LEADERS],
    )


def _settlements(first: pl.DataFrame, rows: pl.DataFrame) -> list[Traded]:
    """Rows grouped by transaction, the taker's first; repeated deliveries are left out, the second is split evenly."""
    delivered = dict(first.select("transactionHash", "collected_at").iter_rows())
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        if row["collected_at"] == delivered[row["transactionHash"]]:
            grouped.setdefault(row["transactionHash"], []).append(row)
    return sorted((_traded(tx, members) for tx, members in grouped.items()), key=lambda one: one.at_s)


def _traded(tx: str, rows: list[dict[str, Any]]) -> Traded:
    """A settlement at a hashed fraction of its second."""
    executions = tuple(
        Execution(row["wallet"], row["asset"], row["side"], micro(row["price"]), micro(row["size"])) for row in rows
    )
    return Traded(rows[0]["timestamp"] + int(digest(tx)[:6], 16) / 16**6, tx, executions)


def _levels(levels: list[dict[str, float]]) -> dict[int, int]:
    return {micro(level["price"]): micro(level["size"]) for level in levels}


def _synthetic_books(path: Path, begins_s: float) -> Iterator[Move]:
    begins_ns = round(begins_s * 1e9)
    frame = pl.scan_parquet(path)
    before = frame.filter(pl.col("ts_ns") < begins_ns).group_by("asset", maintain_order=True).last().collect()
    for row in before.iter_rows(named=True):
        yield Move(begins_s, row["asset"], _levels(row["bids"]), _levels(row["asks"]))
    after = frame.filter(pl.col("ts_ns") >= begins_ns).collect()
    for row in after.iter_rows(named=True):
        yield Move(row["ts_ns"] / 1e9, row["asset"], _levels(row["bids"]), _levels(row["asks"]))


def activity_script(path: Path) -> Script:
    """Recorded wallet activity from its densest hour on; what comes before is history. Books follow the trades.

    The recording has neither market nor token ids: they are hashes of the slug, and of the slug with the outcome.
    """
    frame = pl.read_parquet(path).filter((pl.col("type") == "TRADE") & pl.col("slug").is_not_null())
    frame = (
        frame.filter(pl.col("slug") != "")
        .with_columns(pl.col("timestamp").cast(pl.Int64))
        .sort("timestamp", maintain_order=True)
    )
    tokens = {
        (slug, outcome): token_of(slug, outcome)
        for slug in frame["slug"].unique().to_list()
        for outcome in ("Up", "Down")
    }
    listings = [
        _updown(slug, title, tokens)
        for slug, title in frame.select("slug", "title").unique("slug", maintain_order=True).iter_rows()
    ]
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        row["asset"] = tokens[row["slug"], row["outcome"]]
        grouped.setdefault((row["transactionHash"], row["slug"]), []).append(row)
    trades = sorted((_traded(tx, rows) for (tx, _), rows in grouped.items()), key=lambda one: one.at_s)
    hours = frame.group_by(pl.col("timestamp") // 3600).len().sort("len")
    return Script(
        listings=listings,
        trades=trades,
        moves=lambda begins_s: iter(()),
        begins_s=float(hours["timestamp"][-1] * 3600),
        ends_s=float(frame["timestamp"][-1] + 1),
        winners=_winners(path, frame),
        requote=True,
        leaders=frame.group_by("wallet")
        .agg(pl.col("usdc").sum())
        .sort("usdc", descending=True)["wallet"]
        .to_list()[:LEADERS],
    )


def _updown(slug: str, title: str, tokens: dict[tuple[str, str], str]) -> Listing:
    window, start = slug.split("-")[2:4] if slug.count("-") == 3 else ("5m", "0")
    seconds = {"5m": 300, "15m": 900, "4h": 14_400}.get(window, 300)
    return Listing(
        condition_id="0x" + digest(slug),
        slug=slug,
        question=title,
        outcomes=("Up", "Down"),
        tokens=(tokens[slug, "Up"], tokens[slug, "Down"]),
        start_s=float(start),
        end_s=float(start) + seconds,
        fee_rate=0.07,
        tags=("crypto",),
    )


def _winners(path: Path, frame: pl.DataFrame) -> dict[str, str]:
    """Winners by the file of resolutions beside the recording; without one (or a winner in it) by the last price."""
    last = frame.group_by("slug", maintain_order=True).last()
    found = {
        row["slug"]: row["outcome"] if row["price"] >= 0.5 else {"Up": "Down", "Down": "Up"}[row["outcome"]]
        for row in last.iter_rows(named=True)
    }
    beside = path.with_name(path.name.replace("wallet_activity_", "resolutions_"))
    if beside != path and beside.exists():
        known = pl.read_parquet(beside).drop_nulls("winner")
        found.update(known.filter(pl.col("slug").is_in(list(found))).select("slug", "winner").iter_rows())
    return {"0x" + digest(slug): winner for slug, winner in found.items()}


def book_script(path: Path) -> Script:
    """A recorded order book from its beginning; markets come from the file beside it.

    Only one token of each market is recorded and it is not labelled: it is called Up, and Down is its mirror.
    """
    beside = path.with_name(path.name.replace("book_", "markets_"))
    if beside == path or not beside.exists():
        raise BadInput(f"book {path.name} needs the file {beside.name} beside it, with the markets")
    listings, winners, mirrors = [], {}, {}
    for row in pl.read_parquet(beside).unique("slug", maintain_order=True).sort("start_ts").iter_rows(named=True):
        other = token_of(row["slug"], "Down")
        mirrors[row["asset_id"]] = other
        listing = _updown(
            row["slug"],
            f"Bitcoin Up or Down - {row['slug']} ET",
            {(row["slug"], "Up"): row["asset_id"], (row["slug"], "Down"): other},
        )
        listings.append(replace(listing, condition_id=row["conditionId"]))
        if row["token_won"] is not None:
            winners[row["conditionId"]] = "Up" if row["token_won"] else "Down"
    return Script(
        listings=listings,
        trades=[],
        moves=lambda begins_s: _recorded_books(path, begins_s, mirrors),
        begins_s=listings[0].start_s or 0.0,
        ends_s=listings[-1].end_s + 120.0,
        winners=winners,
        leaders=[CROWD],
    )


def _recorded_books(path: Path, begins_s: float, mirrors: dict[str, str]) -> Iterator[Move]:
    """Each recorded message as the levels it changed; a first snapshot as a whole book."""
    early: dict[str, tuple[dict[int, int], dict[int, int]]] = {}
    for (at_s, token, _), group in itertools.groupby(
        _rows(path), key=lambda row: (row["recv_ts"], row["asset_id"], row["hash"])
    ):
        rows = list(group)
        if token not in mirrors:
            continue
        levels = [
            ("BUY" if row["side"] == "B" else "SELL", micro(row["price"]), micro(row["size"]))
            for row in rows
            if row["side"] is not None
        ]
        if at_s < begins_s:
            _apply(early.setdefault(token, ({}, {})), levels, fresh=rows[0]["kind"] == "S")
            continue
        for known, (bids, asks) in early.items():
            yield from _both(begins_s, known, mirrors[known], bids, asks)
        early = {}
        if rows[0]["kind"] == "S":
            sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
            _apply(sides, levels, fresh=True)
            yield from _both(at_s, token, mirrors[token], *sides)
        elif levels:
            yield Move(at_s, token, levels=tuple(levels))
            flipped = [("SELL" if side == "BUY" else "BUY", 1_000_000 - price, size) for side, price, size in levels]
            yield Move(at_s, mirrors[token], levels=tuple(flipped))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(path).iter_batches(
        BATCH, columns=["recv_ts", "asset_id", "hash", "kind", "side", "price", "size"]
    ):
        yield from pl.DataFrame(batch).iter_rows(named=True)


def _apply(book: tuple[dict[int, int], dict[int, int]], levels: list[tuple[str, int, int]], *, fresh: bool) -> None:
    if fresh:
        book[0].clear()
        book[1].clear()
    for side, price, size in levels:
        mine = book[0] if side == "BUY" else book[1]
        if size > 0:
            mine[price] = size
        else:
            mine.pop(price, None)


def _both(at_s: float, token: str, other: str, bids: dict[int, int], asks: dict[int, int]) -> Iterator[Move]:
    yield Move(at_s, token, bids, asks, whole=True)
    mirrored = ({1_000_000 - p: s for p, s in asks.items()}, {1_000_000 - p: s for p, s in bids.items()})
    yield Move(at_s, other, *mirrored, whole=True)
