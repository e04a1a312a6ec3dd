"""Whales that are not independent voices: who changes positions together, and who is in the same markets.

Whales trade the same markets often, so counting each as a voice of its own doubles an exposure without knowing it
(specification, section 5). Three measures, all of what was public at one moment:

- *Correlation* of position changes: exponentially weighted, decayed in event time. One observation is one cell, a
  market in one bin of time; a wallet that did not act in it changed by 0. The mean is taken as 0 (RiskMetrics
  Technical Document, 4th ed. (1996), section 5.2): a position change has no drift worth the noise of estimating it,
  and only so the result does not depend on which outcome of a market is called positive.
- *Overlap* of two wallets: the share of the markets either traded in a window that both traded (Jaccard 1901).
- *Overlap in a market*, which the specification bounds (over 30%: stand aside; three or more agree below 20%: size
  times 1.5): read as the mean pairwise overlap of the voices that are active in that market now. It says how much of
  an apparent agreement is one crowd that is everywhere together.

Wallets are numbers 0..count-1 here and names in the table. The engine reads the table: integers, one row per pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from shared.domain.errors import BadInput
from shared.domain.instants import DAY, SECOND
from shared.domain.money import micro_of_float

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PAIR_SCHEMA = {
    "wallet_a": pl.String,
    "wallet_b": pl.String,
    "overlap_micro": pl.Int64,
    "correlation_micro": pl.Int64,
}
_EXPONENT_MAX = 400.0
"""Weights grow as 2^(time since origin / half-life); beyond this power the origin is moved."""


@dataclass(frozen=True)
class DependenceRules:
    """``half_life_ns``: a cell this much older counts half. ``bin_s``: seconds that count as one moment, by default
    those of a burst (a signal). ``window_s``: how far back markets count for the overlap. ``together_min``: cells in
    which both acted, old ones counting less, below which a correlation is unknown. ``link``: correlation above which
    two wallets are one voice.
    """

    half_life_ns: int = 7 * DAY
    bin_s: int = 60
    window_s: int = 30 * 86_400
    together_min: float = 3.0
    link: float = 0.7

    def __post_init__(self) -> None:
        for name in ("half_life_ns", "bin_s", "window_s", "together_min"):
            if not getattr(self, name) > 0:
                raise BadInput(f"{name} must be positive, not {getattr(self, name)}")
        if not 0.0 < self.link <= 1.0:
            raise BadInput(f"link must lie above 0 and at most at 1, not {self.link}")


@dataclass
class EwmaState:
    """Decayed sums over the cells seen so far, in units of a cell at ``origin``; updated in place.

    ``products``: changes of both wallets multiplied; ``together``: cells in which both acted; ``weight``: all cells.
    """

    half_life_ns: int
    products: Floats
    together: Floats
    weight: float = 0.0
    origin: int = 0
    latest: int = 0


def empty_state(count: int, half_life_ns: int = DependenceRules.half_life_ns) -> EwmaState:
    """Nothing seen of ``count`` wallets. Raises BadInput for a half-life or a count that is not positive."""
    if not half_life_ns > 0 or count < 1:
        raise BadInput(f"half_life_ns and count must be positive, not {half_life_ns} and {count}")
    return EwmaState(half_life_ns, np.zeros((count, count)), np.zeros((count, count)))


def update(state: EwmaState, at: int, wallets: ArrayLike, changes: ArrayLike) -> None:
    """One more cell at ``at`` (nanoseconds): these wallets changed their position by these amounts (dollars, signed).

    A wallet named twice changed by the sum. The order of the cells does not matter: a late one counts by its own age.
    Costs the square of the wallets that acted, not of all. Raises BadInput and changes nothing for other lengths,
    unknown wallets, changes that are not finite.
    """
    who, much = _checked(len(state.products), wallets, changes)
    named, place = np.unique(who, return_inverse=True)
    summed = np.bincount(place, weights=much, minlength=len(named))
    if state.weight == 0.0:
        state.origin = state.latest = at
    if (at - state.origin) / state.half_life_ns > _EXPONENT_MAX:
        _move_origin(state, at)
    weight = _weight(at - state.origin, state.half_life_ns)
    block = np.ix_(named, named)
    state.products[block] += weight * np.outer(summed, summed)
    state.together[block] += weight
    state.weight += weight
    state.latest = max(state.latest, at)


def batch(
    count: int, at: ArrayLike, cells: ArrayLike, wallets: ArrayLike, changes: ArrayLike, half_life_ns: int
) -> EwmaState:
    """The state after all cells at once: the same as one ``update`` per cell at its latest ``at``.

    One row per change; rows with the same number in ``cells`` are one cell. By a sparse product: the cost is that of
    the pairs that acted together. Raises BadInput as ``update``.
    """
    from scipy.sparse import csr_matrix

    state = empty_state(count, half_life_ns)
    who, much = _checked(count, wallets, changes)
    times, cell = np.asarray(at, dtype=np.int64), np.asarray(cells, dtype=np.int64)
    if times.shape != who.shape or cell.shape != who.shape:
        raise BadInput(f"at, cells and wallets must be of one length, not {times.size}, {cell.size} and {who.size}")
    if who.size == 0:
        return state
    named, row = np.unique(cell, return_inverse=True)
    latest = np.full(len(named), np.iinfo(np.int64).min)
    np.maximum.at(latest, row, times)
    state.origin = state.latest = int(latest.max())
    weights = np.exp2((latest - state.origin) / half_life_ns)
    shape = (len(named), count)
    changed = csr_matrix((much, (row, who)), shape=shape)
    acted = csr_matrix((np.ones(len(who)), (row, who)), shape=shape)
    acted.data[:] = 1.0
    for_each = np.repeat(weights, np.diff(acted.indptr))
    weighted = csr_matrix((acted.data * for_each, acted.indices, acted.indptr), shape=shape)
    state.products = np.asarray((changed.T @ csr_matrix((much * weights[row], (row, who)), shape=shape)).todense())
    state.together = np.asarray((acted.T @ weighted).todense())
    state.weight = float(weights.sum())
    return state


def pool(states: Sequence[EwmaState]) -> EwmaState:
    """The state of several markets taken together; the given ones stay as they are.

    Raises BadInput for none, or for different wallets or half-lives.
    """
    if not states:
        raise BadInput("states must name at least one state; got none")
    first = states[0]
    whole = empty_state(len(first.products), first.half_life_ns)
    whole.latest = whole.origin = max(state.latest for state in states)
    for state in states:
        if state.half_life_ns != whole.half_life_ns or state.products.shape != whole.products.shape:
            raise BadInput("states must have one half-life and the same wallets")
        scale = _weight(state.origin - whole.origin, whole.half_life_ns)
        whole.products += scale * state.products
        whole.together += scale * state.together
        whole.weight += scale * state.weight
    return whole


def covariance(state: EwmaState) -> Floats:
    """Weighted mean product of both wallets' changes per cell, in square dollars; 0 before any cell."""
    return np.asarray(state.products / state.weight) if state.weight > 0 else np.zeros_like(state.products)


