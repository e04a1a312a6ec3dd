"""A study in words: what it was made from, what it says, how sure that is, and how two of them compare. Pure."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from dashboard.queries.studies import Report, Study
from dashboard.state import Point
from dashboard.tables import Row, moment
from dashboard.words import NOTHING, count, stamp
from shared.adapters.s3.studies import Manifest
from shared.analytics.deflated import Deflated
from shared.analytics.fan import Fan
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, SECOND
from shared.domain.money import float_of_micro

FIRST = (
    "make day",
    "python -m fargate replay build/day --publish first",
)
"""The commands that make a first study anywhere."""
KINDS = {"replay": "Replay", "probe": "Execution study", "score": "Ranking"}
SYNTHETIC = "SYNTHETIC: made from an invented market. It shows how the system works and says nothing about real profit."
RECORDED = "Made from recorded data. What was is no promise of what comes."
LABELS = {
    "equity_usd": "Equity at the end",
    "capital_usd": "Capital",
    "whale_trades": "Whale trades",
    "copied": "Copied",
    "orders": "Orders",
    "fills": "Fills",
    "fill_rate": "Fill rate",
    "slippage_bps_p50": "Slippage, median",
    "time_to_fill_s_p50": "Time to fill, median",
    "intents": "Intents",
    "wallets": "Wallets scored",
    "eligible": "Eligible",
    "rows": "Rows of trades",
}
SURE, LIKELY = 0.95, 0.8


class Execution(Struct, frozen=True):
    """How intents were executed, over some of them: see ``shared/research/executed.py``."""

    intents: int = 0
    orders: int = 0
    filled: int = 0
    partly_filled: int = 0
    fills: int = 0
    slippage_bps: dict[str, float | None] = {}
    fill_rate: float | None = None
    time_to_fill_s: dict[str, float | None] = {}
    dead_letters: int = 0


class Replayed(Struct, frozen=True):
    """What is shown of a replay; ``curve``: Unix seconds and dollars."""

    decisions: dict[str, int] = {}
    orders: dict[str, int] = {}
    fills: int = 0
    fees_usd: float = 0.0
    realized_pnl_usd: float = 0.0
    unrealized_pnl_usd: float = 0.0
    equity_usd: float = 0.0
    capital_usd: float = 0.0
    slippage_bps: dict[str, float | None] = {}
    fill_rate: float | None = None
    time_to_fill_s: dict[str, float | None] = {}
    dead_letters: int = 0
    curve: list[tuple[int, float]] = []
    bets_usd: list[float] = []


class Probed(Struct, frozen=True):
    """What is shown of an execution study."""

    overall: Execution = Execution()
    by_kind: dict[str, Execution] = {}
    by_side: dict[str, Execution] = {}
    by_size: dict[str, Execution] = {}
    by_phase: dict[str, Execution] = {}


class Scored(Struct, frozen=True):
    """What is shown of a ranking."""

    wallets: int = 0
    eligible: int = 0
    basis: str = ""
    as_of: str = ""
    reasons: dict[str, int] = {}
    scores: list[dict[str, Any]] = []


SHAPES: dict[str, type[Replayed] | type[Probed] | type[Scored]] = {"replay": Replayed, "probe": Probed, "score": Scored}


def read(study: Study, report: Report) -> Replayed | Probed | Scored:
    """A report as its kind has it; ``BadInput`` for a kind this version does not know, or a field it cannot read."""
    shape = SHAPES.get(study.manifest.kind)
    if shape is None:
        raise BadInput(f"{study.name} is of the kind {study.manifest.kind!r}, which this version does not know.")
    try:
        return msgspec.convert(report, shape)
    except msgspec.ValidationError as error:
        raise BadInput(f"{study.name} cannot be read: {error}.") from None


def source_of(manifest: Manifest) -> str:
    """Whether the data were real, with a sign."""
    return "◈ Synthetic" if manifest.synthetic else "● Recorded"


def figure(name: str, number: float | None) -> str:
    """A figure as its name says what it is."""
    if number is None:
        return NOTHING
    if name.endswith("_usd"):
        return f"{'-' if number < 0 else ''}${abs(number):,.2f}"
    if name.endswith("_rate"):
        return f"{number:.1%}"
    if "_bps" in name:
        return f"{number:+,.1f} bps"
    if "_s_" in name:
        return f"{number:,.2f} s"
    return f"{number:,.0f}"


def figures_in_words(figures: Mapping[str, float | None]) -> str:
    """A study's figures in one line."""
    return " · ".join(f"{LABELS.get(name, name)} {figure(name, number)}" for name, number in figures.items())


def study_rows(studies: Sequence[Study]) -> list[Row]:
    """Studies in the order given."""
    return [
        {
            "at": moment(one.manifest.at),
            "name": one.manifest.name,
            "kind": KINDS.get(one.manifest.kind, one.manifest.kind),
            "source": source_of(one.manifest),
            "says": figures_in_words(one.manifest.figures),
            "command": one.manifest.command,
        }
        for one in studies
    ]


def made_from(manifest: Manifest) -> str:
    """Inputs and code in one line."""
    named = ", ".join(f"{one.name} ({one.size:,} bytes, SHA-256 {one.sha256[:12]}…)" for one in manifest.inputs)
    return f"Made {stamp(manifest.at)} UTC by code {manifest.code} from {named or 'no file'}."


