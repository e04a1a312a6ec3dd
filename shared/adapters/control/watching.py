"""Whether the trader lives, judged from outside by what it leaves behind: its heartbeat and its lease. Pure.

A heartbeat older than a minute is a death, unless another trader has just taken the lease over: it first reconciles,
and shows itself when it has. A trader that holds its lease but shows nothing hangs, which is a death as well.
"""

from msgspec import Struct

from shared.adapters.durable.backend import Lease
from shared.domain.instants import MINUTE, iso, rough_span
from shared.settings import LeaseSettings

SILENT_NS = 1 * MINUTE
STARTING_NS = 3 * MINUTE
"""However often the lease is taken over: who has shown nothing for so long is dead."""
WRITTEN_AT = "written_at"
"""The field of the live item that says when it was written (nanoseconds, wall clock)."""


class Pulse(Struct, frozen=True):
    """``written_at``: the last heartbeat (0: never); ``age``: nanoseconds since; ``says``: how it stands, for people.

    ``up``: it was heard within the last minute. ``dead``: it was alive once and is no more.
    """

    written_at: int
    age: int
    up: bool
    dead: bool
    says: str


def pulse(written_at: int, lease: Lease | None, now: int, settings: LeaseSettings) -> Pulse:
    """Judge the trader at an instant (nanoseconds, wall clock)."""
    if written_at <= 0:
        return Pulse(0, 0, up=False, dead=False, says="no trader has ever run")
    age = max(0, now - written_at)
    if age <= SILENT_NS:
        return Pulse(written_at, age, up=True, dead=False, says=f"heard {rough_span(age)} ago")
    since = f"silent since {iso(written_at)[:19]}Z"
    if age <= STARTING_NS and _just_taken(lease, now, settings):
        return Pulse(written_at, age, up=False, dead=False, says=f"{since}; another trader starts")
    return Pulse(written_at, age, up=False, dead=True, says=f"{since}; {_lease_says(lease, now)}")


def _just_taken(lease: Lease | None, now: int, settings: LeaseSettings) -> bool:
    """Whether somebody renews the lease and has not had it for a minute: each renewal counts one beat."""
    if lease is None or lease.released or now - lease.at > SILENT_NS:
        return False
    return lease.beat * settings.beat_ns <= SILENT_NS  # not money: beats to nanoseconds


def _lease_says(lease: Lease | None, now: int) -> str:
    if lease is None:
        return "nobody holds the lease"
    if lease.released:
        return "it ended in order"
    if now - lease.at <= SILENT_NS:
        return "it holds its lease and hangs"
    return "its lease has run out"
