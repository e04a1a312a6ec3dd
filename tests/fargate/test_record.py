import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fargate import record as command
from fargate.__main__ import main
from fargate.record import Pace, Recorder
from shared.adapters.s3.lake import FolderLake
from shared.adapters.s3.raw import RawLog, read_raw
from shared.adapters.s3.tape import SEAL_EVERY_NS, Tape, lives_of, read_life, read_tape
from shared.domain.errors import BadInput, Corrupt, Temporary
from shared.domain.instants import SECOND
from shared.domain.messages import Event, FeedHealth, FeedNotice, NoticeKind, Payload, SpotTrade
from shared.domain.order import Side
from shared.ports import Clock, Feed, Heard
from shared.settings import Settings, read_settings
from tests.fargate.fakes import NOON, HandClock

QUICK = Pace(0.01, 0.05)


def spot(n: int) -> SpotTrade:
    return SpotTrade("BTC", Side.BUY, 65_000_000_000 + n, 1_000, n)


class Saying:
    """A feed that says some facts and then waits, as a quiet market does; ``failing`` ends it with an error."""

    def __init__(self, name: str, facts: Sequence[Payload], failing: Exception | None = None, at: int = NOON) -> None:
        self.name = name
        self._facts = facts
        self._failing = failing
        self._at = at
        self.cancelled = False

    async def run(self, hear: Callable[[Heard], None]) -> None:
        for n, fact in enumerate(self._facts):
            hear(Heard(self.name, self._at + n * SECOND, self._at + n * SECOND - 5, fact))
            await asyncio.sleep(0)
        if self._failing is not None:
            raise self._failing
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled = True


