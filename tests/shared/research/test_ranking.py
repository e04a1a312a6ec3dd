"""Who is followed depends on the past alone."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shared.adapters.synthetic import generate
from shared.domain.whale import Ranking
from shared.research.ranking import walk_forward
from shared.research.replay import ReplayOptions, prepare


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranked") / "day"
    generate(2, 6.0, folder)
    return folder


def ranked(folder: Path) -> tuple[Ranking, int]:
    ready = prepare(ReplayOptions(folder), lambda _: None)
    split = ready.split()
    trades = ready.recording.trades(split)
    return walk_forward(trades, ready.resolutions, ready.recording.markets, split), split


def changed(day: Path, out: Path, later_only: bool) -> Path:
    """The same day with the rows after the split (or all) dealt to other wallets, and every later winner swapped."""
    out.mkdir()
    trades, resolutions = (pl.read_parquet(day / f"{name}.parquet") for name in ("trades", "resolutions"))
    first, last = trades["timestamp"].min(), trades["timestamp"].max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    split = first + (last - first) // 2
    dealt = pl.Series(np.random.default_rng(5).permutation(trades["wallet"].to_numpy()), dtype=pl.String)
    late = pl.col("timestamp") > split if later_only else pl.lit(value=True)
    trades.with_columns(pl.when(late).then(dealt).otherwise(pl.col("wallet")).alias("wallet")).write_parquet(
        out / "trades.parquet"
    )
    swapped = pl.col("winner").replace({"Up": "Down", "Down": "Up", "Yes": "No", "No": "Yes"})
    resolutions.with_columns(
        pl.when(pl.col("end_ts") > split).then(swapped).otherwise(pl.col("winner")).alias("winner")
    ).write_parquet(out / "resolutions.parquet")
    return out


def test_what_happens_after_the_split_does_not_change_who_is_followed(day: Path, tmp_path: Path) -> None:
    before, split = ranked(day)
    after, same_split = ranked(changed(day, tmp_path / "changed", later_only=True))
    assert len(before.wallets) > 10
    assert (after, same_split) == (before, split)


def test_what_happened_before_it_does(day: Path, tmp_path: Path) -> None:
    assert ranked(changed(day, tmp_path / "changed", later_only=False))[0] != ranked(day)[0]
