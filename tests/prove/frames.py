"""Mutated frames: flipped bytes, cuts, swapped fields, absurd numbers, nested arrays, in front of each stream's reader.

A subject takes a frame and says what is wrong with what came of it, by a slow parser of its own: a crash, a value
accepted that the frame does not say, or a frame of which nothing was taken and which nothing counted. Each stream has a
module beside this one with its subject.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from msgspec import MsgspecError, Struct

from shared.domain.errors import HouseError


class Subject(Protocol):
    """One stream's reader under test."""

    name: str

    def seeds(self) -> list[bytes]:
        """Good frames to start from, one of each kind."""

    def problem(self, frame: bytes) -> str:
        """What is wrong with what came of a frame; "" when nothing is."""

    def accepted(self) -> bool:
        """Whether anything of the last frame was taken."""


class Tally(Struct):
    """How it went: sound frames by what was done to them, how many of these still said something, the first problem."""

    by_mutation: Counter[str]
    frames: int = 0
    accepted: int = 0
    number: int | None = None
    problem: str = ""


ABSURD: tuple[object, ...] = (
    "1e400",
    "-0.5",
    "NaN",
    "Infinity",
    "0.1234567",
    "99999999999999999999999",
    "0x10",
    "1_0",
    " 0.5",
    "٠.٥",
    "1",
    "0",
    "",
    10**30,
    -1,
    0.1,
    True,
    None,
    [],
    {},
    [[[[]]]],
    "BUY",
    "9" * 5_000,
)
SHOWN = 600
CRASHES = (
    AssertionError,
    AttributeError,
    HouseError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    TypeError,
    ValueError,
    MsgspecError,
)
"""What a reader may break with; anything else is an error of this program."""


def mutated_frames(numbers: range, subject: Subject) -> Tally:
    """A subject's frames of these numbers, until one shows a problem; a number is always the same frame."""
    tally = Tally(Counter())
    seeds = subject.seeds()
    for number in numbers:
        rng = random.Random(f"{subject.name}/{number}")
        name, mutate = rng.choice(MUTATIONS)
        frame = mutate(rng, rng.choice(seeds))
        try:
            sentence = subject.problem(frame)
        except CRASHES as error:
            sentence = f"{type(error).__name__}: {error}"
        if sentence:
            tally.number = number
            tally.problem = f"({name}) {frame[:SHOWN]!r}: {sentence}"
            break
        tally.frames += 1
        tally.by_mutation[name] += 1
        tally.accepted += subject.accepted()
    return tally


# ---------------------------------------------------------------------- what is done to a frame


def _flip(rng: random.Random, frame: bytes) -> bytes:
    broken = bytearray(frame)
    for _ in range(rng.choice((1, 1, 2, 8))):
        broken[rng.randrange(len(broken))] = rng.choice((rng.randrange(256), *b'0123456789."{}[],:-e'))
    return bytes(broken)


def _cut(rng: random.Random, frame: bytes) -> bytes:
    begin, end = sorted((rng.randrange(len(frame)), rng.randrange(len(frame))))
    return rng.choice((frame[:end], frame[begin:], frame[:begin] + frame[end:], frame + frame[begin:end]))


def _nest(rng: random.Random, frame: bytes) -> bytes:
    deep = rng.choice((1, 2, 50, 5_000))
    return b"[" * deep + frame + b"]" * rng.choice((deep, deep, deep - 1))


def _digit(rng: random.Random, frame: bytes) -> bytes:
    """A digit becomes another: still a good frame, saying something else."""
    places = [place for place, byte in enumerate(frame) if byte in b"0123456789"] or range(len(frame))
    broken = bytearray(frame)
    broken[rng.choice(places)] = rng.choice(b"0123456789")
    return bytes(broken)


def _leaves(content: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key) in a decoded frame."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        found.append((content, key))
        _leaves(value, found)
    return found


def _swap(rng: random.Random, frame: bytes) -> bytes:
    content = json.loads(frame)
    (one, key), (other, another) = rng.choice(_leaves(content, [])), rng.choice(_leaves(content, []))
    text = json.dumps(one[key]), json.dumps(other[another])
    one[key], other[another] = json.loads(text[1]), json.loads(text[0])
    return json.dumps(content, separators=(",", ":")).encode()


def _absurd(rng: random.Random, frame: bytes) -> bytes:
    content = json.loads(frame)
    container, key = rng.choice(_leaves(content, []))
    container[key] = rng.choice(ABSURD)
    return json.dumps(content, separators=(",", ":")).encode()


def _lose(rng: random.Random, frame: bytes) -> bytes:
    content = json.loads(frame)
    container, key = rng.choice(_leaves(content, []))
    del container[key]
    return json.dumps(content, separators=(",", ":")).encode()


def _twice(rng: random.Random, frame: bytes) -> bytes:
    """A field told twice, with another value."""
    content = json.loads(frame)
    fields = [(one, key) for one, key in _leaves(content, []) if isinstance(one, dict)]
    container, key = rng.choice(fields)
    field = json.dumps(key).encode() + b":" + json.dumps(container[key], separators=(",", ":")).encode()
    again = json.dumps(key).encode() + b":" + json.dumps(rng.choice(ABSURD)).encode()
    return frame.replace(field, field + b"," + again, 1)


MUTATIONS: list[tuple[str, Callable[[random.Random, bytes], bytes]]] = [
    ("flip", _flip),
    ("digit", _digit),
    ("cut", _cut),
    ("nest", _nest),
    ("swap", _swap),
    ("absurd", _absurd),
    ("lose", _lose),
    ("twice", _twice),
]
