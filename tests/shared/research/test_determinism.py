"""The same recording gives the same digest in every process, on every store."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.shared.research.recording import options, replayed


def digest(folder: Path, *more: str, hash_seed: str = "0") -> str:
    chosen = options(folder)
    command = [sys.executable, "-m", "fargate", "replay", str(chosen.path), "--sizing", "ratio", "--json", "-"]
    files = ["--resolutions", str(chosen.resolutions), "--whales", str(chosen.whales)]
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    ended = subprocess.run([*command, *files, *more], env=env, capture_output=True, text=True, check=True, timeout=60)
    return str(json.loads(ended.stdout)["digest"])


def test_the_digest_depends_neither_on_the_process_nor_on_its_hash_seed(tmp_path: Path) -> None:
    here = replayed(tmp_path)[0].digest
    assert digest(tmp_path, hash_seed="1") == here
    assert digest(tmp_path, "--speed", "100000", hash_seed="2") == here


def test_dynamodb_gives_the_same_digest_as_memory(tmp_path: Path) -> None:
    assert digest(tmp_path, "--store", "dynamo") == replayed(tmp_path)[0].digest
