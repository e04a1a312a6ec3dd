"""The `probe` command: the execution study on a recorded book."""

import argparse
import json
import sys
from pathlib import Path

import msgspec

from fargate.publishing import Publisher
from shared.domain.instants import SECOND
from shared.domain.money import dollars
from shared.research.executed import Execution, write_fills
from shared.research.probe import STUCK_NS, ProbeOptions, ProbeReport, run_probe
from shared.settings import Settings

CAPITAL = dollars(1_000_000)


def probe(options: argparse.Namespace, settings: Settings) -> int:
    """Run the study; print it, and write the report and the fills, and publish it, where asked."""
    publisher = Publisher(options.publish, options.typed, settings)
    copying = options.limits == "copy"
    capital = options.capital or (settings.copy.capital if copying else CAPITAL)
    chosen = ProbeOptions(options.book, options.orders, options.seed, options.limits, capital)
    found = run_probe(chosen, say=lambda line: print(line, file=sys.stderr, flush=True))
    if options.fills is not None:
        write_fills(options.fills, found.fills, found.orders)
    if told_where := publisher.publish("probe", found.report, (options.book,), _figures(found.report)):
        print(told_where, file=sys.stderr)
    body = json.dumps(msgspec.to_builtins(found.report), indent=2)
    if str(options.json) == "-":
        print(body)
        return 0
    if options.json is not None:
        _write(options.json, body)
    print(as_text(found.report))
    return 0


def _figures(report: ProbeReport) -> dict[str, float | None]:
    """The study in few numbers."""
    total = report.overall
    return {
        "intents": total.intents,
        "orders": total.orders,
        "fills": total.fills,
        "fill_rate": total.fill_rate,
        "slippage_bps_p50": total.slippage_bps["p50"],
        "time_to_fill_s_p50": total.time_to_fill_s["p50"],
    }


def _write(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body + "\n", encoding="utf-8")


HEAD = (
    f"{'':<14}{'intents':>9}{'orders':>8}{'filled':>8}{'partly':>8}{'fill rate':>11}{'slippage bps p50/p99':>24}"
    f"{'time to fill s p50/p99':>24}{'dead':>6}"
)
LEGEND = (
    "slippage: average price against the one expected when decided (the best displayed for a marketable intent, its "
    "own limit\nfor a resting one); more is worse; without fees. time to fill: from the plan to the last fill."
)


def as_text(report: ProbeReport) -> str:
    """The report for people."""
    total = report.overall
    states = ", ".join(f"{n:,} {state}" for state, n in report.states.items()) or "none"
    heard = f"{total.intents:,} random intents on {report.events:,} events, limits {report.limits}"
    lines = [f"{heard}: {total.orders:,} orders ({states}), {total.fills:,} fills.", "", HEAD, _line("all", total)]
    for classes in (report.by_kind, report.by_side, report.by_size, report.by_phase):
        lines += [_line(name, one) for name, one in classes.items()]
    lines += ["", LEGEND, f"breakers: {_counts(total.breakers)}", f"denied: {_counts(total.denied)}"]
    lines.append(f"refused by the venue: {_counts(report.venue_refusals)}")
    stuck = f"more than {STUCK_NS // SECOND} s past their phase: {report.stuck}"
    lines.append(f"open at most {report.longest_open_s} s; {stuck}")
    if report.unplaced:
        lines.append(f"{report.unplaced:,} intents found no book with two sides before the recording ended")
    if report.refused:
        lines.append(f"{report.refused:,} rows of the recording were refused")
    return "\n".join([*lines, f"digest {report.digest}"])


def _line(name: str, one: Execution) -> str:
    rate = "-" if one.fill_rate is None else f"{100 * one.fill_rate:.1f}%"
    return (
        f"{name:<14}{one.intents:>9,}{one.orders:>8,}{one.filled:>8,}{one.partly_filled:>8,}{rate:>11}"
        f"{_pair(one.slippage_bps, 1):>24}{_pair(one.time_to_fill_s, 2):>24}{one.dead_letters:>6,}"
    )


def _pair(figures: dict[str, float | None], decimals: int) -> str:
    return " / ".join("-" if value is None else f"{value:,.{decimals}f}" for value in figures.values())


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counted.items()) or "none"
