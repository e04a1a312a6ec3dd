"""Light functions start fast: nothing slow is on the way to their handlers; AWS's libraries load in the first run."""

import json
import subprocess
import sys

import pytest

from tests.house.source import ROOT

HEAVY = ("discover_whales", "rank_whales")
LIGHT = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py") if path.parent.name not in HEAVY)
SLOW = (
    "boto3",
    "botocore.client",
    "botocore.session",
    "httpx",
    "numba",
    "numpy",
    "polars",
    "pyarrow",
    "pydantic",
    "pynamodb",
    "scipy",
)
MOST_MS = 400
SCRIPT = """
import importlib, json, sys, time
began = time.process_time()
importlib.import_module(sys.argv[1])
spent = time.process_time() - began
print(json.dumps([spent * 1000, sorted(sys.modules)]))
"""


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_function_starts_fast(name: str) -> None:
    command = [sys.executable, "-c", SCRIPT, f"functions.{name}.handler"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    spent_ms, loaded = json.loads(done.stdout)
    assert [one for one in SLOW if one in loaded] == []
    assert spent_ms <= MOST_MS


@pytest.mark.parametrize("name", [*LIGHT, *HEAVY])
def test_a_handler_has_at_most_80_lines(name: str) -> None:
    assert (ROOT / "functions" / name / "handler.py").read_text(encoding="utf-8").count("\n") <= 80
