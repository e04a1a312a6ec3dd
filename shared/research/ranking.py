"""Who is followed in a walk-forward replay: ranked on the earlier part, or named by the caller."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from pyarrow.lib import ArrowException

from shared.adapters.replay.recording import Recording
from shared.analytics.ranking import rank_simple
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import float_of_micro, micro_of_float
from shared.domain.whale import RankedWallet, Ranking


def walk_forward(prints: pl.DataFrame, resolutions: pl.DataFrame, markets: dict[str, str], as_of: int) -> Ranking:
    """The simple ranking at ``as_of`` (nanoseconds), from trades and resolutions known by then only."""
    fills = prints.filter(pl.col("ts_ns") <= as_of).select(
        "wallet",
        "market",
        "token",
        "outcome",
        "side",
        (pl.col("size") / 1_000_000).alias("size"),
        (pl.col("price") / 1_000_000).alias("price"),
        (pl.col("ts_ns") // SECOND).alias("timestamp_s"),
    )
    by_key = dict(zip(resolutions["key"], zip(resolutions["end_ts"], resolutions["winner"], strict=True), strict=True))
    known = [(m, *found) for m, slug in markets.items() if (found := by_key.get(m) or by_key.get(slug)) is not None]
    table = pl.DataFrame(
        known, schema={"market": pl.String, "end_ts": pl.Int64, "winner": pl.String}, orient="row"
    ).filter(pl.col("end_ts").is_not_null())
    ranked = rank_simple(fills, table, as_of // SECOND)
    wallets = tuple(
        RankedWallet(
            wallet,
            rank,
            n,
            micro_of_float(edge) * n,
            mean_return=micro_of_float(mean),
            return_low=micro_of_float(low),
            volume=micro_of_float(volume),
        )
        for rank, wallet, n, edge, mean, low, volume in ranked.select(
            "rank", "wallet", "n_markets", "edge", "mean_return", "return_low", "volume_usd"
        ).iter_rows()
    )
    return Ranking(as_of, "simple", wallets)


def most_active(recording: Recording, as_of: int, most: int = 50) -> Ranking:
    """The recording's busiest wallets, for a run in which nobody could be ranked: watched, with nothing known of them.

    Being busy later is no edge; each is copied only once its own resolved markets speak for it.
    """
    trades = recording.prints.group_by("wallet").len().sort(["len", "wallet"], descending=[True, False]).head(most)
    names = recording.names["wallet"]
    wallets = [str(names[code]) for code in trades["wallet"].to_list()]
    ranked = tuple(RankedWallet(wallet, rank, pinned=True) for rank, wallet in enumerate(wallets, start=1))
    return Ranking(as_of, "most active", ranked)


def named(path: Path, as_of: int) -> Ranking:
    """The wallets of a file, one per line or the column ``wallet`` of a Parquet file; their edge is not known yet."""
    if not path.exists():
        raise BadInput(f"whales file {path} does not exist")
    try:
        lines = _parquet_wallets(path) if path.suffix == ".parquet" else path.read_text(encoding="utf-8").splitlines()
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"whales file {path} is not readable: {str(error).splitlines()[0][:120]}") from None
    names = dict.fromkeys(line.strip().lower() for line in lines if line.strip())
    if not names:
        raise BadInput(f"whales file {path} names no wallet")
    wallets = tuple(RankedWallet(wallet, rank, pinned=True) for rank, wallet in enumerate(names, start=1))
    return Ranking(as_of, "named", wallets)


def _parquet_wallets(path: Path) -> list[str]:
    with pq.ParquetFile(path) as file:
        if "wallet" not in file.schema_arrow.names:
            raise BadInput(f"whales file {path} has no column wallet")
        return [str(wallet or "") for wallet in file.read(["wallet"]).column("wallet").to_pylist()]


def describe(wallet: RankedWallet) -> str:
    """One line for people."""
    edge = float_of_micro(wallet.edge_total) / wallet.n_markets if wallet.n_markets else 0.0
    return f"{wallet.rank:>3}  {wallet.wallet}  {wallet.n_markets:>5} markets  mean edge {edge:+.4f}"
