"""The repository as the house rules see it: its files, parsed once."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP_FOLDERS = ("shared", "functions", "fargate", "dashboard", "cdk")
PURE_FOLDERS = ("shared/domain", "shared/engine", "shared/strategies")
"""The money path: no clock, no chance, no world, no fractions."""
NOT_OURS = frozenset({"build", "node_modules", "cdk.out", "__pycache__"})
OUR_DOTFILES = frozenset({".ci", ".gitignore", ".gitattributes", ".pre-commit-config.yaml"})


@dataclass(frozen=True)
class Module:
    """One Python file: ``path`` relative to the root with forward slashes, its text, and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def is_in(self, *folders: str) -> bool:
        """Whether the file lies in one of the folders."""
        return any(self.path.startswith(f"{folder}/") for folder in folders)

    def line(self, node: ast.expr | ast.stmt) -> str:
        """The source line a node starts on."""
        return self.text.splitlines()[node.lineno - 1]

    def at(self, node: ast.expr | ast.stmt | ast.excepthandler, sentence: str) -> str:
        """A finding, in the form editors can follow."""
        return f"{self.path}:{node.lineno}: {sentence}"


def module_of(path: str, text: str) -> Module:
    """A module from text: a file of the repository or the bad example of a rule's own test."""
    return Module(path, text, ast.parse(text, path))


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the repository, in order of path."""
    return tuple(module_of(path, (ROOT / path).read_text(encoding="utf-8")) for path in files() if path.endswith(".py"))


@cache
def files() -> tuple[str, ...]:
    """Every file of ours, relative to the root, in order; nothing that a command made."""
    return tuple(sorted(_walk()))


def _walk() -> Iterator[str]:
    for folder, names, leaves in os.walk(ROOT):
        names[:] = [name for name in names if _is_ours(name)]
        for leaf in leaves:
            if _is_ours(leaf):
                yield (Path(folder) / leaf).relative_to(ROOT).as_posix()


def _is_ours(name: str) -> bool:
    return name in OUR_DOTFILES or not (name.startswith(".") or name in NOT_OURS)
