"""One bet per wallet and market: what a wallet first bought there, at what price, and whether it won.

The win rate, the price paid and the test of one against the other need bets that are fair when there is no edge. The
first purchase is: it is made before anything that follows, so its chance to win is its price. Averages over all of a
market's purchases are not: a wallet that buys at 0.50 and, only when that goes wrong, hedges with the other outcome at
0.90 "wins" 90% of its markets at an average price of 0.70 and has no edge at all.
"""

import polars as pl

ENTRY_SCHEMA = {
    "wallet": pl.String,
    "market": pl.String,
    "entry_ts": pl.Int64,
    "entry_price": pl.Float64,
    "entry_won": pl.Float64,
}


def first_entries(fills: pl.DataFrame, winners: pl.DataFrame) -> pl.DataFrame:
    """The first purchase of each wallet in each market with a winner (columns of ``ENTRY_SCHEMA``).

    ``fills``: ts_s (Unix seconds), wallet, market, outcome, side, price_micro, size_micro, type. ``winners``: market,
    winner. Fills of one second and one outcome are one purchase at their mean price weighted by shares; a wallet that
    bought both outcomes in its first second made no bet there and is left out. ``entry_won`` is 1 or 0; a price
    outside 0 to 1 is left out, because no bet can be fair at it.
    """
    buys = fills.filter((pl.col("type") == "TRADE") & (pl.col("side") == "BUY") & (pl.col("size_micro") > 0)).join(
        winners.select("market", "winner").drop_nulls(), on="market", how="inner"
    )
    first = buys.filter(pl.col("ts_s") == pl.col("ts_s").min().over("wallet", "market"))
    size, value = pl.col("size_micro"), (pl.col("price_micro").cast(pl.Float64) * pl.col("size_micro") / 1e6).round()
    return (
        first.group_by("wallet", "market")
        .agg(
            entry_ts=pl.col("ts_s").first(),
            entry_price=value.cast(pl.Int64).sum() / size.sum(),
            entry_won=(pl.col("outcome").str.to_lowercase() == pl.col("winner").str.to_lowercase())
            .first()
            .cast(pl.Float64),
            sides=pl.col("outcome").n_unique(),
        )
        .filter((pl.col("sides") == 1) & pl.col("entry_price").is_between(0.0, 1.0, closed="none"))
        .select([pl.col(name).cast(kind) for name, kind in ENTRY_SCHEMA.items()])
        .sort("wallet", "entry_ts", "market")
    )
