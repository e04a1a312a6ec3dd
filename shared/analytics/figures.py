"""What the portfolio could lose, how spread its bets are and what should shrink: the table that risk reads (spec 8, 9).

Positions are bets that win with the probability their price says. What they have in common is one matrix of latent
correlations between their markets, of which everything here is made: value at risk by drawn outcomes (portfolio.py),
the diversification score, which positions of a topic move together, and trims. It comes from, in this order:

- Crypto up/down markets bet on the move of a coin in a window. For a Brownian motion the moves in two windows correlate
  by their common time over the root of the product of their lengths, of what is still ahead; two coins share
  ``CRYPTO_SHARED`` of their variance. Up against Down is the same with the sign reversed.
- Markets of one topic (the venue's event) are taken as moving together, ``TOPIC_SHARED``; of one category hardly.
- Where markets' prices were watched for long enough, what they did counts in place of the assumption, as far as it is
  no noise: (1 - s) of the sample correlation of the changes and s of the assumption. The shrinkage s is that of Ledoit
  & Wolf (J. Multivariate Analysis 88 (2004) 365-411), the noise of the sample over its distance from the target, for a
  target that is given, as in Schaefer & Strimmer (Stat. Appl. Genetics Molecular Biology 4 (2005) 32, equation 7).

Money goes in and comes out as integers; the same portfolio gives the same figures, draws included.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.analytics.edge import autocorrelation
from shared.analytics.portfolio import (
    Holding,
    correlated_per_topic,
    diversification,
    simulate,
    tail_risk,
    trim,
)
from shared.analytics.stress import StressAccount, StressPosition, stress
from shared.domain.errors import BadInput
from shared.domain.instants import DAY
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, Fraction, Usd, float_of_micro, micro_of_float
from shared.domain.tables import Figures

Floats = NDArray[np.float64]

TOPIC_SHARED = 0.75
"""Latent correlation of two markets of one topic: above the link (0.7), so that they count as moving together until
their prices have shown otherwise."""
CATEGORY_SHARED = 0.2
"""The same where only the category is one: there are common causes, but most of it is each market's own."""
CRYPTO_SHARED = 0.75
"""Share of a coin's variance over minutes that is the crypto market's: two coins correlate by this in one window."""
COIN_UNKNOWN = 0.8
"""Latent correlation of two up/down markets of a coin whose windows are not told."""
SPREAD_UNKNOWN = 0.03
"""Dollars per share, where no book is known: the widest at which the copy profile enters."""
_BETS_MIN = 3
"""n equal bets score 1 - 1/n: fewer cannot reach the lower bound, so nothing is trimmed."""
_TRIM_STEP = 0.1
_TINY = 1e-9
_COINS = {
    "bitcoin": "btc",
    "ethereum": "eth",
    "solana": "sol",
    "dogecoin": "doge",
    "hyperliquid": "hype",
    "zcash": "zec",
}


@dataclass(frozen=True)
class Held:
    """One position. ``size``, ``cost`` and ``price`` (its mark, per share) in millionths, as in the ledger.

    ``spread`` and ``depth``: ask - bid and the shares displayed at the bid, in millionths; None where no book is known
    (then ``SPREAD_UNKNOWN``, and the size of the position itself). ``stop``: price at which it is to be sold, 0: none.
    """

    key: str
    market: Market
    token: str
    size: int
    cost: int
    price: int
    spread: int | None = None
    depth: int | None = None
    stop: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.price <= ONE:
            raise BadInput(f"price of {self.key} must lie between 0 and 1, not {float_of_micro(self.price)}")
        if self.size <= 0:
            raise BadInput(f"size of {self.key} must be positive, not {float_of_micro(self.size)}")


@dataclass(frozen=True)
class Portfolio:
    """An account as it stood at ``as_of`` (nanoseconds UTC); amounts in micro-dollars.

    ``headroom``: what the limits would still let us buy in the markets we are in. ``results``: of positions closed, in
    the order of their closing. ``history``: per token its prices at evenly spaced moments, the last one now.
    ``score_min``, ``score_target``: diversification below the first is trimmed until above the second.
    """

    as_of: int
    equity: int
    headroom: int = 0
    held: tuple[Held, ...] = ()
    results: tuple[int, ...] = ()
    history: Mapping[str, Sequence[int]] = field(default_factory=dict)
    score_min: int = 600_000
    score_target: int = 700_000


