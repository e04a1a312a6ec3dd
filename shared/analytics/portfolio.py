"""How much a portfolio of binary positions can lose, how spread its bets are, and weights that spread them.

A position in an outcome pays $1 a share or nothing, so its loss is not normal and a variance says too little. Losses
are drawn (or, where that is possible, counted out) from the outcomes themselves: of one market exactly one outcome
wins; markets that share a group (a topic, an asset, a whale) depend on each other through a Gaussian copula with one
factor per group (Li, J. Fixed Income 9 (2000) 43-54; Vasicek, Risk (Dec. 2002) 160-162).

The horizon of these losses is the resolution of the markets. Against a limit per day this is the careful side: what
resolves later can lose less today. ``historical_tail`` measures days that have been. Floats: dollars and shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from shared.analytics.dependence import correlated_groups
from shared.domain.errors import BadInput

Floats = NDArray[np.float64]
STATES_MAX = 65_536
"""Up to so many joint outcomes of independent markets are counted out instead of drawn."""
DRAWS = 50_000
SCORE_MIN, SCORE_TARGET = 0.6, 0.7
"""Diversification below the first: trim and refuse additions; trimmed until above the second."""
CORRELATED_PER_TOPIC_MAX = 3


@dataclass(frozen=True)
class Holding:
    """Shares of one outcome. ``value``: dollars they are worth now, what can be lost; ``p_win``: its probability.

    ``groups``: what it depends on together with others, with a loading in -1..1 each; their squares sum to at most 1.
    Two winning bets that share a group with loadings a and b have the latent correlation a * b; a bet against a group
    has a negative loading (Down where others hold Up).
    """

    market: str
    outcome: str
    shares: float
    value: float
    p_win: float
    groups: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for name in ("shares", "value"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise BadInput(f"{name} of {self.market} must be 0 or more, not {getattr(self, name)}")
        if not 0.0 <= self.p_win <= 1.0:
            raise BadInput(f"p_win of {self.market} must lie between 0 and 1, not {self.p_win}")
        if not sum(loading**2 for _, loading in self.groups) <= 1.0 + 1e-9:
            raise BadInput(f"groups of {self.market} must have squared loadings that sum to at most 1")


@dataclass(frozen=True)
class Outcomes:
    """Joint results: ``pnl[i, m]`` dollars of market m in case i, which has probability ``weights[i]``.

    ``exact``: all cases that exist, instead of drawn ones.
    """

    markets: tuple[str, ...]
    pnl: Floats
    weights: Floats
    exact: bool

    @property
    def covariance(self) -> Floats:
        """Of the markets' results, in square dollars."""
        apart = self.pnl - self.weights @ self.pnl
        return np.asarray((apart * self.weights[:, None]).T @ apart)


@dataclass(frozen=True)
class Tail:
    """Losses in dollars (a negative one is a gain). ``var``: exceeded with probability at most 1 - level; ``cvar``: the
    mean of the worst 1 - level of cases; ``low`` and ``high``: 95% interval of the VaR from the number of cases.
    """

    level: float
    var: float
    cvar: float
    low: float
    high: float


@dataclass(frozen=True)
class _Market:
    """``pay[k]``: result in state k, ``bounds``: cumulative probabilities; state 0 is that the main holding wins."""

    name: str
    pay: Floats
    bounds: Floats
    loadings: dict[str, float]


