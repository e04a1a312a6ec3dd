from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shared.adapters.replay.resolutions import payouts, read_resolutions
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND

MARKETS = {"m": "slug-m"}
OUTCOMES = {"m": {"Up": "m:Up", "Down": "m:Down"}}


def table(path: Path, **columns: list[Any]) -> pl.DataFrame:
    pl.DataFrame(columns).write_parquet(path / "r.parquet")
    return read_resolutions(path / "r.parquet")


def paid(found: pl.DataFrame) -> tuple[list[tuple[int | None, str, dict[str, int]]], list[str]]:
    sentences: list[str] = []
    return payouts(MARKETS, OUTCOMES, found, sentences), sentences


@pytest.mark.parametrize("key", ["slug", "market", "conditionId"])
def test_the_winner_pays_a_dollar_and_the_loser_nothing(tmp_path: Path, key: str) -> None:
    name = {"slug": "slug-m", "market": "m", "conditionId": "m"}[key]
    columns: dict[str, list[Any]] = {key: [name], "end_ts": [100], "winner": ["Down"]}
    found, sentences = paid(table(tmp_path, **columns))
    assert found == [(100 * SECOND, "m", {"m:Up": 0, "m:Down": 1_000_000})]
    assert sentences == []


def test_a_winner_without_an_end_acts_after_the_last_row(tmp_path: Path) -> None:
    assert paid(table(tmp_path, slug=["slug-m"], winner=["up"]))[0][0][0] is None


def test_a_null_winner_resolves_nothing(tmp_path: Path) -> None:
    assert paid(table(tmp_path, slug=["slug-m", "other"], winner=[None, "Up"])) == ([], [])


def test_an_unknown_outcome_is_refused_with_one_sentence(tmp_path: Path) -> None:
    found, sentences = paid(table(tmp_path, slug=["slug-m"], winner=["Sideways"]))
    assert found == []
    assert sentences == ["resolution of slug-m: winner is 'Sideways', not one of ['down', 'up']"]


def test_a_winner_that_is_a_number_is_an_unknown_outcome(tmp_path: Path) -> None:
    assert paid(table(tmp_path, slug=["slug-m"], winner=[1]))[1] == [
        "resolution of slug-m: winner is '1', not one of ['down', 'up']"
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"slug": ["a"]}, "have no column winner"),
        ({"winner": ["Up"]}, "have no column conditionId, slug or market"),
    ],
)
def test_a_missing_column_is_named(tmp_path: Path, columns: dict[str, list[Any]], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        table(tmp_path, **columns)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=f"^resolutions {path} are not readable: "):
        read_resolutions(path)
