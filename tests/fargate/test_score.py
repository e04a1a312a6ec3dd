import json
from pathlib import Path

import polars as pl
import pytest

from fargate.__main__ import parser_of
from fargate.score import score
from shared.analytics.scorecard import OUTPUT_SCHEMA
from shared.domain.errors import BadInput
from shared.settings import read_settings
from tests.shared.analytics.world import DAY, START, betting_world


def run(*arguments: str) -> int:
    return score(parser_of().parse_args(["score", *arguments]), read_settings({}))


def recording(folder: Path, **changes: pl.Expr) -> Path:
    """The betting world as a file of the midterm style (market names, usdc, no transactions) with its resolutions."""
    fills, resolutions = betting_world(wallets=6)
    table = fills.select(
        timestamp="ts_s",
        wallet=pl.format("0x{}", pl.col("wallet").str.pad_end(40, "0")),
        market="market",
        outcome="outcome",
        side="side",
        size=pl.col("size_micro") / 1e6,
        price=pl.col("price_micro") / 1e6,
        usdc=pl.col("cash_micro") / 1e6,
    )
    folder.mkdir(parents=True, exist_ok=True)
    table.with_columns(**changes).write_parquet(folder / "trades_x.parquet")
    resolutions.select(market="key", end_ts="end_ts", winner="winner").write_parquet(folder / "resolutions_x.parquet")
    return folder / "trades_x.parquet"


def table_of(path: Path, folder: Path, *more: str) -> pl.DataFrame:
    out = folder / "out" / "scores.parquet"
    assert run("--trades", str(path), "--out", str(out), *more) == 0
    return pl.read_parquet(out)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("good")
    return table_of(recording(folder), folder)


def test_the_table_has_the_stable_columns_and_ranks_by_the_lower_bound(good: pl.DataFrame) -> None:
    assert dict(good.schema) == OUTPUT_SCHEMA
    ranked = good.filter("eligible")
    assert ranked.height >= 2
    assert ranked["sharpe_low"].is_sorted(descending=True)


def test_a_person_reads_a_table_and_progress(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--trades", str(recording(tmp_path)), "--top", "3") == 0
    shown = capsys.readouterr()
    assert "7 wallets as of" in shown.out
    assert "... and 4 more" in shown.out
    assert "bootstrapping" in shown.err
    assert "done" in shown.err


def test_json_is_plain_and_explains_every_wallet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--trades", str(recording(tmp_path)), "--json", "-", "--top", "2") == 0

    def no_constant(name: str) -> None:
        raise AssertionError(name)

    told = json.loads(capsys.readouterr().out, parse_constant=no_constant)
    assert len(told["scores"]) == 2
    assert told["wallets"] == 7
    assert all(row["explanation"] for row in told["scores"])


def test_a_later_future_changes_no_score(tmp_path: Path) -> None:
    split = str(START + 30 * DAY)
    whole = table_of(recording(tmp_path / "a"), tmp_path / "a", "--as-of", split)
    fake = pl.when(pl.col("timestamp") > START + 30 * DAY).then(0.01).otherwise("price")
    changed = table_of(recording(tmp_path / "b", price=fake), tmp_path / "b", "--as-of", split)
    assert changed.equals(whole)


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": pl.col("timestamp") * 1000},
        {
            "wallet": pl.when(pl.int_range(pl.len()) % 2 == 0)
            .then(pl.col("wallet").str.to_uppercase())
            .otherwise("wallet")
        },
        {"size": pl.col("size").cast(pl.String), "price": pl.col("price").cast(pl.String)},
    ],
    ids=["milliseconds", "mixed case", "decimal strings"],
)
def test_another_way_to_write_the_same_facts_gives_the_same_scores(
    good: pl.DataFrame, changes: dict[str, pl.Expr], tmp_path: Path
) -> None:
    assert table_of(recording(tmp_path, **changes), tmp_path).equals(good)


def test_the_same_file_twice_counts_once(good: pl.DataFrame, tmp_path: Path) -> None:
    path = recording(tmp_path)
    twice = tmp_path / "trades_copy.parquet"
    twice.write_bytes(path.read_bytes())
    out = tmp_path / "twice.parquet"
    resolutions = str(tmp_path / "resolutions_x.parquet")
    assert run("--trades", str(path), str(twice), "--resolutions", resolutions, "--out", str(out)) == 0
    assert pl.read_parquet(out).equals(good)


@pytest.mark.parametrize("value", [-5.0, float("nan"), float("inf")])
def test_a_row_with_an_unusable_size_is_refused_and_told(
    value: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = pl.when(pl.int_range(pl.len()) == 7).then(value).otherwise("size")
    assert run("--trades", str(recording(tmp_path, size=bad))) == 0
    shown = capsys.readouterr()
    assert "size is" in shown.err
    assert "1 refused rows" in shown.out


def test_what_cannot_be_scored_at_all_is_one_sentence(tmp_path: Path) -> None:
    path = recording(tmp_path)
    pl.read_parquet(path).drop("price").write_parquet(tmp_path / "short.parquet")
    with pytest.raises(BadInput, match="no column price"):
        run("--trades", str(tmp_path / "short.parquet"))
    with pytest.raises(BadInput, match="does not exist"):
        run("--trades", str(tmp_path / "absent.parquet"))
    with pytest.raises(BadInput, match="--top must be at least 1, not 0"):
        run("--trades", str(path), "--top", "0")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="folder without Parquet files"):
        run("--trades", str(tmp_path / "empty"))


def test_without_winners_everybody_is_shown_and_nobody_is_ranked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path)
    (tmp_path / "resolutions_x.parquet").unlink()
    assert run("--trades", str(path)) == 0
    assert "no edge is shown" in capsys.readouterr().out


def test_the_winners_beside_a_synthetic_day_are_found_by_their_name(tmp_path: Path) -> None:
    """`trades.parquet` comes with `resolutions.parquet`, as `trades_x` comes with `resolutions_x`."""
    path = recording(tmp_path)
    (tmp_path / "trades_x.parquet").rename(tmp_path / "trades.parquet")
    (tmp_path / "resolutions_x.parquet").rename(tmp_path / "resolutions.parquet")
    table = table_of(path.with_name("trades.parquet"), tmp_path)
    assert table["n_resolved"].sum() > 0


def test_a_folder_means_the_trades_in_it_and_what_else_lies_there_is_told(
    good: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording(tmp_path / "day")
    pl.DataFrame({"wallet": ["0xa"], "role": ["noise"]}).write_parquet(tmp_path / "day" / "truth.parquet")
    assert table_of(tmp_path / "day", tmp_path).equals(good)
    assert (
        "left out: folder day: 2 files without the columns of trades: resolutions_x.parquet, truth.parquet"
        in capsys.readouterr().err
    )
    (tmp_path / "day" / "trades_x.parquet").unlink()
    with pytest.raises(BadInput, match=r"a folder without Parquet files of trades \(2 others\)"):
        run("--trades", str(tmp_path / "day"))
    (tmp_path / "day" / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=r"cut\.parquet are not a readable Parquet file"):
        run("--trades", str(tmp_path / "day"))
