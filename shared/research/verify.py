"""Verification: a taped life played again into a fresh engine, its effects compared one by one with the recorded ones.

The journal gives the records the life recovered from; everything else, answers of store and venue included, is on the
tape. Equal effects mean that what the engine did follows from what it was told, and from nothing else.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from shared.domain.effects import Effect, RecordDecision
from shared.domain.errors import BadInput, Corrupt
from shared.domain.instants import iso
from shared.domain.ledger import Record
from shared.domain.messages import Event
from shared.domain.tape import Began, Checkpoint, Did, Recovered, TapeRow, Warmed
from shared.research.taped import TapedEngine, engine_of, records_digest

WORDS = 160
"""Longest value told in a sentence."""


class Entry(Protocol):
    """A row as a tape gives it back."""

    @property
    def batch(self) -> int:
        """The batch it was put in."""

    @property
    def n(self) -> int:
        """Its number within the life."""

    @property
    def row(self) -> TapeRow:
        """The row itself."""


class Verdict(Struct):
    """What came of one life. ``difference``: the first one in words, empty when there is none.

    ``note`` says what could not be compared and why; ``complete`` is False when that is more than the end which a kill
    takes with it. ``digest``: of all effects and the books at the end.
    """

    life: int
    rows: int = 0
    events: int = 0
    effects: int = 0
    checkpoints: int = 0
    last_at: int = 0
    digest: str = ""
    difference: str = ""
    note: str = ""
    complete: bool = True

    @property
    def equal(self) -> bool:
        """Whether everything that was compared is equal."""
        return not self.difference


class _Ended(Exception):
    """The comparison cannot go on; the verdict says why."""


def verify_life(life: int, entries: Iterable[Entry], journal: Callable[[], list[Record]]) -> Verdict:
    """Play a life again. ``journal`` is asked for the account's records only when the life recovered from some.

    Raises ``BadInput`` for a tape without an engine's life or a journal that is not the one it recovered from.
    """
    verdict = Verdict(life)
    rows = _numbered(entries, verdict)
    first = next(rows, None)
    if first is None or not isinstance(first, Began):
        raise BadInput(f"life {life} does not begin with an engine: it was recorded without one, or its start is gone")
    replay = _Replay(engine_of(first), verdict, journal)
    try:
        for row in rows:
            replay.take(row)
    except _Ended:
        for _ in rows:  # so that the number of rows is the tape's
            pass
    verdict.digest = replay.engine.digest.final(replay.engine.desk.books)
    return verdict


def _numbered(entries: Iterable[Entry], verdict: Verdict) -> Iterator[TapeRow]:
    """The rows up to the first missing one; those after it are counted and told."""
    due, batch, lost_in = 0, 0, 0
    after, last_batch = 0, 0
    for entry in entries:
        if entry.n == due and not lost_in:
            due, batch = entry.n + 1, entry.batch
            verdict.rows += 1
            yield entry.row
            continue
        if not lost_in:
            lost_in = entry.batch
            missing = f"rows {due} to {entry.n - 1} are missing" if entry.n > due else f"row {entry.n} stands twice"
            verdict.note = f"{missing} after batch {batch}"
        after, last_batch = after + 1, entry.batch
    if lost_in:
        # A kill in the middle of a put leaves some objects of the last batch, and nothing behind them.
        verdict.complete = lost_in == last_batch
        verdict.note += f"; {after} rows behind that could not be compared"


class _Replay:
    """The engine of the recorded life, made again, and what it has just done that the tape must say next."""

    def __init__(self, engine: TapedEngine, verdict: Verdict, journal: Callable[[], list[Record]]) -> None:
        self.engine = engine
        self._verdict = verdict
        self._journal = journal
        self._effects: list[Effect] = []
        self._cause = "the beginning"
        self._failed = ""

    def take(self, row: TapeRow) -> None:
        """One row: an answer is compared, anything else is given to the engine."""
        verdict = self._verdict
        if self._failed:
            self._differ(f"the engine now fails ({self._failed}); in the recorded life it went on")
        if isinstance(row, Did):
            self._compare(list(row.effects))
            verdict.effects += len(row.effects)
            return
        if self._effects:
            self._compare([])
        match row:
            case Event():
                self._handle(row)
            case Warmed():
                self.engine.warm(row.event)
            case Recovered():
                self._recover(row)
            case Checkpoint():
                verdict.checkpoints += 1
                got = self.engine.digest.final(self.engine.desk.books)
                if got != row.digest:
                    self._differ(f"the books at {_time(row.at)} differ though every effect so far was equal")
            case Began():
                self._differ("an engine begins a second time within the life")

    def _handle(self, event: Event) -> None:
        self._verdict.events += 1
        self._verdict.last_at = event.observed_at
        at, kind = _time(event.observed_at), type(event.payload).__name__
        self._cause = f"event {self._verdict.events:,} ({kind} from {event.source} at {at})"
        try:
            self._effects = self.engine.handle(event)
        except Corrupt as error:
            self._effects, self._failed = [], str(error)
            self._verdict.note = f"the engine fails at {self._cause}: {error}"

    def _recover(self, row: Recovered) -> None:
        self._cause = f"the recovery at {_time(row.at)}"
        self._verdict.last_at = row.at
        records = self._journal()[: row.records] if row.records else []
        if len(records) < row.records:
            raise BadInput(f"the life recovered from {row.records} journal records; the journal has {len(records)}")
        if records_digest(records) != row.journal:
            raise BadInput(f"the first {row.records} journal records are not the ones the life recovered from")
        self._effects = self.engine.recover(records, row.trading, row.at)

    def _compare(self, recorded: list[Effect]) -> None:
        got, self._effects = self._effects, []
        if _plain(got) != _plain(recorded):
            self._differ(f"at {self._cause}: {first_difference(recorded, got)}")

    def _differ(self, sentence: str) -> None:
        self._verdict.difference = sentence
        raise _Ended


def first_difference(recorded: list[Effect], got: list[Effect]) -> str:
    """The first difference between two lists of effects, in words."""
    if [type(effect) for effect in recorded] != [type(effect) for effect in got]:
        return f"recorded {_names(recorded)}; now {_names(got)}"
    for was, now in zip(recorded, got, strict=True):
        before, after = dict(_leaves(msgspec.to_builtins(was))), dict(_leaves(msgspec.to_builtins(now)))
        for path in dict.fromkeys([*before, *after]):
            left, right = before.get(path, "nothing"), after.get(path, "nothing")
            if left != right:
                return f"{type(was).__name__}{path}: recorded {_short(left)}, now {_short(right)}"
    return "the effects are equal"


def _plain(effects: list[Effect]) -> bytes:
    return msgspec.json.encode(effects)


def _names(effects: list[Effect]) -> str:
    said = [
        f"RecordDecision({effect.decision.reason})" if isinstance(effect, RecordDecision) else type(effect).__name__
        for effect in effects
    ]
    return ", ".join(said) or "no effect"


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value inside plain data with the path that leads to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= WORDS else f"{text[:WORDS]}..."


def _time(at: int) -> str:
    return f"{iso(at)[:23]}Z"
