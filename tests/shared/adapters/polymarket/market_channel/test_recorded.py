"""Frames as others recorded them: every public one is read to the values it says."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from shared.domain.instants import MILLISECOND
from shared.domain.messages import BookSnapshot, MarketResolved, PublicTrade, TickSizeChanged
from shared.domain.money import ONE
from shared.domain.order import Side
from tests.shared.adapters.polymarket.market_channel.frames import Listening, told_books, told_changes

WIRE = "raw/wire_nautilus"
RAW = "raw/market_channel_book_btc5m_2026-04-16.jsonl.gz"


def one(recordings: Path, name: str, **more: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((recordings / WIRE / f"{name}.json").read_text(encoding="utf-8"))
    return {**content, **more}


def listening_to(content: dict[str, Any]) -> Listening:
    return Listening(*dict.fromkeys([content.get("asset_id", "0"), *_tokens(content)]))


def _tokens(content: dict[str, Any]) -> list[str]:
    return [change["asset_id"] for change in content.get("price_changes", [])]


def now(content: dict[str, Any]) -> int:
    return int(content["timestamp"]) * MILLISECOND


@pytest.mark.parametrize(
    "name", ["py_ws_messages_book", "rust_ws_book_snapshot", "rust_ws_market_book_msg", "rust_clob_book_response"]
)
def test_books(recordings: Path, name: str) -> None:
    text = (recordings / WIRE / f"{name}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = {"event_type": "book", **json.loads(text)}
    listening = listening_to(content)
    (told,) = told_books(listening.take(content, at=now(content)))
    for side, levels, reverse in (("bids", told.bids, True), ("asks", told.asks, False)):
        wire = [(round(float(x["price"]) * ONE), round(float(x["size"]) * ONE)) for x in content[side]]
        assert list(levels) == sorted(wire, reverse=reverse)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("py_ws_messages_price_change", [(514_000, Side.SELL, 21_574_080_000)]),
        (
            "py_ws_messages_price_change_v2",
            [(600_000, Side.BUY, 3_300 * ONE), (500_000, Side.BUY, 3_400 * ONE), (700_000, Side.BUY, 3_400 * ONE)],
        ),
        ("rust_ws_market_price_change_msg", [(510_000, Side.BUY, 150 * ONE)]),
        ("rust_ws_quotes", [(510_000, Side.BUY, 150 * ONE), (490_000, Side.SELL, 100 * ONE)]),
    ],
)
def test_level_changes(recordings: Path, name: str, expected: list[tuple[int, Side, int]]) -> None:
    """These wait for their books, which the samples do not include; what waits is what was read."""
    content = one(recordings, name, event_type="price_change")
    listening = listening_to(content)
    assert listening.take(content, at=now(content)) == []
    waiting = [change for kept in listening.shelf.kept.values() for change in kept.waiting]
    assert [(price, side, size) for _, side, price, size in waiting] == expected
    assert {at for at, *_ in waiting} == {int(content["timestamp"])}


@pytest.mark.parametrize(
    ("name", "side", "price", "size"),
    [
        ("py_ws_messages_last_trade_price", Side.SELL, 491_000, 85_360_000),
        ("rust_ws_last_trade", Side.BUY, 510_000, 25 * ONE),
        ("rust_ws_market_last_trade_msg", Side.BUY, 510_000, 25 * ONE),
    ],
)
def test_trades(recordings: Path, name: str, side: Side, price: int, size: int) -> None:
    content = one(recordings, name, event_type="last_trade_price")
    (told,) = listening_to(content).take(content, at=now(content))
    assert told == PublicTrade(content["market"], content["asset_id"], side, price, size, "", 7)


@pytest.mark.parametrize(
    ("name", "tick"),
    [
        ("py_ws_messages_tick_size_change", 1_000),
        ("rust_ws_tick_size_change", 10_000),
        ("rust_ws_market_tick_size_msg", 10_000),
    ],
)
def test_tick_sizes(recordings: Path, name: str, tick: int) -> None:
    content = one(recordings, name, event_type="tick_size_change")
    (told,) = listening_to(content).take(content, at=now(content))
    assert told == TickSizeChanged(content["market"], content["asset_id"], tick)


def test_best_prices_new_markets_and_resolutions(recordings: Path) -> None:
    best = one(recordings, "rust_ws_market_best_bid_ask_msg")
    assert listening_to(best).take(best, at=now(best)) == []
    new = one(recordings, "rust_ws_market_new_market_msg")
    listening = listening_to(new)
    listening.take({**new, "slug": "btc-x"}, new, at=now(new))
    assert listening.listed == [("btc-x", new["market"], tuple(new["assets_ids"]))]
    resolved = one(recordings, "rust_ws_market_resolved_msg")
    (told,) = listening_to(resolved).take(resolved, at=now(resolved))
    winner, loser = resolved["winning_asset_id"], resolved["assets_ids"][1]
    assert told == MarketResolved(resolved["market"], {winner: ONE, loser: 0})


def test_every_recorded_book_is_read_and_none_is_refused(recordings: Path) -> None:
    with gzip.open(recordings / RAW) as lines:
        rows = [json.loads(line) for line in lines]
    listening = Listening(rows[0]["msg"]["asset_id"])
    told = [told_books(listening.take(row["msg"], at=round(row["recv_ts"] * 10**9))) for row in rows[:1000]]
    assert all(len(books) == 1 and isinstance(books[0], BookSnapshot) for books in told)
    assert listening.shelf.counts.resyncs == listening.shelf.counts.refused == 0
    assert told_changes(listening.facts()) == []
