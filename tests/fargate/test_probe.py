import json
from pathlib import Path

import polars as pl
import pytest

from fargate.__main__ import main
from shared.research.executed import FILL_SCHEMA
from tests.shared.research.books import drawn_books


def run(*arguments: str) -> int:
    return main(["probe", *arguments])


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return drawn_books(tmp_path / "books.parquet", 5)


def test_probe_prints_a_table_and_writes_the_report_and_the_fills(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, fills = tmp_path / "new" / "report.json", tmp_path / "new" / "fills.parquet"
    assert run("--book", str(book), "--orders", "60", "--seed", "5", "--json", str(out), "--fills", str(fills)) == 0
    shown = capsys.readouterr().out
    assert "60 random intents" in shown
    assert "marketable" in shown
    report = json.loads(out.read_text(encoding="utf-8"))
    figures = {"slippage_bps", "fill_rate", "time_to_fill_s", "breakers", "dead_letters"}
    for one in (report["overall"], *report["by_kind"].values(), *report["by_size"].values()):
        assert figures <= set(one)
        assert set(one["slippage_bps"]) == set(one["time_to_fill_s"]) == {"p50", "p99"}
    assert set(report["by_kind"]) == {"marketable", "resting"}
    table = pl.read_parquet(fills)
    assert dict(table.schema) == FILL_SCHEMA
    assert table.height == report["overall"]["fills"] > 0
    assert table["observed_at_ns"].is_sorted()
    assert (table.filter(pl.col("liquidity") == "maker")["fee_usd"] == 0).all()
    assert (table.filter(pl.col("liquidity") == "taker")["fee_usd"] > 0).all()


def test_the_report_on_standard_output_is_json_alone_and_the_same_for_the_same_seed(
    book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = []
    for _ in range(2):
        assert run("--book", str(book), "--orders", "20", "--seed", "1", "--json", "-") == 0
        reports.append(json.loads(capsys.readouterr().out))
    assert reports[0] == reports[1]


def test_the_configured_capital_counts_for_the_real_limits(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--book", str(book), "--orders", "100", "--seed", "1", "--json", "-")
    assert run(*arguments, "--limits", "copy") == 0
    real = json.loads(capsys.readouterr().out)
    assert run(*arguments) == 0
    wide = json.loads(capsys.readouterr().out)
    assert real["limits"] == "copy"
    assert real["overall"]["orders"] < wide["overall"]["orders"]
    assert "cap_position" in real["overall"]["denied"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("--book", "nowhere.parquet"), "recording nowhere.parquet is not a readable Parquet file"),
        (("--orders", "0"), "orders must be at least 1, not 0"),
        (("--orders", "-3"), "orders must be at least 1, not -3"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(
    book: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], sentence: str
) -> None:
    asked = {"--book": str(book), "--orders": "5", "--seed": "1", change[0]: change[1]}
    assert run(*(word for pair in asked.items() for word in pair)) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_a_file_of_something_else_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"wallet": ["a"]}).write_parquet(tmp_path / "trades.parquet")
    assert run("--book", str(tmp_path / "trades.parquet"), "--orders", "5", "--seed", "1") == 2
    assert "has neither the columns recv_ts" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["x", "-1", "1.5"])
def test_a_seed_that_is_no_whole_number_is_a_usage_error(
    book: Path, capsys: pytest.CaptureFixture[str], seed: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--book", str(book), "--orders", "5", "--seed", seed)
    assert ended.value.code == 2
    assert "seed must be a whole number" in capsys.readouterr().err
