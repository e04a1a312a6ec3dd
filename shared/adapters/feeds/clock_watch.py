"""Whether our clock agrees with the venue's: an offset of more than a second forbids new intents (specification 2).

The venue tells whole seconds. An answer bounds how far its clock is ahead of ours from both sides, however long it
took, and several answers together narrow that down; nothing is called wrong before it is proved.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from shared.adapters.sockets import Hear, Voice
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND

NAME = "clock"
OFFSET_NS = SECOND
"""How far the clocks may be apart."""
KEPT = 8
"""Answers that narrow each other down; older ones are forgotten, for a clock may drift."""


class ClockSettings(Struct, frozen=True):
    """``every_s``: no multiple of a second, so that the answers fall into different parts of one."""

    every_s: float = 3.3


class VenueTime(Protocol):
    """The venue's clock."""

    async def time(self) -> int:
        """Nanoseconds UTC, in whole seconds."""


Bounds = tuple[int, int]
"""The venue's time less ours is at least, and less than, so many nanoseconds."""


class ClockWatch:
    """Feed ``clock``, which tells nothing but its health: down while the clocks differ, or were never compared.

    ``clock`` is ours, in nanoseconds UTC.
    """

    name = NAME

    def __init__(
        self,
        venue: VenueTime,
        clock: Callable[[], int],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        settings: ClockSettings | None = None,
    ) -> None:
        self.compared = 0
        self.failed = 0
        self._venue = venue
        self._clock = clock
        self._sleep = sleep
        self._every_s = (settings or ClockSettings()).every_s
        self._bounds: list[Bounds] = []
        self._healthy: bool | None = None

    async def run(self, hear: Hear) -> None:
        """Compare until cancelled. While the venue does not answer, the last finding stands."""
        voice = Voice(NAME, hear, self._clock)
        self._say(voice, "not compared with the venue's yet", healthy=False)
        while True:
            asked = self._clock()
            try:
                told = await self._venue.time()
            except (Temporary, BadInput):
                self.failed += 1
            else:
                self.compared += 1
                self._judge(voice, self.take(told, asked, self._clock()))
            await self._sleep(self._every_s)

    def take(self, told: int, asked: int, answered: int) -> Bounds:
        """What is known after one more answer: ``told``, asked for and answered at these instants of ours."""
        newest = (told - answered, told + SECOND - asked)
        self._bounds = [*self._bounds, newest][-KEPT:]
        low, high = self._narrowed()
        if low > high:  # a clock was set meanwhile: what was known before is worth nothing
            self._bounds = [newest]
            return newest
        return low, high

    def _narrowed(self) -> Bounds:
        return max(low for low, _ in self._bounds), min(high for _, high in self._bounds)

    def _judge(self, voice: Voice, bounds: Bounds) -> None:
        low, high = bounds
        if low > OFFSET_NS:
            self._say(voice, f"ours is {low / SECOND:.1f} s or more behind the venue's", healthy=False)
        elif high < -OFFSET_NS:
            self._say(voice, f"ours is {-high / SECOND:.1f} s or more ahead of the venue's", healthy=False)
        else:
            self._say(voice, f"ours agrees with the venue's within {OFFSET_NS // SECOND} s", healthy=True)

    def _say(self, voice: Voice, reason: str, *, healthy: bool) -> None:
        if healthy is not self._healthy:
            self._healthy = healthy
            voice.health(healthy=healthy, reason=reason)
