"""A process that records a steady feed until a signal ends it; run by tests that end it."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from fargate import record
from shared.adapters.s3.raw import RawLog
from shared.domain.instants import MILLISECOND
from shared.domain.messages import SpotTrade
from shared.domain.order import Side
from shared.ports import Clock, Feed, Heard
from shared.settings import Settings, read_settings

EVERY_S = 0.002
SEAL_EVERY_NS = 200 * MILLISECOND


class Steady:
    """Counts aloud, so that what was heard is known after a kill."""

    name = "binance"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def run(self, hear: Callable[[Heard], None]) -> None:
        n = 0
        while True:
            n += 1
            at = self._clock.now()
            hear(Heard(self.name, at, at, SpotTrade("BTC", Side.BUY, 1, 1, n)))
            print(n, flush=True)
            await asyncio.sleep(EVERY_S)


def feeds_of(_settings: Settings, clock: Clock, _raw: RawLog | None) -> list[Feed]:
    return [Steady(clock)]


def main(folder: str) -> None:
    options = argparse.Namespace(out=Path(folder), bucket=None, hours=None, json=True)
    pace = record.Pace(look_s=0.05, seal_every_ns=SEAL_EVERY_NS)
    sys.exit(record.record(options, read_settings({}), feeds_of, pace))
