"""CSV and Excel cell by cell: exact, in UTC, and never a formula."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sheets import STARTS_FORMULA, TEXT_MOST, Cell, Columns, CsvFile, ExcelFile, Value, harmless, written
from tests.dashboard.fakes import NOW
from tests.dashboard.workbook import formulas, sheet

COLUMNS: Columns = (("market", Cell.TEXT), ("usd", Cell.MICRO), ("count", Cell.COUNT), ("time", Cell.TIME))
PRINTED = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("cell", "value", "text"),
    [
        (Cell.MICRO, -250_000, "-0.25"),
        (Cell.MICRO, 2**53 + 1, "9007199254.740993"),
        (Cell.MICRO, 0, "0"),
        (Cell.MICRO, None, ""),
        (Cell.COUNT, 1200, "1200"),
        (Cell.TIME, NOW, "2026-03-22T22:00:00.000000Z"),
        (Cell.TIME, 0, ""),
        (Cell.TEXT, "Will it?", "Will it?"),
    ],
)
def test_a_value_is_written_exactly(cell: Cell, value: Value, text: str) -> None:
    assert written(cell, value) == text


@given(st.integers(-(10**17), 10**17))
def test_money_in_csv_is_every_micro_dollar(micro: int) -> None:
    made = CsvFile((("usd", Cell.MICRO),))
    made.add((micro,))
    assert Decimal(read_csv(made.close())[1][0]) * 1_000_000 == micro


@given(PRINTED)
def test_no_text_begins_what_a_program_takes_for_a_formula_and_none_is_lost(text: str) -> None:
    made = CsvFile((("market", Cell.TEXT),))
    made.add((text,))
    cell = (read_csv(made.close())[1] or [""])[0]
    assert not cell.startswith(STARTS_FORMULA)
    assert cell.removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("start", STARTS_FORMULA)
def test_each_sign_that_begins_a_formula_is_kept_from_it(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless(f"1{start}1") == f"1{start}1"


def test_a_loss_is_a_number_and_no_formula() -> None:
    made = CsvFile(COLUMNS)
    made.add(('=HYPERLINK("x")', -5_250_000, -3, NOW))
    assert read_csv(made.close()) == [
        ["market", "usd", "count", "time"],
        ['\'=HYPERLINK("x")', "-5.25", "-3", "2026-03-22T22:00:00.000000Z"],
    ]


def test_a_workbook_holds_numbers_as_numbers_and_text_as_text() -> None:
    made = ExcelFile(COLUMNS, (("Account", "paper"), ("Note", "")))
    made.add(("=1+1", -5_250_000, 1200, NOW))
    made.add(("https://example.org", None, 0, 0))
    content = made.close()
    assert sheet(content) == [
        ["market", "usd", "count", "time"],
        ["=1+1", -5.25, 1200.0, "2026-03-22T22:00:00.000000Z"],
        ["https://example.org", 0.0],
    ]
    assert formulas(content) == 0
    assert sheet(content, 2) == [["Account", "paper"], ["Note", "–"]]


def test_a_workbook_without_rows_has_its_head() -> None:
    assert sheet(ExcelFile(COLUMNS).close()) == [["market", "usd", "count", "time"]]


@given(st.integers(-(10**17), 10**17))
def test_a_number_that_excel_would_round_is_stored_as_text(micro: int) -> None:
    made = ExcelFile((("usd", Cell.MICRO),))
    made.add((micro,))
    (cell,) = sheet(made.close())[1]
    assert Decimal(cell if isinstance(cell, str) else f"{cell:.15g}") * 1_000_000 == micro


def test_text_that_no_cell_holds_is_cut() -> None:
    made = ExcelFile((("market", Cell.TEXT),))
    made.add(("x" * (TEXT_MOST + 1),))
    assert sheet(made.close())[1] == ["x" * TEXT_MOST]
