"""The tables of a generated world, and the views of them that tests read."""

from pathlib import Path

import polars as pl

from shared.adapters.synthetic import Summary

TABLES = ("trades", "resolutions", "markets", "books", "truth")


class Day:
    """The tables of one generated world."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self.trades, self.resolutions, self.markets, self.books, self.truth = (
            pl.read_parquet(summary.out / f"{name}.parquet") for name in TABLES
        )

    @property
    def prints(self) -> pl.DataFrame:
        """First deliveries only, in order of time, with whole units of 0.0001 share and whole cents."""
        first = self.trades.group_by("transactionHash").agg(first=pl.col("collected_at").min())
        return (
            self.trades.join(first, on="transactionHash", maintain_order="left")
            .filter(pl.col("collected_at") == pl.col("first"))
            .with_columns(
                units=(pl.col("size") * 10_000).round().cast(pl.Int64),
                cents=(pl.col("price") * 100).round().cast(pl.Int64),
            )
        )

    @property
    def bought(self) -> pl.DataFrame:
        """BUY prints in resolved markets with ``won`` (0 or 1), ``edge`` = won - price, and the truth of the wallet."""
        return (
            self.prints.filter(pl.col("side") == "BUY")
            .join(self.resolutions.select("slug", "winner", "end_ts"), on="slug", maintain_order="left")
            .join(self.markets.select("slug", "fee_rate"), on="slug", maintain_order="left")
            .join(self.truth, on="wallet", maintain_order="left")
            .filter(pl.col("winner").is_not_null())
            .with_columns(won=(pl.col("outcome") == pl.col("winner")).cast(pl.Float64))
            .with_columns(edge=pl.col("won") - pl.col("price"))
        )


def read_tables(out: Path) -> dict[str, pl.DataFrame]:
    return {name: pl.read_parquet(out / f"{name}.parquet") for name in TABLES}