def correlation(state: EwmaState, now: int, together_min: float = DependenceRules.together_min) -> Floats:
    """Correlations in -1..1; NaN where both acted together in fewer than ``together_min`` cells, decayed to ``now``."""
    scale = np.sqrt(np.diag(state.products))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = state.products / np.outer(scale, scale)
    evidence = state.together * _weight(state.origin - now, state.half_life_ns)
    known = (evidence >= together_min) & np.isfinite(found)
    return np.where(known, np.clip(found, -1.0, 1.0), np.nan)


def market_overlap(count: int, wallets: ArrayLike, markets: ArrayLike) -> Floats:
    """Jaccard overlap of the wallets' sets of markets, 0..1: markets both traded / markets either traded.

    One row per (wallet, market), repeats count once; 0 between wallets without markets. Raises BadInput for other
    lengths and unknown wallets.
    """
    from scipy.sparse import csr_matrix

    who, market = _checked(count, wallets, markets)
    named, column = np.unique(market, return_inverse=True)
    held = csr_matrix((np.ones(len(who)), (who, column)), shape=(count, max(len(named), 1)))
    held.sum_duplicates()
    held.data[:] = 1.0
    both = np.asarray((held @ held.T).todense())
    each = np.diag(both)
    either = each[:, None] + each[None, :] - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0))


