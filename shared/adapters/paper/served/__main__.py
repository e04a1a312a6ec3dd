"""The paper venue as a process: ``python -m shared.adapters.paper.served --port 8700 --log paper.jsonl --seed 1``.

One line says when it is ready and where. SIGTERM and Ctrl-C end it with 0; everything it has answered is on the disk by
then, as it was at any other moment. Exit codes: 0 done, 2 bad usage or input, 4 an invariant failed.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from shared.adapters.journal.paper_log import FilePaperLog
from shared.adapters.paper.orders import VenueSettings
from shared.adapters.paper.served.server import VenueServer
from shared.adapters.paper.served.wire import LOOPBACK
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import BadInput, Corrupt

MOST_PORT = 65_535


def _settings(text: str) -> VenueSettings:
    try:
        return msgspec.json.decode(text, type=VenueSettings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no settings of a venue: {error}") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: it must be a number from 0 (any) to {MOST_PORT}")
    return int(text)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m shared.adapters.paper.served", description=__doc__)
    parser.add_argument("--port", type=_port, default=0, help="port on loopback; 0: any free one")
    parser.add_argument("--log", type=Path, required=True, help="file with everything it has taken and filled")
    parser.add_argument("--seed", type=int, default=0, help="decides latencies, settlements and restarts")
    parser.add_argument(
        "--settings", type=_settings, default=VenueSettings(books=True), help='as JSON, such as {"books": true}'
    )
    return parser.parse_args(arguments)


async def _serve(server: VenueServer) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.run(stop)


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal comes; the exit code."""
    options = _options(arguments)

    def ready(port: int) -> None:
        sys.stdout.write(f"paper venue on {LOOPBACK}:{port}, orders in {options.log}\n")
        sys.stdout.flush()

    try:
        log = FilePaperLog(options.log)
        try:
            server = VenueServer(PaperVenue(options.seed, log, settings=options.settings), options.port)
            server.started = ready
            asyncio.run(_serve(server))
        finally:
            log.close()
    except (BadInput, Corrupt) as error:
        sys.stderr.write(f"{error}\n")
        return 4 if isinstance(error, Corrupt) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
