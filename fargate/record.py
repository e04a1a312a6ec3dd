"""The `record` command: everything the feeds say, onto the tape, without an engine; and the report on what there is."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import polars as pl
from msgspec import Struct

from fargate.lakes import bucket_of, folder_of
from fargate.recording import recorded_feeds
from shared.adapters.clock import SystemClock
from shared.adapters.s3.lake import FolderLake, Objects
from shared.adapters.s3.raw import RawLog
from shared.adapters.s3.tape import SEAL_EVERY_NS, Tape, hour_of
from shared.analytics.completeness import COLUMNS, Collector, Completeness, as_text, is_date
from shared.domain.errors import BadInput, Temporary
from shared.domain.messages import Event, FeedHealth, FeedNotice
from shared.ports import Clock, Feed, Heard
from shared.settings import Settings

PREFIX = "tape/record"
PROGRESS_S = 10.0
LOOK_S = 1.0
"""How often it is asked whether the tape is due, and raw frames are written."""
NOTICES_SHOWN = 3
HOURS_MOST = 24 * 366

Say = Callable[[str], None]
FeedsOf = Callable[[Settings, Clock, RawLog | None], Sequence[Feed]]
"""Makes the feeds; sockets give their raw frames to the log where there is one."""


class Pace(Struct, frozen=True):
    """How often a recorder looks at the tape and says how it goes, in seconds, and how often the tape is put."""

    look_s: float = LOOK_S
    progress_s: float = PROGRESS_S
    seal_every_ns: int = SEAL_EVERY_NS


class Recorded(Struct):
    """What was recorded in all: facts by source, notices by kind, rows lost because the lake was away."""

    seconds: float
    facts: dict[str, int]
    notices: dict[str, int]
    rows: int
    dropped: int
    raw_frames: int
    raw_lost: int


class Recorder:
    """Takes what feeds say (``hear``) onto a tape and keeps count."""

    def __init__(self, tape: Tape, clock: Clock, say: Say, raw: RawLog | None = None) -> None:
        self.tape = tape
        self.raw = raw
        self.facts: dict[str, int] = {}
        self.notices: dict[str, int] = {}
        self.latest: deque[str] = deque(maxlen=NOTICES_SHOWN)
        self._clock = clock
        self._say = say
        self._seq = 0
        self._away = ""
        self._shown: dict[str, int] = {}

    def hear(self, heard: Heard) -> None:
        """Put one fact on the tape; a few tenths of a microsecond, so a feed may call it for every frame."""
        self._seq += 1
        source, payload = heard.source, heard.payload
        self.tape.add(Event(self._seq, heard.received_at, heard.venue_at, source, payload))
        self.facts[source] = self.facts.get(source, 0) + 1
        kind = type(payload)
        if kind is FeedNotice or kind is FeedHealth:
            self._note(payload)

    def _note(self, payload: object) -> None:
        match payload:
            case FeedNotice():
                self.notices[payload.kind.value] = self.notices.get(payload.kind.value, 0) + 1
                self.latest.append(f"{payload.feed} {payload.kind.value}: {payload.reason}")
            case FeedHealth():
                self.latest.append(f"{payload.feed} {'up' if payload.healthy else 'DOWN'}: {payload.reason}")

    async def run(self, feeds: Sequence[Feed], stop: asyncio.Event, pace: Pace) -> None:
        """Run the feeds and the tape until ``stop``; then everything heard is put. Raises what a feed raised.

        ``Temporary`` when the lake does not take the last rows.
        """
        tasks: list[asyncio.Task[None]] = [asyncio.create_task(feed.run(self.hear), name=feed.name) for feed in feeds]
        tasks += [asyncio.create_task(self._put_when_due(pace.look_s)), asyncio.create_task(self._tell(pace))]
        stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
        running = tasks
        try:
            while not stopping.done():
                await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
                for task in running:
                    if task.done():
                        task.result()  # a feed that is switched off ends by itself; one that failed ends the recording
                running = [task for task in running if not task.done()]
        finally:
            stopping.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(stopping, *tasks, return_exceptions=True)
            await asyncio.to_thread(self._put_all)

    def _put_all(self) -> None:
        if self.raw is not None:
            self.raw.put()
        self.tape.flush()

    async def _put_when_due(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            if self.raw is not None:
                await asyncio.to_thread(self.raw.put)
            now = self._clock.now()
            if not self.tape.due(now):
                continue
            try:
                for batch in self.tape.seal(now):
                    await asyncio.to_thread(self.tape.put, batch)
            except Temporary as error:
                if not self._away:
                    self._say(f"the tape waits in memory: {error}")
                self._away = str(error)
            else:
                if self._away:
                    self._say("the tape is written again")
                self._away = ""

    async def _tell(self, pace: Pace) -> None:
        while True:
            await asyncio.sleep(pace.progress_s)
            self._say(self.progress(pace.progress_s))

    def progress(self, seconds: float) -> str:
        """Facts per second of each source since it was last asked, and the latest notices."""
        rates = [
            f"{source} {(count - self._shown.get(source, 0)) / seconds:,.0f}/s"
            for source, count in sorted(self.facts.items())
        ]
        self._shown = dict(self.facts)
        dropped = f"  DROPPED {self.tape.dropped:,} rows" if self.tape.dropped else ""
        latest = f"  | {' | '.join(self.latest)}" if self.latest else ""
        self.latest.clear()
        return f"{'  '.join(rates) or 'nothing heard yet'}{dropped}{latest}"


def record(
    options: argparse.Namespace, settings: Settings, feeds_of: FeedsOf = recorded_feeds, pace: Pace | None = None
) -> int:
    """Record until Ctrl-C, SIGTERM or the end of ``--hours``; ``BadInput`` when there is no feed to record."""
    if options.hours is not None and not 0 < options.hours <= HOURS_MOST:
        raise BadInput(f"--hours must lie above 0 and at most at {HOURS_MOST}, not {options.hours:g}")
    clock, pace = SystemClock(), pace or Pace()
    raw = None
    if settings.feeds.raw_megabytes:
        raw = RawLog(settings.state.state_dir / "raw", settings.feeds.raw_megabytes, say)
    feeds = feeds_of(settings, clock, raw)
    if not feeds:
        raise BadInput("there is nothing to record: every feed is off")
    lake = _lake(options, settings)
    tape = Tape(lake, _prefix(options), clock.now(), seal_every_ns=pace.seal_every_ns)
    recorder = Recorder(tape, clock, say, raw)
    began = time.monotonic()
    asyncio.run(_until_told(recorder, feeds, options.hours, pace))
    done = Recorded(
        seconds=round(time.monotonic() - began, 1),
        facts=recorder.facts,
        notices=recorder.notices,
        rows=tape.added,
        dropped=tape.dropped,
        raw_frames=0 if raw is None else raw.written,
        raw_lost=0 if raw is None else raw.lost,
    )
    if options.json:
        print(json.dumps(msgspec.to_builtins(done)))
    else:
        print(f"recorded {done.rows:,} rows in {done.seconds:,.0f} s, {done.dropped:,} dropped")
    return 0


def say(line: str) -> None:
    """A line on how it goes; on standard error, so that the answer can be piped."""
    print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


async def _until_told(recorder: Recorder, feeds: Sequence[Feed], hours: float | None, pace: Pace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if hours is not None:
        loop.call_later(hours * 3600, stop.set)
    say(f"recording {', '.join(feed.name for feed in feeds)}")
    try:
        await recorder.run(feeds, stop, pace)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):
                loop.remove_signal_handler(number)


def _lake(options: argparse.Namespace, settings: Settings) -> Objects:
    """Where the tape lies: a bucket, or a folder that need not exist yet."""
    if options.bucket is not None:
        return bucket_of(settings, options.bucket)
    return FolderLake(options.out or settings.state.state_dir / "record")


def _prefix(options: argparse.Namespace) -> str:
    return PREFIX if options.bucket is not None else ""


# ---------------------------------------------------------------------- the report


def report(options: argparse.Namespace, settings: Settings) -> int:
    """Print how complete the recording is; ``BadInput`` when there is none."""
    if options.date is not None and not is_date(options.date):
        raise BadInput(f"--date must be a date such as 2026-03-22, not {options.date!r}")
    if options.bucket is None:
        folder_of(options.out or settings.state.state_dir / "record")
    found = completeness(_lake(options, settings), options.prefix or _prefix(options), options.date)
    print(json.dumps(msgspec.to_builtins(found), indent=2) if options.json else as_text(found))
    return 0


def completeness(lake: Objects, prefix: str, date: str | None = None) -> Completeness:
    """The report over a tape, or over one UTC date of it; one object is in memory at a time."""
    collector = Collector()
    under = f"{prefix.strip('/')}/date={date or ''}".lstrip("/")
    for name in lake.names(under):
        if hour_of(name):
            frame = pl.from_arrow(lake.read(name, COLUMNS))
            assert isinstance(frame, pl.DataFrame)  # a table, not a column
            collector.add(frame)
    return collector.report()
