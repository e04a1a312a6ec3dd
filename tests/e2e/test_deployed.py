"""The trader as its task runs it: a process on an AWS that is there before and after it, and on the local venue."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.paper.cancelling import CANCEL_ALL
from shared.adapters.s3.client import s3_client
from shared.domain.command import Command, CommandKind
from shared.domain.instants import SECOND
from shared.domain.notice import Notice
from tests.e2e.deployment import BUCKET, Deployment, Stack, deployed
from tests.e2e.test_live import NO_STREAMS, Repeated, venue
from tests.exchange.server import LocalVenue
from tests.fargate.live_world import LEADER

__all__ = ["venue"]
STOPS_S = 20.0
MONEY = ("cash", "reserved", "fees", "realized", "positions_open")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with deployed(tmp_path_factory.mktemp("deployment")) as made:
        yield made


def on(stack: Stack, venue: LocalVenue, folder: Path, account: str) -> Deployment:
    urls = {"DATA_API_URL": venue.data_url, "GAMMA_URL": venue.gamma_url, "CLOB_URL": venue.clob_url, **NO_STREAMS}
    return Deployment(folder, stack, account, **urls, PINNED_WALLETS=LEADER)


def ends_in_order(task: Deployment) -> None:
    """SIGTERM, and everything that was begun is finished."""
    assert task.terminate() <= STOPS_S
    assert task.process.returncode == 0, task.said
    assert task.lines()[-1]["message"] == "ended in order"
    assert not task.state.exists()
    assert task.resting() == []


def money(task: Deployment) -> dict[str, int]:
    return {name: task.live()[name] for name in MONEY}


def test_a_task_trades_and_the_next_ones_go_on_from_the_tables_alone(
    stack: Stack, venue: LocalVenue, tmp_path: Path
) -> None:
    with on(stack, venue, tmp_path, "first") as task:
        task.task().ready()
        sent = Repeated(venue, 10, {})
        task.until(lambda: sent.again() and task.resting(), "a new trade is copied")
        assert task.run("status", "--live").returncode == 0
        assert abs(time.time_ns() - int(task.live()["written_at"])) < 10 * SECOND
        (point, *_) = task.points()  # of the start, which shows that it lives before its loop turns
        assert (point["service"], point["heartbeat"]) == ("trader", [1.0])
        ends_in_order(task)
        records, before = len(task.journal()), money(task)
        assert records >= 2
        tape = s3_client(task.endpoint()).list_objects_v2(Bucket=BUCKET, Prefix="tape/first/")
        assert tape["KeyCount"] > 0

        task.task().ready()
        assert money(task) == before
        task.kill_everything()

        task.task().ready()
        assert money(task) == before
        ends_in_order(task)
        entries = task.journal()
        assert len(entries) >= records
        assert [entry.key for entry in entries] == sorted(entry.key for entry in entries)


def test_what_is_asked_for_beside_the_venue_ends_every_order_within_seconds(
    stack: Stack, venue: LocalVenue, tmp_path: Path
) -> None:
    with on(stack, venue, tmp_path, "cancelled") as task:
        task.task().ready()
        sent = Repeated(venue, 50, {})
        task.until(lambda: sent.again() and task.resting(), "an order rests")
        at = time.time_ns()
        task.tables.paper(account="cancelled", order_key=CANCEL_ALL, body=f'{{"at":{at},"reason":"test"}}').save()
        task.until(lambda: not [one for one in task.resting() if one.order.planned_at < at], "all of them have ended")
        assert time.time_ns() - at <= 5 * SECOND
        ends_in_order(task)
        task.journal()


def test_people_are_told_through_the_queue_when_trading_is_stopped(
    stack: Stack, venue: LocalVenue, tmp_path: Path
) -> None:
    with on(stack, venue, tmp_path, "told") as task:
        task.task().ready()
        task.readers().request("told", Command("stop", CommandKind.KILL, "a person stops it"), time.time_ns())
        told: list[Notice] = []

        def heard() -> bool:
            told.extend(task.notices())
            return any(one.name == "trading_stopped" for one in told)

        task.until(heard, "a notice")
        (stopped,) = [one for one in told if one.name == "trading_stopped"]
        assert (stopped.account, stopped.severity, stopped.source) == ("told", 1, "trader")
        assert stopped.text == "a person stops it"
        ends_in_order(task)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TABLE_PREFIX", "other-", "there is no table other-control: deploy first, or set TABLE_PREFIX to what is"),
        ("LAKE_BUCKET", "no-lake", "there is no bucket no-lake: deploy first, or set LAKE_BUCKET to what is"),
        ("DEPLOYMENT", "live", "DEPLOYMENT is live: orders at the venue cannot be sent yet, only paper trades"),
    ],
)
def test_what_is_not_deployed_is_said_in_one_sentence(
    stack: Stack, tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    task = Deployment(tmp_path, stack, "nobody")
    task.env[name] = value
    ended = task.run("trade")
    assert ended.returncode == 2
    (said,) = ended.stderr.splitlines()
    assert said.startswith(f"fargate trade: {sentence}")
    assert not task.state.exists()
    assert task.live() == {}


def test_a_task_waits_for_a_venue_that_is_away_and_can_be_stopped_meanwhile(stack: Stack, tmp_path: Path) -> None:
    with Deployment(tmp_path, stack, "waiting") as task:
        task.task().until_said("waiting for the venue: The data API (127.0.0.1) cannot be reached")
        assert task.run("status", "--live").returncode == 0
        assert task.run("status").returncode == 1
        task.process.send_signal(signal.SIGTERM)
        assert task.ended() == 0, task.said
        assert [line["message"] for line in task.lines()][-2:] == ["stopped before trading began", "ended in order"]
        assert task.live() == {}
