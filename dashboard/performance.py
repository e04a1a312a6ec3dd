"""How an account has done: drawdown, results by day, wins, and return for risk. Pure; floats are for looking only."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from dashboard.deals import Deal
from dashboard.state import Point
from dashboard.tables import Row, unrealised
from dashboard.words import stamp
from shared.domain.instants import DAY, HOUR, MILLISECOND
from shared.domain.ledger import Position
from shared.domain.money import ONE, float_of_micro, mul_div_ceil
from shared.domain.quality import closed

LEVEL = 0.95
ROLLING = 50
"""Closed positions that a point of the rolling win rate looks at."""
DAYS_LEAST, HOURS_LEAST = 14, 48
"""Fewer returns than this say nothing of how much they vary."""
DAY_STEPS, HOUR_STEPS = 365, 365 * 24
"""Steps in a year: the venue never closes."""


class Result(Struct, frozen=True):
    """What one step (a day, an hour) brought: ``gained`` micro-dollars, on an equity of ``on`` when it began."""

    at: int
    gained: int
    on: int


class Ratio(Struct, frozen=True):
    """A Sharpe ratio a year with its 95% interval, from ``count`` returns of a ``unit`` (day, hour).

    NaN: the returns do not vary; infinite ends: too few different ones to say.
    """

    value: float
    low: float
    high: float
    count: int
    unit: str


class Wins(Struct, frozen=True):
    """Closed positions: how many, how many of them won, and what the winners gained and the losers lost (both at least
    0, micro-dollars).
    """

    closed: int = 0
    won: int = 0
    gained: int = 0
    lost: int = 0

    @property
    def net(self) -> int:
        """What all of them brought together."""
        return self.gained - self.lost

    @property
    def factor(self) -> float | None:
        """Gains for each dollar lost; infinite without losses, ``None`` where there was neither."""
        if not self.lost:
            return math.inf if self.gained else None
        return float_of_micro(self.gained) / float_of_micro(self.lost)

    @property
    def average(self) -> float | None:
        """Dollars that a closed position brought on average."""
        return float_of_micro(self.net) / self.closed if self.closed else None


def profit_of(point: Point) -> int:
    """What trading has brought by then, open positions at their last price included (micro-dollars)."""
    return point.realized + point.unrealized


def last_of(points: Iterable[Point], step: int) -> list[Point]:
    """The last point of each step that has one; points and result oldest first."""
    return list({point.at // step: point for point in points}.values())


def results(marks: Sequence[Point], step: int, began: int | None) -> list[Result]:
    """What each step brought, oldest first; one without a mark of its own (nobody traded then) brought nothing.

    Deposits and rebates are not in it: they are money, but no result of a trade. The account's first step counts from
    nothing; where the marks begin later, the first of them is only what the next is compared with.
    """
    found: list[Result] = []
    for number, mark in enumerate(marks):
        start = mark.at // step * step
        if number:
            before = marks[number - 1]
            idle = range(before.at // step * step + step, start, step)
            found += [Result(at, 0, before.equity) for at in idle]
            found.append(Result(start, profit_of(mark) - profit_of(before), before.equity))
        elif began is not None and start <= began:
            found.append(Result(start, profit_of(mark), mark.equity - profit_of(mark)))
    return found


def returns_of(found: Iterable[Result]) -> list[float]:
    """Results as parts of the equity they were made on; a step that began with nothing is left out."""
    return [float_of_micro(one.gained) / float_of_micro(one.on) for one in found if one.on > 0]


def sharpe(days: Sequence[float], hours: Sequence[float]) -> Ratio | None:
    """The Sharpe ratio a year of daily returns or, where these are too few, of hourly ones; ``None``: both are.

    Mean over standard deviation (divisor n), risk-free rate 0 (Sharpe, J. Business 39 (1966)), times the root of the
    steps in a year (Lo, Financial Analysts Journal 58 (2002)); interval by the studentized block bootstrap of Ledoit &
    Wolf (2008), which allows for returns that depend on each other.
    """
    if len(days) >= DAYS_LEAST:
        return _ratio(days, DAY_STEPS, "day")
    if len(hours) >= HOURS_LEAST:
        return _ratio(hours, HOUR_STEPS, "hour")
    return None


def _ratio(returns: Sequence[float], steps: int, unit: str) -> Ratio:
    import numpy as np

    from shared.analytics.bootstrap import sharpe_interval

    values, ends = np.asarray(returns, dtype=np.float64), np.array([0, len(returns)], dtype=np.int64)
    found = sharpe_interval(values, ends, LEVEL, threads=1)
    year = math.sqrt(steps)
    low, value, high = (float(one[0]) * year for one in (found.low, found.sharpe, found.high))
    return Ratio(value, low, high, len(returns), unit)


def drawdowns(points: Sequence[Point]) -> list[int]:
    """How far equity is below its highest value so far at each point, in millionths of it, rounded up."""
    found, highest = [], 0
    for point in points:
        highest = max(highest, point.equity)
        found.append(mul_div_ceil(highest - point.equity, ONE, highest) if highest > 0 else 0)
    return found


def longest_under(marks: Sequence[Point]) -> int:
    """Whole days of the longest stretch in which equity stayed below its highest value so far."""
    longest, since, highest = 0, 0, 0
    for mark in marks:
        if mark.equity >= highest:
            highest, since = mark.equity, mark.at
        longest = max(longest, mark.at // DAY - since // DAY)
    return longest


def wins_of(positions: Iterable[Position]) -> Wins:
    """The record of closed positions; one that brought exactly nothing has not won."""
    realized = [one.realized for one in closed(positions)]
    gains = [one for one in realized if one > 0]
    return Wins(len(realized), len(gains), sum(gains), -sum(one for one in realized if one < 0))


def win_interval(won: int, count: int) -> tuple[float, float]:
    """The middle 95% of what a win rate may really be: the Beta posterior of a uniform prior (Gelman et al., Bayesian
    Data Analysis, 3rd ed., section 2.4).
    """
    from shared.analytics.metrics import beta_win_rate

    tail = (1 - LEVEL) / 2
    low, high = (float(beta_win_rate(won, count - won, level=level)[1]) for level in (1 - tail, tail))
    return low, high


def rolling_wins(positions: Iterable[Position], window: int = ROLLING) -> list[tuple[int, float]]:
    """When each position was closed, and the share of wins among it and those before it, ``window`` in all; oldest
    first, beginning with the first whole window.
    """
    ordered = closed(positions)[::-1]
    won = [int(one.realized > 0) for one in ordered]
    return [
        (ordered[last].changed_at, sum(won[last - window + 1 : last + 1]) / window)
        for last in range(window - 1, len(ordered))
    ]


class Sum(Struct, frozen=True):
    """Results added up under one name: ``realized``, ``unrealized`` (of positions with a last price) and the worth of
    what is held (at its last price, else at cost), in micro-dollars; ``open`` positions of ``count``.
    """

    name: str
    realized: int = 0
    unrealized: int = 0
    held: int = 0
    open: int = 0
    count: int = 0

    @property
    def total(self) -> int:
        """Realised and unrealised together."""
        return self.realized + self.unrealized


def sums_by(
    positions: Iterable[Position], marks: Mapping[str, int], name_of: Callable[[Position], str]
) -> dict[str, Sum]:
    """Results by the name that ``name_of`` gives each position."""
    found: dict[str, list[int]] = {}
    for one in positions:
        row = found.setdefault(name_of(one), [0, 0, 0, 0, 0])
        gain = unrealised(one, marks) if one.size else None
        row[0] += one.realized
        row[1] += gain or 0
        row[2] += one.cost + (gain or 0)
        row[3] += int(one.size != 0)
        row[4] += 1
    return {name: Sum(name, *row) for name, row in found.items()}


def best_and_worst(by_whale: Iterable[Sum]) -> tuple[Sum | None, Sum | None]:
    """The whale that copying has gained most with, and the one it has lost most with; ``None`` where there is none."""
    ordered = sorted(by_whale, key=lambda one: (one.total, one.name))
    worst = ordered[0] if ordered and ordered[0].total < 0 else None
    best = ordered[-1] if ordered and ordered[-1].total > 0 else None
    return best, worst


def shares_of(parts: Iterable[tuple[str, int]], most: int) -> list[Row]:
    """Parts of a whole by size, in dollars and percent; those beyond ``most`` are summed up. None of nothing."""
    ordered = sorted(((name, worth) for name, worth in parts if worth > 0), key=lambda pair: (-pair[1], pair[0]))
    whole = sum(worth for _, worth in ordered)
    kept, rest = ordered[:most], ordered[most:]
    if rest:
        kept.append((f"{len(rest)} others", sum(worth for _, worth in rest)))
    return [{"name": name, "usd": float_of_micro(worth), "share": worth / whole} for name, worth in kept]


def hourly(deals: Iterable[Deal], until: int, hours: int = 24) -> list[Row]:
    """Executions in each of the latest hours up to ``until``, purchases and sales apart, the oldest hour first."""
    first = until // HOUR * HOUR - (hours - 1) * HOUR
    counts: dict[int, dict[str, int]] = {first + n * HOUR: {"BUY": 0, "SELL": 0} for n in range(hours)}
    for deal in deals:
        row = counts.get(deal.at // HOUR * HOUR)
        if row is not None and deal.at <= until:
            row[deal.side.value] += 1
    return [
        {"at": at // MILLISECOND, "when": stamp(at)[5:16], "side": side, "count": row[name]}
        for at, row in counts.items()
        for side, name in (("Bought", "BUY"), ("Sold", "SELL"))
    ]


def fill_rate(
    planned: Mapping[str, int], deals: Iterable[Deal], waiting: Collection[str], since: int
) -> tuple[int, int]:
    """Purchases planned at or after ``since`` that have ended: how many were executed at least in part, and how many
    there are. ``waiting``: orders that are not final.
    """
    open_ones = set(waiting)
    ended = {key for key, at in planned.items() if at >= since and key not in open_ones}
    return len(ended & {deal.order_key for deal in deals}), len(ended)