@dataclass(frozen=True)
class FigureRules:
    """``draws`` of the value at risk and of the stress scenario that needs them, with ``seed``. ``link``: correlation
    above which positions of a topic move together. ``results_min``, ``results_max``: fewer closed positions say nothing
    of their correlation, older ones no more. ``history_min``: prices after which a market's changes count.
    """

    draws: int = 3_000
    stress_draws: int = 2_000
    seed: int = 0
    link: float = 0.7
    results_min: int = 10
    results_max: int = 100
    history_min: int = 30

    def __post_init__(self) -> None:
        for name in ("draws", "stress_draws", "results_min", "results_max"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0.0 < self.link <= 1.0:
            raise BadInput(f"link must lie above 0 and at most at 1, not {self.link}")
        if self.history_min < 3:
            raise BadInput(f"history_min must be at least 3, not {self.history_min}")


def figures(portfolio: Portfolio, rules: FigureRules | None = None) -> Figures:
    """The table of a portfolio. Value at risk and scenarios are those of prices as probabilities: no edge is assumed.

    The order of the positions does not matter. Raises BadInput when a position is named twice.
    """
    limits = rules or FigureRules()
    held = sorted(portfolio.held, key=lambda one: one.key)
    repeats = _repeats(portfolio.results, limits)
    twice = [one.key for place, one in enumerate(held) if place and held[place - 1].key == one.key]
    if twice:
        raise BadInput(f"held must name each position once; {twice[0]} is there again")
    if not held:
        return Figures(portfolio.as_of, repeats=repeats)
    sides = _sides(held, portfolio.as_of)
    latent = _latent(sides, portfolio, limits)
    outcomes = simulate(_holdings(held, sides, latent), limits.draws, limits.seed, states_max=limits.draws)
    tails = {level: tail_risk(outcomes, level) for level in (0.95, 0.99)}
    risk = np.array([float_of_micro(one.size) * _deviation(one) for one in held])
    correlation = _of_positions(held, sides, latent)
    covariance = correlation * np.outer(risk, risk)
    bets = int((risk > 0).sum())
    score = micro_of_float(diversification(np.ones(len(held)), covariance))
    return Figures(
        as_of=portfolio.as_of,
        var_95=_usd(tails[0.95].var),
        var_99=_usd(tails[0.99].var),
        cvar_95=_usd(tails[0.95].cvar),
        cvar_99=_usd(tails[0.99].cvar),
        stress=_stressed(portfolio, held, limits),
        diversification=Fraction(score),
        bets=bets,
        correlated=correlated_per_topic([one.market.subject for one in held], correlation, limits.link),
        trims=_trims(held, covariance, portfolio) if bets >= _BETS_MIN and score < portfolio.score_min else {},
        repeats=repeats,
    )


def _usd(amount: float) -> Usd:
    return Usd(micro_of_float(amount))


def _repeats(results: Sequence[int], limits: FigureRules) -> int:
    """Correlation of consecutive results in millionths; 0 where there are too few or they do not vary."""
    recent = results[-limits.results_max :]
    if len(recent) < limits.results_min:
        return 0
    return micro_of_float(float(np.nan_to_num(autocorrelation([float_of_micro(one) for one in recent]))))


def _deviation(one: Held) -> float:
    """Standard deviation of what a share pays."""
    p = float_of_micro(one.price)
    return float(np.sqrt(p * (1.0 - p)))


def _trims(held: Sequence[Held], covariance: Floats, portfolio: Portfolio) -> dict[str, int]:
    factors = trim(np.ones(len(held)), covariance, float_of_micro(portfolio.score_target), _TRIM_STEP)
    return {one.key: micro_of_float(float(f)) for one, f in zip(held, factors, strict=True) if f < 1.0}


# ---------------------------------------------------------------------- what markets have in common


@dataclass(frozen=True)
class _Side:
    """A market and the token of it that we hold most of: what its latent variable stands for.

    ``coin``, ``direction`` (-1 for Down) and ``window`` (what is left of it) of up/down markets.
    """

    market: Market
    token: str
    coin: str = ""
    direction: float = 1.0
    window: tuple[int, int] | None = None

    def of(self, token: str) -> int:
        """1 for the same token, -1 for another one."""
        return 1 if token == self.token else -1


def _sides(held: Sequence[Held], as_of: int) -> dict[str, _Side]:
    """By market, in the order of their names."""
    sizes: dict[str, dict[str, int]] = {}
    markets: dict[str, Market] = {}
    for one in held:
        tokens = sizes.setdefault(one.market.market, {})
        tokens[one.token] = tokens.get(one.token, 0) + one.size
        markets[one.market.market] = one.market
    best = {name: min(tokens.items(), key=lambda item: (-item[1], item[0]))[0] for name, tokens in sizes.items()}
    return {name: _side(markets[name], best[name], as_of) for name in sorted(best)}


def _side(market: Market, token: str, as_of: int) -> _Side:
    if market.kind is not MarketKind.CRYPTO_UPDOWN:
        return _Side(market, token)
    coin, window = market.slug.partition("-up")[0], None
    if market.start_at is not None and market.end_at is not None:
        window = (max(market.start_at, as_of), market.end_at)
    return _Side(market, token, _COINS.get(coin, coin), _direction(market, token), window)


def _direction(market: Market, token: str) -> float:
    """-1 for Down, else 1: where outcomes are not told, two positions count as betting on the same."""
    if token not in market.tokens or len(market.tokens) != len(market.outcomes):
        return 1.0
    return -1.0 if market.outcomes[market.tokens.index(token)].lower() == "down" else 1.0


def _latent(sides: Mapping[str, _Side], portfolio: Portfolio, limits: FigureRules) -> Floats:
    """Latent correlations of the markets, in the order of ``sides``."""
    ordered = list(sides.values())
    found = np.eye(len(ordered))
    for i, one in enumerate(ordered):
        for j in range(i):
            found[i, j] = found[j, i] = _assumed(one, ordered[j])
    watched = [
        place for place, one in enumerate(ordered) if _moved(portfolio.history.get(one.token, ()), limits.history_min)
    ]
    if len(watched) > 1:
        block = np.ix_(watched, watched)
        found[block] = _blended(found[block], [portfolio.history[ordered[place].token] for place in watched])
    return found


def _assumed(one: _Side, other: _Side) -> float:
    """The latent correlation of two markets by what they are; see the module."""
    if one.market.kind is not other.market.kind:
        return 0.0
    if one.market.kind is MarketKind.CRYPTO_UPDOWN:
        coins = 1.0 if one.coin == other.coin else CRYPTO_SHARED
        return one.direction * other.direction * coins * _common_time(one.window, other.window)
    if one.market.subject != other.market.subject:
        return 0.0
    return TOPIC_SHARED if one.market.topic else CATEGORY_SHARED


def _common_time(one: tuple[int, int] | None, other: tuple[int, int] | None) -> float:
    """Correlation of a Brownian motion's moves in what is left of two windows: common time / root of the lengths."""
    if one is None or other is None:
        return COIN_UNKNOWN
    common = min(one[1], other[1]) - max(one[0], other[0])
    return common / math.sqrt(float(one[1] - one[0]) * float(other[1] - other[0])) if common > 0 else 0.0


def _moved(prices: Sequence[int], least: int) -> bool:
    return len(prices) >= least and min(prices) < max(prices)


def _blended(assumed: Floats, prices: Sequence[Sequence[int]]) -> Floats:
    """The assumption, and what the price changes say in its place as far as it is no noise; see the module.

    Only correlations are estimated: the diagonal is neither noise nor distance.
    """
    length = min(len(row) for row in prices)
    changes = np.diff(np.array([[float_of_micro(one) for one in row[-length:]] for row in prices]), axis=1).T
    scale = changes.std(axis=0)
    if not np.all(scale > 0):  # a market stood still in the part that all were watched
        return assumed
    x = (changes - changes.mean(axis=0)) / scale
    count, sample = len(x), x.T @ x / len(x)
    products = ((x**2).sum(axis=1) ** 2 - (x**4).sum(axis=1)).mean()  # of x_i^2 x_j^2, over all pairs i, j
    noise = (products - (sample**2).sum() + (np.diag(sample) ** 2).sum()) / count
    apart = ((sample - assumed) ** 2).sum() - ((np.diag(sample) - 1.0) ** 2).sum()
    shrinkage = float(min(max(noise, 0.0) / apart, 1.0)) if apart > 0 else 1.0
    return np.asarray((1.0 - shrinkage) * sample + shrinkage * assumed)


def _of_positions(held: Sequence[Held], sides: Mapping[str, _Side], latent: Floats) -> Floats:
    """Latent correlations of the positions: 1 in one token, reversed for the other outcome of a market."""
    number = {name: place for place, name in enumerate(sides)}
    places = [number[one.market.market] for one in held]
    signs = np.array([sides[one.market.market].of(one.token) for one in held], dtype=np.float64)
    return np.asarray(latent[np.ix_(places, places)] * np.outer(signs, signs))


def _holdings(held: Sequence[Held], sides: Mapping[str, _Side], latent: Floats) -> list[Holding]:
    """Positions as ``simulate`` takes them; latent correlations as loadings on as many independent factors.

    Prices of one market that sum to more than 1 (marks of different moments) are scaled down to 1.
    """
    tied = np.abs(latent - np.eye(len(latent))).max(axis=1) > _TINY
    loadings = _factored(latent)
    groups = {
        name: tuple((f"factor {k}", float(loadings[i, k])) for k in range(i + 1) if loadings[i, k] != 0.0)
        for i, name in enumerate(sides)
        if tied[i]
    }
    total: dict[str, float] = {}
    for one in {(one.market.market, one.token): one for one in held}.values():
        total[one.market.market] = total.get(one.market.market, 0.0) + float_of_micro(one.price)
    found = []
    for one in held:
        name, shares = one.market.market, float_of_micro(one.size)
        sign = sides[name].of(one.token)
        found.append(
            Holding(
                name,
                one.token,
                shares,
                shares * float_of_micro(one.price),
                float_of_micro(one.price) / max(total[name], 1.0),
                tuple((group, sign * loading) for group, loading in groups.get(name, ())),
            )
        )
    return found


def _factored(correlations: Floats) -> Floats:
    """A lower triangle whose product with its transpose is the matrix, or, where that is none of correlations (blends
    of parts need not fit together), the one with its negative eigenvalues raised to 0.
    """
    values, vectors = np.linalg.eigh(correlations)
    raised = (vectors * np.maximum(values, _TINY)) @ vectors.T
    size = np.sqrt(np.diag(raised))
    return np.linalg.cholesky(raised / np.outer(size, size))


# ---------------------------------------------------------------------- scenarios


def _stressed(portfolio: Portfolio, held: Sequence[Held], limits: FigureRules) -> dict[str, int]:
    """Result of each scenario in micro-dollars; the sleeves of a token are one position."""
    tokens: dict[tuple[str, str], list[Held]] = {}
    for one in held:
        tokens.setdefault((one.market.market, one.token), []).append(one)
    positions = tuple(_stress_position(same, portfolio.as_of) for same in tokens.values())
    equity = max(float_of_micro(portfolio.equity), float_of_micro(1))
    account = StressAccount(equity, max(float_of_micro(portfolio.headroom), 0.0), positions)
    table = stress(account, draws=limits.stress_draws)
    return {str(name): micro_of_float(pnl) for name, pnl in table.select("scenario", "pnl_usd").iter_rows()}


def _stress_position(same: Sequence[Held], as_of: int) -> StressPosition:
    """``daily_move``: a price that ends at 0 or 1 has the variance p (1 - p) ahead of it, spread evenly over the days
    until then (it is a martingale); all of it within a day where the end is near or not told.
    """
    first = same[0]
    end = first.market.end_at
    days = 1.0 if end is None else max((end - as_of) / DAY, 1.0)
    size = float_of_micro(sum(one.size for one in same))
    return StressPosition(
        market=first.market.market,
        outcome=first.token,
        shares=size,
        mark=float_of_micro(first.price),
        daily_move=_deviation(first) / float(np.sqrt(days)),
        spread=SPREAD_UNKNOWN if first.spread is None else float_of_micro(first.spread),
        depth=size if first.depth is None else float_of_micro(first.depth),
        stop=max(float_of_micro(one.stop) for one in same),
    )
