"""How complete a recording is: what each source said hour by hour, where it was silent, which up/down windows it
covers, which of the whales' trades it saw, and how late.

Everything is computed from the columns of the tape, hour by hour, so that a day need not fit into memory. Times are
nanoseconds UTC, durations in the results seconds, latencies milliseconds.
"""

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from shared.domain.instants import HOUR, MILLISECOND, SECOND, iso

GAP_NS = 10 * SECOND
"""No data for longer than this is a gap."""
WINDOW_S = {"5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}
PER_DAY = {name: 86_400 // length for name, length in WINDOW_S.items()}
"""Windows of each length per symbol and UTC day: 288, 96, 24, 6, 1."""
COLUMNS = (
    *("role", "kind", "source", "observed_at", "venue_at", "market", "token", "wallet", "side", "tx"),
    *("connection", "slug", "starts_at", "ends_at", "notice"),
)
"""What is read of a tape."""
NOT_DATA = ("FeedNotice", "FeedHealth")
OWN = ("driver", "venue")
"""Sources of the trader itself, which say nothing of the market."""
COUNTED = ("lost", "silent", "gap", "resync", "fallback", "refused", "dropped")
"""Notices that are counted by hour."""

_SHORT = re.compile(r"^([a-z0-9]+)-updown-(5m|15m|4h)-(\d{9,11})$")
_LONG = re.compile(r"^([a-z]+)-up-or-down-(on-)?")
_NAMES = {"bitcoin": "BTC", "ethereum": "ETH", "solana": "SOL", "dogecoin": "DOGE", "xrp": "XRP"}

Times = npt.NDArray[np.int64]


class HourOfSource(Struct, frozen=True):
    """One source in one UTC hour. ``silent_s``: seconds inside gaps; ``notices`` by kind."""

    source: str
    hour: int
    events: int
    gaps: int
    silent_s: float
    notices: dict[str, int]

    @property
    def reconnects(self) -> int:
        """Connections lost or cut for silence."""
        return self.notices.get("lost", 0) + self.notices.get("silent", 0)

    @property
    def resyncs(self) -> int:
        """Books or streams that had to be read anew."""
        return self.notices.get("resync", 0)


class Windows(Struct, frozen=True):
    """Up/down windows of one symbol and length on one UTC day: of ``expected``, how many were ``listed`` and ``full``.

    Full: the source heard of the market and had no gap from the window's start to its end.
    """

    source: str
    symbol: str
    length: str
    day: str
    expected: int
    listed: int
    full: int


class Coverage(Struct, frozen=True):
    """The whales' trades one source saw, of those that any source saw, and how late: received less the venue's time."""

    source: str
    seen: int
    union: int
    latency_ms: dict[str, float]


class Completeness(Struct, frozen=True):
    """The report over the span from the first row to the last."""

    start: int
    end: int
    hours: list[HourOfSource]
    windows: list[Windows]
    coverage: list[Coverage]


class Collector:
    """Takes the tape's columns part by part in any order; ``report`` says what there was."""

    def __init__(self) -> None:
        self._runs: dict[str, list[Times]] = {}
        self._counts: dict[tuple[str, int], int] = {}
        self._notices: dict[tuple[str, int], dict[str, int]] = {}
        self._named: dict[str, tuple[str, str, int, int]] = {}
        self._heard: dict[tuple[str, str], None] = {}
        self._trades: list[pl.DataFrame] = []
        self._first, self._last = 1 << 62, 0

    def add(self, rows: pl.DataFrame) -> None:
        """Rows of the tape with ``COLUMNS`` (others are ignored; any but the first five may be missing)."""
        absent = [pl.lit(None, dtype=_TYPES[name]).alias(name) for name in COLUMNS if name not in rows.columns]
        rows = rows.with_columns(absent)
        self._name(rows.filter(pl.col("slug").is_not_null()))
        events = rows.filter((pl.col("role") == "event") & ~pl.col("source").is_in(OWN))
        if events.height == 0:
            return
        seen = events["observed_at"].to_numpy()
        self._first, self._last = min(self._first, int(seen.min())), max(self._last, int(seen.max()))
        said = events.filter(pl.col("kind") == "FeedNotice")
        for source, at, notice in said.select("source", "observed_at", "notice").iter_rows():
            hour = self._notices.setdefault((source, at // HOUR), {})
            hour[notice] = hour.get(notice, 0) + 1
        data = events.filter(~pl.col("kind").is_in(NOT_DATA))
        for (source,), part in data.group_by("source", maintain_order=True):
            times = np.sort(part["observed_at"].to_numpy())
            self._runs.setdefault(str(source), []).append(runs_of(times))
            for hour, count in zip(*np.unique(times // HOUR, return_counts=True), strict=True):
                key = (str(source), int(hour))
                self._counts[key] = self._counts.get(key, 0) + int(count)
            for market in part["market"].drop_nulls().unique(maintain_order=True):
                self._heard[str(source), market] = None
        self._trades.append(data.filter(pl.col("kind") == "WhaleTrade").select(_TRADE))

    def _name(self, listed: pl.DataFrame) -> None:
        """Which market is which up/down window; the trader itself may have said so, or learnt it while warming up."""
        once = listed.unique("market", keep="first", maintain_order=True)
        for market, slug, start, end in once.select("market", "slug", "starts_at", "ends_at").iter_rows():
            window = window_of(slug, start, end)
            if window is not None:
                self._named[market] = window

    def report(self) -> Completeness:
        """What was heard and what was not; empty when nothing was added."""
        if not self._last:
            return Completeness(0, 0, [], [], [])
        # A source may have nothing but notices to say; it is silent all the time then.
        sources = dict.fromkeys([*self._runs, *(source for source, _ in self._notices)])
        none = [np.empty((0, 2), dtype=np.int64)]
        gaps = {
            source: gaps_of(np.concatenate(self._runs.get(source, none)), self._first, self._last)
            for source in sorted(sources)
        }
        hours = [hour for source, found in gaps.items() for hour in self._hours(source, found)]
        return Completeness(self._first, self._last, hours, self._windows(gaps), coverage_of(self._trades))

    def _hours(self, source: str, gaps: Times) -> Iterable[HourOfSource]:
        for hour in range(self._first // HOUR, self._last // HOUR + 1):
            inside = np.clip(gaps, hour * HOUR, (hour + 1) * HOUR)
            lengths = inside[:, 1] - inside[:, 0]
            silent = round(float(lengths.sum()) / SECOND, 1)
            events, notices = self._counts.get((source, hour), 0), self._notices.get((source, hour), {})
            yield HourOfSource(source, hour * HOUR, events, int((lengths > 0).sum()), silent, notices)

    def _windows(self, gaps: dict[str, Times]) -> list[Windows]:
        """Each source that hears of markets, against the windows of each day it was recorded on."""
        listed: dict[tuple[str, str, str], list[tuple[str, int, int]]] = {}
        for market, (symbol, length, start, end) in self._named.items():
            if end <= self._first or start >= self._last:
                continue  # listed a day ahead, as the venue does
            listed.setdefault((symbol, length, iso(start)[:10]), []).append((market, start, end))
        found: list[Windows] = []
        for source in [one for one in gaps if any(heard == one for heard, _ in self._heard)]:
            for (symbol, length, day), markets in sorted(listed.items(), key=_by_length):
                full = sum(
                    (source, market) in self._heard
                    and self._first <= start
                    and end <= self._last
                    and not _overlaps(gaps[source], start, end)
                    for market, start, end in markets
                )
                found.append(Windows(source, symbol, length, day, PER_DAY[length], len(markets), full))
        return found


_TYPES = {
    name: pl.Int64 if name in ("observed_at", "venue_at", "connection", "starts_at", "ends_at") else pl.String
    for name in COLUMNS
}
_KEY = ["tx", "wallet", "token", "side"]
_TRADE = ["source", "connection", "observed_at", "venue_at", *_KEY]


def _by_length(item: tuple[tuple[str, str, str], object]) -> tuple[str, str, int]:
    symbol, length, day = item[0]
    return day, symbol, WINDOW_S[length]


def runs_of(times: Times, longest: int = GAP_NS) -> Times:
    """Sorted times as runs without a gap longer than ``longest``: (n, 2), first and last instant of each."""
    if not len(times):
        return np.empty((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(times) > longest)
    return np.stack([times[np.append(0, breaks + 1)], times[np.append(breaks, len(times) - 1)]], axis=1)


def gaps_of(runs: Times, start: int, end: int, longest: int = GAP_NS) -> Times:
    """The stretches from ``start`` to ``end`` longer than ``longest`` that no run touches: (n, 2), in order."""
    ordered = runs[np.argsort(runs[:, 0], kind="stable")]
    until = np.maximum.accumulate(np.concatenate(([start], ordered[:, 1])))
    begins = np.concatenate((ordered[:, 0], [end]))
    wide = begins - until > longest
    return np.stack([until[wide], begins[wide]], axis=1).astype(np.int64)


def _overlaps(gaps: Times, start: int, end: int) -> bool:
    return bool(((gaps[:, 0] < end) & (gaps[:, 1] > start)).any())


def window_of(slug: str, starts_at: int | None, ends_at: int | None) -> tuple[str, str, int, int] | None:
    """Symbol, length, start and end of the up/down window a slug names; None for other markets.

    Hourly and daily slugs name their time in words, so start or end must be known.
    """
    short = _SHORT.match(slug)
    if short is not None:
        start = int(short[3]) * SECOND
        return short[1].upper(), short[2], start, start + WINDOW_S[short[2]] * SECOND
    long = _LONG.match(slug)
    if long is None or long[1] not in _NAMES or (ends_at is None and starts_at is None):
        return None
    length = "1d" if long[2] else "1h"
    span = WINDOW_S[length] * SECOND
    if ends_at is None:
        ends_at = (starts_at or 0) + span
    return _NAMES[long[1]], length, ends_at - span if starts_at is None else starts_at, ends_at


def coverage_of(parts: list[pl.DataFrame]) -> list[Coverage]:
    """The whales' trades by source against the union of all.

    Equal rows of one delivery are separate fills; further deliveries repeat them. Across sources a trade counts as
    often as the source that shows it most often says.
    """
    trades = pl.concat(parts) if parts else pl.DataFrame()
    if trades.height == 0:
        return []
    delivered = trades.group_by(["source", "connection", *_KEY]).agg(
        pl.len().alias("n"), pl.col("observed_at").min(), pl.col("venue_at").first()
    )
    shown = delivered.group_by(["source", *_KEY]).agg(
        pl.col("n").max(), pl.col("observed_at").min(), pl.col("venue_at").first()
    )
    union = int(shown.group_by(_KEY).agg(pl.col("n").max())["n"].sum())
    found: list[Coverage] = []
    for (source,), part in shown.sort("source").group_by("source", maintain_order=True):
        late = (part["observed_at"] - part["venue_at"]).to_numpy() / MILLISECOND
        p50, p95, p99 = np.percentile(late, (50, 95, 99))
        latency = {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "p99": round(float(p99), 1)}
        found.append(Coverage(str(source), int(part["n"].sum()), union, latency))
    return found


# ---------------------------------------------------------------------- for people


def as_text(report: Completeness) -> str:
    """The report as tables."""
    if not report.end:
        return "nothing was recorded"
    lines = [f"recorded from {iso(report.start)[:19]}Z to {iso(report.end)[:19]}Z", ""]
    head = f"{'hour (UTC)':<15}{'source':<14}{'events':>12}{'gaps>10s':>10}{'silent s':>10}{'reconnects':>12}"
    lines.append(f"{head}{'resyncs':>9}  other")
    for row in sorted(report.hours, key=lambda row: (row.hour, row.source)):
        rest = [f"{kind} {row.notices[kind]}" for kind in COUNTED if kind in row.notices]
        others = ", ".join(text for text in rest if not text.startswith(("lost", "silent", "resync")))
        facts = f"{row.events:>12,}{row.gaps:>10}{row.silent_s:>10,.0f}{row.reconnects:>12}{row.resyncs:>9}"
        lines.append(f"{iso(row.hour)[:13]:<15}{row.source:<14}{facts}  {others}".rstrip())
    lines += ["", *_window_lines(report.windows), "", *_coverage_lines(report.coverage)]
    return "\n".join(lines)


def _window_lines(windows: list[Windows]) -> Iterable[str]:
    if not windows:
        yield "up/down windows: none was listed"
        return
    head = f"{'up/down windows':<16}{'source':<14}{'symbol':<8}{'length':<8}"
    yield f"{head}{'of the day':>10}{'listed':>8}{'full':>6}{'share':>8}"
    for row in windows:
        share = f"{row.full / row.expected:.1%}"
        facts = f"{row.symbol:<8}{row.length:<8}{row.expected:>10}{row.listed:>8}{row.full:>6}{share:>8}"
        yield f"{row.day:<16}{row.source:<14}{facts}"


def _coverage_lines(coverage: list[Coverage]) -> Iterable[str]:
    if not coverage:
        yield "whale trades: none"
        return
    yield f"{'whale trades':<15}{'seen':>9}{'of':>9}{'share':>9}{'p50 ms':>11}{'p95 ms':>11}{'p99 ms':>11}"
    for row in coverage:
        late = "".join(f"{row.latency_ms[name]:>11,.0f}" for name in ("p50", "p95", "p99"))
        yield f"{row.source:<15}{row.seen:>9,}{row.union:>9,}{row.seen / row.union:>9.1%}{late}"


def is_date(text: str) -> bool:
    """Whether a text is a date such as 2026-03-22."""
    try:
        return not np.isnat(np.datetime64(text, "D")) and len(text) == 10
    except ValueError:
        return False
