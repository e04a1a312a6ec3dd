"""Each fill once, although parallel sockets bring every message and a taker appears in two kinds of them.

- The same bytes twice are the same message (a stream that repeats itself), whichever socket brings them.
- ``trades`` has takers and makers, ``orders_matched`` the takers once more. Rows of one (transaction, wallet, token,
  side) count from one kind only, the one that came first; a wallet is never taker and maker of one such key.
- Equal rows of one connection are separate fills, as everywhere in the house (``Deliveries``).
"""

from hashlib import blake2b
from typing import Generic, TypeVar

from shared.domain.instants import HOUR
from shared.domain.messages import WhaleTrade
from shared.domain.order import Side
from shared.engine.detection import Deliveries

REMEMBERED_NS = 2 * HOUR
"""The stream is known to bring trades 30-60 minutes late, once more."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """A mapping that forgets what was not set for one to two windows; O(1), memory of two windows."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._turn_at = 0
        self._now: dict[Key, Value] = {}
        self._before: dict[Key, Value] = {}

    def setdefault(self, key: Key, value: Value, at: int) -> Value:
        """What is known under the key, or the value, which is known from now on."""
        if at >= self._turn_at:
            self._before = {} if at >= self._turn_at + self._window_ns else self._now
            self._now = {}
            self._turn_at = at + self._window_ns
        known = self._now.get(key)
        if known is None:
            known = self._now[key] = self._before.get(key, value)
        return known


class Fills:
    """Memory of one feed. ``repeated`` and ``other_kind`` count what was left out for these reasons."""

    def __init__(self, source: str, window_ns: int = REMEMBERED_NS) -> None:
        self.repeated = 0
        self.other_kind = 0
        self._source = source
        self._frames: Recent[bytes, int] = Recent(window_ns)
        self._kinds: Recent[tuple[str, str, str, Side], str] = Recent(window_ns)
        self._deliveries = Deliveries(window_ns)
        self._count = 0

    def is_new_frame(self, data: bytes, at: int) -> bool:
        """Whether these very bytes have not been here before."""
        self._count += 1
        # Kept for hours: sixteen bytes stand for the kilobyte of a frame.
        if self._frames.setdefault(blake2b(data, digest_size=16).digest(), self._count, at) == self._count:
            return True
        self.repeated += 1
        return False

    def is_new(self, trade: WhaleTrade, kind: str, at: int) -> bool:
        """Whether this row (its ``delivery`` the connection that brought it) is a fill not counted before."""
        key = (trade.tx, trade.wallet, trade.token, trade.side)
        if self._kinds.setdefault(key, kind, at) != kind:
            self.other_kind += 1
            return False
        return self._deliveries.is_new(trade, self._source, at)