def correlated_groups(
    correlations: Floats, clusters: Sequence[str | None] | None = None, link: float = DependenceRules.link
) -> list[int]:
    """Per wallet the number of its voice, the smallest wallet in it: wallets of one voice count as one signal.

    Two wallets are one voice when their correlation exceeds ``link`` (strictly; NaN and opposite ones do not) or both
    belong to one cluster; so are chains of such pairs, because a copy of a copy is no second opinion.
    """
    count = len(correlations)
    if correlations.shape != (count, count) or (clusters is not None and len(clusters) != count):
        raise BadInput(f"correlations must be square and clusters as long as it, not {correlations.shape}")
    voice = list(range(count))

    def top(wallet: int) -> int:
        while voice[wallet] != wallet:
            voice[wallet] = voice[voice[wallet]]
            wallet = voice[wallet]
        return wallet

    a, b = np.nonzero(np.triu(np.nan_to_num(correlations) > link, k=1))
    linked = list(zip(a.tolist(), b.tolist(), strict=True))
    first_of: dict[str, int] = {}
    for wallet, cluster in enumerate(clusters or ()):
        if cluster is not None:
            linked.append((first_of.setdefault(cluster, wallet), wallet))
    for one, other in linked:
        low, high = sorted((top(one), top(other)))
        voice[high] = low
    return [top(wallet) for wallet in range(count)]


def voice_overlap(active: Sequence[int], overlap: Floats, groups: Sequence[int] | None = None) -> float:
    """Overlap in a market: the mean of ``overlap`` over pairs of the wallets now ``active`` in it, 0..1.

    Pairs inside one group are left out: they are one voice already. 0 with fewer than two voices.
    """
    pairs = [
        float(overlap[a, b])
        for place, a in enumerate(active)
        for b in active[place + 1 :]
        if a != b and (groups is None or groups[a] != groups[b])
    ]
    return float(np.mean(pairs)) if pairs else 0.0


@dataclass(frozen=True)
class Dependence:
    """Everything about the wallets at one moment: matrices in the order of ``wallets``, voices, and the table."""

    wallets: tuple[str, ...]
    overlap: Floats
    correlation: Floats
    groups: tuple[int, ...]
    table: pl.DataFrame


