"""Recording on the loopback exchange: every source reaches the tape, and the raw frames their folder."""

import asyncio
import time
from pathlib import Path

from fargate.recording import Recorded
from shared.adapters.clock import SystemClock
from shared.adapters.s3.raw import RawLog, read_raw
from shared.domain.messages import BookSnapshot, MarketListed, SpotTrade, WhaleTrade
from shared.ports import Heard
from shared.settings import read_settings
from tests.exchange.clients import WHALE, listing
from tests.exchange.world import World

PATIENCE_S = 15.0


def test_streams_leaders_and_open_windows_are_recorded_and_their_frames_kept(tmp_path: Path) -> None:
    heard: list[Heard] = []

    async def body() -> None:
        async with World(limits={}) as world:
            start = int(time.time()) // 300 * 300
            window = listing(f"btc-updown-5m-{start}", start_s=float(start), end_s=float(start + 600))
            world.list_market(window)
            world.book(window.tokens[0], {0.49: 100}, {0.51: 100})
            world.venue.content.leaderboard = [
                {"rank": 1, "user_id": WHALE, "pnl": 1.0, "volume": 1.0, "user_name": "first"}
            ]
            log = RawLog(tmp_path, 10)
            settings = read_settings({**world.settings(), "SYMBOLS": "BTC"})
            running = asyncio.ensure_future(Recorded(settings, SystemClock(), log).run(heard.append))
            wanted = {WhaleTrade, BookSnapshot, SpotTrade, MarketListed}
            deadline = time.monotonic() + PATIENCE_S
            while wanted - {type(one.payload) for one in heard}:
                assert time.monotonic() < deadline, {type(one.payload) for one in heard}
                assert not running.done(), running.exception()
                world.trade(WHALE, window.tokens[0], "BUY", 0.51, 10)
                world.price("BTC", 80_000)
                await asyncio.sleep(0.05)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            log.put()

    asyncio.run(body())
    sources = {source for _, source, _, _ in read_raw(tmp_path)}
    assert sources >= {"rtds", "market", "binance", "coinbase"}
