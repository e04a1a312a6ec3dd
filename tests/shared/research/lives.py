"""Paper lives on the small recording, on tape: one life after another over the same store."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue
from shared.adapters.replay.recording import TapePrints
from shared.adapters.s3.lake import FolderLake
from shared.adapters.s3.tape import Tape, TapeEntry, read_life
from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.instants import SECOND
from shared.domain.messages import Event, MarketListed, RankingPublished
from shared.domain.money import dollars
from shared.engine.limits import Limits
from shared.research.driver import Driver
from shared.research.ranking import named
from shared.research.replay import ReplayOptions, prepare
from shared.research.taped import TapedEngine
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.shared.research.recording import options

PREFIX = "tape/test"
LIMITS = Limits()
ASKED_EVERY_NS = 20 * SECOND


class Lives:
    """``live`` trades the next rows of the recording with a new engine, a new tape and the same store and venue."""

    def __init__(self, folder: Path, chosen: ReplayOptions | None = None) -> None:
        self.lake = FolderLake(folder / "lake")
        self.store = MemoryStore()
        self._venue_log = MemoryPaperLog()
        self._options = chosen or options(folder)
        self._ready = prepare(self._options, lambda _: None)
        self._rest = self._ready.recording.events()
        self._number = 0
        self.now = 0

    def live(
        self, rows: int | None = None, flush_every: int = 1_000, asked: Sequence[Change] = (), limits: Limits = LIMITS
    ) -> TapedEngine:
        """One life over so many rows (None: all that are left); it ends like a kill, with open orders left open.

        ``asked``: what a person changes while it goes on, one request every ``ASKED_EVERY_NS``.
        """
        self._number += 1
        recording = self._ready.recording
        first, _ = recording.span()
        start = max(first, self.now)
        engine = TapedEngine("paper", WhaleCopy(Params(sizing=self._options.sizing)), limits)
        tape = Tape(self.lake, PREFIX, start + self._number)
        engine.tape_to(tape.add, start)
        for at, market in recording.listings(self._ready.known):
            engine.warm(Event(0, min(at, start), at, "driver", MarketListed(market)))
        assert self._options.whales is not None
        engine.warm(Event(0, start, start, "driver", RankingPublished(named(self._options.whales, start))))
        driver = Driver(engine, PaperVenue(0, self._venue_log), self.store)
        driver.recover(self.store.journal("paper"), start)
        if self._number == 1:
            driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", dollars(10_000)), start)
        for n, change in enumerate(asked):
            command = Command(f"{self._number}.{n}", CommandKind.SET, "test", change=change)
            driver.schedule(command, start + n * ASKED_EVERY_NS)
        for at, resolved in self._ready.resolved:
            if at > start:
                driver.schedule(resolved, at)
        driver.play(self._flushing(islice(self._rest, rows), tape, flush_every), TapePrints(recording))
        if rows is None:
            driver.run_out(TapePrints(recording))
        engine.checkpoint(driver.now)
        tape.flush()
        self.now = driver.now
        return engine

    def _flushing(self, events: Iterator[Event], tape: Tape, every: int) -> Iterator[Event]:
        for n, event in enumerate(events, 1):
            yield event
            self.now = event.observed_at
            if n % every == 0:
                tape.flush()

    def entries(self, life: int) -> list[TapeEntry]:
        return list(read_life(self.lake, PREFIX, life))
