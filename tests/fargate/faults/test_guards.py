"""What stops entries whatever the sources say: a clock that is not the venue's, a kill switch that cannot be read."""

import threading
import time
from collections.abc import Callable

import pytest

from shared.domain.decision import Reason
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from shared.ports import Switch
from tests.exchange import troubles
from tests.fargate.streaming import IMPATIENT, Streaming, lived


def test_clocks_that_differ_forbid_new_intents_until_they_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "SKEW_MS", 2_100)  # books dated in the future are refused for as long as this after

    async def story(run: Streaming) -> None:
        await run.going()
        run.world.troubles.begin("clock-skew")
        took = await run.until(lambda: "clock" in run.down)
        assert took < 1.5
        assert "s or more behind the venue's" in run.down["clock"]
        halted = run.whale_buys(0)
        await run.until(lambda: run.reasons.get(Reason.HALTED_FEED))
        run.world.troubles.end("clock-skew")
        await run.until(lambda: "clock" not in run.down)
        await run.until(lambda: all(run.present.streams.book_of(one.tokens[0]) for one in run.listings))
        resumed = run.whale_buys(1)
        found = await run.accounted()
        assert (found[halted], found[resumed]) == (Reason.HALTED_FEED, Reason.COPIED)
        assert any("clock is back" in line for line in run.said)

    lived(story, tempo=IMPATIENT)


def failing() -> Switch:
    raise Temporary("HTTP 500 from DynamoDB")


def hanging() -> Switch:
    """The call of a connection that neither answers nor breaks."""
    threading.Event().wait(1.5)
    return Switch(True)


@pytest.mark.parametrize("broken", [failing, hanging])
def test_a_kill_switch_that_cannot_be_read_stops_entries_until_it_can(
    broken: Callable[[], Switch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fargate.people.DEAF_AFTER_NS", SECOND)
    monkeypatch.setattr("fargate.trader.COMMANDS_EVERY_NS", SECOND // 20)

    async def story(run: Streaming) -> None:
        await run.going()
        began = time.monotonic()
        read = run.store.switch
        monkeypatch.setattr(run.store, "switch", broken)
        await run.until(lambda: "switch" in run.down)
        assert 0.9 < time.monotonic() - began < 1.6
        halted = run.whale_buys(0)
        await run.until(lambda: run.reasons.get(Reason.HALTED_FEED))
        monkeypatch.setattr(run.store, "switch", read)
        await run.until(lambda: "switch" not in run.down)
        resumed = run.whale_buys(1)
        found = await run.accounted()
        assert (found[halted], found[resumed]) == (Reason.HALTED_FEED, Reason.COPIED)

    lived(story, tempo=IMPATIENT)