def simulate(holdings: Sequence[Holding], draws: int = DRAWS, seed: int = 0, states_max: int = STATES_MAX) -> Outcomes:
    """All or ``draws`` joint results of the holdings at resolution; the same seed gives the same draws.

    Independent markets with at most ``states_max`` joint outcomes are counted out. Raises BadInput for probabilities
    in one market that sum to more than 1 or differ for one outcome, and for fewer than 1 draw.
    """
    if draws < 1:
        raise BadInput(f"draws must be at least 1, not {draws}")
    markets = _markets(holdings)
    names = tuple(market.name for market in markets)
    used = [group for market in markets for group, loading in market.loadings.items() if loading != 0.0]
    counts = [len(market.pay) for market in markets]
    if len(used) == len(dict.fromkeys(used)) and float(np.prod([float(count) for count in counts])) <= states_max:
        states = np.stack(np.unravel_index(np.arange(int(np.prod(counts))), counts), axis=1) if counts else None
        if states is None:
            return Outcomes((), np.zeros((1, 0)), np.ones(1), exact=True)
        chances = [np.diff(market.bounds, prepend=0.0)[states[:, m]] for m, market in enumerate(markets)]
        weights = np.prod(np.stack(chances), axis=0)
        return Outcomes(names, _paid(markets, states), weights / weights.sum(), exact=True)
    groups = list(dict.fromkeys(sorted(used)))
    loadings = np.array([[market.loadings.get(group, 0.0) for group in groups] for market in markets])
    rng = np.random.default_rng(seed)
    own = np.sqrt(np.maximum(1.0 - (loadings**2).sum(axis=1), 0.0))
    latent = rng.standard_normal((draws, len(groups))) @ loadings.T + rng.standard_normal((draws, len(markets))) * own
    reached = [np.searchsorted(special.ndtri(market.bounds[:-1]), -latent[:, m]) for m, market in enumerate(markets)]
    return Outcomes(names, _paid(markets, np.stack(reached, axis=1)), np.full(draws, 1.0 / draws), exact=False)


def tail_risk(outcomes: Outcomes, level: float = 0.95) -> Tail:
    """VaR and CVaR of the whole portfolio; CVaR as for discrete losses in Rockafellar & Uryasev, J. Banking & Finance
    26 (2002) 1443-1471, proposition 8. Raises BadInput for a level outside (0, 1).
    """
    return _tail(-outcomes.pnl.sum(axis=1), outcomes.weights, level, exact=outcomes.exact)


def historical_tail(daily_pnl: ArrayLike, level: float = 0.95) -> Tail:
    """VaR and CVaR of days as they were (dollars, days without trades as 0), each equally likely.

    With fewer than 1 / (1 - level) days the VaR is the worst day; its interval says how little that means.
    Raises BadInput for no days and for values that are not finite.
    """
    days = np.asarray(daily_pnl, dtype=np.float64)
    if days.ndim != 1 or days.size == 0 or not np.isfinite(days).all():
        raise BadInput(f"daily_pnl must be a list of finite numbers, at least one; its shape is {days.shape}")
    return _tail(-days, np.full(len(days), 1.0 / len(days)), level, exact=False)


def ledoit_wolf(returns: ArrayLike) -> tuple[Floats, float]:
    """Covariance of the columns of ``returns`` (times x assets, divisor n), pulled towards equal uncorrelated
    variances, and by how much (0..1). Ledoit & Wolf, J. Multivariate Analysis 88 (2004) 365-411, section 3.2.

    Well conditioned even with fewer times than assets. Raises BadInput for fewer than 2 rows or what is not finite.
    """
    x = _table(returns)
    x = x - x.mean(axis=0)
    n, p = x.shape
    sample = x.T @ x / n
    middle = float(np.trace(sample)) / p
    apart = float(((sample - middle * np.eye(p)) ** 2).sum()) / p
    noise = float(((x**2).sum(axis=1) ** 2).sum() / n - (sample**2).sum()) / n / p
    shrinkage = min(max(noise, 0.0), apart) / apart if apart > 0 else 0.0
    return np.asarray(shrinkage * middle * np.eye(p) + (1 - shrinkage) * sample), shrinkage


def ewma_covariance(returns: ArrayLike, half_life: float) -> Floats:
    """Covariance about 0 of evenly spaced rows, the last the newest; a row ``half_life`` rows older counts half.

    RiskMetrics Technical Document, 4th ed. (1996), section 5.2. Raises BadInput as ``ledoit_wolf``.
    """
    x = _table(returns)
    if not half_life > 0:
        raise BadInput(f"half_life must be positive, not {half_life}")
    weights = np.exp2(-np.arange(len(x) - 1.0, -1.0, -1.0) / half_life)
    return np.asarray((x * (weights / weights.sum())[:, None]).T @ x)


