"""Wallets that one person probably runs, with the evidence: they act at the same moments, in the same markets, or were
paid from one address.

Timing is judged against chance: two wallets that trade a busy token all day meet often without knowing each other.
Per token and side, time is cut into bins; two wallets meet when both act in the same bin. Were they independent, the
number of meetings would be about Poisson with mean sum over tokens of n_i * n_j / (bins in which anybody acted), which
is what `expected` says and `p_value` tests; pairs are corrected for their number (Bonferroni).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shared.domain.errors import BadInput

PAIR_SCHEMA = {
    "wallet": pl.String,
    "other": pl.String,
    "meetings": pl.Int64,
    "expected": pl.Float64,
    "lift": pl.Float64,
    "p_value": pl.Float64,
    "meeting_share": pl.Float64,
    "market_overlap": pl.Float64,
    "same_funding": pl.Boolean,
    "linked": pl.Boolean,
    "evidence": pl.String,
}
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ClusterRules:
    """``bin_s``: seconds that count as the same moment. ``meeting_share_min``: share of the less active wallet's
    moments at which the other acted too. ``overlap_min``: share of the smaller set of markets that both trade.
    ``crowd_max``: a moment at which more wallets acted than this tells nothing about any two of them.
    """

    bin_s: int = 10
    meetings_min: int = 8
    meeting_share_min: float = 0.4
    lift_min: float = 3.0
    overlap_min: float = 0.5
    significance: float = 0.001
    crowd_max: int = 50


@dataclass(frozen=True)
class Clusters:
    """``members``: wallet and its ``cluster`` (a name made of its first member), clusters of two or more only.
    ``pairs``: every pair that came into question, with its evidence, linked or not.
    """

    members: pl.DataFrame
    pairs: pl.DataFrame


def find_clusters(
    fills: pl.DataFrame, funding: Mapping[str, str] | None = None, rules: ClusterRules | None = None
) -> Clusters:
    """Clusters among the wallets of ``fills`` (ts_s, wallet, market, outcome, side; Unix seconds).

    ``funding``: wallet -> the address it was first paid from, where known; the same address links two wallets that
    trade the same markets even when their moments differ. Raises BadInput for a bin of less than a second.
    """
    limits = rules or ClusterRules()
    if limits.bin_s < 1:
        raise BadInput(f"bin_s must be at least 1 second, not {limits.bin_s}")
    acts = (
        fills.filter(pl.col("side").is_in(["BUY", "SELL"]))
        .select(
            "wallet",
            "market",
            flow=pl.concat_str(["market", "outcome", "side"], separator="\x1f"),
            bin=pl.col("ts_s") // limits.bin_s,
        )
        .unique()
    )
    wallets = acts["wallet"].unique().sort()
    if len(wallets) < 2:
        return Clusters(_members([], wallets.to_list()), pl.DataFrame(schema=PAIR_SCHEMA))
    pairs = _measured(acts, wallets, funding or {}, limits)
    linked = pairs.filter("linked").select("wallet", "other").iter_rows()
    return Clusters(_members(linked, wallets.to_list()), pairs)


def _measured(acts: pl.DataFrame, wallets: pl.Series, funding: Mapping[str, str], limits: ClusterRules) -> pl.DataFrame:
    from scipy.sparse import csr_matrix, triu
    from scipy.stats import poisson

    count = len(wallets)
    coded = acts.with_columns(
        w=pl.col("wallet").replace_strict(wallets, range(count), return_dtype=pl.Int64),
        moment=pl.struct("flow", "bin").rank("dense").cast(pl.Int64) - 1,
        f=pl.col("flow").rank("dense").cast(pl.Int64) - 1,
        m=pl.col("market").rank("dense").cast(pl.Int64) - 1,
        crowd=pl.len().over("flow", "bin"),
    )
    useful = coded.filter((pl.col("crowd") > 1) & (pl.col("crowd") <= limits.crowd_max))

    def matrix(frame: pl.DataFrame, column: str, width: int) -> "csr_matrix[np.float64]":
        index = (frame["w"].to_numpy(), frame[column].to_numpy())
        return csr_matrix((np.ones(frame.height), index), shape=(count, width))

    moments = matrix(useful, "moment", max(coded["moment"], default=0) + 1)
    met = triu(moments @ moments.T, k=1).tocoo()
    keep = met.data >= limits.meetings_min
    a, b, meetings = met.row[keep].astype(np.int64), met.col[keep].astype(np.int64), met.data[keep]
    funded = _same_funding(wallets, funding)
    a, b, meetings = _with_funded(a, b, meetings, funded)
    if len(a) == 0:
        return pl.DataFrame(schema=PAIR_SCHEMA)
    flows = coded.group_by("f").agg(bins=pl.col("bin").n_unique()).sort("f")["bins"].to_numpy().astype(np.float64)
    acted = matrix(coded, "f", len(flows))
    rate = acted.multiply(1.0 / np.sqrt(flows)).tocsr()
    expected = np.asarray(rate[a].multiply(rate[b]).sum(axis=1)).ravel()
    traded = matrix(coded.unique(["w", "m"]), "m", max(coded["m"], default=0) + 1)
    shared = np.asarray(traded[a].multiply(traded[b]).sum(axis=1)).ravel()
    each, moments_of = np.asarray(traded.sum(axis=1)).ravel(), np.asarray(acted.sum(axis=1)).ravel()
    tested = max(count * (count - 1) // 2, 1)
    table = pl.DataFrame(
        {
            "wallet": wallets.gather(a),
            "other": wallets.gather(b),
            "meetings": meetings.astype(np.int64),
            "expected": expected,
            "lift": meetings / np.maximum(expected, 1e-12),
            "p_value": np.minimum(poisson.sf(meetings - 1, np.maximum(expected, 1e-12)) * tested, 1.0),
            "meeting_share": meetings / np.minimum(moments_of[a], moments_of[b]),
            "market_overlap": shared / np.minimum(each[a], each[b]),
            "same_funding": [(i, j) in funded for i, j in zip(a.tolist(), b.tolist(), strict=True)],
        }
    )
    return _with_verdict(table, limits)


def _with_verdict(table: pl.DataFrame, limits: ClusterRules) -> pl.DataFrame:
    timing = (
        (pl.col("meetings") >= limits.meetings_min)
        & (pl.col("meeting_share") >= limits.meeting_share_min)
        & (pl.col("lift") >= limits.lift_min)
        & (pl.col("p_value") <= limits.significance)
    )
    linked = (pl.col("market_overlap") >= limits.overlap_min) & (timing | pl.col("same_funding"))
    told = pl.format(
        "{} moments in common where chance gives {}, {}% of the less active one's; {}% of its markets shared{}",
        "meetings",
        pl.col("expected").round(1),
        (100.0 * pl.col("meeting_share")).round(0).cast(pl.Int64),
        (100.0 * pl.col("market_overlap")).round(0).cast(pl.Int64),
        pl.when("same_funding").then(pl.lit("; paid from one address")).otherwise(pl.lit("")),
    )
    return (
        table.with_columns(linked=linked, evidence=told)
        .select([pl.col(name).cast(kind) for name, kind in PAIR_SCHEMA.items()])
        .sort("linked", "meetings", "wallet", "other", descending=[True, True, False, False])
    )


def _same_funding(wallets: pl.Series, funding: Mapping[str, str]) -> dict[tuple[int, int], None]:
    """Pairs of wallet numbers paid from one address."""
    by_source: dict[str, list[int]] = {}
    for number, wallet in enumerate(wallets.to_list()):
        source = funding.get(wallet)
        if source:
            by_source.setdefault(source.lower(), []).append(number)
    return {(i, j): None for members in by_source.values() for i in members for j in members if i < j}


def _with_funded(
    a: Ints, b: Ints, meetings: NDArray[np.float64], funded: Mapping[tuple[int, int], None]
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """The pairs that met often, and those paid from one address that did not."""
    known = set(zip(a.tolist(), b.tolist(), strict=True))
    more = [pair for pair in funded if pair not in known]
    if not more:
        return a, b, meetings
    extra = np.asarray(more, dtype=np.int64)
    return np.append(a, extra[:, 0]), np.append(b, extra[:, 1]), np.append(meetings, np.zeros(len(more)))


def _members(linked: Iterable[tuple[str, str]], wallets: list[str]) -> pl.DataFrame:
    """Connected components; a cluster is named after its alphabetically first wallet."""
    root = {wallet: wallet for wallet in wallets}

    def top(wallet: str) -> str:
        while root[wallet] != wallet:
            root[wallet] = root[root[wallet]]
            wallet = root[wallet]
        return wallet

    for one, other in linked:
        first, second = sorted((top(one), top(other)))
        root[second] = first
    named = [(wallet, top(wallet)) for wallet in wallets]
    sizes: dict[str, int] = {}
    for _, name in named:
        sizes[name] = sizes.get(name, 0) + 1
    rows = [(wallet, f"cluster-{name[:10]}") for wallet, name in named if sizes[name] > 1]
    return pl.DataFrame(rows, schema={"wallet": pl.String, "cluster": pl.String}, orient="row")
