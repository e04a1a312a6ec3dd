"""``python -m tests.exchange``: the exchange on 127.0.0.1, playing a recording or the synthetic day."""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

from shared.domain.errors import BadInput
from tests.exchange.load import Load
from tests.exchange.script import Script, mapping, play
from tests.exchange.sources import activity_script, book_script, synthetic_script
from tests.exchange.troubles import FAULTS, Planned, parse_plan
from tests.exchange.world import World

RTDS_LOSS = 0.003
"""RTDS told 99.7% of trades in the field (polymarket.md 5.5)."""
BLOCK_S = 1.5
PINNED = 10
"""Leaders whom a guest follows by hand unless it names others: an hour of history ranks nobody."""
BAD_INPUT = 2


def parser() -> argparse.ArgumentParser:
    """The command line; ``--help`` lists the faults."""
    listed = "\n".join(f"  {name:12} {kind.sentence}" for name, kind in FAULTS.items())
    made = argparse.ArgumentParser(
        prog="python -m tests.exchange",
        description="Polymarket's public interfaces, Binance, Coinbase and a Polygon node on one port of 127.0.0.1.",
        epilog=f"faults (NAME[@START+SECONDS], by default @5+30; then all is well):\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--port", type=_port, default=0, help="0: any free one")
    made.add_argument("--book", type=_file, help="a recorded order book (book_btc5m_*.parquet)")
    made.add_argument("--activity", type=_file, help="recorded wallet activity (wallet_activity_updown_*.parquet)")
    made.add_argument(
        "--fault",
        type=_planned,
        action="append",
        default=[],
        metavar="NAME[@START+SECONDS]",
        help="may be given several times",
    )
    made.add_argument("--speed", type=_positive, default=1.0, help="seconds of the recording per second")
    made.add_argument("--seed", type=_whole, default=1)
    made.add_argument("--rate", type=_positive, help="send so many frames a second besides (load)")
    made.add_argument("--json-ready", action="store_true", help="one JSON line when ready: settings and markets")
    made.add_argument(
        "--run",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="COMMAND",
        help="a command to run on this exchange (its settings in the environment); ends with it, with its exit code",
    )
    return made


def _port(given: str) -> int:
    if not given.isdecimal() or int(given) > 65_535:
        raise argparse.ArgumentTypeError(f"port {given!r} is no number from 0 to 65535")
    return int(given)


def _file(given: str) -> Path:
    path = Path(given)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{given!r} is not a file")
    return path


def _planned(given: str) -> Planned:
    try:
        return parse_plan(given)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _whole(given: str) -> int:
    if not given.isdecimal():
        raise argparse.ArgumentTypeError(f"{given!r} is no whole number of 0 or more")
    return int(given)


def _positive(given: str) -> float:
    with contextlib.suppress(ValueError):
        if float(given) > 0:
            return float(given)
    raise argparse.ArgumentTypeError(f"{given!r} is no number above 0")


def scripts(given: argparse.Namespace, folder: Path) -> list[Script]:
    """What is played: the recordings named, or the synthetic day."""
    made = [
        read(path) for path, read in ((given.activity, activity_script), (given.book, book_script)) if path is not None
    ]
    return made or [synthetic_script(folder, given.seed)]


async def serve(given: argparse.Namespace, folder: Path) -> int:
    """Run until a signal; 0."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    played = scripts(given, folder)
    await asyncio.sleep(0)  # a signal while the files were read ends it here
    if stop.is_set():
        return 0
    code = 0
    async with World(port=given.port, seed=given.seed, latency=1.0, rtds_loss=RTDS_LOSS) as world:
        tasks = [asyncio.create_task(_repeat(world, script, given.speed)) for script in played]
        tasks.append(asyncio.create_task(world.spot.walk(random.Random(given.seed))))
        tasks.append(asyncio.create_task(_blocks(world)))
        if given.rate is not None:
            tasks.append(asyncio.create_task(Load(world, given.rate).run()))
        await asyncio.sleep(0)
        for planned in given.fault:
            world.troubles.plan(planned)
        _ready(world, given.json_ready)
        ended = asyncio.create_task(stop.wait())
        guest = await _guest(world, given.run) if given.run else None
        left = [] if guest is None else [asyncio.create_task(guest.wait())]
        await asyncio.wait([ended, *left, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if guest is not None:
            code = await _code_of(guest)
        for task in tasks:
            if task.done():
                task.result()  # a play that broke ends the exchange with its reason
            task.cancel()
        ended.cancel()
    return code


async def _guest(world: World, command: list[str]) -> asyncio.subprocess.Process:
    """The command that runs on this exchange; Ctrl-C is ours to pass on."""
    leaders = [str(row["user_id"]) for row in world.venue.content.leaderboard[:PINNED]]
    # Fewer trade here than at the venue: a stream that says nothing for a while is quiet, not silent.
    usual = {"PINNED_WALLETS": ",".join(leaders), "RTDS_SILENCE_S": "45"}
    environment = {**usual, **os.environ, **world.settings()}
    return await asyncio.create_subprocess_exec(*command, env=environment, start_new_session=True)


async def _code_of(guest: asyncio.subprocess.Process) -> int:
    """Ask the command to end, as Ctrl-C would, unless it has; its exit code."""
    if guest.returncode is None:
        guest.send_signal(signal.SIGINT)
    return await guest.wait()


async def _blocks(world: World) -> None:
    """The chain goes on, whether anything is settled or not."""
    while True:
        await asyncio.sleep(BLOCK_S)
        world.polygon.new_head()


async def _repeat(world: World, script: Script, speed: float) -> None:
    """Play a script again and again, each time as another day."""
    turn = 0
    while True:
        now_s = world.now_ms() / 1000
        today = script if turn == 0 else script.renamed(turn)
        await play(world, today, mapping(today, now_s, speed), history=turn == 0)
        turn += 1


def _ready(world: World, as_json: bool) -> None:
    settings = world.settings()
    now_s = world.now_ms() / 1000
    open_now = [one for one in world.listings.values() if one.winner is None and one.end_s > now_s]
    open_now.sort(key=lambda one: ((one.start_s or 0.0) > now_s, one.end_s))  # those that trade now come first
    markets = [{"condition_id": one.condition_id, "token_ids": list(one.tokens)} for one in open_now]
    if as_json:
        print(json.dumps({**settings, "markets": markets}), flush=True)
        return
    for name, value in settings.items():
        print(f"{name}={value}")
    print(f"{len(markets)} open markets; Ctrl-C ends", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after a signal, 2 for a command line that cannot be followed."""
    given = parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="exchange-") as folder:
            return asyncio.run(serve(given, Path(folder)))
    except (BadInput, OSError) as error:
        print(f"tests.exchange: {error}", file=sys.stderr)
        return BAD_INPUT


if __name__ == "__main__":
    raise SystemExit(main())
