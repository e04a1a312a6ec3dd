"""An engine whose door is watched: everything handed in and every effect handed out goes to a tape, in that order."""

from collections.abc import Callable
from hashlib import sha256

import msgspec

from shared.domain.effects import Effect
from shared.domain.errors import BadInput
from shared.domain.instants import MINUTE
from shared.domain.ledger import Record
from shared.domain.messages import Event
from shared.domain.strategy import Strategy
from shared.domain.tape import Began, Checkpoint, Did, Recovered, TapeRow, Warmed
from shared.engine.detection import DetectionParams
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.engine.profiles import Stage
from shared.research.digest import Digest
from shared.strategies.whale_copy import Params, WhaleCopy

CHECKPOINT_EVERY_NS = MINUTE
"""Of event time."""


def _nowhere(_row: TapeRow) -> None:
    """Where the rows of an engine without a tape go."""


class TapedEngine(Engine):
    """See the module. Until ``tape_to`` is called it is a plain engine."""

    def __init__(
        self,
        account: str,
        strategy: Strategy,
        limits: Limits,
        detection: DetectionParams | None = None,
        strict_sources: frozenset[str] = frozenset(),
        stage: Stage | None = None,
    ) -> None:
        super().__init__(account, strategy, limits, detection, strict_sources, stage)
        self.digest = Digest()
        self._add: Callable[[TapeRow], None] = _nowhere
        self._checkpoint_at = 0

    def tape_to(self, add: Callable[[TapeRow], None], at: int) -> None:
        """Tape everything from now on (``at``: nanoseconds); before anything else happens to the engine."""
        self._add = add
        add(began_of(self, at))

    def handle(self, event: Event) -> list[Effect]:
        """As the engine's, on tape: the event before it is handled, its effects after."""
        add = self._add
        if event.observed_at >= self._checkpoint_at:
            if self._checkpoint_at:
                self.checkpoint(event.observed_at)
            self._checkpoint_at = event.observed_at + CHECKPOINT_EVERY_NS
        add(event)
        effects = super().handle(event)
        if effects:
            self._did(effects, event.observed_at)
        return effects

    def warm(self, event: Event) -> None:
        """As the engine's, on tape."""
        self._add(Warmed(event))
        super().warm(event)

    def recover(self, records: list[Record], trading: bool, at: int) -> list[Effect]:
        """As the engine's, on tape: how many records of the journal there were, not the records themselves."""
        self._add(Recovered(at, trading, len(records), records_digest(records)))
        effects = super().recover(records, trading, at)
        if effects:
            self._did(effects, at)
        return effects

    def checkpoint(self, at: int) -> None:
        """Put the digest on tape; it happens by itself each minute of event time."""
        self._add(Checkpoint(at, self.digest.final(self.desk.books)))

    def _did(self, effects: list[Effect], at: int) -> None:
        self.digest.add(effects)
        self._add(Did(at, tuple(effects)))


def records_digest(records: list[Record]) -> str:
    """SHA-256 over journal records in their order."""
    encoder, hashed = msgspec.msgpack.Encoder(), sha256()
    for record in records:
        hashed.update(encoder.encode(record))
    return hashed.hexdigest()


def began_of(engine: Engine, at: int) -> Began:
    """What an engine is made of. ``BadInput`` for a strategy that ``engine_of`` could not make again."""
    strategy = engine.strategy
    if not isinstance(strategy, WhaleCopy):
        raise BadInput(f"strategy {strategy.name} cannot be put on tape: only {WhaleCopy.name} can be made again")
    return Began(
        account=engine.account,
        at=at,
        strategy=strategy.name,
        params=_json(strategy.params),
        limits=_json(engine.changes.base),
        detection=_json(engine.detection.params),
        strict_sources=tuple(sorted(engine.strict_sources)),
        stage="" if engine.changes.stage is None else _json(engine.changes.stage),
    )


def engine_of(began: Began) -> TapedEngine:
    """A fresh engine equal to the one that began; ``BadInput`` when this release cannot make it."""
    if began.strategy != WhaleCopy.name:
        raise BadInput(f"the tape's strategy is {began.strategy!r}, which this release does not have")
    try:
        params = msgspec.json.decode(began.params, type=Params)
        limits = msgspec.json.decode(began.limits, type=Limits)
        detection = msgspec.json.decode(began.detection, type=DetectionParams)
        stage = msgspec.json.decode(began.stage, type=Stage) if began.stage else None
    except msgspec.DecodeError as error:
        raise BadInput(f"the settings of the tape's engine cannot be read: {error}") from None
    return TapedEngine(began.account, WhaleCopy(params), limits, detection, frozenset(began.strict_sources), stage)


def _json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
