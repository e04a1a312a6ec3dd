"""Kinds of faults, and the dice that decide when they fire; each firing is counted."""

from collections import Counter
from enum import Enum
from random import Random


class Fault(Enum):
    """What may go wrong, in words for people."""

    STORE_REQUEST_LOST = "request to the store lost"
    STORE_REPLY_LOST = "reply of the store lost"
    STORE_LATE = "request to the store arrives after it was given up"
    STORE_BUSY = "transaction throttled or in conflict"
    STORE_AWAY = "store away for many calls"
    VENUE_REQUEST_LOST = "request to the venue lost"
    VENUE_REPLY_LOST = "reply of the venue lost"
    VENUE_LATE = "request to the venue arrives after it was given up"
    VENUE_TWICE = "request arrives at the venue twice"
    VENUE_BUSY = "venue answers 5xx or 425"
    ANSWER_LOST = "notice of the venue lost"
    ANSWER_LATE = "notice of the venue late"
    ANSWER_TWICE = "notice of the venue twice"
    GHOST = "an order is said to have ended before its fills are told"
    UNREAD = "a question of reconciliation unanswered"
    CRASH_BEFORE = "crash before a call"
    CRASH_AFTER = "crash after a call"
    SLOW = "call takes long"
    FEED_LOST = "fact of a feed lost"
    FEED_LATE = "fact of a feed late"
    FEED_TWICE = "fact of a feed twice"

    PAUSE = "process paused longer than its lease"
    JUMP = "clock jumps"
    PARTITION = "store out of reach for one process"
    SILENCE = "feed silent while open"
    OLD_TRADES = "old trades delivered late"
    KILL = "kill switch"
    RESUME = "resume"
    LIMIT = "limits changed"
    RESTART = "matching engine restarts"
    RESOLVE = "market resolves"
    TERM = "told to stop"
    FLATTEN = "flatten"


MOMENTS = (
    Fault.PAUSE,
    Fault.JUMP,
    Fault.PARTITION,
    Fault.SILENCE,
    Fault.OLD_TRADES,
    Fault.KILL,
    Fault.RESUME,
    Fault.LIMIT,
    Fault.RESTART,
    Fault.RESOLVE,
    Fault.TERM,
    Fault.FLATTEN,
)
"""Faults of a process or of the world, at random instants."""
CALLS = tuple(fault for fault in Fault if fault not in MOMENTS)
"""Faults of single calls."""


class Dice:
    """Decides whether a fault fires; ``quiet`` ends all faults. ``fired`` counts."""

    def __init__(self, rng: Random, rates: dict[Fault, float]) -> None:
        self.rng = rng
        self.quiet = False
        self.fired: Counter[Fault] = Counter()
        self._rates = rates

    def fires(self, fault: Fault) -> bool:
        """Whether it does now."""
        rate = self._rates.get(fault)
        if rate is None or self.quiet or self.rng.random() >= rate:
            return False
        self.fired[fault] += 1
        return True

    def count(self, fault: Fault) -> None:
        """It was made to happen."""
        self.fired[fault] += 1
