import gzip
import json
import random
from pathlib import Path

import pytest

from shared.adapters.s3 import raw
from shared.adapters.s3.raw import MEGABYTE, RawLog, read_raw
from shared.domain.errors import BadInput

FRAME = b'{"event_type":"price_change","asset_id":"7"}'


def test_frames_come_back_as_they_were_in_lines_people_can_read(tmp_path: Path) -> None:
    log = RawLog(tmp_path, 1)
    put = [(5, "rtds", 1, FRAME), (6, "rtds", 2, b"\xff\x00"), (7, "market", 3, "Ω\n".encode())]
    for frame in put:
        log.add(*frame)
    assert log.put() == 3
    assert log.put() == 0
    log.add(8, "rtds", 1, FRAME)
    assert log.put() == 1
    assert list(read_raw(tmp_path)) == [*put, (8, "rtds", 1, FRAME)]
    (path,) = tmp_path.iterdir()
    first = json.loads(gzip.decompress(path.read_bytes()).splitlines()[0])
    assert first == {"recv_ns": 5, "source": "rtds", "connection": 1, "frame": FRAME.decode()}


def test_the_oldest_files_go_when_the_budget_is_spent(tmp_path: Path) -> None:
    log = RawLog(tmp_path, 1)
    for n in range(80):
        log.add(n, "rtds", 1, random.Random(n).randbytes(20_000))
        log.put()
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= MEGABYTE
    kept = [frame[0] for frame in read_raw(tmp_path)]
    assert kept == sorted(kept)
    assert kept[-1] == 79
    assert kept[0] > 0
    assert len(list(tmp_path.iterdir())) > 3


def test_what_a_kill_tore_at_the_end_costs_only_the_end(tmp_path: Path) -> None:
    log = RawLog(tmp_path, 1)
    log.add(1, "rtds", 1, FRAME)
    log.put()
    log.add(2, "rtds", 1, FRAME)
    log.put()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert next(iter(read_raw(tmp_path)))[0] == 1
    path.write_bytes(b"no gzip")
    with pytest.raises(BadInput, match="no file of raw frames"):
        list(read_raw(tmp_path))


def test_a_disk_that_takes_nothing_is_told_once_and_frames_are_counted(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "raw").touch()  # a file where the folder should be
    log = RawLog(tmp_path / "raw", 1, said.append)
    for n in range(3):
        log.add(n, "rtds", 1, FRAME)
        assert log.put() == 0
    assert (log.lost, len(said)) == (3, 1)
    assert "raw frames cannot be written to" in said[0]
    (tmp_path / "raw").unlink()
    log.add(3, "rtds", 1, FRAME)
    assert log.put() == 1
    assert said[1].endswith("again (3 were lost)")


def test_frames_beyond_what_memory_may_hold_are_lost_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "WAITING_MOST_BYTES", 100)
    log = RawLog(tmp_path, 1)
    for n in range(5):
        log.add(n, "rtds", 1, FRAME)
    assert (log.put(), log.lost) == (2, 3)
