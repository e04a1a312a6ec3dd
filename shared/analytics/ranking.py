"""A simple, honest ranking of wallets from what was known at one instant.

Which wallets are followed is computed from the earlier part of a recording only. A wallet is judged by its return
per market (one market is one bet; the fills inside it are not independent), and ordered by the lower end of the
confidence interval of the mean, so that few lucky markets do not outrank many good ones.

Money is summed as whole micro-dollars, which makes the result independent of the order of the rows.
"""

import polars as pl

from shared.domain.errors import BadInput

Z_95 = 1.96
"""Two-sided 95% quantile of the normal distribution."""

SHRINK_MARKETS = 20
"""Weight of the prior "no edge", in markets. A binary price near 0.5 has a standard deviation near 0.5 per market
while edges between wallets differ by about 0.1, so the Bayes weight of the prior is (0.5 / 0.1)^2 = 25 markets for a
lone bet; held positions are partly hedged and entered at several prices, which lowers it to about 20."""

FILL_COLUMNS = ("wallet", "market", "token", "outcome", "side", "size", "price", "timestamp_s")
RESOLUTION_COLUMNS = ("market", "end_ts", "winner")
OUTPUT_SCHEMA = {
    "rank": pl.Int64,
    "wallet": pl.String,
    "n_markets": pl.Int64,
    "mean_return": pl.Float64,
    "return_low": pl.Float64,
    "edge": pl.Float64,
    "edge_shrunk": pl.Float64,
    "volume_usd": pl.Float64,
}
_MICRO = 1_000_000


def rank_simple(
    fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int, min_markets: int = 10, top: int = 50
) -> pl.DataFrame:
    """The first ``top`` wallets by the lower 95% bound of their mean return per market, knowing only ``as_of_s``.

    ``fills``: wallet, market, token, outcome, side (BUY or SELL), size (shares), price (dollars per share),
    timestamp_s (Unix seconds). ``resolutions``: market, end_ts (Unix seconds), winner (outcome label or null).
    Only fills up to ``as_of_s`` in markets that had ended by then with a known winner count. The return of a wallet in
    a market is (sells - buys + payout of the shares left) / (gross cost of buys); a market in which the wallet sold
    more of an outcome than it bought is left out for that wallet, because its cost is unknown.

    Returns rank, wallet, n_markets, mean_return, return_low, edge (mean over markets of the size-weighted won - price
    of the wallet's buys, dollars per share), edge_shrunk, volume_usd (buys and sells in the counted markets); wallets
    with fewer than ``min_markets`` markets or a mean return <= 0 are left out.
    Raises BadInput for a missing column, an unusable size, price or side, two winners of one market, and for
    ``min_markets`` < 2 or ``top`` < 1.
    """
    _check_arguments(fills, resolutions, min_markets, top)
    known = _known_winners(resolutions, as_of_s)
    counted = fills.filter(pl.col("timestamp_s") <= as_of_s).join(known, on="market", how="inner")
    _check_fills(counted)
    per_market = _per_wallet_and_market(counted)
    ranked = (
        _per_wallet(per_market)
        .filter((pl.col("n_markets") >= min_markets) & (pl.col("mean_return") > 0.0))
        .sort(["return_low", "wallet"], descending=[True, False])
        .head(top)
        .with_row_index("rank", offset=1)
    )
    return ranked.select([pl.col(name).cast(kind) for name, kind in OUTPUT_SCHEMA.items()])


def _check_arguments(fills: pl.DataFrame, resolutions: pl.DataFrame, min_markets: int, top: int) -> None:
    if min_markets < 2:
        raise BadInput(f"min_markets must be at least 2 for a standard error to exist, got {min_markets}.")
    if top < 1:
        raise BadInput(f"top must be at least 1, got {top}.")
    for name, frame, wanted in (("fills", fills, FILL_COLUMNS), ("resolutions", resolutions, RESOLUTION_COLUMNS)):
        missing = [column for column in wanted if column not in frame.columns]
        if missing:
            raise BadInput(f"{name} lacks the column {missing[0]!r}; it has {', '.join(frame.columns) or 'none'}.")