def diversification(weights: ArrayLike, covariance: ArrayLike) -> float:
    """Score 0..1: 1 - sum_ij a_i a_j rho_ij, where a_i = w_i sigma_i / sum is the share of stand-alone risk.

    Without correlation it is 1 - the Herfindahl index of the shares: 1 - 1/n for n equal bets, 0 for a single one; a
    perfectly correlated pair counts as one bet. 1 / (1 - score) is the effective number of bets, the square of the
    diversification ratio (Choueifaty & Coignard, J. Portfolio Management 35 (2008) 40-51; Choueifaty, Froidure &
    Reynier, J. Investment Strategies 2 (2013) 49-70). A portfolio without risk scores 1.
    """
    return _score(*_weights(weights, covariance))


def diversification_action(score: float, bets: int) -> str:
    """``trim`` (and refuse additions) below SCORE_MIN, ``hold`` (no additions that lower it) up to SCORE_TARGET, else
    ``add``. Fewer than 3 bets cannot score 0.6 (n equal ones have 1 - 1/n), so the rule is silent there: ``add``.
    """
    if bets < 3:
        return "add"
    return "trim" if score < SCORE_MIN else "hold" if score <= SCORE_TARGET else "add"


def trim(weights: ArrayLike, covariance: ArrayLike, target: float = SCORE_TARGET, step: float = 0.05) -> Floats:
    """Factors 0..1 per position after which the score exceeds ``target``, or is as high as trimming makes it.

    Greedy: of the position whose reduction raises the score most per dollar of stand-alone risk, by the share ``step``
    at a time; larger steps are rougher and faster.
    """
    w, matrix = _weights(weights, covariance)
    sigma, factors, score = np.sqrt(np.diag(matrix)), np.ones(len(w)), _score(w, matrix)
    for _ in range(200 * len(w)):
        held = w * factors
        alone = float(held @ sigma)
        if not alone > 0 or score > target:
            break
        pull = np.where((held > 0) & (sigma > 0), matrix @ held * alone - sigma * float(held @ matrix @ held), -np.inf)
        worst = int(np.argmax(pull / np.where(sigma > 0, sigma, 1.0)))
        tried = factors.copy()
        tried[worst] *= 1.0 - step
        better = _score(w * tried, matrix)
        if better <= score + 1e-12:
            break
        factors, score = tried, better
    return factors


def correlated_per_topic(topics: Sequence[str], correlations: Floats, link: float = 0.7) -> dict[str, int]:
    """Per topic the size of its largest set of positions that are linked by correlations above ``link``.

    The bound is CORRELATED_PER_TOPIC_MAX. Raises BadInput when the matrix has another shape.
    """
    if correlations.shape != (len(topics), len(topics)):
        raise BadInput(f"correlations must have the shape {(len(topics),) * 2}, not {correlations.shape}")
    found: dict[str, int] = {}
    for topic in dict.fromkeys(topics):
        places = [place for place, name in enumerate(topics) if name == topic]
        groups = correlated_groups(correlations[np.ix_(places, places)], None, link)
        found[topic] = int(np.bincount(groups).max())
    return found


