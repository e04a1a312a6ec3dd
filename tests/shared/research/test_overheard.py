"""What a driver is given to play of a recording, and what its engine overhears of it."""

from pathlib import Path
from typing import Any

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue
from shared.adapters.replay.recording import Recording
from shared.adapters.replay.rows import read_rows
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.research.driver import SAMPLE_EVERY, Driver
from shared.research.overheard import overheard
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.shared.adapters.replay.files import Row, lines, row
from tests.shared.research.recording import replayed, small


def recorded(folder: Path, rows: list[Row]) -> Recording:
    return Recording(read_rows(lines(folder / "rows.jsonl", rows)).table, 0)


def driver() -> Driver:
    """One that follows nobody, and has nothing to do of its own for a long time."""
    fresh = Driver(Engine("paper", WhaleCopy(Params()), Limits()), PaperVenue(0, MemoryPaperLog()), MemoryStore())
    fresh.idle_until = 1 << 62
    return fresh


def many(count: int, **changes: Any) -> list[Row]:
    return [row(n, transactionHash=f"0x{n:064x}", **changes) for n in range(count)]


def test_every_event_that_is_timed_is_played_and_no_other_of_strangers(tmp_path: Path) -> None:
    recording = recorded(tmp_path, many(3 * SAMPLE_EVERY + 5))
    played = list(overheard(driver(), recording))
    assert [event.seq for event in played][:3] == [SAMPLE_EVERY, 2 * SAMPLE_EVERY, 3 * SAMPLE_EVERY]
    events = list(recording.events())
    assert played == [events[event.seq - 1] for event in played]
    assert len(played) == 4


def test_what_is_due_of_the_drivers_own_ends_the_overhearing(tmp_path: Path) -> None:
    recording, one = recorded(tmp_path, many(9)), driver()
    events = list(recording.events())
    one.idle_until = events[4].observed_at
    assert next(iter(overheard(one, recording))) == events[4]
    assert one.engine.now == events[3].observed_at


def test_of_a_recording_with_rows_that_are_no_trades_every_event_is_played(tmp_path: Path) -> None:
    recording = recorded(tmp_path, [*many(3), row(4, type="REDEEM")])
    assert list(overheard(driver(), recording)) == list(recording.events())


def test_a_paced_replay_in_which_nothing_is_overheard_ends_the_same(tmp_path: Path) -> None:
    fast, paced = replayed(tmp_path, small())[0], replayed(tmp_path, small(), speed=1e9)[0]
    assert fast.digest == paced.digest
    assert (fast.decisions, fast.orders, fast.fills) == (paced.decisions, paced.orders, paced.fills)
