"""The `score` command: score and rank the wallets of recorded trades, with the uncertainty of every figure."""

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from fargate.publishing import Publisher
from shared.adapters.scores.activity import holds_trades, read_activity, read_outcomes
from shared.analytics.explain import explain
from shared.analytics.scorecard import Scorecard, score_wallets
from shared.analytics.scoring import ScoringRules
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND, iso
from shared.settings import Settings

STEPS = 4
BAR = 24
TOP = 20


class Progress:
    """A bar on a terminal, a line per step elsewhere; on standard error, so that a table can be piped."""

    def __init__(self, terminal: bool, wallets: int) -> None:
        self._terminal = terminal
        self._step = 0
        self._text = ""
        self._wallets = wallets
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """The next step begins."""
        self._step += 1
        self._text = text
        self._draw(0.0, announce=True)

    def wallets(self, done: int) -> None:
        """How many wallets the bootstrap has done."""
        self._draw(done / max(self._wallets, 1))

    def end(self) -> None:
        """Everything is done."""
        self._step, self._text = STEPS + 1, "done"
        self._draw(0.0, announce=True)
        if self._terminal:
            print(file=sys.stderr)

    def _draw(self, part: float, announce: bool = False) -> None:
        share = min((self._step - 1 + part) / STEPS, 1.0)
        spent = time.monotonic() - self._began
        if self._terminal:
            full = round(BAR * share)
            line = f"\r[{'#' * full}{'.' * (BAR - full)}] {100 * share:3.0f}%  {spent:5.1f} s  {self._text:<60}"
            print(line, end="", file=sys.stderr, flush=True)
        elif announce:
            print(f"{spent:6.1f} s  {self._text}", file=sys.stderr, flush=True)


def score(options: argparse.Namespace, settings: Settings) -> int:
    """Read, score, print, write; ``BadInput`` with one sentence for what cannot be used."""
    if options.top < 1:
        raise BadInput(f"--top must be at least 1, not {options.top}")
    publisher = Publisher(options.publish, options.typed, settings)
    files, left_out = _files(options.trades)
    for sentence in left_out:
        print(f"left out: {sentence}", file=sys.stderr)
    activity = read_activity(files)
    resolutions = _resolutions(options, files)
    outcomes = read_outcomes(resolutions)
    progress = Progress(sys.stderr.isatty(), activity.fills["wallet"].n_unique())
    rules = ScoringRules(seed=options.seed, delay_s=options.delay, basis=options.basis)
    as_of_s = None if options.as_of is None else options.as_of // SECOND
    card = score_wallets(activity.fills, outcomes, as_of_s, rules, say=progress.step, progress=progress.wallets)
    progress.end()
    for sentence in activity.sentences:
        print(f"refused: {sentence}", file=sys.stderr)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        card.table.write_parquet(options.out, compression="zstd")
    counts = {
        "refused_rows": activity.refused,
        "redelivered_rows": activity.redelivered,
        "repeated_files": activity.repeated_files,
    }
    figures = {
        "wallets": card.table.height,
        "eligible": int(card.table["eligible"].sum()),
        "rows": activity.fills.height,
    }
    if told_where := publisher.publish("score", as_json(card, counts, options.top), [*files, *resolutions], figures):
        print(told_where, file=sys.stderr)
    if options.json is not None:
        body = json.dumps(as_json(card, counts, options.top), indent=2)
        if str(options.json) == "-":
            print(body)
            return 0
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(body + "\n", encoding="utf-8")
    print(as_text(card, counts, options.top))
    return 0


def _files(paths: list[Path]) -> tuple[list[Path], list[str]]:
    """The Parquet files that the paths name, and a sentence for each folder that holds others too.

    A folder means the files in it that have the columns of trades: books, markets and winners may lie beside them.
    """
    found: list[Path] = []
    told: list[str] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(path.glob("*.parquet"))
        trades = [file for file in inside if holds_trades(file)]
        if not trades:
            raise BadInput(f"--trades {path} is a folder without Parquet files of trades ({len(inside)} others)")
        if others := [file.name for file in inside if file not in trades]:
            told.append(f"folder {path.name}: {len(others)} files without the columns of trades: {', '.join(others)}")
        found += trades
    return found, told


def _resolutions(options: argparse.Namespace, files: list[Path]) -> list[Path]:
    """The named file, or those that lie beside the trades under the usual name."""
    if options.resolutions is not None:
        return [options.resolutions]
    found: list[Path] = []
    for path in files:
        for start in ("wallet_activity", "trades"):
            beside = path.with_name(path.name.replace(start, "resolutions", 1))
            if path.name.startswith(start) and beside.exists() and beside not in found:
                found.append(beside)
    return found


