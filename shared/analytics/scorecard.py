"""The whole ranking in one call: fills and resolutions in, one explained row per wallet out.

A ranking knows what was public at ``as_of_s`` and nothing later. It is a function of the set of fills: not of their
order, of the files they came in, or of the names of the wallets.

Whose returns are ranked: those a follower would have had. Some recordings cannot show them (trades of one wallet only,
or one print per token): where fewer than one in twenty of the wallets' market records could be followed at all, the
wallets' own returns are ranked instead, and the table says so (``basis``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from shared.analytics.accounts import market_facts
from shared.analytics.allocation import Floats, Ints, allocate, correlations
from shared.analytics.categories import category_expr, category_mix
from shared.analytics.clusters import find_clusters
from shared.analytics.entries import first_entries
from shared.analytics.flags import flag_wallets
from shared.analytics.follower import Rules, follower_markets
from shared.analytics.profile import daily_sharpe, profiles, usable_markets
from shared.analytics.quality import gate_of, quality_of
from shared.analytics.returns import wallet_markets
from shared.analytics.scoring import ScoringRules, score_bets

OUTPUT_SCHEMA: dict[str, pl.DataType] = {
    "wallet": pl.String(),
    "n_trades": pl.Int64(),
    "n_markets": pl.Int64(),
    "n_resolved": pl.Int64(),
    "volume_usd": pl.Float64(),
    "pnl_usd": pl.Float64(),
    "fees_usd": pl.Float64(),
    "roi": pl.Float64(),
    "win_rate": pl.Float64(),
    "win_rate_low": pl.Float64(),
    "price_paid": pl.Float64(),
    "profit_factor": pl.Float64(),
    "sharpe_30": pl.Float64(),
    "sharpe_90": pl.Float64(),
    "sharpe_low": pl.Float64(),
    "sharpe_high": pl.Float64(),
    "sharpe_z": pl.Float64(),
    "win_rate_z": pl.Float64(),
    "score": pl.Float64(),
    "quality": pl.Float64(),
    "rank": pl.Int64(),
    "p_value": pl.Float64(),
    "q_value": pl.Float64(),
    "follower_pnl_usd": pl.Float64(),
    "follower_sharpe_low": pl.Float64(),
    "eligible": pl.Boolean(),
    "reason": pl.String(),
    "flags": pl.String(),
    "cluster": pl.String(),
    "allocation": pl.Float64(),
}
"""The stable columns of a score table. ``sharpe_low`` and ``sharpe_high`` bound the ratio that is ranked;
``follower_sharpe_low`` is null where followers could not be shown. ``flags`` are separated by commas.
"""

FOLLOWED_MIN = 0.05
"""Share of the market records that must have been followable for the follower's returns to be ranked."""
CONSIDERED = 200
"""Best ranked wallets among which correlation and overlap are looked at and capital is split."""
CORRELATION_MAX = 0.7
OVERLAP_FLAG = 0.5
DAY_S = 86_400.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scorecard:
    """``table``: ``OUTPUT_SCHEMA``, best rank first. ``detail``: the same wallets with everything behind the columns
    (gate, components of quality, category mix, evidence of flags, annualised Sharpe, drawdown). ``pairs``: pairs of
    wallets that came into question as one person's, with evidence. ``basis``: "follower" or "own". ``records``: the
    returns that were ranked, one row per wallet and market (wallet, market, category, ret).
    """

    table: pl.DataFrame
    detail: pl.DataFrame
    pairs: pl.DataFrame
    basis: str
    as_of_s: int
    records: pl.DataFrame = field(default_factory=pl.DataFrame)


def _quiet(_: str) -> None:
    return


