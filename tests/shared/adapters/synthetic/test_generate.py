"""The generator as a whole: the same seed gives the same world, bad arguments are refused, the files are as agreed."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from shared.adapters.synthetic import BASE_TS, BENCH, HOUSE, generate
from shared.adapters.synthetic.write import made_up
from tests.shared.adapters.synthetic.day import TABLES, Day, read_tables

TRADE_SCHEMA = {
    "timestamp": pl.Int64,
    "collected_at": pl.Float64,
    "wallet": pl.String,
    "title": pl.String,
    "outcome": pl.String,
    "side": pl.String,
    "size": pl.Float64,
    "price": pl.Float64,
    "usdc": pl.Float64,
    "transactionHash": pl.String,
    "slug": pl.String,
    "type": pl.String,
    "asset": pl.String,
    "conditionId": pl.String,
}


def test_the_same_seed_gives_equal_tables_and_another_seed_does_not(tmp_path: Path) -> None:
    worlds = []
    for number, seed in enumerate((5, 5, 6)):
        generate(seed, 0.5, tmp_path / str(number))
        worlds.append(read_tables(tmp_path / str(number)))
    for name in TABLES:
        assert worlds[0][name].equals(worlds[1][name])
        assert not worlds[0][name].equals(worlds[2][name])


def test_the_world_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from shared.adapters.synthetic import generate; "
    script += "generate(5, 0.25, Path(sys.argv[1]))"
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        arguments = [sys.executable, "-c", script, str(tmp_path / hash_seed)]
        subprocess.run(arguments, check=True, env=environment, cwd=Path(__file__).parents[4])
    first, second = read_tables(tmp_path / "1"), read_tables(tmp_path / "2")
    assert all(first[name].equals(second[name]) for name in TABLES)


@pytest.mark.parametrize(("hours", "shown"), [(0.0, "0.0"), (-1.0, "-1.0"), (721.0, "721.0"), (float("nan"), "nan")])
def test_hours_out_of_range_are_refused(tmp_path: Path, hours: float, shown: str) -> None:
    with pytest.raises(ValueError, match=rf"^hours must be .* got {shown}\.$"):
        generate(1, hours, tmp_path)


def test_a_negative_seed_and_a_file_as_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^seed must be 0 or more, got -1\.$"):
        generate(-1, 1.0, tmp_path)
    taken = tmp_path / "taken"
    taken.write_text("here")
    with pytest.raises(ValueError, match=r"^out must be a folder, got the file .*taken'\.$"):
        generate(1, 1.0, taken)


@pytest.mark.parametrize("hours", [0.0003, 0.01, 0.1])
def test_even_a_moment_is_a_world(tmp_path: Path, hours: float) -> None:
    summary = generate(2, hours, tmp_path)
    tables = read_tables(tmp_path)
    assert len(tables["trades"]) == summary.trades
    assert len(tables["truth"]) == HOUSE.wallets


def test_longer_steps_report_progress(tmp_path: Path) -> None:
    lines: list[str] = []
    generate(1, 0.1, tmp_path, progress=lines.append)
    assert len(lines) >= 4
    assert all(line.startswith("synthetic: ") and "\n" not in line for line in lines)


def test_no_partial_file_is_left_behind(short_day: Day) -> None:
    assert sorted(path.name for path in short_day.summary.out.iterdir()) == sorted(f"{n}.parquet" for n in TABLES)


def test_trades_have_the_columns_of_the_recordings_and_the_ids(short_day: Day) -> None:
    assert dict(short_day.trades.schema) == TRADE_SCHEMA


def test_recorded_columns_come_first_and_with_their_types(recordings: Path) -> None:
    recorded = pl.read_parquet_schema(recordings / "wallet_activity_updown_2026-03.parquet")
    assert list(TRADE_SCHEMA)[: len(recorded)] == list(recorded)
    assert all(recorded[name] == TRADE_SCHEMA[name] for name in recorded)


def test_values_are_those_of_a_venue(short_day: Day) -> None:
    trades = short_day.trades
    assert trades.null_count().sum_horizontal().item() == 0
    assert trades.get_column("timestamp").is_sorted()
    assert trades.get_column("timestamp").is_between(BASE_TS, BASE_TS + 5_399).all()
    assert (trades.get_column("collected_at") > trades.get_column("timestamp")).all()
    assert trades.get_column("wallet").str.contains(r"^0x[0-9a-f]{40}$").all()
    assert trades.get_column("transactionHash").str.contains(r"^0x[0-9a-f]{64}$").all()
    assert trades.get_column("asset").str.contains(r"^[1-9][0-9]{76}$").all()
    assert set(trades.get_column("price")) <= {cents / 100 for cents in range(1, 100)}
    assert trades.get_column("size").round(6).equals(trades.get_column("size"))
    assert (trades.get_column("size") > 0).all()
    notional = trades.get_column("size") * trades.get_column("price")
    assert ((trades.get_column("usdc") - notional).abs() < 1e-6).all()
    assert trades.get_column("type").unique().to_list() == ["TRADE"]


def test_the_house_day_has_the_agreed_size(house_day: Day) -> None:
    summary = house_day.summary
    assert summary.wallets == 2_000
    assert 150_000 <= summary.trades <= 250_000
    assert summary.trades == len(house_day.trades)
    assert 0 < summary.book_snapshots <= 400_000
    assert house_day.resolutions.filter(pl.col("winner").is_not_null()).height == summary.resolved
    usdc = house_day.prints.get_column("usdc")
    assert 2.0 < float(usdc.quantile(0.5) or 0.0) < 8.0
    assert (usdc > 10_000).any()


def test_the_bench_scale_holds_its_volume_per_hour(tmp_path: Path) -> None:
    summary = generate(1, 0.5, tmp_path, BENCH)
    assert summary.wallets == 20_000
    assert summary.trades >= 1_500_000 / 48


def test_a_scale_of_ones_own_is_honoured(tmp_path: Path) -> None:
    summary = generate(1, 0.5, tmp_path, replace(HOUSE, name="tiny", wallets=200, noise_decisions_per_day=2_000))
    assert (summary.scale, summary.wallets) == ("tiny", 200)
    assert read_tables(tmp_path)["truth"].height == 200


def test_every_file_of_an_invented_world_says_so_wherever_it_is_copied(tmp_path: Path) -> None:
    generate(5, 0.25, tmp_path / "day")
    assert made_up(tmp_path / "day")
    for file in sorted((tmp_path / "day").glob("*.parquet")):
        alone = tmp_path / file.stem / "copied.parquet"
        alone.parent.mkdir()
        alone.write_bytes(file.read_bytes())
        assert made_up(alone), file.name


def test_a_recording_is_not_called_invented_unless_the_truth_lies_beside_it(tmp_path: Path) -> None:
    pl.DataFrame({"price": [0.5]}).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text('{"price": 0.5}\n', encoding="utf-8")
    assert not made_up(tmp_path / "rows.parquet")
    assert not made_up(tmp_path / "rows.jsonl")
    assert not made_up(tmp_path)
    (tmp_path / "truth.parquet").write_bytes(b"")
    assert made_up(tmp_path / "rows.parquet")
