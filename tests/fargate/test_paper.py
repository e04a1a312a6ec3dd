import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fargate.paper import PaperOptions, run_paper, world_of
from fargate.session import Pace
from fargate.trader import Stopped, status_line
from shared.adapters.embedded.server import EmbeddedAws, free_port, port_is_busy
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import dollars
from shared.settings import Settings, read_settings
from tests.fargate.fakes import NOON, Life


def settings(folder: Path, **env: str) -> Settings:
    nowhere = f"http://127.0.0.1:{free_port()}"
    urls = dict.fromkeys(("DATA_API_URL", "GAMMA_URL", "CLOB_URL"), nowhere)
    return read_settings({"STATE_DIR": str(folder / "state"), "SYNTHETIC_HOURS": "1", **urls, **env})


def test_the_status_line_tells_time_money_and_copies() -> None:
    line = status_line(Life().begun().trader, NOON)
    assert line == ("2026-03-22T12:00:00Z  equity $10,000.00  positions 0  orders 0  copied 0 of 0 whale trades")


def test_the_status_line_shouts_when_trading_is_stopped() -> None:
    life = Life().begun()
    life.driver.engine.desk.risk.stop("drill")
    assert status_line(life.trader, NOON).endswith("  STOPPED: drill")


def test_a_pace_waits_only_from_its_instant_on() -> None:
    life, said = Life().begun(), list[str]()
    pace = Pace(life.trader, 100.0, NOON + 60 * SECOND, said.append)
    began = time.monotonic()
    pace.tick(NOON + 59 * SECOND)
    assert time.monotonic() - began < 0.1
    pace.tick(NOON + 60 * SECOND)
    pace.tick(NOON + 90 * SECOND)
    assert 0.28 <= time.monotonic() - began < 1.0
    assert any(line.startswith("from here on at 100x: ") for line in said)


def test_full_speed_never_waits() -> None:
    pace = Pace(Life().begun().trader, 0.0, 0, lambda _: None)
    began = time.monotonic()
    pace.tick(NOON)
    pace.tick(NOON + 10**6 * SECOND)
    assert time.monotonic() - began < 0.2


def test_a_waiting_pace_hears_the_end() -> None:
    stop = [False]
    life = Life(stopping=lambda: stop[0]).begun()
    pace = Pace(life.trader, 1.0, NOON, lambda _: None)
    pace.tick(NOON)
    stop[0] = True
    with pytest.raises(Stopped):
        pace.tick(NOON + 3600 * SECOND)


def test_without_the_venue_the_synthetic_day_is_made_once(tmp_path: Path) -> None:
    said: list[str] = []
    world = world_of(settings(tmp_path), PaperOptions(), said.append)
    assert (world.source, world.path) == ("synthetic", tmp_path / "state/synthetic/day")
    (silent,) = [line for line in said if line.endswith("Trading the SYNTHETIC day instead.")]
    assert "The data API (127.0.0.1) cannot be reached" in silent
    assert world.path is not None
    made = (world.path / "trades.parquet").stat().st_mtime_ns
    world_of(settings(tmp_path), PaperOptions(synthetic=True), said.append)
    assert (world.path / "trades.parquet").stat().st_mtime_ns == made


def test_a_recording_brings_its_resolutions_when_they_lie_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "wallet_activity_x.parquet"
    path.touch()
    found = world_of(settings(tmp_path), PaperOptions(recording=path), lambda _: None)
    assert (found.source, found.resolutions) == ("recording: wallet_activity_x.parquet", None)
    (tmp_path / "resolutions_x.parquet").touch()
    found = world_of(settings(tmp_path), PaperOptions(recording=path), lambda _: None)
    assert found.resolutions == tmp_path / "resolutions_x.parquet"


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^RECORDING nowhere does not exist$"):
        world_of(settings(tmp_path), PaperOptions(recording=Path("nowhere")), lambda _: None)


def test_fresh_forgets_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    world = world_of(settings(tmp_path), PaperOptions(recording=path), lambda _: None)
    (world.folder / "journal.jsonl").touch()
    world_of(settings(tmp_path), PaperOptions(recording=path), lambda _: None)
    assert (world.folder / "journal.jsonl").exists()
    world_of(settings(tmp_path), PaperOptions(recording=path, fresh=True), lambda _: None)
    assert not (world.folder / "journal.jsonl").exists()


def test_fresh_does_not_take_a_folder_from_a_run_that_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    world = world_of(settings(tmp_path), PaperOptions(recording=path), lambda _: None)
    (world.folder / "journal.jsonl").touch()
    with (
        EmbeddedAws(world.folder / "aws", free_port()),
        pytest.raises(BadInput, match="is in use by another run of this program"),
    ):
        world_of(settings(tmp_path), PaperOptions(recording=path, fresh=True), lambda _: None)
    assert (world.folder / "journal.jsonl").exists()


def test_fresh_stops_a_server_left_over_from_a_killed_run(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    world = world_of(settings(tmp_path), PaperOptions(recording=path), lambda _: None)
    aws = EmbeddedAws(world.folder / "aws", free_port())
    aws.start()
    assert aws._owner is not None
    aws._owner.close()  # what the death of the run does
    try:
        world_of(settings(tmp_path), PaperOptions(recording=path, fresh=True), lambda _: None)
        assert not port_is_busy(aws.port)
    finally:
        aws.stop()


def test_the_capital_is_a_setting(tmp_path: Path) -> None:
    assert settings(tmp_path, CAPITAL="123").copy.capital == dollars(123)


def test_a_busy_dashboard_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    from fargate.runner import ControlApi, Dashboard, Place

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        dashboard, place = Dashboard(port), Place(EmbeddedAws(tmp_path, 1).endpoint, "paper", "house-")
        with pytest.raises(BadInput, match=f"^port {port} on 127.0.0.1 is in use by another program; set DASHBOARD"):
            dashboard.start(place, ControlApi(1), tmp_path / "log")
    assert not (tmp_path / "log").exists()
    assert not dashboard.alive()
    dashboard.stop()


def test_a_busy_health_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, signals_kept():
        port = taken.getsockname()[1]
        found = settings(tmp_path, HEALTH_PORT=str(port))
        with pytest.raises(BadInput, match=f"^port {port} on 127.0.0.1 is in use by another program; set HEALTH_PORT"):
            run_paper(found, PaperOptions(synthetic=True, dashboard=False), lambda _: None)
    assert not (tmp_path / "state").exists()


@contextmanager
def signals_kept() -> Iterator[None]:
    """A run takes the signals; the tests want them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
