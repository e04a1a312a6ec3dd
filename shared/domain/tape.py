"""What stands on a tape: everything that goes through an engine's door, in the order in which it does.

A *life* is one engine from its making to the end of its process. Its rows are numbered from 0 without a gap, so whoever
reads them knows whether any are missing; played again in that order into an equal engine, they give equal effects.
"""

from msgspec import Struct

from shared.domain.effects import Effect
from shared.domain.messages import Event


class Began(Struct, frozen=True):
    """The engine was made, of these: ``params``, ``limits``, ``detection`` and ``stage`` (empty: none) as JSON.

    ``at``: nanoseconds UTC.
    """

    account: str
    at: int
    strategy: str
    params: str
    limits: str
    detection: str
    strict_sources: tuple[str, ...] = ()
    v: int = 1
    stage: str = ""


class Warmed(Struct, frozen=True, gc=False):
    """An event of the past was taken into what detection knows, without effects."""

    event: Event


class Recovered(Struct, frozen=True):
    """Belief was rebuilt from the journal's first ``records`` records, whose digest is ``journal``.

    ``trading`` False: the switch was on. ``at``: nanoseconds of event time.
    """

    at: int
    trading: bool
    records: int
    journal: str


class Did(Struct, frozen=True):
    """The effects of the row before this one (a recovery or an event); rows without effects have none."""

    at: int
    effects: tuple[Effect, ...]


class Checkpoint(Struct, frozen=True):
    """The digest of all effects up to here and of the books as they stand."""

    at: int
    digest: str


TapeRow = Event | Began | Warmed | Recovered | Did | Checkpoint
"""An ``Event`` by itself was handed to ``handle``, or heard by a recorder that has no engine."""
