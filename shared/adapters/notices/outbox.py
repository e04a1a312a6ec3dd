"""Telling what a scheduled function found, once: what it will say is written down before it is said.

State and notices are one item, so a run that dies between deciding and telling is finished by the next one, with the
same words and instants (which is how the same notice is recognised), and of two runs at once one decides.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from shared.adapters.notices.items import Keeping
from shared.domain.errors import Temporary
from shared.domain.notice import Notice

StateT = TypeVar("StateT")
ROUNDS = 20


class Notifies(Protocol):
    """Where notices go."""

    def notify(self, notice: Notice) -> None:
        """Hand over one notice."""


class Decided(Struct, Generic[StateT], frozen=True):
    """What is remembered from now on, and what people are told about it."""

    state: StateT
    notices: tuple[Notice, ...] = ()


class Outbox(Generic[StateT]):
    """One item of an account; ``kind`` is what it holds, such as ``Decided[Standing]``."""

    def __init__(self, items: Keeping, name: str, kind: type[Decided[StateT]]) -> None:
        self._items = items
        self._name = name
        self._decode = msgspec.json.Decoder(kind).decode
        self._encode = msgspec.json.Encoder(order="deterministic").encode

    def tell(self, decide: Callable[[StateT | None], Decided[StateT] | None], line: Notifies) -> int:
        """Say what an earlier run could not, then what ``decide`` makes of the state (None: nothing new); how many
        notices were handed over. ``Temporary`` when the table or the queue does not answer.
        """
        told = 0
        for _ in range(ROUNDS):
            kept = self._items.read(self._name)
            before = self._decode(kept.body) if kept.body else None
            if before is not None and before.notices:
                for notice in before.notices:
                    line.notify(notice)
                told += len(before.notices)
                self._items.swap(self._name, kept, self._encode(Decided(before.state)).decode(), None)
                continue
            after = decide(None if before is None else before.state)
            if after is None or after == before:
                return told
            swapped = self._items.swap(self._name, kept, self._encode(after).decode(), None)
            if swapped and not after.notices:
                return told
        raise Temporary(f"item {self._name} is being changed by too many at once")
