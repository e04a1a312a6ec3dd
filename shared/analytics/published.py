"""The ranking as the trader reads it: who is followed from now on, with the record that sizing starts from."""

import math

import polars as pl

from shared.analytics.scorecard import Scorecard
from shared.domain.instants import SECOND
from shared.domain.money import micro_of_float
from shared.domain.whale import RankedWallet, Ranking

WATCHED_MAX = 100
SOURCE = "scored"


def ranking_of(card: Scorecard, watched_max: int = WATCHED_MAX, allocated_only: bool = True) -> Ranking:
    """The watch list of a score table: the best ranked wallets that were given capital (or all that are eligible)."""
    wanted = (pl.col("allocation") > 0.0) if allocated_only else pl.col("rank").is_not_null()
    chosen = card.detail.filter(wanted).head(watched_max)
    wallets = tuple(_ranked(row, place) for place, row in enumerate(chosen.iter_rows(named=True), start=1))
    return Ranking(card.as_of_s * SECOND, SOURCE, wallets)


def _ranked(row: dict[str, object], place: int) -> RankedWallet:
    n = int(_number(row, "n_resolved"))
    mean, ratio = _number(row, "mean_return"), _number(row, "sharpe")
    # The ratio's interval in units of the return: the deviation is the mean over the ratio.
    low = mean * _number(row, "sharpe_low") / ratio if ratio != 0.0 else 0.0
    return RankedWallet(
        wallet=str(row["wallet"]),
        rank=place,
        n_markets=n,
        edge_total=micro_of_float(_number(row, "win_rate") - _number(row, "price_paid")) * n,
        mean_return=micro_of_float(mean),
        return_low=micro_of_float(low),
        volume=micro_of_float(_number(row, "volume_usd")),
    )


def _number(row: dict[str, object], name: str) -> float:
    value = row[name]
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
