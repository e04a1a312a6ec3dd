"""Light functions load nothing heavy before their first run: what they refuse needs no library of AWS's."""

import json
import subprocess
import sys

import pytest

from tests.house.source import ROOT

HEAVY = (
    "boto3",
    "botocore.client",
    "botocore.session",
    "pynamodb",
    "pydantic",
    "polars",
    "numpy",
    "scipy",
    "pyarrow",
    "numba",
    "httpx",
)
HANDLERS = ("control_api", "kill_switch", "telegram_webhook", "watch_trader")


@pytest.mark.parametrize("name", HANDLERS)
def test_a_light_handler_imports_no_heavy_library(name: str) -> None:
    code = f"import json, sys, functions.{name}.handler; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert [one for one in HEAVY if one in loaded] == []


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_has_at_most_80_lines(name: str) -> None:
    text = (ROOT / "functions" / name / "handler.py").read_text(encoding="utf-8")
    assert text.count("\n") <= 80
