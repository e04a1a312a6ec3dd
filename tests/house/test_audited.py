"""What is told of a lock file that was looked up in the package index's advisories."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.house.audited import main

FINE = {"name": "six", "version": "1.17.0", "vulns": []}
WEAK = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]}
HOPELESS = {"name": "older", "version": "0.1", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
UNKNOWN = {"name": "ours", "version": "3", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([FINE, UNKNOWN], 0, "audit: a.txt: 0 known weaknesses in 1 of 2 packages\n"),
        (
            [FINE, WEAK, HOPELESS],
            1,
            (
                "audit: old 1.0: PYSEC-1, mended in 1.1, 2.0\n"
                "audit: older 0.1: PYSEC-2, mended in no version yet\n"
                "audit: a.txt: 2 known weaknesses in 3 of 3 packages\n"
            ),
        ),
        ([UNKNOWN], 0, "audit: a.txt was not checked: the package index has no advisories for any of 1 packages\n"),
    ],
)
def test_weaknesses_fail_and_what_was_not_checked_is_told(
    packages: list[dict[str, Any]], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tmp_path / "found.json"
    found.write_text(json.dumps({"dependencies": packages}), encoding="utf-8")
    assert main("a.txt", str(found)) == code
    assert capsys.readouterr().out == said
