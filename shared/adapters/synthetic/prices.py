"""True value and public quote of every market, second by second.

The outcome of a market is the sign of a Brownian path in *variance time*: its clock runs evenly, with volatility
regimes, and leaps at news (a jump of the path is a normal step over a leap of the clock). The probability of the first
outcome given the path so far is Phi(path / sqrt(variance left)), exactly a martingale that ends at 0 or 1.

The path has two parts. The *open* part is what everybody sees within seconds (the spot price). The *slow* part is
information that insiders have at once and the public only after ``slow_delay`` (minutes). Market makers quote the
probability given both parts as the public knows them. So the quote is unbiased for whoever knows nothing more, while
an edge in the slow part lasts for minutes and an edge in the open part is gone in seconds.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from shared.adapters.synthetic.markets import SERIES, Markets
from shared.adapters.synthetic.world import (
    DOWN,
    BoolArray,
    Float32Array,
    FloatArray,
    IntArray,
)

CRYPTO_SLOW_SHARE = 0.08
"""Part of a window's variance that is slow information; the rest is the open path."""
EVENT_SLOW_SHARE = 0.20
CRYPTO_SLOW_DELAY = 0.2
"""Delay of slow information as a fraction of the window: 60 s of 5 minutes, 180 s of 15."""
CRYPTO_SLOW_UNTIL = 0.75
"""Slow information of a window appears until this part of it."""
EVENT_HALF_SPREAD = (0.004, 0.013)
CRYPTO_HALF_SPREAD = (0.002, 0.007)
"""What a maker adds to and takes off the public value before rounding away from it to whole cents."""
JUMPS_PER_S = 1 / 600
CERTAIN = 1e-12
"""Variance left below which the outcome is decided; keeps the square root away from zero."""


@dataclass(frozen=True)
class Prices:
    """Flat price grids of all markets; market m owns ``first[m]`` to ``first[m] + length[m]``."""

    first: IntArray
    length: IntArray
    origin_s: IntArray
    step_s: IntArray
    true: Float32Array
    slow_insider: Float32Array
    fast_insider: Float32Array
    public: Float32Array
    half_spread: FloatArray
    up_won: BoolArray
    news_s: list[FloatArray]
    slow_delay_s: IntArray

    def index(self, market: IntArray, at: FloatArray) -> IntArray:
        """Grid position of each (market, second); instants outside the market's life are clamped to it."""
        offset = np.floor_divide(at - self.origin_s[market], self.step_s[market]).astype(np.int64)
        return self.first[market] + np.clip(offset, 0, self.length[market] - 1)

    def quote_cents(self, market: IntArray, at: FloatArray) -> tuple[IntArray, IntArray]:
        """Best bid and ask of the first token in cents; below 1 or above 99 that side of the book is empty."""
        mid = self.public[self.index(market, at)].astype(np.float64)
        half = self.half_spread[market]
        ask = np.ceil((mid + half) * 100.0 - 1e-6).astype(np.int64)
        bid = np.floor((mid - half) * 100.0 + 1e-6).astype(np.int64)
        return bid, ask

    def ask_cents(self, market: IntArray, token: IntArray, at: FloatArray) -> IntArray:
        """Price in cents a taker pays for a token; 100 or more means nobody sells."""
        bid, ask = self.quote_cents(market, at)
        return np.where(token == DOWN, 100 - bid, ask)

    def bid_cents(self, market: IntArray, token: IntArray, at: FloatArray) -> IntArray:
        """Price in cents a taker receives for a token; 0 or less means nobody buys."""
        bid, ask = self.quote_cents(market, at)
        return np.where(token == DOWN, 100 - ask, bid)

    def value(self, grid: Float32Array, market: IntArray, token: IntArray, at: FloatArray) -> FloatArray:
        """Probability that a token wins, read from one of the grids."""
        up = grid[self.index(market, at)].astype(np.float64)
        return np.where(token == DOWN, 1.0 - up, up)


