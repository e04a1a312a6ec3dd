"""What the emulator of functions promises: the zip alone, a fresh start, errors as Lambda tells them."""

from pathlib import Path

import pytest

from tests.emulated.emulator import Emulated

HANDLER = """
import json

def handler(event, context):
    if "find" in event:
        try:
            __import__(event["find"])
        except ImportError:
            return False
        return True
    return {"got": event["number"], "name": context.function_name}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "zip"
    (folder / "functions" / "echo").mkdir(parents=True)
    (folder / "functions" / "echo" / "handler.py").write_text(HANDLER)
    return folder


def test_a_function_answers_and_sees_what_its_zip_holds_and_nothing_else(small: Path, tmp_path: Path) -> None:
    with Emulated("echo", small, {}, tmp_path / "log") as echo:
        assert echo.invoke({"number": 7}) == {"got": 7, "name": "echo"}
        assert echo.invoke({"find": "json"}) is True
        assert echo.invoke({"find": "polars"}) is False
        assert echo.invoke({"find": "shared"}) is False
        assert 0 < echo.cold_start_ms < 10_000


def test_an_error_of_a_function_is_told_as_lambda_tells_it(small: Path, tmp_path: Path) -> None:
    with Emulated("echo", small, {}, tmp_path / "log") as echo:
        told = echo.invoke({})
        assert (told["errorType"], told["errorMessage"]) == ("KeyError", "'number'")
        assert echo.invoke({"number": 1})["got"] == 1
