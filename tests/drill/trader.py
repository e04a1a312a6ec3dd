"""One life of the real trader as a process: ``python -m tests.drill.trader --help``.

Everything is the product's but the public world, which comes over one socket: lease and heartbeat, DynamoDB, the venue
behind its socket, the driver with its lanes, the housekeeping with people's wishes, the health port. SIGTERM ends it in
order. Exit codes as of the product: 0 done, 1 something outside did not answer, 3 the lease is another's, 4 an
invariant failed.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from fargate.async_driver import AsyncDriver
from fargate.condition import Component, Health
from fargate.health import HealthServer
from fargate.lanes import InPlace, ThreadLane
from fargate.life import answering, finished, leased, traded
from fargate.present import LAG_BOOKS_NS, LAG_EVERY_S
from fargate.runner import StopFlag
from fargate.schedule import first_of
from fargate.trader import About, Stopped, Trader
from shared.adapters.clock import SystemClock, running_ns
from shared.adapters.durable.lease import Keeper
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.provision import PREFIX
from shared.adapters.embedded.server import KEY_ID, REGION, SECRET
from shared.adapters.feeds.inbox import Inbox
from shared.adapters.feeds.quantiles import Quantiles
from shared.adapters.paper.served.client import ServedVenue
from shared.adapters.s3.lake import FolderLake
from shared.adapters.s3.tape import Tape
from shared.domain.command import Command, CommandKind
from shared.domain.errors import Corrupt, HouseError, Refused
from shared.domain.instants import DAY, MILLISECOND, SECOND
from shared.domain.messages import WhaleTrade
from shared.domain.money import ONE, Fraction, Usd
from shared.engine.detection import DetectionParams
from shared.ports import Heard
from shared.research.taped import TapedEngine
from shared.settings import HealthSettings, LeaseSettings
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.drill.crowd import RTDS
from tests.drill.public import Listening
from tests.soak.trading import CAPITAL, WIDE

ACCOUNT = "drill"
EXITS: dict[type[HouseError], int] = {Refused: 3, Corrupt: 4}
DETECTION = DetectionParams(burst_ns=3 * SECOND)
"""Bursts so short that every whale trade but few is an order of its own."""
QUICK = replace(
    WIDE,
    trade_min_usd=Usd(ONE),
    api_errors_per_hour=1_000_000,
    failed_settlements_per_hour=1_000_000,
    exits_per_minute=1_000_000,
    order_life_ns=10 * SECOND,
    answer_timeout_ns=5 * SECOND,
    phase_life_ns=(4 * SECOND, 6 * SECOND),
    phase_step=(0, 20_000),
    phase_cut=(Fraction(0), Fraction(100_000)),
    stop_loss=Fraction(0),
    take_profit=Fraction(0),
    trailing_stop=Fraction(0),
    spread_max=1_000_000,
    diversification_min=Fraction(0),
    stress_of_equity=Fraction(ONE),
)
"""Wide limits, orders that give up soon."""
PATIENT = replace(QUICK, order_life_ns=DAY, phase_life_ns=(DAY, DAY))
"""The same with orders that rest."""


class Life:
    """From the lease to the end. ``given``: the command line."""

    def __init__(self, given: argparse.Namespace, flag: StopFlag, health: Health) -> None:
        self._given = given
        self._flag = flag
        self._health = health
        self._clock = SystemClock()
        self._tables = Tables(PREFIX, Endpoint(REGION, given.store, KEY_ID, SECRET))
        self._backend = DynamoBackend(ACCOUNT, self._tables)
        settings = LeaseSettings(2 * SECOND, SECOND // 2, SECOND)
        self._keeper = Keeper(self._backend, f"{given.name}-{os.getpid()}", running_ns, settings, self._clock.now)
        self.lag = Quantiles()

    def live(self) -> None:
        """The whole life; ``Stopped`` when somebody has asked for its end."""
        with leased(self._keeper, ACCOUNT, say, self._check) as heartbeat:
            say(f"has the lease under epoch {self._keeper.epoch}")

            def stopping() -> bool:
                heartbeat.check()
                return self._flag()

            asyncio.run(self._trade(stopping))

    def _check(self) -> None:
        self._health.beat("waiting for the lease")
        if self._flag():
            raise Stopped

    async def _trade(self, stopping: Callable[[], bool]) -> None:
        loop, clock = asyncio.get_running_loop(), self._clock
        public = Listening(self._given.public, clock.now)
        venue = ServedVenue(self._given.venue)
        store = DurableStore(self._backend, self._keeper.epoch, clock=clock)
        limits = PATIENT if self._given.patient else QUICK
        engine = TapedEngine(ACCOUNT, WhaleCopy(Params("ratio", Fraction(ONE))), limits, DETECTION, frozenset({RTDS}))

        def broken(error: BaseException) -> None:
            driver.break_with(error)

        lanes = [ThreadLane(name, loop, broken) for name in ("store", "venue", "views")]
        inbox = Inbox(lambda _: None)
        driver = AsyncDriver(engine, venue, store, clock, inbox, lanes[0], lanes[1], self._keeper)
        driver.venue_lag_ns = LAG_BOOKS_NS
        trader = self._trader(driver, store, lanes, stopping)
        engine.tape_to(self._tape.add, self._tape.life)
        driver.on_look = trader.tick
        await self._recover(driver, store, public)
        try:
            await first_of(traded(driver, say), public.run(inbox.hear), self._measure_lag())
        finally:
            await finished(driver, lanes)
            trader.lane = InPlace()
            if driver.closing:
                trader.finish(driver.now)
            venue.close()

    def _trader(
        self, driver: AsyncDriver, store: DurableStore, lanes: Sequence[ThreadLane], stopping: Callable[[], bool]
    ) -> Trader[AsyncDriver]:
        self._tape = Tape(FolderLake(self._given.folder), f"tape/{ACCOUNT}", self._clock.now())
        about = About(ACCOUNT, "live", CAPITAL)
        made = Trader(driver, store, Views(ACCOUNT, self._tables), self._tape, self._clock, about, stopping, lanes[2])
        made.health = self._health
        keeper, parts = self._keeper, self._health.components
        parts["lease"] = lambda: Component(keeper.vouched, keeper.says, needed=True)
        parts["store"] = lambda: answering(driver, lanes[0])
        parts["lag"] = lambda: Component(True, f"p99 {(self.lag.at(0.99) or 0) / MILLISECOND:.1f} ms")
        return made

    async def _recover(self, driver: AsyncDriver, store: DurableStore, public: Listening) -> None:
        """Nothing is known but what is durable and what is public."""
        records, trading = store.journal(ACCOUNT), store.switch().trading
        at = max(self._clock.now(), records[-1].at if records else 0)
        driver.recover(records, trading, at)
        for fact in await public.standing():
            if isinstance(fact.payload, WhaleTrade):
                continue  # heard with everything else once we trade
            driver.take(Heard(fact.source, at, fact.venue_at, fact.payload))
        if not records:
            driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", CAPITAL), at)
        self._health.recovered()
        say(f"recovered {len(records)} records, {len(driver.engine.desk.execution.open_orders())} orders open")

    async def _measure_lag(self) -> None:
        while True:
            began = time.monotonic_ns()
            await asyncio.sleep(LAG_EVERY_S)
            self.lag.add(time.monotonic_ns() - began - int(LAG_EVERY_S * SECOND))


def say(line: str) -> None:
    """A line for people."""
    print(f"{time.time():.3f} {line}", flush=True)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m tests.drill.trader", description=__doc__)
    made.add_argument("--name", default="one", help="owner of the lease, beside the number of the process")
    made.add_argument("--store", required=True, help="address of the store")
    made.add_argument("--venue", type=int, required=True, help="port of the served venue")
    made.add_argument("--public", type=int, required=True, help="port of the public world")
    made.add_argument("--health", type=int, default=0, help="port of the health answers")
    made.add_argument("--folder", type=Path, required=True, help="where the tape goes")
    made.add_argument("--patient", action="store_true", help="orders rest instead of giving up")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Live once; the exit code."""
    given = parser().parse_args(arguments)
    flag, health = StopFlag(), Health()
    flag.listen()
    try:
        with HealthServer(HealthSettings(port=given.health), health):
            Life(given, flag, health).live()
    except Stopped:
        say("stopped in order")
        return 0
    except HouseError as error:
        say(f"{type(error).__name__}: {error}")
        codes = [code for kind, code in EXITS.items() if isinstance(error, kind)]
        return codes[0] if codes else 1
    return 1  # a life does not end by itself


if __name__ == "__main__":
    sys.exit(main())
