"""The commands a document tells its reader to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`((?:[A-Z]+=\S+ )*(?:make|python -m|\.venv/bin/python -m) [^`\n]+)`(?!`)")
ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")


@dataclass(frozen=True)
class Commands:
    """Make targets, and modules run with ``python -m`` with their first argument (empty without one)."""

    targets: tuple[str, ...]
    programs: tuple[tuple[str, str], ...]


def commands_in(document: str) -> Commands:
    """Every command in the code blocks and in inline code; ``{a,b}`` stands for each of its words."""
    targets: dict[str, None] = {}
    programs: dict[tuple[str, str], None] = {}
    for line in _lines(document):
        for words in _simple_commands(line):
            if words[:1] == ["make"]:
                targets |= dict.fromkeys(word for word in words[1:] if re.fullmatch(r"[a-z][a-z-]*", word))
            elif len(words) > 2 and words[0].endswith("python") and words[1] == "-m":
                for first in _alternatives(words[3] if len(words) > 3 else ""):
                    programs[words[2], first] = None
    return Commands(tuple(targets), tuple(programs))


def targets_in(makefile: str) -> tuple[str, ...]:
    """The targets a Makefile defines."""
    return tuple(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))


def _lines(document: str) -> Iterator[str]:
    for block in FENCE.findall(document):
        yield from block.replace("\\\n", " ").splitlines()
    yield from INLINE.findall(FENCE.sub("", document))


def _simple_commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a shell line, without prompt, variables in front, and comments."""
    for part in re.split(r"&&|\|\||[;|]", line.strip().removeprefix("$ ")):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:  # prose or program output with an apostrophe
            continue
        while words and (ASSIGNMENT.fullmatch(words[0]) or words[0] == "env"):
            words = words[1:]
        if words:
            yield words


def _alternatives(word: str) -> list[str]:
    if word.startswith("{") and word.endswith("}"):
        return word[1:-1].split(",")
    return [word if re.fullmatch(r"[a-z][a-z-]*", word) else ""]
