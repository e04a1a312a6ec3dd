"""Small recordings of books for the tests: drawn at random, or the first markets of a real one."""

from pathlib import Path

import polars as pl

from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import BookChange, BookSnapshot
from shared.domain.money import float_of_micro
from shared.domain.order import Side
from tests.shared.adapters.paper.sessions import market_of_random_books

START_S = 1_776_323_400
SCHEMA = {
    "market_slug": pl.String,
    "asset_id": pl.String,
    "event_type": pl.String,
    "side": pl.String,
    "price": pl.Float64,
    "size": pl.Float64,
    "hash": pl.String,
    "ts_ms": pl.Int64,
}
APRIL = "book_btc5m_2026-04-16.parquet"


def drawn_books(path: Path, seed: int, messages: int = 400) -> Path:
    """One crypto market of two tokens in the form of messages, from the start of its window on."""
    rows: list[tuple[int, tuple[object, ...]]] = []
    for token in ("up", "down"):
        drawn = market_of_random_books(seed, messages, prints=False, token=token)
        for number, (at, payload) in enumerate(drawn):
            at_ms = START_S * 1_000 + (at - SECOND) // MILLISECOND
            named = (f"btc-updown-5m-{START_S}", token)
            mark = f"{token}{number}"
            if isinstance(payload, BookSnapshot):
                levels = [("bid", *level) for level in payload.bids] + [("ask", *level) for level in payload.asks]
                shape = "book"
            else:
                assert isinstance(payload, BookChange)
                levels = [("BUY" if payload.side is Side.BUY else "SELL", payload.price, payload.size)]
                shape = "price_change"
            for side, price, size in levels:
                row = (*named, shape, side, float_of_micro(price), float_of_micro(size), mark, at_ms)
                rows.append((at_ms, row))
        seed += 1_000
    rows.sort(key=lambda one: one[0])
    pl.DataFrame([row for _, row in rows], schema=SCHEMA, orient="row").write_parquet(path)
    return path


def first_markets(recordings: Path, path: Path, markets: int) -> Path:
    """The first markets of the April recording as a file of their own."""
    table = pl.read_parquet(recordings / APRIL)
    names = table["slug"].unique(maintain_order=True)[:markets].to_list()
    table.filter(pl.col("slug").is_in(names)).write_parquet(path)
    return path
