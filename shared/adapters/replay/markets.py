"""Market data that stands beside a recording (`markets.parquet`): fees, ends, ticks, volume."""

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.money import Fraction, Price, Shares, Usd, micro_of_float

_COLUMNS = (
    "conditionId",
    "kind",
    "slug",
    "question",
    "category",
    "token_ids",
    "outcomes",
    "tick_size",
    "min_size",
    "fee_rate",
    "start_ts",
    "end_ts",
    "volume_24h_usd",
)


def read_markets(path: Path) -> dict[str, Market]:
    """Markets by condition id; ``BadInput`` when the file cannot be read or lacks a column."""
    try:
        frame = pl.read_parquet(path)
    except (PolarsError, OSError) as error:
        raise BadInput(f"markets {path} are not readable: {str(error).splitlines()[0][:120]}") from None
    for name in _COLUMNS:
        if name not in frame.columns:
            raise BadInput(f"markets {path} have no column {name}")
    known: dict[str, Market] = {}
    for number, row in enumerate(frame.select(_COLUMNS).iter_rows()):
        try:
            market = _market(*row)
        except (BadInput, TypeError, ValueError) as error:
            raise BadInput(f"markets {path}, row {number}: {error}") from None
        known[market.market] = market
    return known


def _market(
    condition: str,
    kind: str,
    slug: str,
    question: str,
    category: str,
    tokens: list[str],
    outcomes: list[str],
    tick: float,
    min_size: float,
    fee_rate: float,
    start_ts: int | None,
    end_ts: int | None,
    volume: float | None,
) -> Market:
    return Market(
        market=condition,
        kind=MarketKind(kind),
        slug=slug,
        question=question,
        category=category,
        tokens=tuple(tokens),
        outcomes=tuple(outcomes),
        tick=Price(micro_of_float(tick)),
        min_size=Shares(micro_of_float(min_size)),
        fee_rate=Fraction(micro_of_float(fee_rate)),
        start_at=None if start_ts is None else start_ts * SECOND,
        end_at=None if end_ts is None else end_ts * SECOND,
        volume_24h=None if volume is None else Usd(micro_of_float(volume)),
    )