def dependence(
    fills: pl.DataFrame,
    at: int,
    clusters: dict[str, str] | None = None,
    rules: DependenceRules | None = None,
    nonlinear: Floats | None = None,
) -> Dependence:
    """Overlap, correlation and voices of the wallets in ``fills`` as known at ``at`` (nanoseconds); later rows do not
    count. Columns: ts_s, wallet, market, outcome, side, cash_micro. ``clusters``: wallet -> name of its cluster.

    ``nonlinear``: a second matrix of correlations in the alphabetical order of the wallets (mfdcca.py); where given,
    the larger of both counts. Raises BadInput for a market of more than two outcomes.
    """
    limits = rules or DependenceRules()
    known = fills.filter((pl.col("ts_s") <= at // SECOND) & pl.col("side").is_in(["BUY", "SELL"]))
    names = known["wallet"].unique().sort().to_list()
    if not names:
        none = np.zeros((0, 0))
        return Dependence((), none, none, (), pl.DataFrame(schema=PAIR_SCHEMA))
    count, rows = len(names), _coded(position_changes(known, limits.bin_s), names)
    state = batch(
        count, rows["at"].to_numpy(), rows["cell"].to_numpy(), rows["w"].to_numpy(), rows["change_usd"].to_numpy(),
        limits.half_life_ns,
    )  # fmt: skip
    found = correlation(state, at, limits.together_min)
    if nonlinear is not None:
        if nonlinear.shape != found.shape:
            raise BadInput(f"nonlinear must have the shape {found.shape}, not {nonlinear.shape}")
        found = np.fmax(found, nonlinear)
    recent = rows.filter(pl.col("at") > at - limits.window_s * SECOND)
    overlap = market_overlap(count, recent["w"].to_numpy(), recent["m"].to_numpy())
    groups = correlated_groups(found, [(clusters or {}).get(name) for name in names], limits.link)
    return Dependence(tuple(names), overlap, found, tuple(groups), pair_table(names, overlap, found))


def pair_table(wallets: Sequence[str], overlap: Floats, correlations: Floats) -> pl.DataFrame:
    """One row per pair that has an overlap or a correlation, wallet_a before wallet_b, in millionths; unknown is 0."""
    strength = np.nan_to_num(correlations)
    a, b = np.nonzero(np.triu((overlap != 0.0) | (strength != 0.0), k=1))
    rows = [
        (*sorted((wallets[i], wallets[j])), micro_of_float(float(overlap[i, j])), micro_of_float(float(strength[i, j])))
        for i, j in zip(a.tolist(), b.tolist(), strict=True)
    ]
    return pl.DataFrame(rows, schema=PAIR_SCHEMA, orient="row").sort("wallet_a", "wallet_b")


def position_changes(fills: pl.DataFrame, bin_s: int) -> pl.DataFrame:
    """Net change per (market, bin, wallet) in dollars: buying one outcome is +, buying the other or selling it is -.

    ``at``: the latest of the cell's fills, in nanoseconds. Which outcome is + is arbitrary, but one per market.
    Raises BadInput for a market with more than two outcomes.
    """
    outcomes = fills.group_by("market").agg(outcomes=pl.col("outcome").n_unique(), first=pl.col("outcome").min())
    many = outcomes.filter(pl.col("outcomes") > 2).sort("market")
    if many.height:
        raise BadInput(f"market {many['market'][0]} has {many['outcomes'][0]} outcomes; two are possible")
    towards = pl.when((pl.col("side") == "BUY") == (pl.col("outcome") == pl.col("first"))).then(1.0).otherwise(-1.0)
    return (
        fills.join(outcomes, on="market")
        .with_columns(bin=pl.col("ts_s") // bin_s, change=towards * pl.col("cash_micro") / 1e6)
        .group_by("market", "bin", "wallet")
        .agg(at=pl.col("ts_s").max() * SECOND, change_usd=pl.col("change").sum())
        .sort("market", "bin", "wallet")
    )


def _coded(changes: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Wallets, markets and cells as numbers."""
    return changes.with_columns(
        w=pl.col("wallet").replace_strict(names, range(len(names)), return_dtype=pl.Int64),
        m=pl.col("market").rank("dense").cast(pl.Int64),
        cell=pl.struct("market", "bin").rank("dense").cast(pl.Int64),
    )


def _checked(count: int, wallets: ArrayLike, values: ArrayLike) -> tuple[Ints, Floats]:
    who, much = np.asarray(wallets, dtype=np.int64), np.asarray(values, dtype=np.float64)
    if who.ndim != 1 or who.shape != much.shape:
        raise BadInput(f"wallets and their values must be two lists of one length, not {who.shape} and {much.shape}")
    strange = (who < 0) | (who >= count)
    if strange.any():
        raise BadInput(f"wallets must lie between 0 and {count - 1}; one is {who[strange][0]}")
    if not np.isfinite(much).all():
        raise BadInput(f"values must be finite; wallet {who[~np.isfinite(much)][0]} has {much[~np.isfinite(much)][0]}")
    return who, much


def _weight(elapsed: int, half_life_ns: int) -> float:
    """2^(elapsed / half-life): more for what is newer."""
    return float(np.exp2(elapsed / half_life_ns))


def _move_origin(state: EwmaState, to: int) -> None:
    scale = _weight(state.origin - to, state.half_life_ns)
    state.products *= scale
    state.together *= scale
    state.weight *= scale
    state.origin = to
