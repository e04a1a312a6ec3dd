"""The command line: ``python -m fargate COMMAND``. Exit codes: 0 done, 2 bad usage or input, 3 stopped by the kill
switch, 4 an invariant failed.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

from shared.domain.errors import BadInput, Corrupt, HouseError, Refused
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.money import Usd, parse_micro
from shared.settings import Settings, read_settings

DONE, FAILED, BAD_INPUT, KILLED, BROKEN = 0, 1, 2, 3, 4

LIVES = ("paper", "trade")
"""Commands that trade until they are told to stop: being told so is no failure."""
Command = Callable[[argparse.Namespace, Settings], int]


def instant(text: str) -> int:
    """Unix seconds, Unix milliseconds or ISO-8601 (UTC when it names no zone) as nanoseconds."""
    if text.isdecimal():
        return int(text) * (MILLISECOND if len(text) >= 12 else SECOND)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither Unix seconds nor an ISO-8601 time") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000) * 1000


def speed(text: str) -> float:
    """``max`` (0: as fast as possible) or event seconds per second."""
    if text == "max":
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"speed must be 'max' or a number above 0, not {text!r}")
    return value


def seed(text: str) -> int:
    """A seed: a whole number from 0 on."""
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"seed must be a whole number from 0 to 10^18, not {text!r}")
    return int(text)


def capital(text: str) -> Usd:
    """Dollars on the command line as micro-dollars."""
    try:
        micro = parse_micro(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if micro <= 0:
        raise argparse.ArgumentTypeError(f"capital must be positive, not {text}")
    return Usd(micro)


def _published(parser: argparse.ArgumentParser) -> None:
    text = "keep the report in the lake as a study of this name, for page Research of the dashboard"
    parser.add_argument("--publish", metavar="NAME", help=text)
    parser.set_defaults(typed="")


def _replay(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("replay", help="run a recording through the whole engine and report")
    parser.add_argument("path", type=Path, help="Parquet or JSONL file of activity rows, or a synthetic day's folder")
    parser.add_argument("--resolutions", type=Path, help="Parquet file with the markets' winners")
    parser.add_argument("--whales", type=Path, help="wallets to follow (lines, or a Parquet column `wallet`)")
    parser.add_argument(
        "--book", type=Path, metavar="PATH", help="recorded books: orders meet them, and not the prints"
    )
    parser.add_argument(
        "--fills", type=Path, metavar="OUT", help="write the fills as Parquet; observed_at_ns is a fill's venue time"
    )
    parser.add_argument("--speed", type=speed, default=0.0, metavar="max|N", help="pace (default: max)")
    parser.add_argument("--store", choices=("memory", "dynamo"), default="memory", help="where state goes")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the report here ('-': standard output)")
    parser.add_argument("--from", dest="start", type=instant, metavar="TS", help="first row's time")
    parser.add_argument("--to", dest="end", type=instant, metavar="TS", help="last row's time")
    parser.add_argument("--capital", type=capital, default=None, metavar="USD", help="default: 10000")
    parser.add_argument("--seed", type=seed, default=0, help="decides the modelled delays (default: 0)")
    parser.add_argument("--sizing", choices=("kelly", "ratio"), default="kelly", help="how copies are sized")
    _published(parser)
    parser.set_defaults(run="replay")


def _paper(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("paper", help="trade on paper, with the dashboard, until Ctrl-C (what `make run` calls)")
    parser.add_argument("--recording", type=Path, help="trade a recorded file instead of the live venue")
    parser.add_argument("--resolutions", type=Path, help="winners of the recording's markets")
    parser.add_argument("--synthetic", action="store_true", help="trade the synthetic day")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs of this world left")
    parser.add_argument("--speed", type=speed, default=60.0, metavar="N|max", help="pace of recorded worlds (60)")
    parser.add_argument("--sizing", choices=("kelly", "ratio"), default="kelly", help="how copies are sized")
    parser.add_argument("--stop-at-end", action="store_true", help="end with the recording instead of Ctrl-C")
    parser.add_argument("--no-dashboard", action="store_true", help="trade without the dashboard")
    parser.set_defaults(run="paper")


def _trade(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("trade", help="trade on paper in a deployment, until SIGTERM (what its task calls)")
    parser.add_argument("--sizing", choices=("kelly", "ratio"), default="kelly", help="how copies are sized")
    parser.set_defaults(run="trade")


def _control(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, run, text in (
        ("kill", "kill", "set the kill switch: no order is planned any more, open ones are cancelled"),
        ("flatten", "flatten", "set the kill switch and sell every position; waits up to 30 s for it"),
        ("resume", "resume", "ask the trader to clear the kill switch"),
    ):
        parser = group.add_parser(name, help=text)
        parser.add_argument("--reason", required=True, help="why; it is kept and shown")
        parser.add_argument("--json", action="store_true", help="machine-readable answer")
        parser.set_defaults(run=run)
        if name != "flatten":
            parser.add_argument(
                "--remote",
                dest="run",
                action="store_const",
                const=f"remote_{run}",
                help="the deployment at --url, with your AWS credentials (to resume: a session with MFA)",
            )
            _url(parser)
    _set(group)
    parser = group.add_parser(
        "status", help="how the trader on this machine stands: 0 ready, 1 not ready, 2 nobody there"
    )
    parser.add_argument("--live", action="store_true", help="0 also while it is not ready, as long as it is alive")
    parser.add_argument("--json", action="store_true", help="machine-readable answer")
    parser.set_defaults(run="status")


def _url(parser: argparse.ArgumentParser) -> None:
    where = os.environ.get("CONTROL_URL", "")
    parser.add_argument("--url", default=where, help="of --remote: the API's (default: CONTROL_URL)")


def _set(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What is changed while it trades. ``+0x...`` and ``-0x...`` are read as flags with the rest of the address."""
    text = "change limits, the strategy's mode or the watch list of the running system, without a restart"
    what = group.add_parser("set", help=text).add_subparsers(dest="what", required=True, metavar="WHAT")
    limit = what.add_parser("limit", help="set limits by name, as LIMIT_* settings do: stop_loss=10%% pause_ns=30m")
    limit.add_argument("limits", nargs="+", metavar="NAME=VALUE", help="see `limits` for the names; all hold or none")
    mode = what.add_parser("mode", help="trade, or observe: decide and record, enter nothing, leave what is held")
    mode.add_argument("mode", choices=("trade", "observe"))
    watch = what.add_parser("watch", prefix_chars="+-", help="follow wallets by hand, or no more: +0x... -0x...")
    for flag, dest, words in (("+0", "pin", "follow this wallet"), ("-0", "unpin", "follow it no more, ranked or not")):
        watch.add_argument(
            flag, dest=dest, action="append", default=[], type=lambda rest: f"0{rest}", metavar="xADDRESS", help=words
        )
    reset = what.add_parser("reset", help="forget all changes: the settings hold again")
    for name, parser in (("limit", limit), ("mode", mode), ("watch", watch), ("reset", reset)):
        parser.add_argument("--reason", default="by hand", help="why; it is kept and shown")
        parser.add_argument("--json", action="store_true", help="machine-readable answer")
        words = "the deployment at --url, with your AWS credentials of a session with MFA"
        parser.add_argument("--remote", action="store_true", help=words)
        _url(parser)
        parser.set_defaults(run=f"set_{name}")


