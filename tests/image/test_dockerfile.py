"""What can be said of the image without building it, and that each rule finds what it looks for."""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.image.dockerfile import (
    Instruction,
    fetches,
    floating_base,
    instructions_of,
    runs_as_root,
    shell_form,
    tells_secrets,
)

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "fargate" / "Dockerfile"
OF_THE_DASHBOARD = ("dashboard", ".streamlit", "requirements/run.txt")
"""Its image is built from the same folder."""
PARTS = ("shared", "functions", "fargate")
Rule = Callable[[Sequence[Instruction]], Iterator[str]]
RULES: list[Rule] = [floating_base, runs_as_root, shell_form, tells_secrets, fetches]
SOUND = 'FROM a:1\nUSER 7\nHEALTHCHECK --interval=9s CMD ["a"]\nENTRYPOINT ["a"]\nCMD ["b"]\n'


@pytest.fixture(scope="module")
def ours() -> list[Instruction]:
    return instructions_of(DOCKERFILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", RULES)
def test_our_image_keeps_every_rule(rule: Rule, ours: list[Instruction]) -> None:
    assert list(rule(ours)) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_file_is_left_alone(rule: Rule) -> None:
    assert list(rule(instructions_of(SOUND))) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (floating_base, SOUND.replace("a:1", "a")),
        (floating_base, SOUND.replace("a:1", "host:5000/a:latest")),
        (floating_base, "ARG BASE=a\n" + SOUND.replace("a:1", "${BASE} AS build")),
        (floating_base, "ARG BASE\n" + SOUND.replace("a:1", "${BASE}")),
        (runs_as_root, SOUND.replace("USER 7\n", "")),
        (runs_as_root, SOUND.replace("USER 7", "USER 0:7")),
        (runs_as_root, SOUND.replace("USER 7", "USER house")),
        (runs_as_root, SOUND + "USER root\n"),
        (runs_as_root, SOUND + SOUND.replace("USER 7\n", "")),
        (shell_form, SOUND.replace('ENTRYPOINT ["a"]', "ENTRYPOINT a")),
        (shell_form, SOUND.replace('CMD ["b"]', "CMD exec b")),
        (shell_form, SOUND.replace('CMD ["a"]', "CMD a || exit 1")),
        (shell_form, SOUND.replace("HEALTHCHECK --interval=9s", "LABEL")),
        (tells_secrets, SOUND + "ENV TELEGRAM_TOKEN=1\n"),
        (tells_secrets, SOUND + "RUN export \\\n    PASSWORD=1\n"),
        (fetches, SOUND + "ADD http://somewhere/x /x\n"),
        (fetches, SOUND + "RUN curl -o x somewhere\n"),
        (fetches, SOUND + "RUN python -m pip install x\n"),
    ],
)
def test_a_broken_file_is_found(rule: Rule, text: str) -> None:
    assert len(list(rule(instructions_of(text)))) == 1


def test_it_runs_the_trader_and_is_asked_whether_it_lives(ours: list[Instruction]) -> None:
    last = {one.name: one.rest for one in ours}
    assert last["ENTRYPOINT"] == '["/venv/bin/python", "-m", "fargate"]'
    assert last["CMD"] == '["trade"]'
    assert last["HEALTHCHECK"].endswith('CMD ["/venv/bin/python", "-m", "fargate", "status", "--live"]')
    assert last["VOLUME"] == "/state"
    (env,) = [one.rest for one in ours if one.name == "ENV"]
    for setting in ("PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", "STATE_DIR=/state", "HEALTH_HOST=0.0.0.0"):
        assert setting in env.split()


def test_only_what_the_image_is_made_of_reaches_the_builder(ours: list[Instruction]) -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    copied = [one.rest.split()[0] for one in ours if one.name == "COPY" and not one.rest.startswith("--from")]
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted({*copied, *OF_THE_DASHBOARD})
    assert sorted(copied) == sorted((*PARTS, "requirements/image.txt"))


# ---------------------------------------------------------------------- what is installed


def pins_of(name: str) -> dict[str, set[str]]:
    """Every package of a lock file with the versions it is pinned to; each must have hashes."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        pinned = re.match(r"([a-z0-9-]+)(?:\[[\w,-]+\])?==(\S+)", block)
        assert pinned is not None, block
        assert "--hash=sha256:" in block, f"{pinned[1]} has no hash"
        found.setdefault(pinned[1], set()).add(pinned[2])
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """The first part of every module that is imported at run time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_the_lock_is_part_of_what_is_tested_and_carries_neither_dashboard_nor_embedded_aws() -> None:
    image, tested = pins_of("image.txt"), pins_of("dev.txt")
    assert {name: versions - tested.get(name, set()) for name, versions in image.items()} == {
        name: set() for name in image
    }
    assert {"awslambdaric", "boto3", "numba", "polars"} <= image.keys()
    assert not {"streamlit", "altair", "ministack", "pytest", "moto"} & image.keys()


def test_everything_that_our_code_imports_is_in_the_lock() -> None:
    named = {
        name
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
    }
    outside = named - set(sys.stdlib_module_names) - {*PARTS, ""}
    owners = packages_distributions()
    locked = pins_of("image.txt").keys()
    types_only = {name for name in outside if name.startswith("mypy_boto3_")}
    carriers = {name: {one.lower().replace("_", "-") for one in owners.get(name, [])} for name in outside - types_only}
    assert [name for name, packages in carriers.items() if not locked & packages] == []
