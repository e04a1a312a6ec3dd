"""Runs a small test module under this project's conftest, to show what the conftest does to it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT


def run_pytest(folder: Path, source: str, **environment: str) -> str:
    """pytest's output for one test module; the environment is ours plus the given variables, less RECORDINGS."""
    module = folder / "test_nested.py"
    module.write_text(source, encoding="utf-8")
    inherited = {key: text for key, text in os.environ.items() if "RECORDINGS" not in key and "PYTEST" not in key}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-p", "no:cov", "--rootdir", str(folder), "-c", str(_config(folder)), str(module)],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def _config(folder: Path) -> Path:
    config = folder / "pytest.ini"
    config.write_text("[pytest]\naddopts = --import-mode=importlib -ra\n", encoding="utf-8")
    return config