class Flaky(FolderLake):
    """A lake that is away as long as it is told to be."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.away = True
        self.refused: list[str] = []

    def write(self, name: str, table: pa.Table) -> None:
        if self.away:
            self.refused.append(name)
            raise Temporary("no answer")
        super().write(name, table)


def run(recorder: Recorder, feeds: list[Saying], seconds: float = 0.15, over: Callable[[], bool] | None = None) -> None:
    """Record for so many seconds, or until it is ``over``."""

    async def live() -> None:
        stop = asyncio.Event()
        recording = asyncio.create_task(recorder.run(feeds, stop, QUICK))
        ends = time.monotonic() + seconds
        while not recording.done() and time.monotonic() < ends and not (over is not None and over()):
            await asyncio.wait({recording}, timeout=0.005)
        stop.set()
        await recording

    asyncio.run(live())


def test_what_feeds_say_is_on_the_tape_when_the_recording_ends(tmp_path: Path) -> None:
    said: list[str] = []
    tape = Tape(FolderLake(tmp_path), "", NOON)
    recorder = Recorder(tape, HandClock(), said.append)
    lost = FeedNotice("rtds", NoticeKind.LOST, "the server closed it", 3)
    feeds = [
        Saying("binance", [spot(n) for n in range(20)]),
        Saying("rtds", [lost, FeedHealth("rtds", healthy=False, reason="no socket")]),
    ]
    run(recorder, feeds)
    events = list(read_tape(FolderLake(tmp_path), ""))
    assert [event.payload for event in events if event.source == "binance"] == [spot(n) for n in range(20)]
    assert {event.source: event.venue_at - event.observed_at for event in events} == {"binance": -5, "rtds": -5}
    assert (recorder.facts, recorder.notices) == ({"binance": 20, "rtds": 2}, {"lost": 1})
    assert said[0] == ("binance 400/s  rtds 40/s  | rtds lost: the server closed it | rtds DOWN: no socket")
    assert said[1] == "binance 0/s  rtds 0/s"
    assert all(feed.cancelled for feed in feeds)


def test_a_feed_that_fails_ends_the_recording_and_what_was_heard_is_kept(tmp_path: Path) -> None:
    recorder = Recorder(Tape(FolderLake(tmp_path), "", NOON), HandClock(), lambda _: None)
    with pytest.raises(Corrupt, match="broken"):
        run(recorder, [Saying("a", [spot(1)]), Saying("b", [spot(2)], Corrupt("broken"))])
    assert len(list(read_tape(FolderLake(tmp_path), ""))) == 2


def test_while_the_lake_is_away_the_tape_waits_and_this_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    lake, clock = Flaky(tmp_path), HandClock()
    tape = Tape(lake, "", NOON)
    recorder = Recorder(tape, clock, said.append)

    class Ticking(HandClock):
        def now(self) -> int:
            self.at += SEAL_EVERY_NS  # every look finds the tape due
            return self.at

    recorder._clock = Ticking()

    def is_over() -> bool:
        lake.away = len(lake.refused) < 3
        return "the tape is written again" in said

    run(recorder, [Saying("binance", [spot(n) for n in range(9)])], 30, is_over)
    told = [line for line in said if "tape" in line]
    assert told == ["the tape waits in memory: no answer", "the tape is written again"]
    assert len(list(read_tape(lake, ""))) == 9
    assert tape.waiting == 0


def test_a_lake_that_stays_away_fails_the_recording(tmp_path: Path) -> None:
    recorder = Recorder(Tape(Flaky(tmp_path), "", NOON), HandClock(), lambda _: None)
    with pytest.raises(Temporary, match="no answer"):
        run(recorder, [Saying("binance", [spot(1)])])


def test_raw_frames_are_written_beside_it(tmp_path: Path) -> None:
    raw = RawLog(tmp_path / "raw", 1)
    raw.add(NOON, "rtds", 1, b"{}")
    recorder = Recorder(Tape(FolderLake(tmp_path / "tape"), "", NOON), HandClock(), lambda _: None, raw)
    run(recorder, [])
    assert list(read_raw(tmp_path / "raw")) == [(NOON, "rtds", 1, b"{}")]


def options(folder: Path, **changes: Any) -> argparse.Namespace:
    facts = {"out": folder, "bucket": None, "hours": None, "json": True, "date": None, "prefix": None}
    return argparse.Namespace(**facts | changes)


def test_the_command_records_for_its_hours_and_tells_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def feeds_of(settings: Settings, clock: Clock, raw: RawLog | None) -> list[Feed]:
        assert raw is not None
        raw.add(clock.now(), "binance", 1, b"{}")
        return [Saying("binance", [spot(n) for n in range(5)])]

    settings = read_settings({"STATE_DIR": str(tmp_path / "state"), "RAW_MEGABYTES": "1"})
    assert command.record(options(tmp_path / "tape", hours=0.2 / 3600), settings, feeds_of) == 0
    out = capsys.readouterr()
    told = json.loads(out.out)
    assert (told["facts"], told["rows"], told["dropped"], told["raw_frames"]) == ({"binance": 5}, 5, 0, 1)
    assert "recording binance" in out.err


def test_without_a_feed_or_with_senseless_hours_nothing_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInput, match="nothing to record: every feed is off"):
        command.record(options(tmp_path), read_settings({}), lambda *_: [])
    for hours in ("0", "-1", "nan"):
        assert main(["record", "--hours", hours, "--out", str(tmp_path)]) == 2
        assert "--hours must lie above 0" in capsys.readouterr().err


def test_the_report_is_printed_from_the_tape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Tape(FolderLake(tmp_path), "", NOON), HandClock(), lambda _: None)
    run(recorder, [Saying("binance", [spot(n) for n in range(30)])], 0.05)
    assert main(["record", "--report", "--out", str(tmp_path)]) == 0
    assert "2026-03-22T12  binance                 30         0         0" in capsys.readouterr().out
    assert main(["record", "--report", "--json", "--out", str(tmp_path), "--date", "2026-03-22"]) == 0
    assert json.loads(capsys.readouterr().out)["hours"][0]["events"] == 30
    assert main(["record", "--report", "--out", str(tmp_path), "--date", "2026-03-23"]) == 0
    assert capsys.readouterr().out == "nothing was recorded\n"
    assert main(["record", "--report", "--out", str(tmp_path), "--date", "yesterday"]) == 2
    assert "--date must be a date such as 2026-03-22, not 'yesterday'" in capsys.readouterr().err
    assert main(["record", "--report", "--out", str(tmp_path / "nowhere")]) == 2


CHILD = """
import sys
from tests.fargate.recording import main
main(sys.argv[1])
"""


def child(folder: Path, number: signal.Signals, objects: bool) -> tuple[int, list[str], list[Event]]:
    """A recording process that is told to end by a signal, with or without something put before: its exit code, what
    it printed, and the tape it left.
    """
    command_line = [sys.executable, "-c", CHILD, str(folder)]
    with subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as p:
        assert p.stdout is not None
        first = p.stdout.readline()
        deadline = time.monotonic() + 15
        while objects and not list(folder.rglob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        p.send_signal(number)
        rest, _ = p.communicate(timeout=20)
    return p.returncode, [first.strip(), *rest.split("\n")], list(read_tape(FolderLake(folder), ""))


def test_a_kill_loses_no_more_than_what_was_added_since_the_last_put(tmp_path: Path) -> None:
    code, printed, events = child(tmp_path, signal.SIGKILL, objects=True)
    assert code == -signal.SIGKILL
    heard = int([line for line in printed if line.isdecimal()][-1])
    kept = [event.payload.trade_id for event in events if isinstance(event.payload, SpotTrade)]
    assert kept == list(range(1, len(kept) + 1))  # no hole, only an end
    lost_s = (heard - len(kept)) * 0.002
    assert kept
    assert lost_s < 3  # sealed each 0.2 s here; even these seconds of a busy machine added to 45 stay under 60


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_nothing_lost(number: signal.Signals, tmp_path: Path) -> None:
    code, printed, events = child(tmp_path, number, objects=False)
    assert code == 0
    told = json.loads([line for line in printed if line.startswith("{")][-1])
    assert told["rows"] == len(events) == told["facts"]["binance"]
    (life,) = lives_of(FolderLake(tmp_path), "")
    assert [entry.n for entry in read_life(FolderLake(tmp_path), "", life)] == list(range(len(events)))
