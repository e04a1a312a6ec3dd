from pathlib import Path

import pytest

from tests.house.nested import run_pytest

USES_RECORDINGS = """
def test_reads(recordings):
    assert (recordings / "trades.txt").read_text() == "one"
"""
SKIPS_BY_ITSELF = """
import pytest

def test_reads(recordings):
    pytest.skip("the file of March is not here")

def test_unrelated():
    pytest.skip("another reason")
"""


def test_without_recordings_a_test_on_them_is_skipped_with_the_reason(tmp_path: Path) -> None:
    outcome = run_pytest(tmp_path, USES_RECORDINGS)
    assert "1 skipped" in outcome
    assert "RECORDINGS names no folder" in outcome


def test_with_recordings_the_test_runs(tmp_path: Path) -> None:
    (tmp_path / "trades.txt").write_text("one", encoding="utf-8")
    assert "1 passed" in run_pytest(tmp_path, USES_RECORDINGS, RECORDINGS=str(tmp_path))


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_where_recordings_are_required_their_absence_fails(tmp_path: Path, folder: str) -> None:
    outcome = run_pytest(tmp_path, USES_RECORDINGS, RECORDINGS=folder, REQUIRE_RECORDINGS="1")
    assert "1 error" in outcome
    assert "1 skipped" not in outcome


def test_where_recordings_are_required_a_skip_of_its_own_fails_and_other_skips_stay(tmp_path: Path) -> None:
    outcome = run_pytest(tmp_path, SKIPS_BY_ITSELF, RECORDINGS=str(tmp_path), REQUIRE_RECORDINGS="1")
    assert "1 failed, 1 skipped" in outcome