def _known_winners(resolutions: pl.DataFrame, as_of_s: int) -> pl.DataFrame:
    known = (
        resolutions.select(RESOLUTION_COLUMNS)
        .filter(pl.col("winner").is_not_null() & (pl.col("end_ts") <= as_of_s))
        .select("market", "winner")
        .unique()
    )
    twice = known.filter(pl.col("market").is_duplicated()).get_column("market")
    if len(twice):
        raise BadInput(f"resolutions name more than one winner for market {twice.min()!r}.")
    return known


def _check_fills(counted: pl.DataFrame) -> None:
    """Refuse what no arithmetic can repair; null and NaN fail every comparison and are caught by ``fill_null``."""
    usable = {
        "size": pl.col("size").is_finite() & (pl.col("size") > 0.0),
        "price": pl.col("price").is_finite() & (pl.col("price") >= 0.0) & (pl.col("price") <= 1.0),
        "side": pl.col("side").is_in(["BUY", "SELL"]),
    }
    for column, condition in usable.items():
        bad = counted.filter(~condition.fill_null(value=False)).get_column(column)
        if len(bad):
            raise BadInput(f"fills.{column} has {len(bad)} unusable value(s), the first is {bad[0]!r}.")


def _per_wallet_and_market(counted: pl.DataFrame) -> pl.DataFrame:
    """One row per (wallet, market): return, edge of the buys, volume. Sums are of integers, so order is immaterial."""
    shares = (pl.col("size") * _MICRO).round().cast(pl.Int64)
    cost = (pl.col("size") * pl.col("price") * _MICRO).round().cast(pl.Int64)
    buy = pl.col("side") == "BUY"
    won = pl.col("outcome") == pl.col("winner")
    per_outcome = (
        counted.select("wallet", "market", "outcome", shares=shares, cost=cost, buy=buy, won=won)
        .group_by("wallet", "market", "outcome")
        .agg(
            bought=pl.col("shares").filter("buy").sum(),
            sold=pl.col("shares").filter(~pl.col("buy")).sum(),
            spent=pl.col("cost").filter("buy").sum(),
            received=pl.col("cost").filter(~pl.col("buy")).sum(),
            won=pl.col("won").first(),
        )
    )
    payout = (pl.col("bought") - pl.col("sold")).filter("won").sum()
    return (
        per_outcome.group_by("wallet", "market")
        .agg(
            pl.col("bought", "spent", "received").sum(),
            oversold=(pl.col("sold") > pl.col("bought")).any(),
            payout=payout,
            bought_winner=pl.col("bought").filter("won").sum(),
        )
        .filter(~pl.col("oversold") & (pl.col("spent") > 0))
        .select(
            "wallet",
            "market",
            ret=(pl.col("received") - pl.col("spent") + pl.col("payout")) / pl.col("spent"),
            edge=(pl.col("bought_winner") - pl.col("spent")) / pl.col("bought"),
            volume=pl.col("spent") + pl.col("received"),
        )
    )


def _per_wallet(per_market: pl.DataFrame) -> pl.DataFrame:
    """Mean return with its lower bound, and the mean edge shrunk towards none."""
    n = pl.col("n_markets")
    return (
        # Floats are summed from here on: a fixed order of the markets makes the sums the same for any order of rows.
        per_market.sort("wallet", "market")
        .group_by("wallet", maintain_order=True)
        .agg(
            n_markets=pl.len().cast(pl.Int64),
            mean_return=pl.col("ret").mean(),
            deviation=pl.col("ret").std(ddof=1),
            edge=pl.col("edge").mean(),
            volume_usd=pl.col("volume").sum() / _MICRO,
        )
        .with_columns(
            return_low=pl.col("mean_return") - Z_95 * pl.col("deviation") / n.sqrt(),
            edge_shrunk=pl.col("edge") * n / (n + SHRINK_MARKETS),
        )
    )
