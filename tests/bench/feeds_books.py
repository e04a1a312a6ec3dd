"""Bytes of the market channel to books in integers, beside `polymarket-client` parsing the same frames.

Ours does more: it keeps the books and checks each change against the best prices told with it. Frames are built in the
layout of the recorded ones; books are recorded ones where `RECORDINGS` has them. Seconds are the processor's own, and
the two take turns: what else runs on the machine must not look like anybody's cost.
"""

import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from polymarket._internal.streams.clob.market_protocol import parse_events

from shared.domain.messages import BookChange, Event
from shared.domain.order import Side
from tests.shared.adapters.polymarket.market_channel.frames import (
    NO,
    NOW,
    NOW_MS,
    YES,
    Listening,
    book,
    change,
    changes,
    encode,
)
from tests.shared.engine.builders import House
from tests.shared.engine.builders import book as shown

RAW = "raw/market_channel_book_btc5m_2026-04-16.jsonl.gz"
FRAMES = 3_000
BOOKS = 500
PASSES = 9
PEER = "polymarket-client 0.14.0, parsing alone"
Row = dict[str, object]
Frame = tuple[bytes, int]
Take = Callable[[bytes, Listening, int], None]


def rows() -> list[Row]:
    """Rows of `make bench`, measured in a process of its own."""
    run = subprocess.run([sys.executable, "-m", "tests.bench.feeds_books"], check=True, capture_output=True, text=True)
    found: list[Row] = json.loads(run.stdout)
    return found


def measure() -> list[Row]:
    """Level changes of one and of both tokens of a market, whole books, and the engine's own share."""
    found: list[Row] = []
    for name, frames in (("of one token", _changes(1)), ("of both tokens", _changes(2))):
        ours, told, peer = _beside(frames)
        found.append(_beside_peer(f"price_change {name}, bytes to integer book", ours, peer))
        found.append(_beside_peer(f"price_change {name}, bytes to facts told", told, peer))
    recordings = Path(os.environ.get("RECORDINGS", "../shared/data"))
    if (recordings / RAW).exists():
        ours, told, peer = _beside(_books(recordings / RAW))
        found.append(_beside_peer("98-level book, bytes to integer book", ours, peer))
        found.append(_beside_peer("98-level book, bytes to facts told", told, peer))
    alone = {"peer": "", "peer_value": None, "ratio": None}
    found.append({"name": "book level updates through engine.handle", "value": _engine(), "unit": "events/s", **alone})
    return found


def _beside_peer(name: str, ours: float, peer: float) -> Row:
    ratio = round(ours / peer, 2)
    return {"name": name, "value": ours, "unit": "frames/s", "peer": PEER, "peer_value": peer, "ratio": ratio}


def _changes(tokens: int) -> list[Frame]:
    """Changes behind the best prices, which stay 0.45 and 0.50 for the one token, 0.50 and 0.55 for the other."""
    rng = random.Random(1)
    frames: list[Frame] = []
    for number in range(FRAMES):
        cents, size = rng.randrange(1, 45), f"{rng.randrange(1, 2_000)}.{rng.randrange(0, 100, 5):02d}"
        both = [
            change(f"0.{cents:02d}", size, "BUY", YES, ("0.45", "0.5")),
            change(f"0.{100 - cents:02d}", size, "SELL", NO, ("0.5", "0.55")),
        ]
        for one in both:
            one["hash"] = f"{rng.getrandbits(160):040x}"
        frames.append((_recorded_order(changes(*both[:tokens], at=NOW_MS + number)), NOW + number * 10**6))
    return frames


def _recorded_order(content: dict[str, object]) -> bytes:
    """Fields in the order of polymarket.md 5.1."""
    order = ("asset_id", "price", "side", "size", "hash", "best_bid", "best_ask")
    inner = content["price_changes"]
    assert isinstance(inner, list)
    content["price_changes"] = [{name: one[name] for name in order} for one in inner]
    return encode(content)


def _books(path: Path) -> list[Frame]:
    """Consecutive recorded books of one token with the time each was received."""
    with gzip.open(path) as lines:
        recorded = [json.loads(next(lines)) for _ in range(BOOKS)]
    return [(encode(row["msg"]), round(row["recv_ts"] * 10**6) * 1_000) for row in recorded]


def _beside(frames: list[Frame]) -> tuple[float, float, float]:
    """Frames a second: ours to the book, ours to facts told, theirs; the best of the passes of each."""
    best = [float("inf")] * 3
    for _ in range(PASSES):
        for place, (listening, take) in enumerate((_ours(frames, tell=False), _ours(frames, tell=True), _theirs())):
            best[place] = min(best[place], _seconds(take, listening, frames))
    ours, told, theirs = (round(len(frames) / seconds) for seconds in best)
    return ours, told, theirs


def _seconds(take: Take, listening: Listening, frames: list[Frame]) -> float:
    began = time.process_time()
    for data, received_at in frames:
        take(data, listening, received_at)
    return time.process_time() - began


def _ours(frames: list[Frame], *, tell: bool) -> tuple[Listening, Take]:
    """A reader whose books are known, as it is while it keeps up (``tell``) and while it merges."""
    content = json.loads(frames[0][0])
    token = content.get("asset_id", YES)
    listening = Listening(token, YES, NO)
    listening.take(book(), book(NO, bids=[("0.5", "1")], asks=[("0.55", "1")]))
    assert (listening.bests(), listening.bests(NO)) == ((450_000, 500_000), (500_000, 550_000))
    for data, received_at in frames[:BOOKS]:
        listening.reader.take(data, listening, received_at)  # texts are met, as they are after a second of life
    assert listening.shelf.counts.resyncs == listening.shelf.counts.refused == 0
    listening = Listening(token, YES, NO)
    listening.take(book(), book(NO, bids=[("0.5", "1")], asks=[("0.55", "1")]))
    listening.shelf.hear = _nobody
    listening.shelf.merging = not tell
    return listening, listening.reader.take


def _nobody(_heard: object) -> None:
    """What is told goes nowhere; making it is what costs."""


def _theirs() -> tuple[Listening, Take]:
    def take(data: bytes, _listening: Listening, _received_at: int) -> None:
        parse_events(json.loads(data))

    return Listening(), take


def _engine() -> float:
    """Level updates a second through ``handle``, of a book that is known."""
    rng = random.Random(1)
    events = []
    for number in range(200_000):
        side = rng.choice((Side.BUY, Side.SELL))
        price = (rng.randrange(400, 450) if side is Side.BUY else rng.randrange(550, 600)) * 1_000
        fact = BookChange("m", "m:yes", side, price, rng.randrange(5) * 1_000_000)
        events.append(Event(number, NOW + number, NOW + number, "market", fact))
    best = float("inf")
    for _ in range(3):
        house = House()
        house.now = NOW
        house.give(shown(bid=300_000, ask=700_000))
        handle = house.engine.handle
        began = time.process_time()
        for event in events:
            handle(event)
        best = min(best, time.process_time() - began)
    return round(len(events) / best)


if __name__ == "__main__":
    print(json.dumps(measure()))
