"""Answers that are kept for a while and shared: however many people look, a question is asked once."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")
SLOW = 10
"""An answer is kept at least so many times as long as it took: a slow server is asked seldom."""
MOST = 256


class _Answer(Struct, Generic[T]):
    value: T
    at: int
    took: int


class Aged(Generic[T]):
    """Answers by key, each kept for ``keep_ns``; of more than ``most``, the one asked longest ago is forgotten.

    Who asks while the same question is under way waits for its answer. What a question raises is raised to whoever
    asked, and is not kept.
    """

    def __init__(self, keep_ns: int, now: Callable[[], int] = time.monotonic_ns, most: int = MOST) -> None:
        self._keep_ns = keep_ns
        self._now = now
        self._most = most
        self._kept: OrderedDict[Hashable, _Answer[T]] = OrderedDict()
        self._asking: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer to ``key``, from ``ask`` unless a fresh one is there."""
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            kept = self._kept.get(key)
            if kept is None or not self._serves(kept):
                kept = self._asked(key, ask)
            return kept.value

    def forget(self) -> None:
        """Ask everything anew: somebody has just changed it."""
        with self._lock:
            self._kept.clear()

    def _serves(self, kept: _Answer[T]) -> bool:
        return self._now() - kept.at <= max(self._keep_ns, SLOW * kept.took)  # not money: durations

    def _asked(self, key: Hashable, ask: Callable[[], T]) -> _Answer[T]:
        began = self._now()
        value = ask()
        ended = self._now()
        answer = _Answer(value, ended, ended - began)
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                gone, _ = self._kept.popitem(last=False)
                self._asking.pop(gone, None)
        return answer
