"""What the engine tells people: said on the console where it matters, and the last of it kept for the pages.

Never a flood: the same alert again within a minute is counted, not repeated, and a minute has room for so many lines.
Only what halts trading is always said.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct

from shared.domain.effects import Alert
from shared.domain.instants import MINUTE

KEPT = 20
SAID_PER_MINUTE = 20
ALOUD = 2
"""Severities up to this one are said at once (1 halts, 2 reduces, 3 is for the record)."""
TEXT_MAX = 240

TOKEN_ID = re.compile(r"(?<!\w)\d{30,}(?!\w)")

Say = Callable[[str], None]
Send = Callable[[int, str, str, int], None]


def shortened(text: str) -> str:
    """A text of bounded length, in which token ids (about 77 digits) are cut to what tells them apart."""
    text = TOKEN_ID.sub(lambda found: f"{found[0][:6]}…{found[0][-4:]}", text)
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


def silence(_line: str) -> None:
    """Say nothing."""


def keep_here(_severity: int, _name: str, _text: str, _now: int) -> None:
    """Everybody who should know is here."""


class Told(Struct):
    """One alert: event time of the last such one, the wall clock's when it was first told, and how many there were."""

    at: int
    since: int
    severity: int
    name: str
    text: str
    times: int = 1


class Alerts:
    """See the module. ``say`` is where people read lines; ``send`` takes each alert that is new within a minute to who
    is not here (severity, name, text, wall time).
    """

    def __init__(self, say: Say = silence) -> None:
        self.say = say
        self.send: Send = keep_here
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self._minute_ends_at = 0
        self._said = 0
        self._unsaid = 0

    def hear(self, alerts: Iterable[Alert], at: int, now: int) -> None:
        """Take alerts raised by event time ``at``; ``now`` is the wall clock, by which a minute is a minute."""
        self._begin_minute(now)
        for alert in alerts:
            text = shortened(alert.text)
            again = self._again(alert.name, text, now)
            if again is not None:
                again.at = at
                again.times += 1
                continue
            self._kept.append(Told(at, now, alert.severity, alert.name, text))
            self.send(alert.severity, alert.name, text, now)
            if alert.severity <= ALOUD:
                self._tell(f"SEV{alert.severity} {alert.name}: {text}", always=alert.severity == 1)

    def _again(self, name: str, text: str, now: int) -> Told | None:
        """The same alert, if it was first told within the last minute."""
        for told in reversed(self._kept):
            if told.name == name and told.text == text and now - told.since < MINUTE:
                return told
        return None

    def _begin_minute(self, now: int) -> None:
        if now < self._minute_ends_at:
            return
        if self._unsaid:
            self.say(f"{self._unsaid:,} more alerts within that minute were not shown")
        self._minute_ends_at = now + MINUTE
        self._said = self._unsaid = 0

    def _tell(self, line: str, *, always: bool) -> None:
        if always or self._said < SAID_PER_MINUTE:
            self._said += 1
            self.say(line)
        else:
            self._unsaid += 1

    def rows(self) -> list[dict[str, object]]:
        """The last ones as plain data, the newest first."""
        return [
            {"at": one.at, "severity": one.severity, "name": one.name, "text": one.text, "times": one.times}
            for one in reversed(self._kept)
        ]
