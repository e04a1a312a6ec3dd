import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.replay.rows import LINE_MAX, SENTENCES_MAX, Rows, read_rows
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from tests.shared.adapters.replay.files import SLUG, START_S, WALLET, Row, lines, parquet, row, v1, v2

PEAK_OF_A_GIANT_LINE = """
import resource, sys
from pathlib import Path
from shared.adapters.replay.rows import read_rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = read_rows(Path(sys.argv[1]))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(rows.table.height, rows.malformed, rows.sentences[0], grown // 1024, sep="|")
"""


def told(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_rows(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def one_refused(rows: Rows) -> str:
    """The sentence about the only refused row, where the two good ones around it were kept."""
    assert rows.malformed == 1
    assert rows.table["ts_ns"].to_list() == [START_S * SECOND, (START_S + 2) * SECOND]
    (sentence,) = rows.sentences
    return sentence


# ---------------------------------------------------------------------- whole files


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert told(tmp_path / "none.parquet") == f"recording {tmp_path}/none.parquet does not exist"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").touch()
    assert told(tmp_path / "a.parquet") == f"recording {tmp_path}/a.parquet is empty"


@pytest.mark.parametrize("name", sorted(row().keys() - {"transactionHash", "type"}))
def test_a_missing_column_is_named(tmp_path: Path, name: str) -> None:
    path = parquet(tmp_path / "a.parquet", [row(0, **{name: ...}), row(1, **{name: ...})])
    assert told(path).startswith(f"recording {path} has no column {name}")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame([row()]).clear().write_parquet(path)
    assert told(path) == f"recording {path} has no rows"


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_truncated_parquet_file_is_refused(tmp_path: Path, kept: float) -> None:
    path = parquet(tmp_path / "a.parquet", [row(n) for n in range(500)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert told(path).startswith(f"recording {path} is not a readable Parquet file: ")


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(os.urandom(4096))
    assert told(path).startswith(f"recording {path} is not a readable Parquet file: ")


def test_lines_without_a_single_row_leave_nothing_to_use(tmp_path: Path) -> None:
    rows = read_rows(lines(tmp_path / "a.jsonl", ["nothing", "of", "use"]))
    assert (rows.table.height, rows.malformed) == (0, 3)


def test_objects_that_are_no_rows_lack_columns(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"a": 1}, {"timestamp": 1}])
    assert told(path) == f"recording {path} has no column wallet or proxyWallet or proxy_wallet"


# ---------------------------------------------------------------------- single rows


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": "many"}, "row 1: size is 'many'"),
        ({"size": math.nan}, "row 1: size is 'nan'"),
        ({"size": -3.0}, "row 1: size is '-3.0'"),
        ({"size": 0.0}, "row 1: size is '0.0'"),
        ({"size": math.inf}, "row 1: size is 'inf'"),
        ({"size": None}, "row 1: size is None"),
        ({"price": 0.0}, "row 1: price outside (0, 1) is '0.0'"),
        ({"price": 1.0}, "row 1: price outside (0, 1) is '1.0'"),
        ({"price": 1.5}, "row 1: price outside (0, 1) is '1.5'"),
        ({"price": -0.2}, "row 1: price outside (0, 1) is '-0.2'"),
        ({"price": math.nan}, "row 1: price outside (0, 1) is 'nan'"),
        ({"side": "HOLD"}, "row 1: side is 'HOLD'"),
        ({"side": None}, "row 1: side is None"),
        ({"wallet": ""}, "row 1: wallet is ''"),
        ({"timestamp": -5}, "row 1: timestamp is '-5'"),
        ({"timestamp": None}, "row 1: timestamp is None"),
        ({"timestamp": "yesterday"}, "row 1: timestamp is 'yesterday'"),
        ({"outcome": ""}, "row 1: outcome is ''"),
        ({"slug": ""}, "row 1: slug is ''"),
    ],
)
def test_a_bad_row_is_refused_with_field_and_value_and_the_rest_is_kept(
    tmp_path: Path, changes: Row, sentence: str
) -> None:
    found = one_refused(read_rows(lines(tmp_path / "a.jsonl", [row(0), row(1, **changes), row(2)])))
    assert found == sentence


def test_a_column_of_text_in_a_parquet_file_is_read_as_numbers_where_it_can_be(tmp_path: Path) -> None:
    rows = [row(0, size="500.0"), row(1, size="many"), row(2, size="500.0")]
    assert one_refused(read_rows(parquet(tmp_path / "a.parquet", rows))) == "row 1: size is 'many'"


@pytest.mark.parametrize("line", ["{broken", "17", "[1, 2]", "\x00", "[" * 100_000])
def test_a_line_that_is_no_object_is_refused_and_the_rest_is_kept(tmp_path: Path, line: str) -> None:
    path = lines(tmp_path / "a.jsonl", [row(0), line, row(2)])
    assert one_refused(read_rows(path)) in ("line 2: not JSON", "line 2: not a JSON object")


