"""The venue's hash of a book: against its own recorded messages, and where it cannot be checked."""

import gzip
import json
from pathlib import Path

import msgspec

from shared.adapters.polymarket.market_channel.hashes import HashFacts, hash_agrees
from shared.adapters.polymarket.market_channel.messages import BookMessage
from tests.shared.adapters.polymarket.market_channel.frames import NOW, YES, Listening, book, encode

RAW = "raw/market_channel_book_btc5m_2026-04-16.jsonl.gz"
EVERY = 24
ALL_PRICES = [f"{mills / 1000:g}" for mills in range(1000)]


def test_every_recorded_hash_is_that_of_its_book_and_the_last_trade_price(recordings: Path) -> None:
    """The recording has no trades, so the last price is searched for, beginning with the one before."""
    checked = 0
    last = "0.45"
    with gzip.open(recordings / RAW) as lines:
        for number, line in enumerate(lines):
            if number % EVERY:
                continue
            message = msgspec.convert(json.loads(line)["msg"], BookMessage, strict=False)
            found = [price for price in (last, *ALL_PRICES) if hash_agrees(message, HashFacts(last_trade_price=price))]
            assert found, f"line {number}"
            last = found[0]
            checked += 1
    assert checked == 199


def test_a_hash_over_other_levels_does_not_agree(recordings: Path) -> None:
    with gzip.open(recordings / RAW) as lines:
        raw = json.loads(next(iter(lines)))["msg"]
    message = msgspec.convert(raw, BookMessage, strict=False)
    assert hash_agrees(message, HashFacts()) is True
    raw["bids"][0]["size"] = "1"
    assert hash_agrees(msgspec.convert(raw, BookMessage, strict=False), HashFacts()) is False


def test_a_hash_is_not_checked_without_the_last_trade_price() -> None:
    message = msgspec.json.decode(encode(book()), type=BookMessage, strict=False)
    assert hash_agrees(message, HashFacts()) is None
    assert hash_agrees(message, HashFacts(last_trade_price="0.5")) is False


def test_hashes_are_counted_once_a_second_and_lose_no_book() -> None:
    listening = Listening()
    listening.take(book(), book(last_trade_price="0.5"), at=NOW)
    listening.take(book(last_trade_price="0.5"), at=NOW + 10**9)
    counts = listening.shelf.counts
    assert (counts.hash_unchecked, counts.hash_differed, counts.hash_agreed) == (1, 1, 0)
    assert listening.bests(YES) is not None
