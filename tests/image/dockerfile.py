"""A Dockerfile as the list of its instructions, and rules that each yield findings."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SECRET = re.compile(r"(?i)secret|password|passwd|token|private|access_key|api_key|AKIA[0-9A-Z]{16}")
EXEC_FORM = ("ENTRYPOINT", "CMD", "HEALTHCHECK")


class Instruction(NamedTuple):
    """Its keyword, the rest of its line (continued lines joined), and the number of the stage it belongs to."""

    name: str
    rest: str
    stage: int


def instructions_of(text: str) -> list[Instruction]:
    """Every instruction; stage 0 is what comes before the first FROM."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found, stage = list[Instruction](), 0
    for line in re.sub(r"\\\n\s*", " ", kept).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            stage += name.upper() == "FROM"
            found.append(Instruction(name.upper(), " ".join(rest.split()), stage))
    return found


def floating_base(found: Sequence[Instruction]) -> Iterator[str]:
    """What is built on has a tag that says what it is."""
    defaults = dict(one.rest.split("=", 1) for one in found if one.name == "ARG" and "=" in one.rest)
    for one in found:
        if one.name == "FROM":
            words = re.sub(r"\$\{(\w+)\}", lambda named: defaults.get(named[1], ""), one.rest).split()
            tag = words[0].rpartition("/")[2].partition(":")[2] if words else ""
            if tag in ("", "latest"):
                yield f"FROM {one.rest}: {words[0] if words else 'nothing'} has no tag that says what it is"


def runs_as_root(found: Sequence[Instruction]) -> Iterator[str]:
    """The last stage names a user by its number, which is not root's."""
    last = max(one.stage for one in found)
    users = [one.rest for one in found if one.name == "USER" and one.stage == last]
    if not users or not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1]):
        yield f"it runs as {users[-1] if users else 'root'}: name a user by a number that is not root's"


def shell_form(found: Sequence[Instruction]) -> Iterator[str]:
    """Signals reach the program itself: what is run is a list of words, not a line for a shell."""
    last = max(one.stage for one in found)
    for name in EXEC_FORM:
        there = [one.rest for one in found if one.name == name and one.stage == last]
        if not there:
            yield f"there is no {name}"
        for rest in there:
            words = rest[rest.index("CMD ") + 4 :] if name == "HEALTHCHECK" and "CMD " in rest else rest
            try:
                is_list = isinstance(json.loads(words), list)
            except ValueError:
                is_list = False
            if not is_list:
                yield f"{name} {rest}: is a line for a shell, not a list of words"


def tells_secrets(found: Sequence[Instruction]) -> Iterator[str]:
    """Nothing secret is written down, not even its name."""
    for one in found:
        if one.name in ("ENV", "ARG", "LABEL", "RUN") and SECRET.search(one.rest):
            yield f"{one.name} {one.rest}: looks like a secret"


def fetches(found: Sequence[Instruction]) -> Iterator[str]:
    """What is installed is locked by hashes; nothing else is fetched."""
    for one in found:
        if one.name == "ADD" or (one.name == "RUN" and re.search(r"\b(curl|wget|git clone)\b", one.rest)):
            yield f"{one.name} {one.rest}: fetches something that no lock names"
        if one.name == "RUN" and "pip install" in one.rest and "--require-hashes" not in one.rest:
            yield f"RUN {one.rest}: installs something without its hash"