def test_a_line_of_bytes_that_are_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(row(0)).encode() + b"\n\xff\xfe\x80\n" + json.dumps(row(2)).encode())
    assert one_refused(read_rows(path)) == "line 2: not JSON"


def test_an_array_entry_that_is_no_object_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([row(0), 17, row(2)]), encoding="utf-8")
    assert one_refused(read_rows(path)) == "row 1: not a JSON object"


def test_all_refusals_are_counted_and_the_first_few_told(tmp_path: Path) -> None:
    rows = read_rows(lines(tmp_path / "a.jsonl", [row(0), *(row(n, size=-1) for n in range(1, 60))]))
    assert (rows.malformed, len(rows.sentences), rows.table.height) == (59, SENTENCES_MAX, 1)


def test_a_line_of_a_gigabyte_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(json.dumps(row(0)).encode() + b"\n")
        file.seek(1 << 30, os.SEEK_CUR)  # a hole: a gigabyte of zeros that takes no room on the disk
        file.write(b"\n" + json.dumps(row(2)).encode() + b"\n")
    told = subprocess.run(
        [sys.executable, "-c", PEAK_OF_A_GIANT_LINE, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    kept, malformed, sentence, grown_mb = told.stdout.strip().split("|")
    assert (kept, malformed, sentence) == ("2", "1", f"line 2: line longer than {LINE_MAX} bytes")
    assert int(grown_mb) < 100


# ---------------------------------------------------------------------- good rows


def test_milliseconds_and_seconds_are_the_same_instant(tmp_path: Path) -> None:
    seconds = read_rows(lines(tmp_path / "s.jsonl", [row(5)])).table
    millis = read_rows(lines(tmp_path / "ms.jsonl", [row(5, timestamp=(START_S + 5) * 1000 + 250)])).table
    assert seconds["ts_ns"].to_list() == [(START_S + 5) * SECOND]
    assert millis["ts_ns"].to_list() == [(START_S + 5) * SECOND + SECOND // 4]


def test_wallets_are_lower_case_however_they_were_written(tmp_path: Path) -> None:
    rows = [row(0), row(1, wallet=WALLET.upper().replace("0X", "0x"))]
    assert read_rows(lines(tmp_path / "a.jsonl", rows)).table["wallet"].to_list() == [WALLET, WALLET]


@pytest.mark.parametrize("make", [v1, v2])
def test_both_versions_of_the_data_api_are_read(tmp_path: Path, make: Any) -> None:
    (found,) = read_rows(parquet(tmp_path / "a.parquet", [make(3)])).table.iter_rows(named=True)
    assert (found["wallet"], found["market"], found["token"], found["slug"]) == (WALLET, "0xc0", "12345", SLUG)
    assert (found["price"], found["size"], found["tx"]) == (500_000, 500_000_000, f"0x{3:064x}")


def test_an_array_lines_and_parquet_read_alike(tmp_path: Path) -> None:
    rows = [v2(n) for n in range(4)]
    array = tmp_path / "a.json"
    array.write_text(json.dumps(rows), encoding="utf-8")
    tables = [
        read_rows(path).table
        for path in (array, lines(tmp_path / "a.jsonl", rows), parquet(tmp_path / "a.parquet", rows))
    ]
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])


def test_without_ids_a_market_is_its_slug_and_a_token_its_outcome(tmp_path: Path) -> None:
    (found,) = read_rows(lines(tmp_path / "a.jsonl", [row(0)])).table.iter_rows(named=True)
    assert (found["market"], found["token"]) == (SLUG, f"{SLUG}:Up")


def test_rows_that_are_no_trades_need_neither_price_nor_side(tmp_path: Path) -> None:
    rows = read_rows(lines(tmp_path / "a.jsonl", [row(0), row(1, type="REDEEM", side="", price=None, outcome="")]))
    assert (rows.malformed, rows.table["type"].to_list()) == (0, ["TRADE", "REDEEM"])


def test_without_a_transaction_rows_of_the_same_second_and_price_share_one(tmp_path: Path) -> None:
    rows = [row(n, transactionHash=..., timestamp=START_S) for n in range(2)] + [row(2, transactionHash=..., price=0.6)]
    first, second, third = read_rows(lines(tmp_path / "a.jsonl", rows)).table["tx"].to_list()
    assert first == second != third


@given(micro=st.integers(1, 999_999), size=st.integers(1, 10**12))
def test_prices_and_sizes_are_exact_to_the_millionth(
    tmp_path_factory: pytest.TempPathFactory, micro: int, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "exact.jsonl"
    table = read_rows(lines(path, [row(0, price=micro / 1e6, size=size / 1e6)])).table
    assert (table["price"].item(), table["size"].item()) == (micro, size)
