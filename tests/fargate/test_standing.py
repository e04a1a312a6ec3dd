"""How a run stands while it lives, as whoever asks its health port is told."""

import asyncio
import threading
import time
from typing import Any

import pytest

from fargate import condition as condition_module
from fargate import life
from fargate.condition import Condition
from fargate.health import HealthServer
from fargate.status import asked
from shared.adapters.embedded.server import free_port
from shared.domain.errors import Corrupt
from shared.domain.instants import SECOND
from shared.settings import HealthSettings
from tests.exchange.server import LocalVenue
from tests.fargate import test_live as polled
from tests.fargate.live_world import trade
from tests.fargate.streaming import Streaming, lived
from tests.fargate.test_condition import WELL


def test_nobody_is_ready_before_the_past_is_dealt_with_and_the_present_found_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Condition] = []

    async def story(venue: LocalVenue, run: polled.Run) -> None:
        health, driver = run.life.trader.health, run.life.driver
        venue.content.add_rows([trade(n, time.time() - 600 + 5 * n) for n in range(20)])
        play = driver.play

        def looking(*arguments: Any) -> None:
            play(*arguments)
            health.publish("catching up", WELL)
            seen.append(health.condition())

        monkeypatch.setattr(driver, "play", looking)  # the end of the past
        await polled.polling(run)
        await run.until(lambda: health.condition().ready)
        assert "past" not in health.condition().components

    polled.lived(story)
    (found,) = seen
    assert (found.live, found.started, found.ready) == (True, True, False)
    assert found.components["past"].says.startswith("catching up on ")


def stands(run: Streaming) -> Condition:
    return run.present.trader.health.condition()


def test_a_present_is_ready_once_it_hears_and_its_books_are_equal() -> None:
    async def story(run: Streaming) -> None:
        run.present.trader.health.recovered()
        await run.until(lambda: "venue" in stands(run).components)
        early = stands(run)
        assert (early.live, early.ready) == (True, False)
        assert "feed whales" in early.components
        run.whale_buys()
        await run.until(lambda: stands(run).ready)
        assert stands(run).components["venue"].says.startswith("books equal ")
        shown = stands(run).components
        assert {"loop", "store", "switch", "venue", "inbox", "views", "tape", "breakers"} <= shown.keys()
        assert shown["store"].says.startswith("answers in time, half of the time within ")
        assert shown["inbox"].says.endswith(" facts wait, 1,000,000 at most")
        assert shown["loop"].says.partition(": ")[2].startswith("live: whales by rtds")

    run = lived(story)
    assert stands(run).components["loop"].says == "stopping"
    assert not stands(run).ready


def test_a_source_that_falls_silent_is_listed_and_the_trader_stays_ready_on_its_fallback() -> None:
    async def story(run: Streaming) -> None:
        run.present.trader.health.recovered()
        run.whale_buys()
        await run.until(lambda: stands(run).ready)
        run.world.troubles.begin("silent", ["rtds"])
        await run.until(lambda: "feed rtds" in stands(run).components)
        await run.until(lambda: stands(run).ready)
        assert not stands(run).components["feed rtds"].ok

    lived(story)


def test_calls_that_do_not_come_back_are_told_while_the_loop_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "SILENT_S", 0.3)
    hold = threading.Event()

    async def story(run: Streaming) -> None:
        run.present.trader.health.recovered()
        run.whale_buys()
        await run.until(lambda: stands(run).ready)
        for lane in (run.present._lanes[0], run.present._lanes[2]):
            lane.post(lambda: hold.wait(20))
        try:
            await run.until(lambda: not stands(run).components["store"].ok)
            shown = stands(run)
            assert (shown.live, shown.ready) == (True, False)
            assert shown.components["store"].says.startswith("no answer for ")
            await run.until(lambda: not stands(run).components["views"].ok)
        finally:
            hold.set()
        await run.until(lambda: stands(run).ready)

    lived(story)


def test_a_failure_for_good_is_told_before_what_was_begun_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Condition] = []

    async def story(run: Streaming) -> None:
        await run.ready()
        drain = run.present._lanes[0].drain

        async def looking() -> None:
            seen.append(stands(run))
            await drain()

        monkeypatch.setattr(run.present._lanes[0], "drain", looking)  # what is asked while it ends
        run.present.driver.break_with(Corrupt("the sum is 3"))
        await asyncio.Event().wait()

    with pytest.raises(Corrupt, match="the sum is 3"):
        lived(story)
    (found,) = seen
    assert (found.live, found.ready) == (False, False)
    assert found.components["loop"].says == "Corrupt: the sum is 3"


def test_a_loop_that_blocks_is_found_out_from_outside_while_it_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condition_module, "HUNG_NS", SECOND)
    place = HealthSettings(port=free_port())
    seen: list[Condition] = []

    def look() -> None:
        deadline = time.monotonic() + 10
        while not seen and time.monotonic() < deadline:
            found = asked(place)
            if not found.live:
                seen.append(found)

    async def story(run: Streaming) -> None:
        health = run.present.trader.health
        with HealthServer(place, health):
            await run.until(lambda: "venue" in stands(run).components)
            health.recovered()
            assert (await asyncio.to_thread(asked, place)).live
            looking = threading.Thread(target=look)
            looking.start()
            looking.join()  # the loop waits here, and turns no more
            await run.until(lambda: stands(run).live)

    lived(story)
    (found,) = seen
    assert (found.live, found.ready) == (False, False)
    assert found.components["loop"].says.startswith("has not turned for 1 s, last: live: ")
