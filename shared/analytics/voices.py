"""Which followed wallets are independent voices, and where their word weighs more: the table decisions read (spec 5).

Overlap and linear correlation are those of ``dependence``. The non-linear measure, MF-DCCA, joins in for pairs that
acted together often enough: its coefficient rho_DCCA (Zebende, Physica A 390 (2011) 614-618) of both wallets' changes
in the cells in which either acted, the median over all scales, so that none is picked for its noise. It sees what the
cells themselves do not: one wallet that goes where another went a few cells before. The larger of both is published.

A specialist is measured in units of its own record. Let d be (its mean return in the category - its mean return) over
the standard deviation of its returns: an estimate with variance v = 1/n_c - 1/n, since the category is part of the
whole. With the prior d ~ N(0, A) its expectation is A / (A + v) d (Efron & Morris, J. American Statistical Association
68 (1973) 117-130, section 2), and the factor on its weight is 1 plus that, within ``factor_min``..``factor_max``.
Returns beyond ``return_max`` are cut: one long shot that paid twenty times its price makes nobody a specialist.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shared.analytics.dependence import Dependence, DependenceRules, dependence, position_changes
from shared.analytics.mfdcca import SCALE_MIN, mfdcca
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import ONE, micro_of_float
from shared.domain.tables import Pair, Voices

Floats = NDArray[np.float64]
RECORD_SCHEMA = {"wallet": pl.String, "market": pl.String, "category": pl.String, "ret": pl.Float64}
"""Returns per wallet and resolved market, with the market's category."""
_LENGTH_MIN = 4 * SCALE_MIN
"""MF-DCCA needs this many cells: the longest scale is a quarter of them."""
_FLAT = 1e-12
"""Returns that vary less than this are equal but for rounding."""


@dataclass(frozen=True)
class VoiceRules:
    """``dependence``: those of the correlation. ``together_min``: cells in which both acted from which on MF-DCCA joins
    in, for at most ``pairs_max`` pairs, those that met most often, and their latest ``cells_max`` cells.

    ``markets_min``: resolved markets in a category below which nothing is said of it. ``prior``: the variance A of true
    differences, in squared standard deviations of a wallet's returns.
    """

    dependence: DependenceRules = field(default_factory=DependenceRules)
    together_min: int = 20
    pairs_max: int = 500
    cells_max: int = 2_000
    markets_min: int = 10
    prior: float = 0.04
    return_max: float = 3.0
    factor_min: float = 0.5
    factor_max: float = 2.0

    def __post_init__(self) -> None:
        for name in ("together_min", "pairs_max", "prior", "return_max"):
            if not getattr(self, name) > 0:
                raise BadInput(f"{name} must be positive, not {getattr(self, name)}")
        if self.cells_max < _LENGTH_MIN:
            raise BadInput(f"cells_max must be at least {_LENGTH_MIN}, not {self.cells_max}")
        if self.markets_min < 2:
            raise BadInput(f"markets_min must be at least 2, not {self.markets_min}")
        if not 0.0 < self.factor_min <= 1.0 <= self.factor_max:
            raise BadInput(f"factor_min and factor_max must enclose 1, not {self.factor_min} and {self.factor_max}")


