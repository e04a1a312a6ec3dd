"""Two faults at once, named and drawn by lot: the same promise as for one."""

import asyncio
import random

import pytest

from shared.domain.decision import Reason
from tests.exchange.troubles import FAULTS
from tests.fargate.streaming import MARKETS, Streaming, lived

NAMED = [("silent", "429"), ("dup", "late"), ("cut", "reorder")]
STOPPING = ("clock-skew", "huge")
"""The first forbids trading (test_guards), the second only takes time (test_every_fault)."""


def drawn(seed: int, count: int) -> list[tuple[str, str]]:
    """Pairs of faults, none of them named above."""
    chance = random.Random(seed)
    names = [name for name in FAULTS if name not in STOPPING]
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        one, other = sorted(chance.sample(names, 2))
        if (one, other) not in NAMED:
            found[one, other] = None
    return list(found)


@pytest.mark.parametrize("pair", [*NAMED, *drawn(seed=4, count=2)], ids="+".join)
def test_two_faults_at_once_cost_no_trade_and_copy_none_twice(pair: tuple[str, str]) -> None:
    async def story(run: Streaming) -> None:
        await run.going()
        for name in pair:
            run.world.troubles.begin(name)
            run.whale_buys(0)
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.6)
        run.whale_buys(1)
        await asyncio.sleep(0.2)
        for name in pair:
            run.world.troubles.end(name)
        await run.until(lambda: run.doing.get("whales") == "rtds" and run.doing.get("books") == "market")
        run.whale_buys(2)
        await run.until(lambda: run.reasons.get(Reason.COPIED) == MARKETS + 4)
        await asyncio.sleep(0.2)
        assert set((await run.accounted(run.engine.counts.late)).values()) == {Reason.COPIED}

    run = lived(story, seed=11)
    assert set(run.reasons) <= {Reason.COPIED, Reason.STALE}
    assert ("late" in pair) or Reason.STALE not in run.reasons