def score_wallets(
    fills: pl.DataFrame,
    resolutions: pl.DataFrame,
    as_of_s: int | None = None,
    rules: ScoringRules | None = None,
    funding: Mapping[str, str] | None = None,
    say: Say = _quiet,
    progress: Callable[[int], None] | None = None,
) -> Scorecard:
    """Score and rank every wallet of ``fills`` as of an instant (Unix seconds; None: after the last row).

    ``fills`` and ``resolutions`` as read by adapters/scores/activity.py. ``funding``: wallet -> address it was first
    paid from, where known. ``say`` hears each step, ``progress`` the wallets done in the
    bootstrap. Raises BadInput for unusable frames, and when nothing happened up to ``as_of_s``.
    """
    limits = rules or ScoringRules()
    say("accounting")
    markets = wallet_markets(fills, resolutions, as_of_s)
    known = fills if as_of_s is None else fills.filter(pl.col("ts_s") <= as_of_s)
    facts = market_facts(known, resolutions, as_of_s)
    last = max(
        (int(value) for value in (known["ts_s"].max(), facts["end_ts"].max()) if isinstance(value, int)), default=0
    )
    now_s = last if as_of_s is None else as_of_s
    markets = usable_markets(markets, known).with_columns(
        category=category_expr(pl.when(pl.col("slug").fill_null("") != "").then("slug").otherwise("market"))
    )
    markets, basis = _with_follower(markets, known, resolutions, as_of_s, limits, say)
    say("recognising market makers, wash trading and clusters")
    flagged = flag_wallets(known)
    clusters = find_clusters(known, funding)
    wallets = profiles(markets, known, basis, now_s).join(flagged.drop("n_trades"), on="wallet", how="left")
    bets = _bets(markets, first_entries(known, facts), basis, now_s)
    say(f"bootstrapping {bets['wallet'].n_unique():,} wallets")
    scored = score_bets(bets, wallets, limits, progress)
    scored = (
        scored.join(daily_sharpe(fills, resolutions, as_of_s), on="wallet", how="left", maintain_order="left")
        .join(category_mix(markets), on="wallet", how="left", maintain_order="left")
        .join(clusters.members, on="wallet", how="left", maintain_order="left")
    )
    gated = gate_of(quality_of(scored), limits.gates)
    detail = _with_flags(_with_allocation(gated, bets)).with_columns(
        follower_sharpe_low=pl.col("sharpe_low") if basis == "follower" else pl.lit(None, pl.Float64)
    )
    table = detail.select([pl.col(name).cast(kind) for name, kind in OUTPUT_SCHEMA.items()])
    return Scorecard(table, detail, clusters.pairs, basis, now_s, _records(markets, bets))


def _with_follower(
    markets: pl.DataFrame,
    known: pl.DataFrame,
    resolutions: pl.DataFrame,
    as_of_s: int | None,
    limits: ScoringRules,
    say: Say,
) -> tuple[pl.DataFrame, str]:
    """The market records with what a follower would have made, and whose returns are ranked."""
    say(f"following every trade {limits.delay_s:g} s later")
    copied = follower_markets(known, resolutions, Rules(delay_s=limits.delay_s), as_of_s).select(
        "wallet", "market", "filled_share", "follower_pnl_micro", "follower_ret"
    )
    joined = markets.join(copied, on=["wallet", "market"], how="left", maintain_order="left")
    resolved = joined.filter("resolved")
    shown = resolved["follower_ret"].is_not_null().sum()
    if limits.basis != "auto":
        return joined, limits.basis
    return joined, "follower" if shown > 0 and shown >= FOLLOWED_MIN * resolved.height else "own"


def _bets(markets: pl.DataFrame, entries: pl.DataFrame, basis: str, now_s: int) -> pl.DataFrame:
    """One row per wallet and resolved market that counts, as ``score_bets`` wants it."""
    returned = "follower_ret" if basis == "follower" else "ret"
    ended = pl.coalesce("end_ts", "last_ts")
    return (
        markets.filter(pl.col("resolved") & ~pl.col("left_out"))
        .join(entries, on=["wallet", "market"], how="left")
        .select(
            "wallet",
            "market",
            order_ts=ended,
            ret=pl.col(returned).fill_nan(None),
            pnl=pl.col("pnl_micro") / 1e6,
            age_days=((now_s - ended) / DAY_S).clip(0.0),
            entry_price="entry_price",
            entry_won="entry_won",
        )
    )


