"""Two engines compared part by part: everything they remember, as plain data, in the order in which it is reached."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from msgspec import Struct

from shared.engine.changes import Changes


def differences(one: object, two: object) -> list[str]:
    """Where two things of equal making remember something else, by the path that leads there."""
    left, right = dict(leaves(one)), dict(leaves(two))
    return [path for path in dict.fromkeys([*left, *right]) if left.get(path, "?") != right.get(path, "?")]


def leaves(thing: object) -> Iterator[tuple[str, object]]:
    """Every plain value inside a thing with its path; what is reached twice is walked once. What people changed is left
    out: that is what the two engines differ by.
    """
    yield from _walk("", thing, set())


def _walk(path: str, thing: object, seen: set[int]) -> Iterator[tuple[str, object]]:
    if thing is None or isinstance(thing, bool | int | str | bytes | Enum):
        yield path, thing
        return
    if isinstance(thing, Changes) or callable(thing):
        return
    if id(thing) in seen and not isinstance(thing, Struct | tuple):
        return
    seen.add(id(thing))
    for name, inner in _inside(thing):
        yield from _walk(f"{path}.{name}", inner, seen)


def _inside(thing: Any) -> Iterator[tuple[object, object]]:
    if isinstance(thing, Struct):
        yield from ((name, getattr(thing, name)) for name in thing.__struct_fields__)
    elif isinstance(thing, dict):
        yield from thing.items()
    elif hasattr(thing, "__iter__"):
        yield from enumerate(thing)
    else:
        yield from vars(thing).items() if hasattr(thing, "__dict__") else ()
        for kind in type(thing).__mro__:
            yield from ((name, getattr(thing, name)) for name in getattr(kind, "__slots__", ()) if hasattr(thing, name))
