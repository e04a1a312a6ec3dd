"""Recorded market resolutions: who won, and from when on that is known."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from msgspec import Struct
from pyarrow.lib import ArrowException

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import ONE


class Resolution(Struct, frozen=True):
    """A market's winner by outcome label and the instant it acts (nanoseconds; None: after the last row)."""

    winner: str
    end_at: int | None


def read_resolutions(path: Path) -> pl.DataFrame:
    """Columns key (condition id, slug or market name), end_ts (seconds, nullable), winner (nullable); ``BadInput``
    when the file cannot be read or lacks a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            raw = pl.from_arrow(file.read())
    except (ArrowException, OSError) as error:
        raise BadInput(f"resolutions {path} are not readable: {str(error).splitlines()[0][:120]}") from None
    assert isinstance(raw, pl.DataFrame)
    keys = [name for name in ("conditionId", "slug", "market") if name in raw.columns]
    winner = "winner" if "winner" in raw.columns else "winning_outcome"
    if not keys:
        raise BadInput(f"resolutions {path} have no column conditionId, slug or market")
    if winner not in raw.columns:
        raise BadInput(f"resolutions {path} have no column winner")
    end = pl.col("end_ts").cast(pl.Int64, strict=False) if "end_ts" in raw.columns else pl.lit(None, pl.Int64)
    facts = (end.alias("end_ts"), pl.col(winner).cast(pl.String).alias("winner"))
    parts = [raw.select(pl.col(key).cast(pl.String).alias("key"), *facts) for key in keys]
    return pl.concat(parts).filter(pl.col("key").is_not_null()).unique("key", keep="first", maintain_order=True)


def payouts(
    markets: dict[str, str], outcomes: dict[str, dict[str, str]], resolutions: pl.DataFrame, sentences: list[str]
) -> list[tuple[int | None, str, dict[str, int]]]:
    """What each resolved market pays: (instant, market, token -> micro-dollars per share), in file order.

    ``markets``: market -> slug; ``outcomes``: market -> outcome label -> token. A winner that is none of the outcomes
    of a market whose two tokens are known is refused with a sentence.
    """
    known = {key: (end, winner) for key, end, winner in resolutions.iter_rows() if winner is not None}
    found: list[tuple[int | None, str, dict[str, int]]] = []
    for market, slug in markets.items():
        resolution = known.get(market) or known.get(slug)
        if resolution is None:
            continue
        end, winner = resolution
        labels = {label.lower(): token for label, token in outcomes[market].items()}
        if winner.lower() not in labels and len(labels) > 1:
            sentences.append(f"resolution of {slug or market}: winner is {winner!r}, not one of {sorted(labels)}")
            continue
        paid = {token: ONE if label == winner.lower() else 0 for label, token in labels.items()}
        found.append((None if end is None else end * SECOND, market, paid))
    return found
