"""Recorded books as events: against the raw frames, against what a `book` message says, and files that are no books."""

import gzip
import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from shared.adapters.replay.books import BookRecording
from shared.domain.errors import BadInput
from shared.domain.messages import BookChange, BookSnapshot
from shared.domain.money import ONE
from shared.domain.order import Side
from shared.engine.books import Book

RAW = "raw/market_channel_book_btc5m_2026-04-16.jsonl.gz"
DELTAS = {
    "recv_ts": [10.5, 10.5, 10.75, 10.75, 11.0, 9.0],
    "slug": ["m"] * 6,
    "asset_id": ["t"] * 6,
    "ts_ms": [10_000, 10_000, 10_001, 10_001, 10_002, 10_003],
    "hash": ["a", "a", "b", "b", "c", "d"],
    "kind": ["S", "S", "D", "D", "D", "D"],
    "side": ["B", "A", "B", "A", None, "B"],
    "price": [0.4, 0.6, 0.4, 0.55, None, 1.5],
    "size": [5.0, 6.0, 0.0, 7.25, None, 1.0],
}


def levels_of(message: dict[str, list[dict[str, str]]], side: str) -> dict[int, int]:
    return {round(float(x["price"]) * ONE): round(float(x["size"]) * ONE) for x in message[side]}


def test_books_rebuilt_from_deltas_equal_the_raw_frames(recordings: Path) -> None:
    with gzip.open(recordings / RAW) as lines:
        raw = [json.loads(line)["msg"] for line in lines]
    token = raw[0]["asset_id"]
    frames = {int(message["timestamp"]): message for message in raw}
    book, compared, at_ms = Book((), (), 0), 0, 0
    for event in BookRecording(recordings / "book_btc5m_2026-04-16.parquet").events():
        payload = event.payload
        if not isinstance(payload, BookSnapshot | BookChange) or payload.token != token:
            continue
        if event.venue_at // 10**6 != at_ms and at_ms:
            compared += _compare(book, frames.pop(at_ms))
        at_ms = event.venue_at // 10**6
        if isinstance(payload, BookSnapshot):
            book.replace(payload.bids, payload.asks, event.observed_at)
        else:
            book.change(payload.side, payload.price, payload.size, event.observed_at)
    compared += _compare(book, frames.pop(at_ms))
    (unchanged,) = frames.values()  # a snapshot in which no level changed leaves no event of its own
    before = raw[raw.index(unchanged) - 1]
    assert all(levels_of(unchanged, side) == levels_of(before, side) for side in ("bids", "asks"))
    assert (compared, len(raw)) == (4_756, 4_757)


def _compare(book: Book, message: dict[str, list[dict[str, str]]]) -> int:
    assert book.bids == levels_of(message, "bids")
    assert book.asks == levels_of(message, "asks")
    return 1


def test_a_book_message_of_2025_carries_changes_nobody_announced(recordings: Path) -> None:
    books: dict[str, Book] = {}
    apart: Counter[int] = Counter()
    for event in BookRecording(recordings / "book_mlb_2025-06.parquet").events():
        payload = event.payload
        if isinstance(payload, BookSnapshot):
            new = Book(payload.bids, payload.asks, event.observed_at)
            old = books.get(payload.token)
            if old is not None:
                apart[_apart(old.bids, new.bids) + _apart(old.asks, new.asks)] += 1
            books[payload.token] = new
        elif isinstance(payload, BookChange):
            books[payload.token].change(payload.side, payload.price, payload.size, event.observed_at)
    compared = apart.total()
    assert (compared, apart[0]) == (1_619, 4)
    assert (apart[0] + apart[1] + apart[2]) / compared >= 0.92


def _apart(old: dict[int, int], new: dict[int, int]) -> int:
    return sum(old.get(price, 0) != new.get(price, 0) for price in {**old, **new})


def test_deltas_become_a_snapshot_and_changes_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "books.parquet"
    pl.DataFrame(DELTAS).write_parquet(path)
    recording = BookRecording(path)
    events = list(recording.events())
    assert [event.payload for event in events] == [
        BookSnapshot("m", "t", ((400_000, 5 * ONE),), ((600_000, 6 * ONE),)),
        BookChange("m", "t", Side.BUY, 400_000, 0),
        BookChange("m", "t", Side.SELL, 550_000, 7_250_000),
    ]
    assert [event.seq for event in events] == [0, 1, 2]
    assert [event.observed_at for event in events] == [10_500_000_000, 10_750_000_000, 10_750_000_000]
    assert events[1].venue_at == 10_001_000_000
    assert recording.refused == 1
    assert recording.sentences == ["t: price 1.5 or size 1.0 is not usable"]
    assert len(list(recording.events())) == 3
    assert recording.refused == 1


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    path = tmp_path / "books.parquet"
    pl.DataFrame({**DELTAS, "price": [0.4, 0.6, 0.4, 0.55, None, 0.3]}).write_parquet(path)
    assert [event.observed_at for event in BookRecording(path).events()][-1] == 10_750_000_000


@pytest.mark.parametrize("content", [b"", b"not parquet"])
def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "books.parquet"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a readable Parquet file"):
        BookRecording(path)


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "books.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    with pytest.raises(BadInput, match="neither the columns recv_ts"):
        BookRecording(path)
