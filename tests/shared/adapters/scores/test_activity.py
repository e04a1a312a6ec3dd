"""Recorded activity of three column styles as one table of fills."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.scores.activity import FILL_SCHEMA, Activity, read_activity, read_outcomes
from shared.domain.errors import BadInput

UPDOWN: dict[str, Any] = {
    "timestamp": 1774000210,
    "collected_at": 1774000300.5,
    "wallet": "0xAbC",
    "outcome": "Up",
    "side": "BUY",
    "size": 10.5,
    "price": 0.4,
    "usdc": 4.2,
    "transactionHash": "0xt1",
    "slug": "btc-updown-5m-1774000200",
    "type": "TRADE",
}
MIDTERM: dict[str, Any] = {
    "timestamp": 1642021826,
    "wallet": "0xabc",
    "market": "georgia_governor",
    "outcome": "Republican",
    "side": "SELL",
    "size": 99.78,
    "price": 0.5512,
    "usdc": 55.0,
}
DATA_API: dict[str, Any] = {
    "proxyWallet": "0xABC",
    "timestamp": 1771269605,
    "conditionId": "0xc",
    "type": "TRADE",
    "size": 6.0,
    "usdcSize": 2.76,
    "transactionHash": "0xt",
    "price": 0.46,
    "asset": "4145",
    "side": "BUY",
    "slug": "btc-updown-5m-1771269600",
    "outcome": "Up",
}
V2: dict[str, Any] = {
    "proxy_wallet": "0xabc",
    "timestamp": 1788887014,
    "condition_id": "0xc",
    "size": 78.55,
    "price": 0.62,
    "token_id": "1006",
    "side": "BUY",
    "slug": "ucl",
    "outcome": "Yes",
    "transaction_hash": "0xt2",
}


def written(folder: Path, *rows: dict[str, Any], name: str = "trades.parquet") -> Path:
    path = folder / name
    pl.DataFrame(list(rows), infer_schema_length=None, strict=False).write_parquet(path)
    return path


def read(folder: Path, *rows: dict[str, Any]) -> Activity:
    return read_activity([written(folder, *rows)])


def test_the_up_down_style(tmp_path: Path) -> None:
    (row,) = read(tmp_path, UPDOWN).fills.iter_rows(named=True)
    assert row == {
        "ts_s": 1774000210,
        "wallet": "0xabc",
        "market": "btc-updown-5m-1774000200",
        "slug": "btc-updown-5m-1774000200",
        "token": "btc-updown-5m-1774000200:Up",
        "outcome": "Up",
        "side": "BUY",
        "price_micro": 400_000,
        "size_micro": 10_500_000,
        "cash_micro": 4_200_000,
        "tx": "0xt1",
        "type": "TRADE",
        "inferred": False,
        "n": 0,
        "file": "trades.parquet",
    }


def test_the_midterm_style_takes_the_cash_of_the_file_and_not_size_times_price(tmp_path: Path) -> None:
    (row,) = read(tmp_path, MIDTERM).fills.iter_rows(named=True)
    assert (row["market"], row["token"]) == ("georgia_governor", "georgia_governor:Republican")
    assert (row["size_micro"], row["cash_micro"]) == (99_780_000, 55_000_000)
    assert row["tx"] == "@1642021826:551200"


def test_the_data_api_styles(tmp_path: Path) -> None:
    (old,) = read(tmp_path, DATA_API).fills.iter_rows(named=True)
    assert (old["wallet"], old["market"], old["token"], old["cash_micro"]) == ("0xabc", "0xc", "4145", 2_760_000)
    (new,) = read(tmp_path, V2).fills.iter_rows(named=True)
    assert (new["wallet"], new["market"], new["token"], new["type"]) == ("0xabc", "0xc", "1006", "TRADE")
    assert new["cash_micro"] == 48_701_000


@given(st.integers(1, 10**13), st.integers(1, 999_999))
def test_without_a_cash_column_cash_is_size_times_price_to_the_nearest_millionth(
    tmp_path_factory: pytest.TempPathFactory, size: int, price: int
) -> None:
    row = V2 | {"size": size / 10**6, "price": price / 10**6}
    (found,) = read(tmp_path_factory.mktemp("cash"), row).fills["cash_micro"]
    assert abs(found * 10**6 - size * price) <= 500_000


def test_inferred_types_lose_their_mark_and_cost_a_dollar_per_pair(tmp_path: Path) -> None:
    rest = {"outcome": None, "side": None, "usdc": 0.0, "price": 0.0}
    split = UPDOWN | rest | {"type": "SPLIT?", "size": 700.0, "price": 0.5, "usdc": 350.0}
    found = read(tmp_path, UPDOWN, split, UPDOWN | rest | {"type": "MERGE?"}, UPDOWN | rest | {"type": "REDEEM?"}).fills
    assert found["type"].to_list() == ["TRADE", "SPLIT", "MERGE", "REDEEM"]
    assert found["inferred"].to_list() == [False, True, True, True]
    assert found["cash_micro"].to_list() == [4_200_000, 700_000_000, 10_500_000, 10_500_000]
    assert found["side"].to_list() == ["BUY", "", "", ""]


def test_a_stated_redemption_pays_what_the_file_says(tmp_path: Path) -> None:
    lost = DATA_API | {"type": "REDEEM", "side": "", "outcome": "", "asset": "", "price": 0.0, "usdcSize": 0.0}
    (row,) = read(tmp_path, lost).fills.iter_rows(named=True)
    assert (row["type"], row["inferred"], row["cash_micro"]) == ("REDEEM", False, 0)


def test_equal_rows_of_one_delivery_are_separate_fills_and_a_later_delivery_repeats_them(tmp_path: Path) -> None:
    later = UPDOWN | {"collected_at": 1774000400.5}
    found = read(tmp_path, UPDOWN, UPDOWN, later, later, later)
    assert found.fills["n"].to_list() == [0, 1, 2]
    assert found.redelivered == 2


def test_files_that_overlap_count_each_fill_once(tmp_path: Path) -> None:
    one = written(tmp_path, DATA_API, DATA_API | {"timestamp": 1771269700, "transactionHash": "0xu"}, name="a.parquet")
    two = written(tmp_path, DATA_API, name="b.parquet")
    found = read_activity([one, two])
    assert (found.fills.height, found.redelivered, found.repeated_files) == (2, 1, 0)


def test_a_file_given_twice_or_copied_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, UPDOWN)
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(path.read_bytes())
    found = read_activity([path, copy, path])
    assert (found.fills.height, found.repeated_files) == (1, 2)
    assert found.sentences[0] == "file copy.parquet repeats trades.parquet byte for byte and is left out"


@pytest.mark.parametrize("stamp", [1774000210, 1774000210.7, 1774000210_700, "1774000210"])
def test_times_in_seconds_or_milliseconds_are_the_same_second(tmp_path: Path, stamp: object) -> None:
    assert read(tmp_path, UPDOWN | {"timestamp": stamp}).fills["ts_s"].to_list() == [1774000210]


def test_wallets_in_mixed_case_are_one_wallet(tmp_path: Path) -> None:
    rows = [UPDOWN | {"wallet": name, "transactionHash": name} for name in ("0xABC", "0xabc", " 0xaBc ")]
    assert read(tmp_path, *rows).fills["wallet"].unique().to_list() == ["0xabc"]


def test_decimal_texts_are_read_and_other_texts_refused_with_field_and_value(tmp_path: Path) -> None:
    texts = ["10.5", "1e1", "10,5", "1 000", "ten", ""]
    found = read(tmp_path, *(UPDOWN | {"size": text, "transactionHash": text} for text in texts))
    assert found.fills["size_micro"].to_list() == [10_500_000, 10_000_000]
    assert found.refused == 4
    assert found.sentences[0] == "file trades.parquet, row 2: size is '10,5'"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": -5.0}, "size is -5.0"),
        ({"size": float("nan")}, "size is nan"),
        ({"size": float("inf")}, "size is inf"),
        ({"size": 1e30}, "size is 1e+30"),
        ({"price": 1.5}, "price is 1.5"),
        ({"price": None}, "price is None"),
        ({"usdc": -1.0}, "usdc is -1.0"),
        ({"usdc": None}, "usdc is None"),
        ({"timestamp": 0}, "timestamp is 0"),
        ({"timestamp": None}, "timestamp is None"),
        ({"wallet": " "}, "wallet is ' '"),
        ({"side": "HOLD"}, "side is 'HOLD'"),
        ({"outcome": None}, "outcome is None"),
        ({"slug": None}, "slug is None"),
        ({"slug": None, "type": "REDEEM?", "side": None}, "slug is None"),
    ],
)
def test_a_row_that_cannot_be_a_fact_is_refused_and_the_rest_used(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    found = read(tmp_path, UPDOWN, UPDOWN | change, UPDOWN | {"transactionHash": "0xt3"})
    assert (found.fills.height, found.refused) == (2, 1)
    assert found.sentences == (f"file trades.parquet, row 1: {told}",)


def test_every_refusal_is_counted_and_the_first_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, UPDOWN, *(UPDOWN | {"size": -1.0} for _ in range(50)))
    assert (found.refused, len(found.sentences)) == (50, 20)


def test_dust_is_a_fact_even_without_a_price(tmp_path: Path) -> None:
    found = read(tmp_path, MIDTERM, MIDTERM | {"size": 0.0, "price": None, "usdc": 0.01}, MIDTERM | {"usdc": 0.0})
    assert (found.refused, found.fills.height) == (0, 3)


def test_income_without_a_market_is_kept(tmp_path: Path) -> None:
    rebate = DATA_API | {"type": "MAKER_REBATE", "conditionId": "", "slug": "", "side": "", "outcome": "", "asset": ""}
    (row,) = read(tmp_path, rebate).fills.iter_rows(named=True)
    assert (row["type"], row["market"], row["cash_micro"]) == ("MAKER_REBATE", "", 2_760_000)


def test_fills_come_out_by_time_in_the_stated_schema(tmp_path: Path) -> None:
    found = read(tmp_path, UPDOWN | {"timestamp": 1774000299, "transactionHash": "0xu"}, UPDOWN).fills
    assert found["ts_s"].to_list() == [1774000210, 1774000299]
    assert dict(found.schema) == FILL_SCHEMA


@pytest.mark.parametrize("name", ["timestamp", "wallet", "side", "size", "price", "outcome"])
def test_a_missing_column_is_named(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, {key: value for key, value in UPDOWN.items() if key != name})
    with pytest.raises(BadInput, match=f"has no column {name}|have no column {name}"):
        read_activity([path])


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(written(tmp_path, UPDOWN).read_bytes()[:60])
    empty = tmp_path / "empty.parquet"
    pl.DataFrame([UPDOWN]).head(0).write_parquet(empty)
    homeless = {key: value for key, value in UPDOWN.items() if key != "slug"}
    for paths, told in (
        ([], "names no file"),
        ([tmp_path / "none.parquet"], "none.parquet does not exist"),
        ([tmp_path], "is not a file"),
        ([cut], "cut.parquet are not a readable Parquet file"),
        ([empty], "empty.parquet have no rows"),
        ([written(tmp_path, homeless, name="h.parquet")], "no column conditionId, slug or market"),
    ):
        with pytest.raises(BadInput, match=told):
            read_activity(paths)


def test_only_winners_of_high_confidence_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "resolutions.parquet"
    rows = [("a", 5, "Up", "high"), ("b", 6, "Down", "medium"), ("c", 7, None, "none")]
    pl.DataFrame(rows, schema=["slug", "end_ts", "winner", "confidence"], orient="row").write_parquet(path)
    assert read_outcomes([path]).rows() == [("a", 5, "Up", "high"), ("b", 6, None, "medium"), ("c", 7, None, "none")]


def test_winners_without_an_end_are_known_from_the_last_trade_on(tmp_path: Path) -> None:
    path = tmp_path / "resolutions.parquet"
    pl.DataFrame({"market": ["m"], "winning_outcome": ["Yes"], "last_trade_ts": [9]}).write_parquet(path)
    assert read_outcomes([path, path]).rows() == [("m", 9, "Yes", "high")]


def test_resolutions_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    path = tmp_path / "resolutions.parquet"
    pl.DataFrame({"market": ["m"]}).write_parquet(path)
    with pytest.raises(BadInput, match="have no column winner"):
        read_outcomes([path])
    pl.DataFrame({"winner": ["m"]}).write_parquet(path)
    with pytest.raises(BadInput, match="have no column conditionId, slug or market"):
        read_outcomes([path])
    assert read_outcomes([]).height == 0


def test_the_recordings_are_read_whole(recordings: Path) -> None:
    for name, missing in (
        ("wallet_activity_updown_2026-03", "slug"),
        ("trades_midterms2022", None),
        ("activity_dataapi_2026-02_03", None),
    ):
        path = recordings / f"{name}.parquet"
        raw = pl.read_parquet(path)
        lost = 0 if missing is None else raw[missing].null_count()
        found = read_activity([path])
        assert (found.refused, found.redelivered) == (lost, 0)
        assert found.fills.height == raw.height - lost
        assert found.fills["wallet"].str.contains("[A-Z]").any() is False
