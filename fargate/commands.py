"""What each command does, over shared code; printing and exit codes only."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from fargate.limits import limits_in_force
from fargate.paper import PaperOptions, run_paper
from fargate.publishing import Publisher
from fargate.session import probe_urls
from shared.adapters.discovery.discover import DiscoveryRules
from shared.adapters.discovery.refresh import discover_now, rank_now
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.controls import put_switch
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.embedded.provision import BUCKET, provision
from shared.adapters.embedded.server import KEY_ID, REGION, SECRET, EmbeddedAws, free_port, port_is_busy
from shared.adapters.memory.store import MemoryStore
from shared.adapters.polymarket.reachability import probe
from shared.adapters.synthetic import BENCH, HOUSE, generate
from shared.analytics.scoring import ScoringRules
from shared.domain.command import Command, CommandKind
from shared.domain.errors import BadInput, Corrupt, Temporary
from shared.domain.ids import fact_id
from shared.domain.instants import SECOND
from shared.domain.ledger import Position
from shared.domain.money import format_fixed, format_micro
from shared.domain.reasons import COPIES
from shared.engine.limits import Limits
from shared.ports import Store, Switch
from shared.research.executed import Noting, write_fills
from shared.research.replay import ReplayOptions, ReplayReport, run_replay
from shared.settings import Settings

FLATTEN_WAIT_S = 30.0
FLATTEN_LOOK_S = 0.2
SILENT_NS = 15 * SECOND
"""A trader that has not written its live view for so long does not run."""


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------- replay


def _replay_limits(options: argparse.Namespace, settings: Settings) -> Limits:
    """The limits in force, over the capital that is replayed."""
    capital = options.capital or settings.copy.capital
    return limits_in_force(replace(settings, copy=replace(settings.copy, capital=capital)))


def replay(options: argparse.Namespace, settings: Settings) -> int:
    """Run a recording and report; the report as a table, and as JSON and as a study where asked."""
    publisher = Publisher(options.publish, options.typed, settings)
    chosen = ReplayOptions(
        path=options.path,
        resolutions=options.resolutions,
        whales=options.whales,
        capital=options.capital or settings.copy.capital,
        seed=options.seed,
        sizing=options.sizing,
        speed=options.speed,
        start=options.start,
        end=options.end,
        book=options.book,
        limits=_replay_limits(options, settings),
    )
    if options.store == "memory":
        report, driver = run_replay(chosen, MemoryStore(keep_decisions=False), _say)
    else:
        report, driver = _replay_on_dynamo(chosen)
    if options.fills is not None:
        write_fills(options.fills, driver.fills, driver.engine.desk.books.orders)
    inputs = (options.path, options.resolutions, options.whales, options.book)
    if told_where := publisher.publish("replay", report, inputs, _replay_figures(report)):
        _say(told_where)
    body = json.dumps(msgspec.to_builtins(report), indent=2)
    if str(options.json) == "-":
        print(body)
        return 0
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(body + "\n", encoding="utf-8")
    print(_table(report))
    return 0


def _replay_figures(report: ReplayReport) -> dict[str, float | None]:
    """A replay in few numbers."""
    return {
        "equity_usd": report.equity_usd,
        "capital_usd": report.capital_usd,
        "whale_trades": report.whale_trades,
        "copied": sum(report.decisions.get(reason.value, 0) for reason in COPIES),
        "fills": report.fills,
        "fill_rate": report.fill_rate,
        "slippage_bps_p50": report.slippage_bps["p50"],
    }


def _replay_on_dynamo(chosen: ReplayOptions) -> tuple[ReplayReport, Noting]:
    """The same on a fresh embedded DynamoDB; its ledger must equal the engine's to the micro-dollar."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws(Path(folder), free_port()) as aws:
        tables = provision(aws.endpoint).tables
        backend = DynamoBackend(chosen.account, tables)
        store: Store = DurableStore(backend, acquire(backend, "replay", time.time_ns()))
        report, driver = run_replay(chosen, store, _say)
        rebuilt = MemoryStore()
        for record in store.journal(chosen.account):
            rebuilt.write(record)
        if rebuilt.books.balances != driver.engine.desk.books.balances:
            raise Corrupt("the ledger rebuilt from the DynamoDB journal differs from the engine's")
        return report, driver


