"""The exchange in a process of its own: a child that sends a load and counts, or the ordinary command.

The child takes lines on its standard input and answers each with one line of JSON: how many frames it has sent.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import IO, Any

from tests.exchange.catalogue import digest
from tests.exchange.clients import furnish
from tests.exchange.load import Load
from tests.exchange.script import lead
from tests.exchange.world import CROWD, World

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 20.0
SLUGS = tuple(f"will-it-rain-on-day-{day}" for day in range(1, 26))
COUNT_EVERY_S = 0.2


def wallets_of(count: int, kind: str) -> list[str]:
    """Addresses that depend on their number and kind only."""
    return ["0x" + digest(kind, n)[:40] for n in range(count)]


# ---------------------------------------------------------------------- the parent's side


class Exchange:
    """A running exchange: its settings for a trader, its markets; ``sent`` asks a child for its counts."""

    def __init__(self, process: "asyncio.subprocess.Process", ready: dict[str, Any]) -> None:
        self._process = process
        self.markets: list[dict[str, Any]] = ready.pop("markets")
        self.settings: dict[str, str] = ready

    async def sent(self) -> dict[str, int]:
        """Frames sent so far by channel, and pongs; only of ``python -m tests.soak.exchange``."""
        return await self._asked("count")

    async def touch(self) -> dict[str, int]:
        """Let a followed wallet trade in every market, so that all their books are of interest."""
        return await self._asked("touch")

    async def load(self) -> dict[str, int]:
        """Begin with the load."""
        return await self._asked("load")

    async def rest(self) -> dict[str, int]:
        """Send no more load; what was sent in all."""
        return await self._asked("rest")

    async def _asked(self, line: str) -> dict[str, int]:
        told, asked = self._process.stdout, self._process.stdin
        assert told is not None
        assert asked is not None
        asked.write(f"{line}\n".encode())
        await asked.drain()
        found: dict[str, int] = json.loads(await told.readline())
        return found


@contextlib.asynccontextmanager
async def exchange(module: str, *options: str) -> AsyncIterator[Exchange]:
    """The exchange of a module's command while the context lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=16 * 1024 * 1024
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            line = await process.stdout.readline()
        yield Exchange(process, json.loads(line))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


# ---------------------------------------------------------------------- the child's side


async def _counted(world: World, counts: dict[str, int]) -> None:
    """Count pings, each of which is answered by one frame: the channel itself keeps only the latest messages."""
    while True:
        await asyncio.sleep(COUNT_EVERY_S)
        for name, channel in (("rtds", world.rtds), ("market", world.market)):
            counts[f"{name}_pongs"] += sum(1 for one in channel.received if one == b"PING")
            channel.received.clear()


async def _bustle(world: World, token: str) -> None:
    """The rest of the world goes on: somebody trades, coins are traded, blocks are made."""
    turn = 0
    while True:
        turn += 1
        world.price("BTC", 80_000 + turn % 13)
        if turn % 20 == 0:
            world.polygon.new_head()
        if turn % 5 == 0:
            world.trade(CROWD, token, "BUY", 0.51, 1 + turn % 7)
        await asyncio.sleep(0.1)


class _Loading:
    """The load, begun and ended when the parent says so."""

    def __init__(self, world: World, rate: float) -> None:
        self._load = Load(world, rate)
        self._sending: asyncio.Task[None] | None = None
        self._began = 0.0
        self._ended = 0.0

    def begin(self) -> None:
        self._began = time.monotonic()
        self._sending = asyncio.create_task(self._load.run())

    def end(self) -> None:
        if self._sending is not None and self._sending.cancel():
            self._ended = time.monotonic()

    def counts(self) -> dict[str, int]:
        """Frames of the load, each counted once whoever hears it, and how long it took in milliseconds."""
        return {"load": self._load.sent, "load_ms": round(((self._ended or time.monotonic()) - self._began) * 1000)}


async def serve(given: argparse.Namespace, told: IO[str]) -> None:
    """Until standard input ends or a signal comes."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    counts = {"rtds_pongs": 0, "market_pongs": 0}
    async with World() as world:
        listings = furnish(world, *SLUGS)
        # A load's trades are by the crowd and the leaders by turns: some are followed, the others are strangers.
        lead(world, [*wallets_of(given.followed, "followed"), *wallets_of(given.strangers, "stranger")])
        load = _Loading(world, given.rate)
        beside = [asyncio.create_task(one) for one in (_counted(world, counts), _bustle(world, listings[-1].tokens[0]))]
        markets = [{"condition_id": one.condition_id, "token_ids": list(one.tokens)} for one in listings]
        print(json.dumps({**world.settings(), "markets": markets}), file=told, flush=True)
        while line := await reader.readline():
            match line.strip():
                case b"touch":
                    for one in listings:
                        world.trade(wallets_of(1, "followed")[0], one.tokens[0], "BUY", 0.51, 10)
                case b"load":
                    load.begin()
                case b"rest":
                    load.end()
                    await asyncio.sleep(2 * COUNT_EVERY_S)
            found = {**load.counts(), "rtds": world.rtds.sent, "market": world.market.sent, **counts}
            print(json.dumps(found), file=told, flush=True)
        load.end()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def parser() -> argparse.ArgumentParser:
    """The command line of the child."""
    made = argparse.ArgumentParser(prog="python -m tests.soak.exchange", description=__doc__)
    made.add_argument("--rate", type=float, required=True, help="frames a second")
    made.add_argument("--followed", type=int, default=9, help="followed wallets among those that trade")
    made.add_argument("--strangers", type=int, default=10, help="others")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """The child's command: one line when ready."""
    asyncio.run(serve(parser().parse_args(arguments), sys.stdout))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
