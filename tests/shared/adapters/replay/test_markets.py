from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shared.adapters.replay.markets import read_markets
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.market import MarketKind
from shared.domain.money import dollars

GOOD: dict[str, Any] = {
    "conditionId": "0xc0",
    "kind": "event",
    "slug": "will-it",
    "question": "Will it?",
    "category": "politics",
    "token_ids": ["1", "2"],
    "outcomes": ["Yes", "No"],
    "tick_size": 0.001,
    "min_size": 5.0,
    "fee_rate": 0.04,
    "start_ts": None,
    "end_ts": 1_774_300_000,
    "volume_24h_usd": 75_000.0,
}


def markets(folder: Path, **changes: Any) -> Path:
    path = folder / "markets.parquet"
    good = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    pl.DataFrame([GOOD | good] if ... not in changes.values() else [good]).write_parquet(path)
    return path


def test_a_market_is_read_in_the_units_of_the_house(tmp_path: Path) -> None:
    (found,) = read_markets(markets(tmp_path)).values()
    assert (found.market, found.kind, found.tokens, found.outcomes) == (
        "0xc0",
        MarketKind.EVENT,
        ("1", "2"),
        ("Yes", "No"),
    )
    assert (found.tick, found.min_size, found.fee_rate) == (1_000, 5_000_000, 40_000)
    assert (found.start_at, found.end_at, found.volume_24h) == (None, 1_774_300_000 * SECOND, dollars(75_000))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_column_is_named(tmp_path: Path, name: str) -> None:
    path = markets(tmp_path, **{name: ...})
    with pytest.raises(BadInput, match=f"^markets {path} have no column {name}$"):
        read_markets(path)


@pytest.mark.parametrize("changes", [{"kind": "lottery"}, {"tick_size": float("nan")}, {"tick_size": None}])
def test_a_value_without_sense_is_told_with_its_row(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = markets(tmp_path, **changes)
    with pytest.raises(BadInput, match=f"^markets {path}, row 0: "):
        read_markets(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "markets.parquet"
    path.write_bytes(b"PAR1PAR1")
    with pytest.raises(BadInput, match=f"^markets {path} are not readable: "):
        read_markets(path)