def voices(
    fills: pl.DataFrame,
    at: int,
    wallets: Iterable[str],
    clusters: Mapping[str, str] | None = None,
    records: pl.DataFrame | None = None,
    rules: VoiceRules | None = None,
) -> Voices:
    """The table of these wallets as known at ``at`` (nanoseconds UTC); later fills do not count.

    ``fills`` as ``dependence`` reads them, ``clusters``: wallet -> name of its cluster, ``records``: ``RECORD_SCHEMA``,
    of what was resolved by then. The order of rows and wallets does not matter. Markets of more than two outcomes say
    nothing of who is on which side and are left out of the pairs.
    """
    limits = rules or VoiceRules()
    named = sorted(dict.fromkeys(wallets))
    known = _binary(
        fills.filter(
            pl.col("wallet").is_in(named) & pl.col("side").is_in(["BUY", "SELL"]) & (pl.col("ts_s") <= at // SECOND)
        )
    )
    found = dependence(known, at, dict(clusters or {}), limits.dependence, _nonlinear(known, limits))
    return Voices(
        as_of=at,
        pairs=tuple(Pair(*row) for row in found.table.iter_rows()),
        groups=_groups(found),
        specialists=specialists(named, records, limits) if records is not None else {},
    )


def _binary(fills: pl.DataFrame) -> pl.DataFrame:
    return fills.filter(pl.col("outcome").n_unique().over("market") <= 2)


def _groups(found: Dependence) -> dict[str, str]:
    """Voices of two wallets or more, each named after its first wallet."""
    return {
        wallet: found.wallets[group]
        for wallet, group in zip(found.wallets, found.groups, strict=True)
        if found.groups.count(group) > 1
    }


# ---------------------------------------------------------------------- the non-linear measure


def _nonlinear(fills: pl.DataFrame, limits: VoiceRules) -> Floats | None:
    """rho_DCCA of the pairs that met often enough, NaN elsewhere, by wallets in alphabetical order."""
    from scipy.sparse import csr_matrix

    names = fills["wallet"].unique().sort().to_list()
    if len(names) < 2:
        return None
    rows = _numbered(position_changes(fills, limits.dependence.bin_s), names)
    who, cell = rows["w"].to_numpy(), rows["cell"].to_numpy()
    shape = (len(names), int(cell.max()) + 1)
    changed = csr_matrix((rows["change_usd"].to_numpy(), (who, cell)), shape=shape)
    changed.eliminate_zeros()
    acted = changed.copy()
    acted.data[:] = 1.0
    together = np.asarray((acted @ acted.T).todense())
    first, second = np.nonzero(np.triu(together >= limits.together_min, k=1))
    order = np.argsort(-together[first, second], kind="stable")[: limits.pairs_max]
    found = np.full((len(names), len(names)), np.nan)
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        pair = changed[[i, j]]
        cells = np.unique(pair.indices)[-limits.cells_max :]
        one, other = pair[:, cells].toarray()
        found[i, j] = found[j, i] = _coefficient(one, other)
    return found


def _numbered(changes: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Position changes with the numbers of wallet and cell (a market in a bin of time), cells by time, then market."""
    cells = changes.select("bin", "market").unique().sort("bin", "market").with_row_index("cell")
    return changes.join(cells.cast({"cell": pl.Int64}), on=["bin", "market"]).with_columns(
        w=pl.col("wallet").replace_strict(list(names), range(len(names)), return_dtype=pl.Int64)
    )


def _coefficient(one: Floats, other: Floats) -> float:
    """Median of rho_DCCA over the default scales; NaN where the series are too short or stand still."""
    if len(one) < _LENGTH_MIN or np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return float("nan")
    rho = mfdcca(one, other, q=(2.0,)).rho
    known = rho[np.isfinite(rho)]
    return float(np.median(known)) if len(known) else float("nan")


# ---------------------------------------------------------------------- specialists


def specialists(
    wallets: Iterable[str], records: pl.DataFrame, rules: VoiceRules | None = None
) -> dict[str, dict[str, int]]:
    """Per wallet and category the factor on its weight there in millionths, where it is not ONE; see the module.

    Raises BadInput for a missing column and for returns that are not finite.
    """
    limits = rules or VoiceRules()
    missing = [name for name in RECORD_SCHEMA if name not in records.columns]
    if missing:
        raise BadInput(f"records lack the column {missing[0]!r}; they have {', '.join(records.columns) or 'none'}")
    rows = (
        records.filter(pl.col("wallet").is_in(list(wallets)) & pl.col("ret").is_not_null())
        .select("wallet", "category", "market", ret=pl.col("ret").cast(pl.Float64))
        .sort("wallet", "category", "market", "ret")
    )
    if not rows["ret"].is_finite().all():
        wrong = rows.filter(~pl.col("ret").is_finite())
        raise BadInput(f"records.ret of wallet {wrong['wallet'][0]} must be finite, not {wrong['ret'][0]}")
    found: dict[str, dict[str, int]] = {}
    for (wallet,), part in rows.group_by("wallet", maintain_order=True):
        factors = _factors(part["category"].to_list(), part["ret"].to_numpy(), limits)
        if factors:
            found[str(wallet)] = factors
    return found


def _factors(categories: Sequence[str], returns: Floats, limits: VoiceRules) -> dict[str, int]:
    """The factors of one wallet's markets; none for a wallet of one category, whose word is measured by it already."""
    cut = np.minimum(returns, limits.return_max)
    spread, mean, count = float(cut.std()), float(cut.mean()), len(cut)
    named = np.array(categories, dtype=object)
    factors: dict[str, int] = {}
    for category in dict.fromkeys(categories):
        chosen = cut[named == category]
        variance = 1.0 / len(chosen) - 1.0 / count
        if not category or len(chosen) < limits.markets_min or variance <= 0.0 or spread <= _FLAT:
            continue
        difference = (float(chosen.mean()) - mean) / spread
        factor = 1.0 + limits.prior / (limits.prior + variance) * difference
        micro = micro_of_float(min(max(factor, limits.factor_min), limits.factor_max))
        if micro != ONE:
            factors[category] = micro
    return factors