def as_json(card: Scorecard, counts: Mapping[str, int], top: int) -> dict[str, object]:
    """The result as plain data: what it is based on, the first ``top`` wallets with their words, the clusters.

    JSON has no infinity: such a bound is null, and the row's reason says so.
    """
    words = {row["wallet"]: explain(row) for row in card.detail.head(top).iter_rows(named=True)}
    rows = [
        {**{name: _plain(value) for name, value in row.items()}, "explanation": words[row["wallet"]]}
        for row in card.table.head(top).iter_rows(named=True)
    ]
    return {
        "as_of": iso(card.as_of_s * SECOND),
        "basis": card.basis,
        "wallets": card.table.height,
        "eligible": int(card.table["eligible"].sum()),
        "reasons": _reasons(card),
        **counts,
        "pairs": card.pairs.filter("linked").to_dicts(),
        "scores": rows,
    }


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _reasons(card: Scorecard) -> dict[str, int]:
    counted = (
        card.table.filter(~pl.col("eligible")).group_by("reason").len().sort("len", "reason", descending=[True, False])
    )
    return {str(reason): int(n) for reason, n in counted.iter_rows()}


def as_text(card: Scorecard, counts: Mapping[str, int], top: int) -> str:
    """The table for people: the first ``top`` wallets, and how many are out for which reason."""
    basis = (
        "of a follower"
        if card.basis == "follower"
        else "of the wallets themselves (these trades cannot show what a follower would have got)"
    )
    eligible = int(card.table["eligible"].sum())
    lines = [
        (
            f"{card.table.height:,} wallets as of {iso(card.as_of_s * SECOND)[:19]}Z, {eligible:,} eligible; ranked by "
            f"the lower end of the 95% interval of the Sharpe ratio {basis}."
        ),
        "",
        (
            f"{'rank':>4}  {'wallet':<13}{'resolved':>9}{'volume $':>13}{'P&L $':>11}{'follower $':>11}{'wins':>6}"
            f"{'paid':>6}{'Sharpe low..high':>19}{'q':>7}{'quality':>8}{'capital':>8}  notes"
        ),
    ]
    lines += [_line(row) for row in card.table.head(top).iter_rows(named=True)]
    if card.table.height > top:
        lines.append(f"... and {card.table.height - top:,} more")
    lines += [
        "",
        "wins: share of first purchases that won; paid: their average price. A win rate means nothing without it.",
    ]
    out = ", ".join(f"{n:,} {reason}" for reason, n in _reasons(card).items())
    lines.append(f"not eligible: {out or 'none'}")
    odd = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items() if n)
    if odd:
        lines.append(f"input: {odd}")
    if eligible == 0:
        lines.append("No wallet can be ranked: no edge is shown by these data.")
    return "\n".join(lines)


def _notes(row: Mapping[str, object]) -> list[str]:
    flags = str(row["flags"] or "").split(",")
    return [str(part) for part in (row["reason"], *flags, row["cluster"]) if part]


def _line(row: Mapping[str, object]) -> str:
    def number(name: str, form: str, width: int, scale: float = 1.0) -> str:
        value = row[name]
        if not isinstance(value, int | float) or not math.isfinite(value):
            return f"{'-':>{width}}"
        return f"{value * scale:{form}}".rjust(width)

    bounds = f"{number('sharpe_low', '+.3f', 6)}..{number('sharpe_high', '+.3f', 6)}"
    wallet = str(row["wallet"])
    short = wallet if len(wallet) <= 12 else f"{wallet[:6]}..{wallet[-4:]}"
    notes = " ".join(str(part) for part in dict.fromkeys(_notes(row)))
    return (
        f"{number('rank', '.0f', 4)}  {short:<13}{number('n_resolved', ',.0f', 9)}{number('volume_usd', ',.0f', 13)}"
        f"{number('pnl_usd', '+,.0f', 11)}{number('follower_pnl_usd', '+,.0f', 11)}{number('win_rate', '.0f', 5, 100)}%"
        f"{number('price_paid', '.2f', 6)}{bounds:>19}{number('q_value', '.3f', 7)}{number('quality', '.0f', 8)}"
        f"{number('allocation', '.1f', 7, 100)}%  {notes}"
    ).rstrip()
