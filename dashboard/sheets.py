"""Files of rows: CSV and Excel, cell by cell. Pure: rows in, bytes out.

Money stands as exact decimals and times as ISO 8601 in UTC. Text from outside (a market's question) must never become a
formula in the program that opens the file: in CSV an apostrophe keeps it text, in Excel it is stored as text.
"""

import csv
import io
from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol

from dashboard.words import NOTHING
from shared.domain.instants import iso
from shared.domain.money import format_micro

TEXT_MOST = 32_767
"""Characters that a cell of Excel holds."""
DIGITS_EXACT = 15
"""Significant digits that a number of Excel keeps; longer ones are stored as text, so that none is lost."""
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Value = str | int | None
Values = Sequence[Value]


class Cell(Enum):
    """What a column holds: text (perhaps from outside), millionths, a whole number, or an instant in nanoseconds."""

    TEXT = "text"
    MICRO = "micro"
    COUNT = "count"
    TIME = "time"


Columns = Sequence[tuple[str, Cell]]


def written(cell: Cell, value: Value) -> str:
    """A value as exact text; "" for none and for an instant that never was."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if cell is Cell.MICRO:
        return format_micro(value)
    if cell is Cell.TIME:
        return iso(value) if value else ""
    return str(value)


def harmless(text: str) -> str:
    """Text that no program takes for a formula (an apostrophe before what could begin one)."""
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text


class File(Protocol):
    """A file under way."""

    def add(self, row: Values) -> None:
        """Write one row; its values are those of the columns in their order."""

    def close(self) -> bytes:
        """The whole file; nothing can be added afterwards."""


class CsvFile:
    """Comma-separated, UTF-8 with its mark, which Excel asks for."""

    mime = "text/csv"
    ending = "csv"
    most = 100_000
    """Rows."""

    def __init__(self, columns: Columns, _about: Sequence[tuple[str, str]] = ()) -> None:
        self._columns = columns
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow([name for name, _ in columns])

    def add(self, row: Values) -> None:
        """Write one row."""
        cells = [
            harmless(written(cell, value)) if cell is Cell.TEXT else written(cell, value)
            for (_, cell), value in zip(self._columns, row, strict=True)
        ]
        self._writer.writerow(cells)

    def close(self) -> bytes:
        """The whole file."""
        return self._text.getvalue().encode("utf-8-sig")


class ExcelFile:
    """A workbook of two sheets: the rows, and ``about`` them (name and text of each line)."""

    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ending = "xlsx"
    most = 20_000
    """Rows: the whole book is held in memory, which costs ten times as much as text."""

    def __init__(self, columns: Columns, about: Sequence[tuple[str, str]] = ()) -> None:
        import xlsxwriter

        self._columns = columns
        self._about = about
        self._bytes = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book: Any = xlsxwriter.Workbook(self._bytes, options)
        self._bold: Any = self._book.add_format({"bold": True})
        self._sheet: Any = self._book.add_worksheet("Rows")
        self._row = 0
        self._sheet.freeze_panes(1, 0)
        for place, (name, cell) in enumerate(columns):
            self._sheet.set_column(place, place, 27 if cell is Cell.TIME else 14 if cell is not Cell.TEXT else 24)
            self._sheet.write_string(0, place, name, self._bold)

    def add(self, row: Values) -> None:
        """Write one row."""
        self._row += 1
        for place, ((_, cell), value) in enumerate(zip(self._columns, row, strict=True)):
            text = written(cell, value)
            if not text:
                continue
            if isinstance(value, int) and cell is not Cell.TIME and _exact(text):
                self._sheet.write_number(self._row, place, float(text))
            else:
                self._sheet.write_string(self._row, place, text[:TEXT_MOST])

    def close(self) -> bytes:
        """The whole file."""
        if self._row:
            self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        sheet: Any = self._book.add_worksheet("About")
        sheet.set_column(0, 0, 20)
        sheet.set_column(1, 1, 80)
        for number, (name, text) in enumerate(self._about):
            sheet.write_string(number, 0, name, self._bold)
            sheet.write_string(number, 1, text or NOTHING)
        self._book.close()
        return self._bytes.getvalue()


def _exact(text: str) -> bool:
    return len(text.lstrip("-0.").replace(".", "")) <= DIGITS_EXACT


FORMATS: dict[str, type[CsvFile] | type[ExcelFile]] = {"CSV": CsvFile, "Excel": ExcelFile}