def _records(markets: pl.DataFrame, bets: pl.DataFrame) -> pl.DataFrame:
    """The ranked returns with their markets' categories."""
    ranked = bets.filter(pl.col("ret").is_not_null()).select("wallet", "market", "ret")
    named = markets.select("wallet", "market", "category")
    return ranked.join(named, on=["wallet", "market"], how="left").select("wallet", "market", "category", "ret")


def _with_allocation(gated: pl.DataFrame, bets: pl.DataFrame) -> pl.DataFrame:
    """Capital among the best ranked: one wallet per cluster, none that moves like a better one already chosen."""
    best = gated.filter(pl.col("rank").is_not_null()).head(CONSIDERED)
    names = best["wallet"].to_list()
    number = {wallet: place for place, wallet in enumerate(names)}
    among = bets.filter(pl.col("wallet").is_in(best["wallet"].implode()) & pl.col("ret").is_not_null()).with_columns(
        w=pl.col("wallet").replace_strict(number, return_dtype=pl.Int64, default=None),
        m=pl.col("market").rank("dense").cast(pl.Int64) - 1,
    )
    keys, owners = among["m"].to_numpy().astype(np.int64), among["w"].to_numpy().astype(np.int64)
    together = correlations(keys, owners, among["ret"].to_numpy().astype(np.float64), len(names))
    overlap = _overlap(keys, owners, len(names))
    gates, crowded = best["gate"].to_list(), [False] * len(names)
    chosen: list[int] = []
    taken: set[str] = set()
    for place, (gate, cluster) in enumerate(zip(list(gates), best["cluster"].to_list(), strict=True)):
        if gate not in ("copy", "try"):
            continue
        crowded[place] = bool(chosen) and float(overlap[place, chosen].max()) > OVERLAP_FLAG
        if cluster is not None and cluster in taken:
            gates[place] = "cluster"
        elif chosen and float(np.nan_to_num(together[place, chosen]).max()) > CORRELATION_MAX:
            gates[place] = "correlated"
        else:
            chosen.append(place)
            taken |= {cluster} if cluster is not None else set()
    shares = np.zeros(len(names))
    if chosen:
        shares[chosen] = allocate(
            [float(best["quality"][place]) for place in chosen],
            together[np.ix_(chosen, chosen)],
            [gates[place] == "try" for place in chosen],
        )
    decided = pl.DataFrame(
        {"wallet": names, "gate_after": gates, "overlap": crowded, "allocation": shares.tolist()},
        schema={"wallet": pl.String, "gate_after": pl.String, "overlap": pl.Boolean, "allocation": pl.Float64},
    )
    return (
        gated.join(decided, on="wallet", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("gate_after", "gate").alias("gate"),
            pl.col("allocation").fill_null(0.0),
            pl.col("overlap").fill_null(value=False),
        )
        .drop("gate_after")
    )


def _overlap(keys: Ints, owners: Ints, count: int) -> Floats:
    """Share of the smaller set of markets that two wallets both trade, as a matrix."""
    held = np.zeros((count, int(keys.max()) + 1 if len(keys) else 1))
    held[owners, keys] = 1.0
    shared = held @ held.T
    sizes = np.maximum(held.sum(axis=1), 1.0)
    return np.asarray(shared / np.minimum.outer(sizes, sizes), dtype=np.float64)


def _with_flags(detail: pl.DataFrame) -> pl.DataFrame:
    named = {
        "incomplete_history": "incomplete_history",
        "market_maker": "market_maker",
        "wash_trading": "wash_trading",
        "overlap": "overlap",
        "markets_left_out": "left_out",
        "specialist": "specialist",
    }
    parts = [
        pl.when(pl.col(column).fill_null(value=False)).then(pl.lit(text)).otherwise(None)
        for column, text in named.items()
    ]
    return detail.with_columns(
        markets_left_out=pl.col("n_left_out") > 0,
        specialist=(pl.col("category_share") >= 0.8) & (pl.col("n_markets") >= 10),
    ).with_columns(
        flags=pl.concat_list(*parts, pl.when(pl.col("gate") == "correlated").then(pl.lit("correlated")).otherwise(None))
        .list.drop_nulls()
        .list.join(",")
    )