def make_prices(rng: np.random.Generator, markets: Markets, tape_s: int) -> Prices:
    """Simulate every market to its end (past the end of the tape too, so that each path has an outcome)."""
    spot = {symbol: _spot(rng, tape_s + 1_800) for symbol in dict.fromkeys(row[0] for row in SERIES)}
    length = -(-(markets.end - markets.open_s) // markets.step_s)
    first = np.concatenate(([0], np.cumsum(length)[:-1]))
    total = int(length.sum())
    grids = [np.empty(total, dtype=np.float32) for _ in range(4)]
    up_won = np.empty(markets.count, dtype=np.bool_)
    news: list[FloatArray] = []
    slow_delay_s = np.empty(markets.count, dtype=np.int64)
    for position in range(markets.count):
        if markets.series[position] >= 0:
            paths = _window_paths(rng, spot[markets.symbol[position]], markets, position)
        else:
            paths = _event_paths(rng, markets, position)
        here = slice(first[position], first[position] + length[position])
        for grid, values in zip(grids, paths.grids(), strict=True):
            grid[here] = values[: length[position]]
        up_won[position] = paths.final > 0.0
        news.append(paths.news_s)
        slow_delay_s[position] = paths.slow_delay * markets.step_s[position]
    half = np.where(
        markets.is_event,
        rng.uniform(*EVENT_HALF_SPREAD, markets.count),
        rng.uniform(*CRYPTO_HALF_SPREAD, markets.count),
    )
    return Prices(
        first=first,
        length=length,
        origin_s=markets.open_s,
        step_s=markets.step_s,
        true=grids[0],
        slow_insider=grids[1],
        fast_insider=grids[2],
        public=grids[3],
        half_spread=half,
        up_won=up_won,
        news_s=news,
        slow_delay_s=slow_delay_s,
    )


@dataclass(frozen=True)
class _Paths:
    """The two parts of one market's path on its grid, each with its variance clock; the last point is the end."""

    open_path: FloatArray
    open_clock: FloatArray
    slow_path: FloatArray
    slow_clock: FloatArray
    open_delay: int
    slow_delay: int
    news_s: FloatArray

    @property
    def final(self) -> float:
        return float(self.open_path[-1] + self.slow_path[-1])

    def grids(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Probability of the first outcome given: everything, slow news at once, the spot at once, public knowledge."""
        return (
            self._probability(0, 0),
            self._probability(self.open_delay, 0),
            self._probability(0, self.slow_delay),
            self._probability(self.open_delay, self.slow_delay),
        )

    def _probability(self, open_delay: int, slow_delay: int) -> FloatArray:
        known = _delayed(self.open_path, open_delay) + _delayed(self.slow_path, slow_delay)
        clock = _delayed(self.open_clock, open_delay) + _delayed(self.slow_clock, slow_delay)
        left = np.maximum(self.open_clock[-1] + self.slow_clock[-1] - clock, CERTAIN)
        return np.asarray(ndtr(known / np.sqrt(left)), dtype=np.float64)


def _delayed(values: FloatArray, steps: int) -> FloatArray:
    """What was known ``steps`` grid points ago; before that, the state at the open."""
    return values if steps == 0 else values[np.maximum(np.arange(len(values)) - steps, 0)]


def _walk(rng: np.random.Generator, clock: FloatArray) -> FloatArray:
    """A Brownian path observed at the given variance times, starting at 0."""
    steps = rng.standard_normal(len(clock) - 1) * np.sqrt(np.diff(clock))
    return np.concatenate(([0.0], np.cumsum(steps)))


def _spot(rng: np.random.Generator, seconds: int) -> tuple[FloatArray, FloatArray]:
    """Path and variance clock of a spot price, one point a second: slow volatility regimes and jumps."""
    regime = np.exp(0.35 * _walk(rng, np.arange(seconds // 1_800 + 2, dtype=np.float64)))
    per_second = np.clip(np.repeat(regime, 1_800)[:seconds], 0.2, 5.0)
    jumps = np.where(rng.random(seconds) < JUMPS_PER_S, rng.uniform(20.0, 80.0, seconds), 0.0)
    clock = np.concatenate(([0.0], np.cumsum(per_second * (1.0 + jumps))))
    return _walk(rng, clock), clock


def _window_paths(
    rng: np.random.Generator, spot: tuple[FloatArray, FloatArray], markets: Markets, position: int
) -> _Paths:
    """An up/down window: the spot's move since the start, and slow information released in its first three quarters."""
    start, end = int(markets.start[position]), int(markets.end[position])
    window = end - start
    path, clock = (part[start : end + 1] - part[start] for part in spot)
    release = np.minimum(np.linspace(0.0, 1.0, window + 1) / CRYPTO_SLOW_UNTIL, 1.0) * 0.5
    news = rng.uniform(0.02, 0.9 * CRYPTO_SLOW_UNTIL, 3) * window
    for moment in news:
        release[int(moment) + 1 :] += 0.5 / 3
    slow_clock = release * clock[-1] * CRYPTO_SLOW_SHARE / (1.0 - CRYPTO_SLOW_SHARE)
    return _Paths(
        open_path=path,
        open_clock=clock,
        slow_path=_walk(rng, slow_clock),
        slow_clock=slow_clock,
        open_delay=int(rng.integers(2, 4)),
        slow_delay=int(CRYPTO_SLOW_DELAY * window),
        news_s=start + news,
    )


def _event_paths(rng: np.random.Generator, markets: Markets, position: int) -> _Paths:
    """An event market: a steady flow of open information that quickens at the end, and slow news in leaps."""
    begin, end, step = (int(part[position]) for part in (markets.open_s, markets.end, markets.step_s))
    points = -(-(end - begin) // step) + 1
    life = np.linspace(0.0, 1.0, points)
    open_clock = (1.0 - EVENT_SLOW_SHARE) * (0.45 * life + 0.55 * life**8)
    delay = int(min(rng.uniform(300.0, 1_200.0), 0.1 * (end - begin)) // step)
    news = np.sort(rng.uniform(0.01, 0.85, 18))
    weight = rng.dirichlet(np.full(len(news), 3.0))
    slow_clock = np.zeros(points)
    for moment, part in zip(news, weight, strict=True):
        slow_clock[int(moment * (points - 1)) + 1 :] += EVENT_SLOW_SHARE * part
    prior = float(ndtri(np.clip(rng.beta(1.6, 1.6), 0.06, 0.94)))
    return _Paths(
        open_path=prior + _walk(rng, open_clock),
        open_clock=open_clock,
        slow_path=_walk(rng, slow_clock),
        slow_clock=slow_clock,
        open_delay=0,
        slow_delay=max(delay, 1),
        news_s=begin + news * (end - begin),
    )
