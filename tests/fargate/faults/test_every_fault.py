"""Every fault of the world at once on every server it can strike: noticed, told, over by itself; no trade is lost that
anybody could have seen, and none is copied twice.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from shared.domain.decision import Reason
from tests.exchange.troubles import FAULTS
from tests.fargate.streaming import MARKETS, Streaming, lived

SETTLE_S = 0.2


def polled(run: Streaming) -> bool:
    """The streams are given up, polling does their jobs, and nobody tells coins' prices."""
    fallen = run.noticed("whales", "fallback") and run.noticed("books", "fallback")
    return bool(fallen) and run.doing == {"whales": "activity", "books": "activity"} and "spot" in run.down


def unanswered(run: Streaming) -> bool:
    return "activity" in run.down


def nothing_told(_run: Streaming) -> bool:
    return True


@dataclass(frozen=True)
class Case:
    """``noticed`` comes true within ``within_s`` of the beginning; a source then says each of ``said``."""

    noticed: Callable[[Streaming], bool] = nothing_told
    within_s: float = 3.0
    said: dict[str, str] = field(default_factory=dict)
    lasts_s: float = 0.3
    made_up: bool = False
    servers: tuple[str, ...] = ()
    stretch: float = 0.05


CASES = {
    "silent": Case(polled, said={"rtds": "silent: no data for 1.", "polygon": "silent: "}),
    "stall": Case(polled, said={"rtds": "silent: no data for 1.", "market": "silent: ", "binance": "silent: "}),
    "late": Case(lambda run: run.noticed("rtds", "late") > 0, said={"rtds": "late: a trade of 0x"}, made_up=True),
    "dup": Case(lambda run: run.present.streams.rtds is not None and run.present.streams.rtds.fills.repeated > 0),
    "reorder": Case(),
    "cut": Case(lambda run: run.noticed("rtds", "lost") > 0, said={"rtds": "lost: ", "market": "lost: "}),
    "slow": Case(),
    "crossed": Case(lambda run: run.noticed("market", "resync") > 0, said={"market": "resync: "}),
    "stale-book": Case(),
    "tick-change": Case(lambda run: all(run.engine.markets[one.condition_id].tick == 1_000 for one in run.listings)),
    "429": Case(unanswered, said={"activity": "lost: "}),
    "html": Case(unanswered, said={"activity": "lost: "}),
    "truncated": Case(
        lambda run: unanswered(run) and run.noticed("rtds", "dropped") > 0, said={"rtds": "dropped: ", "market": ""}
    ),
    "huge": Case(
        lambda run: run.noticed("rtds", "dropped") > 0,
        said={"rtds": "dropped: a frame of 16777216 bytes"},
        servers=("rtds", "market", "binance"),
        stretch=1.0,  # one huge frame a connection: world and trader share a process here
    ),
    "425": Case(lambda run: run.present.streams.clock_watch.failed > 0),
    "451": Case(),
}
"""``clock-skew`` stops trading: see test_clock."""


def test_every_fault_has_its_case() -> None:
    assert {*CASES, "clock-skew"} == set(FAULTS)


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_noticed_and_passes_without_a_trade_lost_or_copied_twice(name: str) -> None:
    case = CASES[name]

    async def story(run: Streaming) -> None:
        await run.going()
        run.world.troubles.begin(name, case.servers)
        run.whale_buys(0)
        await run.until(lambda: case.noticed(run), case.within_s)
        run.whale_buys(1)
        await asyncio.sleep(case.lasts_s)
        run.whale_buys(2)
        run.world.troubles.end(name)
        await run.until(lambda: run.doing.get("whales") == "rtds" and run.doing.get("books") == "market")
        await run.until(lambda: not run.down, 5.0)
        run.whale_buys(3)
        await run.until(lambda: run.reasons.get(Reason.COPIED) == MARKETS + 4)
        await asyncio.sleep(SETTLE_S)
        made_up = run.engine.counts.late if case.made_up else 0
        assert set((await run.accounted(made_up)).values()) == {Reason.COPIED}
        assert all(any(text in one for one in run.reasons_of(feed)) for feed, text in case.said.items()), run.told

    run = lived(story, stretch=case.stretch)
    assert set(run.reasons) <= {Reason.COPIED, Reason.STALE}
    assert (run.reasons.get(Reason.STALE, 0) > 0) == case.made_up
