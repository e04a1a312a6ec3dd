"""An independent look at the fills of a journal: it reads the recording itself and shares no code with the venue."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from shared.domain.ledger import Record, RecordKind
from shared.domain.order import Order

Prints = dict[str, list[tuple[int, str, str, int, int]]]
SLACK_NS = 1_000_000
"""Nothing of ours reaches the venue sooner than a millisecond after it was planned."""


def prints_of(path: Path) -> Prints:
    """tx -> (seconds, token, side, price and size in millionths) of every TRADE row, first deliveries only: a row that
    was collected again later is no second print.
    """
    table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ndjson(path)
    table = table.filter(pl.col("type") == "TRADE")
    facts = ["transactionHash", "wallet", "slug", "outcome", "side", "size"]
    if "collected_at" in table.columns:
        table = table.filter((pl.col("collected_at") == pl.col("collected_at").min().over(facts)).fill_null(value=True))
    token = pl.col("asset") if "asset" in table.columns else pl.concat_str("slug", pl.lit(":"), "outcome")
    found: Prints = defaultdict(list)
    for tx, price, at, name, side, size in table.select(
        "transactionHash", "price", "timestamp", token.alias("token"), "side", "size"
    ).iter_rows():
        if name and price and size:
            found[tx].append((int(at), name, side, round(price * 1e6), round(size * 1e6)))
    return found


def faults(records: Iterable[Record], prints: Prints) -> list[str]:
    """What is wrong with the fills: each must be a later print of the same token and side, within the limit, in
    another transaction than the whale's, at its price or (of an order that rests) at the limit, never better than the
    print; and no print may give more than it had.
    """
    planned: dict[str, Order] = {}
    used: dict[tuple[str, str, str, int], int] = defaultdict(int)
    found: list[str] = []
    for record in records:
        order = record.order
        if record.kind is RecordKind.PLANNED and order is not None:
            planned[order.order_key] = order
        fill = record.fill
        if fill is None or record.kind is not RecordKind.FILLED:
            continue
        ours = planned[fill.order_key]
        tx = fill.trade_id.split("-")[1]
        side = ours.side.value
        there = [
            (price, size)
            for at, token, print_side, price, size in prints.get(tx, [])
            if (token, print_side) == (ours.token, side) and at * 10**9 == fill.venue_at
        ]
        same = [
            size
            for price, size in there
            if fill.price in (price, ours.limit) and (price <= fill.price if side == "BUY" else price >= fill.price)
        ]
        if not same:
            found.append(f"{fill.trade_id}: no print of {side} {ours.token} at {fill.price}")
            continue
        if fill.price > ours.limit if side == "BUY" else fill.price < ours.limit:
            found.append(f"{fill.trade_id}: {fill.price} is worse than the limit {ours.limit}")
        if fill.venue_at <= ours.planned_at + SLACK_NS:
            found.append(f"{fill.trade_id}: executed before the order can have been there")
        if tx == ours.signal_tx:
            found.append(f"{fill.trade_id}: the whale's own transaction")
        key = (tx, ours.token, side, fill.venue_at)
        used[key] += fill.size
        if used[key] > sum(size for _, size in there) or fill.size > max(same):
            found.append(f"{fill.trade_id}: more than the print had")
    return found
