"""Prices of coins: one exchange stands in for the other, and what cannot be right is flagged. Copying needs neither."""

import asyncio

import pytest

from shared.domain.decision import Reason
from shared.domain.messages import SpotTrade
from shared.ports import Heard
from tests.fargate.streaming import Streaming, lived


def spot_trades(run: Streaming) -> list[tuple[str, int]]:
    """Every trade of a coin from now on, by exchange and number."""
    found: list[tuple[str, int]] = []
    hear = run.present.driver.on_heard
    assert hear is not None

    def listening(heard: Heard) -> bool:
        if isinstance(heard.payload, SpotTrade):
            found.append((heard.source, heard.payload.trade_id))
        return hear(heard)

    run.present.driver.on_heard = listening
    return found


@pytest.mark.parametrize("name", ["silent", "stall"])
def test_a_dead_exchange_is_replaced_by_the_other_and_comes_back(name: str) -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        await run.until(lambda: run.doing.get("spot") == "binance")
        run.world.troubles.begin(name, ["binance", "binance-data"])
        assert await run.until(lambda: run.doing["spot"] == "coinbase") < 2.0
        assert "spot" not in run.down
        run.world.troubles.end(name)
        await run.until(lambda: run.doing["spot"] == "binance")
        assert any(reason.startswith("silent: no data for 1.") for reason in run.reasons_of("binance"))

    lived(story)


def test_without_any_exchange_copying_goes_on() -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        run.world.troubles.begin("silent", ["binance", "binance-data", "coinbase"])
        await run.until(lambda: "spot" in run.down)
        run.whale_buys()
        await run.until(lambda: run.reasons[Reason.COPIED] == 5)

    lived(story)


def test_a_refused_country_gets_its_prices_from_the_data_only_host() -> None:
    async def story(run: Streaming) -> None:
        run.world.troubles.begin("451")
        await run.ready()
        await run.until(lambda: run.doing.get("spot") == "binance")
        assert run.reasons_of("binance")[0].startswith("fallback: Binance refuses this country (451)")
        assert run.world.spot.binance_data.peers

    lived(story)


def test_a_price_that_jumps_by_more_than_five_percent_in_a_second_is_flagged() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        await run.until(lambda: run.doing.get("spot") == "binance")
        await asyncio.sleep(0.2)
        run.world.price("BTC", 85_000)
        await run.until(lambda: any("price jump: BTC from" in one for one in run.reasons_of("binance")))
        await run.until(lambda: any("price jump: BTC from" in one for one in run.reasons_of("coinbase")))

    lived(story)


@pytest.mark.parametrize("name", ["dup", "cut", "slow"])
def test_no_trade_of_a_coin_is_heard_twice(name: str) -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        await run.until(lambda: run.doing.get("spot") == "binance")
        found = spot_trades(run)
        run.world.troubles.begin(name, ["binance", "coinbase"])
        await asyncio.sleep(0.7)
        run.world.troubles.end(name)
        await run.until(lambda: run.doing.get("spot") == "binance")
        count = len(found)
        await run.until(lambda: len(found) > count + 5)
        assert len(found) == len(dict.fromkeys(found))

    lived(story)
