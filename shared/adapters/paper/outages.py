"""When the paper venue's matching engine restarts: nothing is taken for a while, then only post-only orders."""

from enum import Enum

from shared.adapters.paper.orders import RestartSettings
from shared.domain.ids import fact_id


class Mode(Enum):
    """What the venue takes at an instant."""

    OPEN = "open"
    RESTARTING = "restarting"
    POST_ONLY = "post_only"


class Outages:
    """Restarts by plan (one at a seeded moment of every period) and by call; both are functions of venue time alone."""

    def __init__(self, seed: int, settings: RestartSettings) -> None:
        self._seed = seed
        self._settings = settings
        self._called: list[int] = []

    def restart(self, at: int) -> None:
        """The engine restarts at this instant, whatever the plan says."""
        self._called.append(at)

    def mode(self, at: int) -> tuple[Mode, int]:
        """The mode at an instant and when it ends (the instant itself when open)."""
        if not self._called and not self._settings.every_ns:
            return Mode.OPEN, at
        for start in self._starts(at):
            ready = start + self._settings.lasts_ns
            if start <= at < ready:
                return Mode.RESTARTING, ready
            if ready <= at < ready + self._settings.post_only_ns:
                return Mode.POST_ONLY, ready + self._settings.post_only_ns
        return Mode.OPEN, at

    def _starts(self, at: int) -> list[int]:
        """Every restart that may still be felt at ``at``, the latest first."""
        starts = sorted(self._called, reverse=True)
        every = self._settings.every_ns
        if every:
            room = every - self._settings.lasts_ns - self._settings.post_only_ns
            period = at // every
            starts.append(period * every + int(fact_id("restart", self._seed, period)[:15], 16) % room)
        return starts
