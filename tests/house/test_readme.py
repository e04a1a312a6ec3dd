import importlib.util
import subprocess
import sys

import pytest

from tests.house.readme import commands_in, targets_in
from tests.house.source import ROOT

SAMPLE = """
Run `make run`, or `FRESH=1 make run`; see `python -m fargate {kill,resume}`.

```sh
$ make lint types test   # all of it
FRESH=1 SPEED=60 make day OUT=x && .venv/bin/python -m fargate replay \\
    trades.parquet --json out.json
paper: it's only output; nothing here is make work
python -m tests.prove --help
```
"""


def test_the_commands_of_a_document_are_found() -> None:
    found = commands_in(SAMPLE)
    assert set(found.targets) == {"run", "lint", "types", "test", "day"}
    assert set(found.programs) == {
        ("fargate", "kill"),
        ("fargate", "resume"),
        ("fargate", "replay"),
        ("tests.prove", ""),
    }


def test_the_targets_of_a_makefile_are_found() -> None:
    assert targets_in("A := b\nrun: setup ## go\n\t@echo x:\nset-up:\n") == ("run", "set-up")


def test_every_make_target_in_the_readme_exists() -> None:
    commands = commands_in(_read("README.md"))
    assert {"run", "test"} <= set(commands.targets), "the README shows `make run` and `make test`"
    assert set(commands.targets) <= set(targets_in(_read("Makefile")))


def test_every_make_target_says_what_it_is_for() -> None:
    makefile = _read("Makefile")
    helped = [target for target in targets_in(makefile) if f"\n{target}: " in makefile or f"\n{target}:\n" in makefile]
    internal = {"setup-run", "setup-dev", "setup-browser", "test-money", "test-rest"}
    silent = [t for t in helped if t not in internal and not _line_of(makefile, t).partition(" ## ")[2]]
    assert not silent


def test_every_program_in_the_readme_runs() -> None:
    programs = commands_in(_read("README.md")).programs
    assert any(module == "fargate" for module, _ in programs), "the README shows `python -m fargate`"
    for module, first in programs:
        if module != "fargate":
            assert importlib.util.find_spec(module), f"README: python -m {module} does not exist"
            continue
        words = [sys.executable, "-m", module, *([first] if first else []), "--help"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"README: python -m {module} {first} does not exist\n{done.stderr}"


def _line_of(makefile: str, target: str) -> str:
    return next(line for line in makefile.splitlines() if line.startswith(f"{target}:"))


def _read(name: str) -> str:
    path = ROOT / name
    if not path.is_file():
        pytest.fail(f"{name} does not exist")
    return path.read_text(encoding="utf-8")
