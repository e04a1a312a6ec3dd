"""Light functions start fast: nothing slow is on the way to their handlers, and AWS clients load in the first run."""

import json
import subprocess
import sys

import pytest

from tests.house.source import ROOT

LIGHT = ("collect_quality", "rotate_secrets", "send_alerts", "send_report")
SLOW = ("boto3", "httpx", "numba", "numpy", "polars", "pyarrow", "pynamodb", "scipy")
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