def same_data(studies: Sequence[Study], manifest: Manifest) -> int:
    """How many of the studies are of this kind and saw the same data: the attempts that are known of."""
    return sum(one.manifest.kind == manifest.kind and one.manifest.data == manifest.data for one in studies)


# ---------------------------------------------------------------------- a replay


def underwater(curve: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """How far equity is below its highest point so far, as a share of that (0 or negative), at each point."""
    found: list[tuple[int, float]] = []
    peak = 0.0
    for at, equity in curve:
        peak = max(peak, equity)
        found.append((at, equity / peak - 1.0 if peak > 0 else 0.0))
    return found


def deepest(curve: Sequence[tuple[int, float]]) -> float:
    """The largest drawdown, as a share (0 or negative)."""
    return min((depth for _, depth in underwater(curve)), default=0.0)


def sure_words(found: Deflated | None, bets: int) -> list[str]:
    """What the bets prove, in sentences; that they prove nothing, where there are too few."""
    if found is None:
        return [f"{count(bets)} markets that we were done with are too few, or too much alike, to say anything."]
    said = [
        f"Over {count(found.n)} markets the Sharpe ratio is {found.sharpe:+.3f} per market.",
        f"The probability that the true ratio is above zero (PSR) is {found.psr:.1%}: {_verdict(found.psr)}.",
    ]
    if found.trials > 1:
        said.append(
            f"The best of {count(found.trials)} attempts without any edge would show {found.luck:+.3f}; that the true "
            f"ratio is above that (DSR) has a probability of {found.dsr:.1%}: {_verdict(found.dsr)}."
        )
    else:
        said.append("As a single attempt nothing is taken off for luck (DSR = PSR); tell how many you made.")
    return said


def _verdict(probability: float) -> str:
    if probability >= SURE:
        return "evidence of an edge"
    return "a hint, no evidence" if probability >= LIKELY else "no evidence of an edge"


def fan_words(found: Fan, horizon: int, unit: str) -> str:
    """What a fan shows, and what it supposes."""
    low, high = found.bands[0][-1], found.bands[-1][-1]
    return (
        f"{count(found.paths)} paths of {count(horizon)} {unit}, drawn from the past in blocks of {found.block}: "
        f"in 90% of them the end lies between {figure('_usd', low)} and {figure('_usd', high)}; {found.loses:.0%} end "
        f"below the start; the largest fall on the way is {figure('_usd', found.fall[0])} in the middle and "
        f"{figure('_usd', found.fall[1])} in one of twenty. Supposed: what comes is like what was, stakes stay as they "
        "were, nothing is reinvested or halted."
    )


# ---------------------------------------------------------------------- execution


def execution_rows(found: Probed) -> list[Row]:
    """How intents were executed: all of them, then by kind, side, size and phase."""
    parts = [("All", {"": found.overall}), ("Kind", found.by_kind), ("Side", found.by_side)]
    parts += [("Size", found.by_size), ("Phase", found.by_phase)]
    return [
        {
            "of": f"{title}: {name.replace('_', ' ')}" if name else title,
            "intents": one.intents,
            "fill_rate": None if one.fill_rate is None else 100 * one.fill_rate,  # not money: percent
            "slippage": one.slippage_bps.get("p50"),
            "slippage_worst": one.slippage_bps.get("p99"),
            "time": one.time_to_fill_s.get("p50"),
            "time_worst": one.time_to_fill_s.get("p99"),
            "dead": one.dead_letters,
        }
        for title, classes in parts
        for name, one in classes.items()
    ]


# ---------------------------------------------------------------------- two of them


def comparison_rows(one: Manifest, other: Manifest) -> list[Row]:
    """The figures of two studies side by side, with their difference."""
    names = list(dict.fromkeys([*one.figures, *other.figures]))
    return [
        {
            "figure": LABELS.get(name, name),
            "one": figure(name, one.figures.get(name)),
            "other": figure(name, other.figures.get(name)),
            "difference": _difference(name, one.figures.get(name), other.figures.get(name)),
        }
        for name in names
    ]


def _difference(name: str, one: float | None, other: float | None) -> str:
    if one is None or other is None:
        return NOTHING
    sign = "+" if other > one and "_bps" not in name else ""
    return f"{sign}{figure(name, other - one)}"


def comparison_words(one: Manifest, other: Manifest) -> str:
    """What is alike in two studies, so that a difference can be read."""
    data = "the same data" if one.data == other.data else "different data"
    code = "the same code" if one.code == other.code else "different code"
    mixed = "" if one.synthetic == other.synthetic else " One is made from an invented market, the other is not."
    return f"Both {'saw' if data == 'the same data' else 'were made from'} {data} with {code}.{mixed}"


# ---------------------------------------------------------------------- the account's own


def hourly(points: Sequence[Point]) -> list[float]:
    """What equity gained or lost in each full hour between the points, in dollars; hours without a point are none."""
    last: dict[int, int] = {}
    for point in points:
        last[point.at // HOUR] = point.equity
    hours = sorted(last)
    return [float_of_micro(last[now] - last[before]) for before, now in itertools.pairwise(hours) if now - before == 1]


def seconds(points: Sequence[Point]) -> list[tuple[int, float]]:
    """The account's curve as studies have it."""
    return [(point.at // SECOND, float_of_micro(point.equity)) for point in points]
