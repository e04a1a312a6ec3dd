"""What is read by reference and kept for a few minutes; read anew at once when somebody does not fit it."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from shared.domain.instants import MINUTE, SECOND

T = TypeVar("T")
KEPT_NS = 5 * MINUTE
AGAIN_NS = 5 * SECOND
"""Who is refused makes us look again, but not more often than this: it may have been rotated just now."""


class Remembered(Generic[T]):
    """One value. ``read`` raises what its source raises, which is passed on; nothing is kept then."""

    def __init__(self, read: Callable[[], T], monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._read = read
        self._monotonic = monotonic
        self._kept: tuple[int, T] | None = None

    def fits(self, test: Callable[[T], bool]) -> bool:
        """Whether the value passes a test, as kept or, failing that, as it is by now."""
        return test(self._get(KEPT_NS)) or test(self._get(AGAIN_NS))

    def get(self) -> T:
        """The value, at most five minutes old."""
        return self._get(KEPT_NS)

    def _get(self, most: int) -> T:
        now = self._monotonic()
        if self._kept is None or now - self._kept[0] >= most:
            self._kept = (now, self._read())
        return self._kept[1]
