"""How the trader stands: told by its loop about once a second, judged by whoever asks, in any thread.

The loop only replaces an immutable snapshot, so asking costs it nothing; that a loop hangs is found out by whoever
asks, whose clock goes on.
"""

import time
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.instants import MINUTE, SECOND, iso, rough_span

EVERY_NS = SECOND
HUNG_NS = 15 * SECOND
"""A loop that trades and has not turned for so long is hung."""
BUSY_NS = 5 * MINUTE
"""The same of one that prepares (reads a recording, fetches the past) or stops: it shows signs of life more rarely."""
LOOP = "loop"
TEXT_MAX = 200

Now = Callable[[], int]


class Component(Struct, frozen=True):
    """One part of the trader: whether it is well, and what it says. ``needed``: nobody enters while it is not well."""

    ok: bool
    says: str
    needed: bool = False


class Standing(Struct, frozen=True):
    """A component as others see it. ``since``: when it became well, or ceased to be (ISO-8601 UTC)."""

    ok: bool
    says: str
    since: str


class Condition(Struct, frozen=True):
    """The answer to whoever asks. ``at``: when it was given (ISO-8601 UTC).

    ``live``: the loop turns, and the process has not failed for good; whoever is not, had better be started anew.
    ``started``: the books were recovered. ``ready``: it would enter now, as far as its parts are concerned.
    """

    live: bool
    ready: bool
    started: bool
    at: str
    components: dict[str, Standing]


class Snapshot(Struct, frozen=True):
    """What the loop said last. ``turned_at`` is monotonic, ``turned`` and ``since`` the wall clock's; nanoseconds.

    ``since``: from when on it has been turning. ``end``: why the run is over, empty while it goes on.
    """

    turned_at: int
    turned: int
    since: int
    doing: str = "starting"
    started: bool = False
    end: str = ""
    failed: bool = False
    components: tuple[tuple[str, Component, int], ...] = ()

    @property
    def patience(self) -> int:
        """After how long without a turn the loop counts as hung, in nanoseconds."""
        return HUNG_NS if self.started and not self.end else BUSY_NS


class Health:
    """One for the life of a process. ``now`` is the wall clock, ``monotonic`` the one that durations are taken from.

    ``components``: whoever has a part of his own to tell of adds it by its name; it is asked on the loop, once a
    second, and must answer at once.
    """

    def __init__(self, now: Now = time.time_ns, monotonic: Now = time.monotonic_ns) -> None:
        self.components: dict[str, Callable[[], Component]] = {}
        self._now = now
        self._monotonic = monotonic
        self._snapshot = Snapshot(monotonic(), now(), now())
        self._due_at = 0

    # ------------------------------------------------------------------ on the loop

    def beat(self, doing: str = "") -> None:
        """A sign of life while the run is prepared; once it has started, only ``publish`` is one."""
        before = self._snapshot
        if not before.started and not before.end:
            self._turn(replace(before, doing=doing or before.doing))

    def recovered(self) -> None:
        """The books were recovered: from now on the loop turns all the time."""
        self._turn(replace(self._snapshot, started=True))

    def due(self) -> bool:
        """Whether the loop should say how things stand."""
        return self._monotonic() >= self._due_at

    def publish(self, doing: str, components: Mapping[str, Component]) -> None:
        """How things stand now; those who added a component of their own are asked for it."""
        self._due_at = self._monotonic() + EVERY_NS
        found = {**components, **{name: ask() for name, ask in self.components.items()}}
        before = {name: (one.ok, since) for name, one, since in self._snapshot.components}
        now = self._now()
        rows = []
        for name, one in found.items():
            ok, since = before.get(name, (not one.ok, now))
            rows.append((name, one, since if ok is one.ok else now))
        self._turn(replace(self._snapshot, doing=doing, components=tuple(rows)))

    def parts(self) -> dict[str, Component]:
        """What each part said last."""
        return {name: one for name, one, _ in self._snapshot.components}

    def end(self, error: BaseException) -> None:
        """The run is over: an ``Exception`` is a failure for good, anything else somebody's wish. The first counts."""
        if not self._snapshot.end:
            failed = isinstance(error, Exception)
            why = f"{type(error).__name__}: {error}" if failed else "stopping"
            self._turn(replace(self._snapshot, end=why[:TEXT_MAX], failed=failed))

    def _turn(self, told: Snapshot) -> None:
        """Publish; one assignment, so whoever reads meanwhile has the old one or the new one."""
        at, now = self._monotonic(), self._now()
        hung = at - told.turned_at > self._snapshot.patience
        self._snapshot = replace(told, turned_at=at, turned=now, since=now if hung else told.since)

    # ------------------------------------------------------------------ anywhere

    def condition(self) -> Condition:
        """How the trader stands, seen from outside the loop."""
        told, at = self._snapshot, iso(self._now())
        age = self._monotonic() - told.turned_at
        live = age <= told.patience and not told.failed
        well = bool(told.components) and all(one.ok for _, one, _ in told.components if one.needed)
        shown = {LOOP: _loop_of(told, age, live)}
        shown.update((name, Standing(one.ok, one.says[:TEXT_MAX], iso(since))) for name, one, since in told.components)
        return Condition(live, live and told.started and not told.end and well, told.started, at, shown)


def _loop_of(told: Snapshot, age: int, live: bool) -> Standing:
    """The loop itself: the one component that is judged from outside, because a hung one says nothing."""
    since = iso(told.since if live else told.turned)
    if told.end:
        return Standing(live, told.end, since)
    if live:
        return Standing(live, f"turned {rough_span(age)} ago: {told.doing}"[:TEXT_MAX], since)
    return Standing(live, f"has not turned for {rough_span(age)}, last: {told.doing}"[:TEXT_MAX], since)
