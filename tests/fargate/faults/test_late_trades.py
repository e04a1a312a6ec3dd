"""Trades told 30-60 minutes late are never copied, and never count twice in what a whale holds."""

import asyncio

from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MINUTE
from shared.domain.messages import WhaleTrade
from shared.domain.order import Side
from shared.engine.detection import Deliveries
from tests.fargate.streaming import WHALES, Streaming, lived

LATE_NS = 40 * MINUTE


def unheard_on_the_stream(run: Streaming) -> str:
    """A whale's trade that the stream does not tell; the others do."""
    run.world.rtds_loss = 1.0
    tx = run.whale_buys()
    run.world.rtds_loss = 0.0
    return tx


def told_late(run: Streaming, tx: str) -> None:
    """The stream delivers a trade of long ago as if for the first time."""
    match = next(match for match in run.world.matches if match.tx == tx)
    run.world._publish(match, "trades")


def test_a_trade_that_polling_told_in_time_is_known_when_the_stream_tells_it_forty_minutes_later() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        tx = unheard_on_the_stream(run)
        await run.until(lambda: run.reasons.get(Reason.COPIED))
        run.clock.ahead += LATE_NS
        held = dict(run.engine.detection.whales[WHALES[0]].holdings)
        told_late(run, tx)
        await run.until(lambda: run.noticed("rtds", "late"))
        await asyncio.sleep(0.3)
        assert run.engine.detection.whales[WHALES[0]].holdings == held
        assert run.reasons == {Reason.COPIED: 1}

    run = lived(story, {"POLYGON_WS_URL": "off"})
    assert run.engine.counts.whale_trades == 1


def test_a_trade_nobody_else_told_is_stale_counted_once_and_not_copied() -> None:
    async def story(run: Streaming) -> None:
        await run.ready()
        run.world.troubles.begin("html", ["data"])
        tx = unheard_on_the_stream(run)
        run.clock.ahead += LATE_NS
        await asyncio.sleep(0)
        told_late(run, tx)
        await run.until(lambda: run.reasons)
        run.world.troubles.end("html")
        run.present.streams.polling.backfill_since(run.clock.now() - HOUR)
        await run.until(lambda: run.engine.counts.duplicates)
        assert await run.accounted() == {tx: Reason.STALE}
        assert list(run.engine.detection.whales[WHALES[0]].holdings.values()) == [400_000_000]

    lived(story, {"POLYGON_WS_URL": "off"})


def test_what_is_remembered_for_two_hours_is_bounded_by_the_trades_of_four() -> None:
    """Busy whales: five thousand trades an hour for half a day."""
    per_hour, known = 5_000, Deliveries(2 * HOUR)
    most = 0
    for n in range(per_hour * 12):
        trade = WhaleTrade(f"0x{n % 100}", "m", "t", Side.BUY, 500_000, 1_000_000, f"{n:x}", 1)
        assert known.is_new(trade, "rtds", n * HOUR // per_hour)
        if n % per_hour == 0:
            most = max(most, len(known._now) + len(known._before))
            assert not known.is_new(trade, "activity", n * HOUR // per_hour)
    assert most <= 4 * per_hour
