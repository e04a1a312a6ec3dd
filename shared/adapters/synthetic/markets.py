"""The markets of a synthetic world: up/down windows around the clock, and event markets with a beginning and an end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from shared.adapters.synthetic.world import BASE_TS, CRYPTO_FEE_RATE, BoolArray, FloatArray, IntArray, Scale

SERIES = (("btc", "Bitcoin", 300), ("btc", "Bitcoin", 900), ("eth", "Ethereum", 300), ("eth", "Ethereum", 900))
"""Symbol, name and window (seconds) of each up/down series; a market's series is its position here, events are -1."""
SERIES_POPULARITY = (0.42, 0.14, 0.34, 0.10)

EVENT_STEP_S = 5
"""Event markets move on a grid of five seconds, crypto windows every second."""

CATEGORIES = (("politics", 0.04), ("sports", 0.05), ("geopolitics", 0.0), ("culture", 0.05), ("economics", 0.04))
"""Category of an event market and its taker fee rate."""

_PLACES = ("Aldermoor", "Brightwater", "Carrow", "Dunmere", "Eastvale", "Farholm", "Greywick", "Highmarch")
_QUESTIONS = {
    "politics": "Will the {place} assembly pass motion {n} on {day}?",
    "sports": "Will {place} United win match {n} on {day}?",
    "geopolitics": "Will the {place} accord {n} be signed by {day}?",
    "culture": "Will {place} take award {n} on {day}?",
    "economics": "Will {place} index {n} rise by {day}?",
}
_NEW_YORK = timedelta(hours=-4)
"""Titles name New York time, which is UTC-4 throughout June 2026."""


@dataclass(frozen=True)
class Markets:
    """Columns of all markets, ordered by position; times are seconds since the base."""

    start: IntArray
    end: IntArray
    series: IntArray
    fee_rate: FloatArray
    popularity: FloatArray
    step_s: IntArray
    open_s: IntArray
    close_s: IntArray
    slug: list[str]
    question: list[str]
    symbol: list[str]
    category: list[str]
    condition_id: list[str]
    token_ids: list[tuple[str, str]]
    first_of_series: IntArray

    @property
    def count(self) -> int:
        """Number of markets."""
        return len(self.slug)

    @property
    def is_event(self) -> BoolArray:
        """True for event markets, False for up/down windows."""
        return self.series < 0

    def outcomes(self, position: int) -> tuple[str, str]:
        """Labels of the two tokens of a market."""
        return ("Yes", "No") if self.series[position] < 0 else ("Up", "Down")


def make_markets(rng: np.random.Generator, hours: float, scale: Scale) -> Markets:
    """All markets that trade within the first ``hours``; the last windows and some events end after that."""
    tape_s = round(hours * 3600)
    starts, ends, series, slugs, questions, first = _windows(tape_s)
    fees = [CRYPTO_FEE_RATE] * len(starts)
    symbols = [SERIES[number][0] for number in series]
    categories = ["crypto"] * len(starts)
    popularity = [0.0] * len(starts)
    count = max(1, round(scale.events_per_day * max(1.0, hours / 24.0)))
    rank = rng.permutation(count)
    for number in range(count):
        category, fee = CATEGORIES[number % len(CATEGORIES)]
        end = int(tape_s * rng.uniform(0.12, 1.4))
        start = end - int(rng.uniform(6.0, 48.0) * 3600)
        day = datetime.fromtimestamp(BASE_TS + end, UTC).strftime("%B %-d")
        text = _QUESTIONS[category].format(place=_PLACES[number % len(_PLACES)], n=number + 1, day=day)
        starts.append(start)
        ends.append(end)
        series.append(-1)
        fees.append(fee)
        symbols.append("event")
        categories.append(category)
        questions.append(text)
        slugs.append(_slug(text))
        popularity.append(1.0 / (rank[number] + 3.0))
    total = len(starts)
    end_s = np.array(ends, dtype=np.int64)
    start_s = np.array(starts, dtype=np.int64)
    kind = np.array(series, dtype=np.int64)
    return Markets(
        start=start_s,
        end=end_s,
        series=kind,
        fee_rate=np.array(fees),
        popularity=np.array(popularity),
        step_s=np.where(kind < 0, EVENT_STEP_S, 1).astype(np.int64),
        open_s=np.maximum(start_s, 0),
        close_s=np.minimum(end_s, tape_s),
        slug=slugs,
        question=questions,
        symbol=symbols,
        category=categories,
        condition_id=[f"0x{rng.bytes(32).hex()}" for _ in range(total)],
        token_ids=[(_token_id(rng), _token_id(rng)) for _ in range(total)],
        first_of_series=np.array(first, dtype=np.int64),
    )


def _windows(tape_s: int) -> tuple[list[int], list[int], list[int], list[str], list[str], list[int]]:
    """Up/down windows of every series that begin within the tape, series by series."""
    starts: list[int] = []
    ends: list[int] = []
    series: list[int] = []
    slugs: list[str] = []
    questions: list[str] = []
    first: list[int] = []
    for number, (symbol, name, window) in enumerate(SERIES):
        first.append(len(starts))
        for start in range(0, tape_s, window):
            starts.append(start)
            ends.append(start + window)
            series.append(number)
            slugs.append(f"{symbol}-updown-{window // 60}m-{BASE_TS + start}")
            questions.append(_window_title(name, start, window))
    return starts, ends, series, slugs, questions, first


def _window_title(name: str, start: int, window: int) -> str:
    begin = datetime.fromtimestamp(BASE_TS + start, UTC) + _NEW_YORK
    end = begin + timedelta(seconds=window)
    return f"{name} Up or Down - {begin.strftime('%B %-d, %-I:%M%p')}-{end.strftime('%-I:%M%p')} ET"


def _slug(text: str) -> str:
    return "synthetic-" + "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _token_id(rng: np.random.Generator) -> str:
    """A decimal number of 77 digits, the usual length of a token id."""
    return str(10**76 + int.from_bytes(rng.bytes(32), "big") % (9 * 10**76))