def risk_contributions(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """w_i (covariance w)_i / volatility: what each adds; they sum to the volatility (Euler). 0 without risk."""
    w, matrix = _weights(weights, covariance)
    volatility = float(np.sqrt(max(float(w @ matrix @ w), 0.0)))
    return np.asarray(w * (matrix @ w) / volatility) if volatility > 0 else np.zeros(len(w))


def mean_variance(mean: ArrayLike, covariance: ArrayLike, risk_aversion: float = 1.0, cap: float = 1.0) -> Floats:
    """Weights 0..cap with sum <= 1 (the rest is cash) that maximise mean w - risk_aversion / 2 w covariance w.

    Markowitz, J. Finance 7 (1952) 77-91; solved by accelerated projected gradient. Raises BadInput for a cap outside
    0..1, a risk aversion that is not positive, and for shapes that do not fit.
    """
    gain = np.asarray(mean, dtype=np.float64)
    _, matrix = _weights(np.zeros_like(gain), covariance)
    if not 0.0 < cap <= 1.0 or not risk_aversion > 0 or not np.isfinite(gain).all():
        raise BadInput(f"mean must be finite, risk_aversion positive, cap above 0 and at most 1, not {cap}")
    return _minimise(risk_aversion * matrix, gain, cap, cash=True)


def max_diversification(covariance: ArrayLike) -> Floats:
    """Long-only weights, sum 1, of the largest diversification ratio (Choueifaty & Coignard 2008): the least u rho u
    over shares of stand-alone risk u, then w = u / sigma. Raises BadInput for a position without variance.
    """
    matrix, sigma = _with_variance(covariance)
    shares = _minimise(matrix / np.outer(sigma, sigma), np.zeros(len(sigma)), 1.0, cash=False)
    return np.asarray(shares / sigma / (shares / sigma).sum())


def risk_parity(covariance: ArrayLike, budget: ArrayLike | None = None) -> Floats:
    """Weights, sum 1, whose risk contributions are in proportion to ``budget`` (equal by default).

    The one minimum of x covariance x / 2 - sum b ln x (Spinu, SSRN 2297383 (2013)) by cyclical coordinate descent
    (Griveau-Billion, Richard & Roncalli, arXiv 1311.4057 (2013)). Raises BadInput for a position without variance.
    """
    matrix, sigma = _with_variance(covariance)
    b = np.full(len(sigma), 1.0) if budget is None else np.asarray(budget, dtype=np.float64)
    if b.shape != sigma.shape or not np.all((b > 0) & np.isfinite(b)):
        raise BadInput(f"budget must be {len(sigma)} positive numbers")
    b, rho = b / b.sum(), matrix / np.outer(sigma, sigma)
    x = np.sqrt(b)
    for _ in range(5_000):
        for i in range(len(x)):
            others = float(rho[i] @ x) - x[i]
            x[i] = (-others + np.sqrt(others**2 + 4.0 * b[i])) / 2.0
        if float(np.abs(x * (rho @ x) - b).max()) < 1e-13:
            break
    return np.asarray(x / sigma / (x / sigma).sum())


def _markets(holdings: Sequence[Holding]) -> list[_Market]:
    """Holdings by market; in each the outcome with most shares is state 0, an outcome we do not hold is the last."""
    found: dict[str, dict[str, list[Holding]]] = {}
    for holding in holdings:
        found.setdefault(holding.market, {}).setdefault(holding.outcome, []).append(holding)
    markets = []
    for name, outcomes in sorted(found.items()):
        ranked = sorted(outcomes.items(), key=lambda item: (-sum(one.shares for one in item[1]), item[0]))
        for outcome, same in ranked:
            if len(dict.fromkeys(one.p_win for one in same)) > 1:
                raise BadInput(f"p_win of {outcome} in {name} must be one probability, not several")
        chances = [same[0].p_win for _, same in ranked]
        if sum(chances) > 1.0 + 1e-6:
            raise BadInput(f"p_win in {name} must sum to at most 1, not {sum(chances)}")
        value = sum(one.value for _, same in ranked for one in same)
        pay = [sum(one.shares for one in same) - value for _, same in ranked]
        bounds = np.minimum(np.cumsum(chances), 1.0)
        if bounds[-1] < 1.0 - 1e-9:
            pay, bounds = [*pay, -value], np.append(bounds, 1.0)
        bounds[-1] = 1.0
        markets.append(_Market(name, np.array(pay), bounds, _loadings(ranked)))
    return markets


def _loadings(ranked: list[tuple[str, list[Holding]]]) -> dict[str, float]:
    """The market's loading per group: the mean over its holdings by shares, reversed for those against the main one."""
    total = sum(one.shares for _, same in ranked for one in same)
    loadings: dict[str, float] = {}
    for place, (_, same) in enumerate(ranked):
        for one in same:
            part = one.shares / total if total > 0 else 0.0
            for group, loading in one.groups:
                loadings[group] = loadings.get(group, 0.0) + (part if place == 0 else -part) * loading
    return loadings


def _paid(markets: list[_Market], states: NDArray[np.intp]) -> Floats:
    return np.stack([market.pay[states[:, m]] for m, market in enumerate(markets)], axis=1)


def _tail(losses: Floats, weights: Floats, level: float, *, exact: bool) -> Tail:
    if not 0.0 < level < 1.0:
        raise BadInput(f"level must lie between 0 and 1, not {level}")
    order = np.argsort(losses, kind="stable")
    sorted_, count = losses[order], len(losses)
    place = int(np.searchsorted(np.cumsum(weights[order]), level - 1e-12))
    var = float(sorted_[min(place, count - 1)])
    cvar = var + float(weights @ np.maximum(losses - var, 0.0)) / (1.0 - level)
    if exact:
        return Tail(level, var, cvar, var, var)
    first, last = int(stats.binom.ppf(0.025, count, level)), int(stats.binom.ppf(0.975, count, level))
    return Tail(level, var, cvar, float(sorted_[max(first - 1, 0)]), float(sorted_[min(last, count - 1)]))


def _score(w: Floats, matrix: Floats) -> float:
    alone = float(w @ np.sqrt(np.diag(matrix)))
    return float(min(max(1.0 - float(w @ matrix @ w) / alone**2, 0.0), 1.0)) if alone > 0 else 1.0


def _table(returns: ArrayLike) -> Floats:
    x = np.asarray(returns, dtype=np.float64)
    if x.ndim != 2 or len(x) < 2 or x.shape[1] == 0 or not np.isfinite(x).all():
        raise BadInput(f"returns must be a table of finite numbers with 2 rows or more; its shape is {x.shape}")
    return x


def _weights(weights: ArrayLike, covariance: ArrayLike) -> tuple[Floats, Floats]:
    w, matrix = np.asarray(weights, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if w.ndim != 1 or matrix.shape != (len(w), len(w)):
        raise BadInput(f"covariance must have the shape {(w.size,) * 2}, not {matrix.shape}")
    if not (np.isfinite(matrix).all() and np.allclose(matrix, matrix.T) and np.all(np.diag(matrix) >= 0)):
        raise BadInput("covariance must be finite and symmetric, without a negative variance")
    if not np.all((w >= 0) & np.isfinite(w)):
        raise BadInput(f"weights must be 0 or more; one is {w[~((w >= 0) & np.isfinite(w))][0]}")
    return w, matrix


def _with_variance(covariance: ArrayLike) -> tuple[Floats, Floats]:
    _, matrix = _weights(np.zeros(len(np.atleast_1d(np.asarray(covariance)))), covariance)
    sigma = np.sqrt(np.diag(matrix))
    if sigma.size == 0 or not np.all(sigma > 0):
        raise BadInput(f"covariance must have positive variances; its diagonal is {np.diag(matrix).tolist()}")
    return matrix, sigma


def _minimise(matrix: Floats, gain: Floats, cap: float, *, cash: bool) -> Floats:
    """The least w matrix w / 2 - gain w over 0 <= w <= cap with sum 1 (at most 1 with ``cash``).

    Accelerated projected gradient with restarts (Beck & Teboulle, SIAM J. Imaging Sciences 2 (2009) 183-202;
    O'Donoghue & Candes, Found. Comput. Math. 15 (2015) 715-732).
    """
    step = 1.0 / max(float(np.linalg.eigvalsh(matrix)[-1]), 1e-300)
    w = ahead = _project(np.full(len(gain), 1.0 / max(len(gain), 1)), cap, cash=cash)
    momentum = 1.0
    for _ in range(20_000):
        fresh = _project(ahead - step * (matrix @ ahead - gain), cap, cash=cash)
        if float((ahead - fresh) @ (fresh - w)) > 0:
            momentum = 1.0
        faster = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        settled = float(np.abs(fresh - ahead).max(initial=0.0)) < 1e-14
        ahead = fresh + (momentum - 1.0) / faster * (fresh - w)
        w, momentum = fresh, faster
        if settled:
            break
    return w


def _project(point: Floats, cap: float, *, cash: bool) -> Floats:
    """The nearest point of 0 <= w <= cap, sum 1 (at most 1): clip(point - t), t by interpolation between its kinks."""
    inside = np.clip(point, 0.0, cap)
    if (cash and inside.sum() <= 1.0) or len(point) * cap <= 1.0:
        return inside if cash else np.full(len(point), cap)
    kinks = np.sort(np.concatenate([point, point - cap]))[::-1]
    sums = np.clip(point[None, :] - kinks[:, None], 0.0, cap).sum(axis=1)
    return np.asarray(np.clip(point - np.interp(1.0, sums, kinks), 0.0, cap))
