"""Who watches from outside sees that a trader lives before its loop turns."""

import json
import time

import pytest

from fargate.gauges import Gauges
from fargate.starting import Starting
from shared.adapters.control.watching import SILENT_NS, WRITTEN_AT, pulse
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.observability import make_metrics
from shared.settings import LeaseSettings
from tests.exchange.server import LocalVenue
from tests.fargate.fakes import NOON, Board, HandClock
from tests.fargate.test_live import Run, lived, polling


class Away(Board):
    """Views that cannot be written."""

    def put_live(self, live: object) -> None:
        raise Temporary("the store does not answer")


def starting(board: Board, clock: HandClock, gauges: Gauges | None = None) -> Starting:
    return Starting(board, {"equity": 5, WRITTEN_AT: NOON - 9 * MINUTE}, gauges, clock, clock.now)


def test_a_start_of_minutes_is_never_taken_for_a_death() -> None:
    board, clock = Board(), HandClock()
    start = starting(board, clock)
    for second in range(600):
        start.show(f"{second} wallets")
        clock.turn(1)
        written = int(board.lives[-1][WRITTEN_AT])
        assert pulse(written, None, clock.now(), LeaseSettings()).up
        assert clock.now() - written < SILENT_NS / 2
    assert len(board.lives) == 60
    assert board.lives[-1] == {"equity": 5, WRITTEN_AT: NOON + 590 * SECOND, "progress": "590 wallets"}


def test_the_metric_that_is_missed_in_silence_is_written_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = HandClock()
    start = starting(Board(), clock, Gauges(make_metrics("trader")))
    for _ in range(150):
        start.show("reading")
        clock.turn(1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["heartbeat"] for line in lines] == [[1.0]] * 3


def test_views_that_cannot_be_written_end_no_start() -> None:
    board, clock = Away(), HandClock()
    starting(board, clock).show("reading")
    assert board.lives == []


def test_while_the_past_is_read_the_trader_shows_that_it_lives_and_what_it_showed_before() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)

    first = lived(story).life.board.lives[0]
    assert first["equity"] == 7
    assert first["progress"].startswith("reading the past: ")
    assert time.time_ns() - first["written_at"] < HOUR