def _risk(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("limits", help="every limit and breaker in force (or of a profile), in words and numbers")
    parser.add_argument("--profile", metavar="NAME", help="copy or model (default: what is in force, or configured)")
    parser.add_argument("--stage", metavar="NAME", help="capital stage whose sizes apply (default: the configured one)")
    parser.add_argument("--json", action="store_true", help="machine-readable answer")
    parser.set_defaults(run="limits")
    parser = group.add_parser("explain", help="why a whale trade was or was not copied, and what became of the copy")
    parser.add_argument(
        "trade",
        metavar="TRADE_ID",
        help="transaction hash (or its beginning), signal id, order key, or wallet:token",
    )
    parser.add_argument("--json", action="store_true", help="machine-readable answer")
    parser.set_defaults(run="explain")


def _score(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("score", help="score and rank the wallets of recorded trades")
    parser.add_argument(
        "--trades", type=Path, nargs="+", required=True, metavar="PATH", help="Parquet files or folders"
    )
    parser.add_argument(
        "--resolutions", type=Path, metavar="PATH", help="winners (default: the file beside the trades)"
    )
    parser.add_argument("--as-of", type=instant, metavar="TS", help="know nothing later (default: after the last row)")
    parser.add_argument("--out", type=Path, metavar="PATH", help="write the whole table here as Parquet")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the first wallets here ('-': standard output)")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="wallets shown (default: 20)")
    parser.add_argument("--delay", type=float, default=4.0, metavar="S", help="seconds a follower is late (default: 4)")
    parser.add_argument(
        "--basis", choices=("auto", "follower", "own"), default="auto", help="whose returns are ranked (default: auto)"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides the resamples (default: 0)")
    _published(parser)
    parser.set_defaults(run="score")


def _record(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("record", help="record everything the feeds say, without trading, until Ctrl-C")
    parser.add_argument("--hours", type=float, metavar="H", help="end after so many hours")
    parser.add_argument("--out", type=Path, metavar="PATH", help="folder of the tape (default: STATE_DIR/record)")
    parser.add_argument("--bucket", metavar="NAME", help="write to this bucket of S3 instead of a folder")
    parser.add_argument("--json", action="store_true", help="machine-readable answer")
    parser.set_defaults(run="record")
    parser.add_argument(
        "--report", dest="run", action="store_const", const="report", help="say how complete what was recorded is"
    )
    parser.add_argument("--date", metavar="D", help="report on this UTC date only, such as 2026-03-22")
    parser.add_argument("--prefix", metavar="P", help="report on the tape under this prefix, such as tape/paper")


def _verify(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("verify", help="play taped lives again and compare every effect with the recorded ones")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--tape", type=Path, metavar="PATH", help="folder of a tape")
    where.add_argument("--account", metavar="NAME", help="tape of this account of the running system (default: ours)")
    parser.add_argument("--journal", type=Path, metavar="PATH", help="journal file of the account, for --tape")
    parser.add_argument("--life", default="all", metavar="all|last|N", help="which lives (default: all)")
    parser.add_argument("--json", action="store_true", help="machine-readable answer")
    parser.set_defaults(run="verify")


def _archive(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser("archive", help="read the audit bucket and say the first thing wrong: 0 sound, 4 not")
    parser.set_defaults(run="archive")
    text = "rebuild lost tables (control, orders, positions, ledger, journal); trading stays stopped until `resume`"
    restore = group.add_parser("restore", help=text, description=f"{text}. Stop the trader first.")
    restore.add_argument(
        "--from-archive", action="store_true", required=True, help="from the audit bucket alone, into empty tables"
    )
    restore.set_defaults(run="restore")
    for one in (parser, restore):
        one.add_argument("--account", metavar="NAME", help="whose books (default: ours)")
        one.add_argument("--bucket", metavar="NAME", help="the audit bucket (default: AUDIT_BUCKET)")
        one.add_argument("--json", action="store_true", help="machine-readable answer")


def _probe(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = group.add_parser(
        "probe", help="the execution study: random intents on a recorded book, and how they fared"
    )
    parser.add_argument("--book", type=Path, required=True, metavar="PATH", help="Parquet file of recorded books")
    parser.add_argument("--orders", type=int, required=True, metavar="N", help="how many intents")
    parser.add_argument("--seed", type=seed, required=True, metavar="S", help="decides intents and modelled delays")
    parser.add_argument(
        "--fills", type=Path, metavar="OUT", help="write the fills as Parquet; observed_at_ns is a fill's venue time"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the report here ('-': standard output)")
    parser.add_argument(
        "--limits", choices=("wide", "copy"), default="wide", help="copy: the real ones, whose breakers end it early"
    )
    parser.add_argument("--capital", type=capital, metavar="USD", help="default: 1000000; of copy, the configured one")
    _published(parser)
    parser.set_defaults(run="probe")


MODULES = {
    "score": "fargate.score",
    "record": "fargate.record",
    "report": "fargate.record",
    "verify": "fargate.verify",
    "probe": "fargate.probe",
    "archive": "fargate.archive",
    "restore": "fargate.archive",
    "limits": "fargate.limits",
    "status": "fargate.status",
    "trade": "fargate.deployed",
    "set_limit": "fargate.setting",
    "set_mode": "fargate.setting",
    "set_watch": "fargate.setting",
    "set_reset": "fargate.setting",
    "explain": "fargate.explain",
    "remote_kill": "fargate.remote",
    "remote_resume": "fargate.remote",
}
"""Where a command's function is, if not in ``fargate.commands``."""


def parser_of() -> argparse.ArgumentParser:
    """Every command with its options and help."""
    parser = argparse.ArgumentParser(prog="python -m fargate", description="Paper trading, replays and control.")
    group = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _paper(group)
    _trade(group)
    _replay(group)
    synth = group.add_parser("synth", help="write a synthetic day (trades, books, resolutions, truth) as files")
    synth.add_argument("--seed", type=seed, default=1, help="decides everything (default: 1)")
    synth.add_argument("--hours", type=float, default=24.0, help="length (default: 24)")
    synth.add_argument("--out", type=Path, required=True, help="folder to write")
    synth.add_argument("--scale", choices=("house", "bench"), default="house", help="2,000 or 20,000 wallets")
    synth.add_argument("--json", action="store_true", help="machine-readable summary")
    synth.set_defaults(run="synth")
    _score(group)
    _record(group)
    _verify(group)
    _archive(group)
    _probe(group)
    rank = group.add_parser(
        "rank", help="find wallets, score them, publish who is followed (a live run does it by itself)"
    )
    rank.add_argument("--gently", action="store_true", help="give way to other processes")
    rank.add_argument("--json", action="store_true", help="machine-readable answer")
    rank.set_defaults(run="rank")
    _control(group)
    _risk(group)
    doctor = group.add_parser("doctor", help="check this machine, the settings, the ports and the venue")
    doctor.add_argument("--json", action="store_true", help="machine-readable answer")
    doctor.set_defaults(run="doctor")
    return parser


def _nothing_begun(_number: int, _frame: FrameType | None) -> NoReturn:
    """Told to stop while libraries are still being loaded: there is nothing to end. A life takes the signal over."""
    sys.exit(DONE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every expected failure is one sentence on standard error and an exit code that means it."""
    options = parser_of().parse_args(arguments)
    options.typed = shlex.join(["python", "-m", "fargate", *(sys.argv[1:] if arguments is None else arguments)])
    try:
        settings = read_settings(os.environ)
        if options.run in LIVES:
            signal.signal(signal.SIGTERM, _nothing_begun)
        # Imported only now: help and usage errors need not wait for the AWS and data libraries.
        module = import_module(MODULES.get(options.run, "fargate.commands"))
        run: Command = getattr(module, options.run)
        return run(options, settings)
    except BadInput as error:
        print(f"fargate {options.command}: {error}", file=sys.stderr)
        return BAD_INPUT
    except Corrupt as error:
        print(f"fargate {options.command}: INVARIANT FAILED: {error}", file=sys.stderr)
        return BROKEN
    except Refused as error:
        print(f"fargate {options.command}: {error}", file=sys.stderr)
        return KILLED
    except HouseError as error:
        print(f"fargate {options.command}: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        # A file or folder somebody named cannot be used; what of ours can fail this way says so as a HouseError.
        print(f"fargate {options.command}: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
