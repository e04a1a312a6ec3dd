"""An error of our own code in any source ends the run loudly: a source that died in silence would cost trades."""

import asyncio
from typing import Any

import pytest

from shared.adapters.binance.dialect import BinanceDialect
from shared.adapters.chain.session import ChainDialect
from shared.adapters.coinbase.dialect import CoinbaseDialect
from shared.adapters.feeds.clock_watch import ClockWatch
from shared.adapters.polymarket.market_channel.keeper import Keeper
from shared.adapters.polymarket.market_channel.shard import Shard
from shared.adapters.polymarket.poll_feed import PollFeed
from shared.adapters.polymarket.rtds import Activity
from shared.domain.errors import Corrupt
from shared.engine.engine import Engine
from tests.fargate.streaming import Streaming, lived


def broken(*_: object, **__: object) -> Any:
    raise Corrupt("a bug of ours")


@pytest.mark.parametrize(
    ("where", "method"),
    [
        (Activity, "frame"),
        (Shard, "frame"),
        (Keeper, "whole"),
        (BinanceDialect, "frame"),
        (CoinbaseDialect, "frame"),
        (ChainDialect, "frame"),
        (PollFeed, "poll"),
        (ClockWatch, "take"),
        (Engine, "handle"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_an_error_in_a_source_ends_the_run_as_itself(where: type, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, bug = getattr(where, method), False

    def sooner_or_later(*args: Any, **more: Any) -> Any:
        return broken() if bug else sound(*args, **more)

    monkeypatch.setattr(where, method, sooner_or_later)

    async def story(run: Streaming) -> None:
        nonlocal bug
        await run.going()
        bug = True
        run.world.book(run.listing.tokens[0], {0.48: 1}, {0.52: 1}, whole=True)
        await asyncio.sleep(5.0)

    with pytest.raises(Corrupt, match="a bug of ours"):
        lived(story)


def test_an_error_while_a_held_trade_is_handed_on_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        monkeypatch.setattr(run.present.market_data, "_release", broken)
        run.whale_buys()
        await asyncio.sleep(5.0)

    with pytest.raises(Corrupt, match="a bug of ours"):
        lived(story)