def _table(report: ReplayReport) -> str:
    """The report for people."""
    speed, orders = report.handle_us, sorted(report.orders.items())
    facts = {
        "events": f"{report.events:,}",
        "speed": f"{report.events_per_s:,.0f} events/s, handle p50 {speed['p50']} us, p99 {speed['p99']} us",
        "refused": f"{report.malformed:,} malformed, {report.ignored:,} that are no trades",
        "whale trades": f"{report.whale_trades:,} of {report.followed} followed wallets",
        "delivered again": f"{report.duplicates:,} duplicates, {report.late:,} late",
        "orders": ", ".join(f"{state} {n:,}" for state, n in orders) or "none",
        "fills": f"{report.fills:,}, fees ${report.fees_usd:,.2f}",
        "execution": _execution(report),
        "equity": f"${report.equity_usd:,.2f}",
        "profit": f"realised {report.realized_pnl_usd:+,.2f}, unrealised {report.unrealized_pnl_usd:+,.2f}",
        "open positions": f"{report.positions_open}",
        "ledger sum": f"{report.ledger_sum_micro} micro",
        "digest": report.digest,
    }
    lines = [f"{name:<18}{text}" for name, text in facts.items()]
    lines.append("decisions")
    lines += [f"  {reason:<20}{n:>10,}" for reason, n in report.decisions.items()]
    return "\n".join(lines)


def _execution(report: ReplayReport) -> str:
    """Fill rate, slippage against the whales' prices, time to fill, breakers and dead letters in one line."""
    slip, spent = report.slippage_bps["p50"], report.time_to_fill_s["p50"]
    done = "nothing filled" if slip is None or spent is None else f"slippage p50 {slip:+.1f} bps, p50 {spent:.1f} s"
    rate = "no order" if report.fill_rate is None else f"fill rate {100 * report.fill_rate:.1f}%"
    stops = sum(report.breakers.values())
    return f"{rate}, {done}, {stops:,} stopped by breakers, {report.dead_letters:,} dead letters"


# ---------------------------------------------------------------------- synth, paper


def synth(options: argparse.Namespace, _settings: Settings) -> int:
    """Write a synthetic day."""
    scale = BENCH if options.scale == "bench" else HOUSE
    try:
        summary = generate(options.seed, options.hours, options.out, scale, _say)
    except ValueError as error:
        raise BadInput(str(error)) from None
    facts = {name: getattr(summary, name) for name in ("seed", "hours", "wallets", "markets", "trades", "redelivered")}
    if options.json:
        print(json.dumps({**facts, "out": str(summary.out)}))
    else:
        print("\n".join(f"{name:<12}{value:>12,}" for name, value in facts.items()))
        print(f"SYNTHETIC day written to {summary.out}")
    return 0


def paper(options: argparse.Namespace, settings: Settings) -> int:
    """Trade on paper until somebody stops it; 3 when it ended with the kill switch on."""
    chosen = PaperOptions(
        recording=options.recording,
        resolutions=options.resolutions,
        synthetic=options.synthetic,
        fresh=options.fresh,
        speed=options.speed,
        sizing=options.sizing,
        stop_at_end=options.stop_at_end,
        dashboard=not options.no_dashboard,
    )
    return 3 if run_paper(settings, chosen, _say) else 0


def rank(options: argparse.Namespace, settings: Settings) -> int:
    """Find wallets, score them and publish the watch list, once: what a live run does every few hours by itself."""
    if options.gently:
        os.nice(10)  # the trader comes first

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    endpoint = endpoint_of(settings)
    found = asyncio.run(discover_now(settings, endpoint, BUCKET, DiscoveryRules(), tell))
    run = rank_now(settings, endpoint, BUCKET, time.time_ns(), ScoringRules(), tell)
    answer = {"discovery": msgspec.to_builtins(found), "ranking": msgspec.to_builtins(run)}
    missing = found.failed + found.left
    return told(
        options,
        answer,
        f"ranked {run.wallets:,} wallets ({found.rows:,} new rows, {missing:,} wallets not read): {run.eligible:,} "
        f"eligible, {run.followed:,} followed, published as {run.name}",
    )


# ---------------------------------------------------------------------- control


def endpoint_of(settings: Settings) -> Endpoint:
    """The AWS endpoint named in the settings, else the running system's own; ``BadInput`` when there is none."""
    state = settings.state
    if state.aws_endpoint_url is not None:
        return Endpoint(REGION, state.aws_endpoint_url, KEY_ID, SECRET)
    running = sorted(state.state_dir.glob("*/address"), key=lambda file: file.stat().st_mtime_ns)
    if not running:
        raise BadInput("no system is running here: start one with `make run`, or set AWS_ENDPOINT_URL")
    # The newest: a run that was killed leaves its own behind.
    return Endpoint(REGION, running[-1].read_text(encoding="utf-8").strip(), KEY_ID, SECRET)


def told(options: argparse.Namespace, answer: dict[str, object], sentence: str) -> int:
    """Answer as people or (``--json``) machines read it; exit code 0."""
    print(json.dumps(answer) if options.json else sentence)
    return 0


