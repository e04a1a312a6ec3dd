"""From bets per wallet to a ranking: one table, the same for any order of the rows and any names of the wallets.

What is measured, and where it comes from:

- Sharpe ratio of the returns per market, with the symmetric studentized circular block-bootstrap interval of Ledoit and
  Wolf (2008); point estimates weighted exponentially with half-lives of 30 and 90 days (RiskMetrics 1996).
- Win rate with a Beta posterior; profit factor; p-value of the wins against the prices paid (exact or Poisson-binomial,
  one bet per market) and its q-value over all wallets (Benjamini and Hochberg 1995).
- Ratio and edge (win rate less price paid) shrunk for their known, unequal variances (Xie, Kou and Brown 2012; positive
  part), then as robust z-scores (median and MAD): score = 0.7 Sharpe_z + 0.3 WinRate_z.
- Rank by the LOWER end of the interval, among wallets with enough winning and losing markets: few lucky markets do not
  outrank many good ones, and a record without losses has no meaningful ratio.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shared.analytics.bootstrap import sharpe_interval
from shared.analytics.metrics import beta_win_rate, ewma_sharpe, profit_factor, robust_z
from shared.analytics.quality import Gates
from shared.analytics.shrinkage import sure_shrink
from shared.analytics.significance import benjamini_hochberg, win_test
from shared.domain.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BET_COLUMNS = ("wallet", "market", "order_ts", "ret", "pnl", "age_days", "entry_price", "entry_won")
FACT_COLUMNS = ("wallet", "incomplete_history", "market_maker", "wash_trading", "basis_known")


@dataclass(frozen=True)
class ScoringRules:
    """Every number a score depends on. ``resamples`` of the bootstrap, ``level`` of all intervals, ``seed``.

    ``delay_s``: how long after the wallet's trade a follower's order reaches the market. ``basis``: whose returns are
    ranked: "follower", "own", or "auto" (the follower's unless the recording cannot show them, see ``scorecard``).
    """

    resamples: int = 1999
    level: float = 0.95
    seed: int = 0
    wins_min: int = 10
    losses_min: int = 10
    sharpe_weight: float = 0.7
    delay_s: float = 4.0
    basis: str = "auto"
    gates: Gates = field(default_factory=Gates)

    def __post_init__(self) -> None:
        if self.basis not in ("auto", "follower", "own"):
            raise BadInput(f"basis must be auto, follower or own, not {self.basis!r}")
        if not 0.0 <= self.sharpe_weight <= 1.0:
            raise BadInput(f"sharpe_weight must lie between 0 and 1, not {self.sharpe_weight}")
        if not 0.0 <= self.delay_s <= 3600.0:
            raise BadInput(f"delay_s must lie between 0 and 3600 seconds, not {self.delay_s}")


def score_bets(
    bets: pl.DataFrame,
    facts: pl.DataFrame,
    rules: ScoringRules | None = None,
    progress: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """One row per wallet of ``facts``, best rank first, then by score.

    ``bets``, one row per wallet and resolved market: order_ts (when it ended), ret (the return that is ranked; null:
    none), pnl (own, dollars), age_days (at the time of the ranking), entry_price and entry_won (null: no bet).
    ``facts``, one row per wallet: incomplete_history, market_maker, wash_trading, basis_known (whether its ranked
    returns could be known at all). Adds n_ranked, n_wins and n_losses (own results), ranked_wins and ranked_losses
    (those of the ranked returns), mean_return, win_rate, win_rate_low, price_paid, profit_factor, sharpe, sharpe_se,
    sharpe_30, sharpe_90, sharpe_low, sharpe_high, sharpe_shrunk, sharpe_z, edge_shrunk, win_rate_z, score, p_positive,
    p_value, q_value, eligible, reason and rank. ``progress`` hears how many wallets the bootstrap has done.
    Raises BadInput for a missing column, a wallet twice in ``facts`` and a return that is NaN or infinite.
    """
    limits = rules or ScoringRules()
    for name, frame, wanted in (("bets", bets, BET_COLUMNS), ("facts", facts, FACT_COLUMNS)):
        missing = [column for column in wanted if column not in frame.columns]
        if missing:
            raise BadInput(f"{name} lacks the column {missing[0]!r}; it has {', '.join(frame.columns) or 'none'}.")
    if facts["wallet"].is_duplicated().any():
        raise BadInput(f"facts name wallet {facts.filter(pl.col('wallet').is_duplicated())['wallet'].min()!r} twice.")
    table = facts.sort("wallet")
    ordered = bets.sort("wallet", "order_ts", "market").filter(pl.col("wallet").is_in(table["wallet"].implode()))
    for part in (_of_returns(ordered, table, limits, progress), _of_entries(ordered, table)):
        table = table.with_columns(part)
    return _ranked(_scored(table, limits), limits)


def _ragged(frame: pl.DataFrame, wallets: pl.Series) -> Ints:
    """Offsets of each wallet of ``wallets`` (sorted) in ``frame`` (sorted by wallet)."""
    counts = wallets.to_frame("wallet").join(
        frame.group_by("wallet").len(), on="wallet", how="left", maintain_order="left"
    )
    sizes = counts["len"].fill_null(0).to_numpy().astype(np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])


def _per_wallet(values: Floats, offsets: Ints) -> Floats:
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.asarray(np.bincount(owner, weights=values, minlength=len(offsets) - 1), dtype=np.float64)


def _column(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].cast(pl.Float64).to_numpy().astype(np.float64)


def _of_returns(
    ordered: pl.DataFrame, table: pl.DataFrame, limits: ScoringRules, progress: Callable[[int], None] | None
) -> list[pl.Series]:
    """What comes from the ranked returns per market."""
    ranked = ordered.filter(pl.col("ret").is_not_null())
    offsets = _ragged(ranked, table["wallet"])
    values, ages = _column(ranked, "ret"), _column(ranked, "age_days")
    if not np.isfinite(values).all():
        wallet = ranked.filter(~pl.col("ret").is_finite())["wallet"][0]
        raise BadInput(f"bets.ret of wallet {wallet} is {values[~np.isfinite(values)][0]}, not a finite number.")
    n = np.diff(offsets).astype(np.float64)
    found = sharpe_interval(values, offsets, limits.level, limits.resamples, limits.seed, progress=progress)
    own = ordered.filter(pl.col("pnl").is_not_null())
    owned = _ragged(own, table["wallet"])
    usable = np.isfinite(found.sharpe) & np.isfinite(found.se) & (found.se > 0)
    shrunk = np.full(len(n), np.nan)
    if usable.any():
        shrunk[usable] = _shrunk(found.sharpe[usable], found.se[usable] ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _per_wallet(values, offsets) / n
        ratio = found.sharpe / found.se
    columns = {
        "n_ranked": n,
        "ranked_wins": _per_wallet((values > 0).astype(np.float64), offsets),
        "ranked_losses": _per_wallet((values < 0).astype(np.float64), offsets),
        "n_wins": _per_wallet((_column(own, "pnl") > 0).astype(np.float64), owned),
        "n_losses": _per_wallet((_column(own, "pnl") < 0).astype(np.float64), owned),
        "mean_return": mean,
        "profit_factor": profit_factor(_column(own, "pnl"), owned),
        "sharpe": found.sharpe,
        "sharpe_se": found.se,
        "sharpe_30": ewma_sharpe(values, ages, offsets, 30.0),
        "sharpe_90": ewma_sharpe(values, ages, offsets, 90.0),
        "sharpe_low": found.low,
        "sharpe_high": found.high,
        "sharpe_shrunk": shrunk,
        "p_positive": np.where(usable, _normal_cdf(np.where(usable, ratio, 0.0)), 0.5),
    }
    return [pl.Series(name, column) for name, column in columns.items()]


def _shrunk(estimates: Floats, variances: Floats) -> Floats:
    """Shrinkage on sorted values: sums in an order of their own would tell the wallets' names in the last digits."""
    order = np.lexsort((variances, estimates))
    shrunk = np.empty(len(order))
    shrunk[order] = sure_shrink(estimates[order], variances[order])
    return shrunk


def _normal_cdf(x: Floats) -> Floats:
    from scipy.special import ndtr

    below: Floats = ndtr(x)
    return below


def _of_entries(ordered: pl.DataFrame, table: pl.DataFrame) -> list[pl.Series]:
    """What comes from wins against the prices paid, one bet per market."""
    placed = ordered.filter(pl.col("entry_price").is_not_null() & pl.col("entry_won").is_not_null())
    offsets = _ragged(placed, table["wallet"])
    prices, won = _column(placed, "entry_price"), _column(placed, "entry_won")
    n = np.diff(offsets).astype(np.float64)
    wins = _per_wallet(won, offsets)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, paid = wins / n, _per_wallet(prices, offsets) / n
        variance = _per_wallet(prices * (1.0 - prices), offsets) / n**2
    _, low = beta_win_rate(wins, n - wins)
    p = win_test(won, prices, offsets)
    edge = np.full(len(n), np.nan)
    usable = n > 0
    if usable.any():
        edge[usable] = _shrunk(rate[usable] - paid[usable], variance[usable])
    columns = {
        "win_rate": rate,
        "win_rate_low": np.where(usable, low, np.nan),
        "price_paid": paid,
        "edge_shrunk": edge,
        "p_value": np.where(usable, p, 1.0),
        "q_value": benjamini_hochberg(np.where(usable, p, 1.0)),
    }
    return [pl.Series(name, column) for name, column in columns.items()]


def _scored(table: pl.DataFrame, limits: ScoringRules) -> pl.DataFrame:
    """Robust z-scores among the wallets that can be judged at all, and the score of the specification."""
    counts = ("n_ranked", "n_wins", "n_losses", "ranked_wins", "ranked_losses")
    table = table.with_columns(pl.col(counts).cast(pl.Int64))
    sharpe_z = _z(_column(table, "sharpe_shrunk"))
    rate_z = _z(_column(table, "edge_shrunk"))
    score = limits.sharpe_weight * sharpe_z + (1.0 - limits.sharpe_weight) * rate_z
    return table.with_columns(
        pl.Series("sharpe_z", sharpe_z), pl.Series("win_rate_z", rate_z), pl.Series("score", score)
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _z(values: Floats) -> Floats:
    known = np.isfinite(values)
    scaled = np.full(len(values), np.nan)
    if known.any():
        order = np.argsort(values[known], kind="stable")
        z = np.empty(len(order))
        z[order] = robust_z(values[known][order])
        scaled[known] = z
    return scaled


def _ranked(table: pl.DataFrame, limits: ScoringRules) -> pl.DataFrame:
    """Eligibility with the first reason against it, and ranks by the lower end; equal wallets share a rank."""
    against = [
        ("incomplete_history", pl.col("incomplete_history")),
        ("market_maker", pl.col("market_maker")),
        ("wash_trading", pl.col("wash_trading")),
        ("too_few_wins", pl.col("n_wins") < limits.wins_min),
        ("too_few_losses", pl.col("n_losses") < limits.losses_min),
        ("not_copyable", ~pl.col("basis_known")),
        ("not_copyable", pl.col("ranked_wins") < limits.wins_min),
        ("not_copyable", pl.col("ranked_losses") < limits.losses_min),
        ("infinite_interval", ~pl.col("sharpe_low").is_finite().fill_null(value=False)),
    ]
    reason: pl.Expr = pl.lit("")
    for name, holds in reversed(against):
        reason = pl.when(holds.fill_null(value=False)).then(pl.lit(name)).otherwise(reason)
    order = ["sharpe_low", "score", "n_ranked"]
    judged = table.with_columns(reason=reason).with_columns(eligible=pl.col("reason") == "")
    best = (
        judged.filter("eligible")
        .sort([*order, "wallet"], descending=[True, True, True, False], nulls_last=True)
        .with_row_index("place", offset=1)
        .with_columns(rank=pl.col("place").min().over(order).cast(pl.Int64))
        .drop("place")
    )
    rest = (
        judged.filter(~pl.col("eligible"))
        .with_columns(rank=pl.lit(None, pl.Int64))
        .sort("score", "n_ranked", "wallet", descending=[True, True, False], nulls_last=True)
    )
    return pl.concat([best, rest])