def kill(options: argparse.Namespace, settings: Settings) -> int:
    """Set the switch itself (no plan can commit from then on) and tell the trader to cancel what is open."""
    endpoint, at = endpoint_of(settings), time.time_ns()
    tables = Tables(settings.state.table_prefix, endpoint)
    put_switch(tables, settings.account, Switch(False, options.reason, at))
    _request(settings, endpoint, CommandKind.KILL, options.reason, at)
    return told(options, {"trading": False, "reason": options.reason}, f"trading is stopped: {options.reason}")


def flatten(options: argparse.Namespace, settings: Settings) -> int:
    """Set the switch itself, ask the trader to sell everything, and wait until that is done; 1 where it is not yet."""
    endpoint, at = endpoint_of(settings), time.time_ns()
    put_switch(Tables(settings.state.table_prefix, endpoint), settings.account, Switch(False, options.reason, at))
    readers = Readers(settings.state.table_prefix, endpoint)
    _request(settings, endpoint, CommandKind.FLATTEN, options.reason, at)
    account, ends = settings.account, time.monotonic() + FLATTEN_WAIT_S
    while True:
        running = time.time_ns() - int((readers.live(account) or {}).get("at", 0)) < SILENT_NS
        waits = any(one.kind is CommandKind.FLATTEN for one in readers.commands(account))
        if not waits or not running or time.monotonic() >= ends:
            break
        time.sleep(FLATTEN_LOOK_S)
    held = [one for one in readers.positions(account) if one.size]
    answer: dict[str, object] = {
        "flat": not waits,
        "trader_running": running,
        "positions_left": [{"key": one.key, "size": one.size, "cost": one.cost} for one in held],
        "orders_open": len(readers.open_orders(account)),
        "reason": options.reason,
    }
    told(options, answer, _flattened(waits, running, held))
    return 1 if waits else 0


def _flattened(waits: bool, running: bool, held: list[Position]) -> str:
    """How far it has come, in one sentence."""
    cost = f"${format_fixed(sum(one.cost for one in held), 2)}"
    left = f"{len(held)} positions that cost {cost} are left" if held else "no position is left"
    if not waits:
        dust = "; what is left is less than the venue's smallest order" if held else ""
        return f"trading is stopped and everything that can be sold is sold: {left}{dust}"
    if not running:
        return f"trading is stopped, but the trader is not running: {left}; it sells them when it is started"
    return f"trading is stopped and the trader is selling, which is not done yet: {left}; see `status`"


def resume(options: argparse.Namespace, settings: Settings) -> int:
    """Ask the trader to clear the switch; it does so when no order is in doubt."""
    endpoint = endpoint_of(settings)
    _request(settings, endpoint, CommandKind.RESUME, options.reason, time.time_ns())
    readers = Readers(settings.state.table_prefix, endpoint)
    for _ in range(50):
        if readers.switch(settings.account).trading:
            return told(options, {"trading": True}, "trading has resumed")
        time.sleep(0.1)
    raise Temporary("asked to resume, but the trader has not cleared the switch within 5 s: see `status`")


def _request(settings: Settings, endpoint: Endpoint, kind: CommandKind, reason: str, at: int) -> None:
    command = Command(fact_id("command", settings.account, kind.value, at, reason), kind, reason)
    Readers(settings.state.table_prefix, endpoint).request(settings.account, command, at)


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """Check what a run needs; 2 when something it cannot do without is missing."""
    checks: list[tuple[str, bool, str]] = []
    version = ".".join(map(str, sys.version_info[:3]))
    checks.append(("python", sys.version_info >= (3, 11), f"Python {version}"))
    checks.append(("settings", True, f"account {settings.account}, capital ${format_micro(settings.copy.capital)}"))
    ports = {"dashboard": settings.dashboard_port, "aws": settings.aws_port, "health": settings.health.port}
    for name, port in ports.items():
        if not port:
            continue
        free = not port_is_busy(port)
        checks.append((f"{name} port", free, f"{port} is {'free' if free else 'in use (a run may be under way)'}"))
    reachable = asyncio.run(probe(probe_urls(settings)))
    checks += [(f"venue: {name}", ok, sentence) for name, ok, sentence in reachable]
    if options.json:
        print(json.dumps([{"check": name, "ok": ok, "text": text} for name, ok, text in checks]))
    else:
        for name, ok, text in checks:
            print(f"{'ok  ' if ok else 'no  '} {name:<18} {text}")
        if not all(ok for _, ok, _ in reachable):
            print("The venue cannot be reached from here; `make run` will trade the synthetic day.")
    return 0 if checks[0][1] else 2
