"""`make run` on a recorded world, as processes: stopping, killing, continuing, and who listens where."""

import http.client
import json
import re
import socket
from collections import Counter
from pathlib import Path

import psutil

from dashboard.queries.changes import ApiChanges
from shared.adapters.durable.lease import acquire
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.server import REGION, port_is_busy
from shared.adapters.memory.store import MemoryStore
from shared.domain.ledger import Record, RecordKind
from shared.domain.order import FINAL
from tests.e2e.system import System
from tests.shared.research.checker import faults, prints_of


def planned(records: list[Record]) -> list[str]:
    return [r.order.order_key for r in records if r.kind is RecordKind.PLANNED and r.order is not None]


def assert_sound(records: list[Record], day: Path) -> MemoryStore:
    """One deposit, no order twice, entries that sum to zero, and fills that prints explain."""
    books = MemoryStore()
    for record in records:
        books.write(record)
    kinds = Counter(record.kind for record in records)
    assert kinds[RecordKind.DEPOSITED] == 1
    assert len(planned(records)) == len(set(planned(records))) > 0
    sums: Counter[str] = Counter()
    for record in records:
        for entry in record.posting.entries if record.posting is not None else ():
            sums[entry.asset] += entry.amount
    assert set(sums.values()) == {0}
    assert books.books.imbalance() == 0
    assert faults(records, prints_of(day / "trades.parquet")) == []
    return books


def test_ctrl_c_ends_a_run_at_once_and_keeps_its_state(interrupted: System, day: Path) -> None:
    assert "stopping: " in interrupted.said
    assert "stopping the embedded AWS (its state is kept)" in interrupted.said
    assert not list(interrupted.state.glob("*/address"))
    assert_sound(interrupted.records(), day)


def test_a_busy_aws_port_is_stepped_around(interrupted: System) -> None:
    assert "the recording has ended" not in interrupted.said  # it ran, on another port than the one it was given
    assert interrupted.journaled() >= 60


def test_after_kill_9_of_everything_the_journal_file_rebuilds_the_books(copied: System, day: Path) -> None:
    with copied as system:
        before = system.journaled()
        system.start("--recording", str(day), "--speed", "max")
        system.until(lambda: system.journaled() >= before + 60, "sixty more records")
        system.kill_everything()
        killed = system.records()
        system.start("--recording", str(day), "--speed", "max", "--stop-at-end")
        assert system.ended() == 0, system.said
        # The embedded AWS had saved what the first run left; the file gives back what came after, and the start
        # compares every balance, position and order with it before anything is traded (else: exit code 4).
        assert f"journal: {len(killed) - before} records rebuilt from the file" in system.said
        assert f"with {len(killed)} journal records" in system.said
        assert "waiting for the lease of paper: held by an earlier run, taken over in 2 s at the latest" in system.said
        final = system.records()
    assert final[: len(killed)] == killed
    assert len(final) > len(killed)
    books = assert_sound(final, day)
    assert all(order.state in FINAL for order in books.books.orders.values())


def test_the_kill_switch_stops_planning_resume_clears_it_and_a_restart_does_not(copied: System, day: Path) -> None:
    with copied as system:
        system.start("--recording", str(day), "--speed", "60")
        system.until_said("from here on at 60x")
        killed = system.run("kill", "--reason", "drill", "--json")
        assert (killed.returncode, json.loads(killed.stdout)) == (0, {"trading": False, "reason": "drill"})
        at_kill = system.journaled()
        system.until(lambda: system.live().get("orders_open") == 0, "no order is open any more")
        system.until(lambda: system.live()["switch_reason"] == "drill", "the live view tells the reason")
        system.until(lambda: "STOPPED: drill" in system.run("status").stdout, "the health port tells the reason")
        stopped = json.loads(system.run("status", "--json").stdout)
        assert (stopped["live"], stopped["started"], stopped["ready"]) == (True, True, False)
        at_resume = system.journaled()
        resumed = system.run("resume", "--reason", "over", "--json")
        assert (resumed.returncode, json.loads(resumed.stdout)) == (0, {"trading": True}), resumed.stderr
        system.until(lambda: system.run("status").returncode == 0, "the trader is ready again")
        assert system.run("kill", "--reason", "for good").returncode == 0
        system.until(lambda: system.live()["switch_reason"] == "for good", "the trader has seen the second one")
        system.kill_everything()
        before = planned(system.records())
        system.start("--recording", str(day), "--speed", "max", "--stop-at-end")
        assert system.ended() == 3, system.said
        assert "STOPPED: for good" in system.said
        records = system.records()
    assert planned(records) == before
    assert not [record for record in records[at_kill:at_resume] if record.kind is RecordKind.PLANNED]
    orders = {r.order.order_key: r.order for r in records if r.order is not None}
    assert all(order.state in FINAL for order in orders.values())


def test_a_signal_ends_the_waiting_for_a_lease_and_who_lost_it_ends_by_itself(copied: System, day: Path) -> None:
    with copied as system:
        system.start("--recording", str(day), "--speed", "60")
        system.until_said("from here on at 60x")
        tables = Tables("house-", system.endpoint())
        assert acquire(DynamoBackend("paper", tables), "thief", 1) > 1
        assert system.ended() == 3
        lost = r"\nfargate paper: (the lease of paper \(epoch 2\) is lost|epoch 2 of account paper is over)"
        assert re.search(lost, system.said), system.said
        before = system.records()

        system.env["LEASE_TTL_S"] = "600"
        system.start("--recording", str(day), "--speed", "60")
        system.until_said("waiting for the lease of paper: held by thief, taken over in 600 s at the latest")
        assert system.interrupt() == 0
        assert system.said.endswith("stopped before trading began\n")
        assert system.records() == before


def test_nothing_listens_on_anything_but_loopback(copied: System, day: Path) -> None:
    with copied as system:
        system.start("--recording", str(day), "--speed", "60", dashboard=True)
        port, health = int(system.env["DASHBOARD_PORT"]), int(system.env["HEALTH_PORT"])
        system.until_said(f"dashboard: http://127.0.0.1:{port}")
        system.until(lambda: answer(port, "/_stcore/health") == 200, "the dashboard answers")
        system.until_said("from here on at 60x")
        assert answer(port, "/") == 200
        listening = [
            connection.laddr
            for process in system.tree()
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
        ]
        assert {address.ip for address in listening} == {"127.0.0.1"}
        assert {port, health} <= {address.port for address in listening}
        assert [answer(health, path) for path in ("/", "/live", "/startup", "/nothing")] == [200, 200, 200, 404]
        family = system.tree()
        assert system.interrupt() == 0, system.said
        assert psutil.wait_procs(family, timeout=5)[1] == []


def test_what_the_dashboard_changes_reaches_the_trader_through_the_control_api(copied: System, day: Path) -> None:
    with copied as system:
        system.start("--recording", str(day), "--speed", "60", dashboard=True)
        system.until_said("from here on at 60x")
        (shown,) = [child for child in system.tree() if "streamlit" in child.cmdline()]
        changes = ApiChanges(shown.environ()["CONTROL_URL"], shown.environ()["CONTROL_KEY"], REGION)
        system.until(lambda: port_is_busy(int(changes.url.rpartition(":")[2])), "the control API answers")
        assert changes.configure("calmer", {"stop_loss": "8%"}).startswith("The trader takes it within a second")
        risk = system.readers().risk
        system.until(lambda: ((risk("paper") or {}).get("changes") or {}).get("limits"), "the limit is in force")
        assert changes.kill("drill").startswith("Trading is stopped: ")
        system.until(lambda: system.live()["switch_reason"] == "local:dashboard: drill", "the trader has stopped")
        changes.resume("over")
        system.until(lambda: system.live()["trading"], "the trader trades again")
        assert system.interrupt() == 0, system.said


def answer(port: int, path: str) -> int:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asked.request("GET", path)
        return asked.getresponse().status
    except OSError:
        return 0
    finally:
        asked.close()


def test_a_busy_dashboard_port_is_one_sentence_and_nothing_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ended = System(tmp_path / "state", DASHBOARD_PORT=str(port)).run("paper", "--synthetic", "--fresh")
    sentence = f"port {port} on 127.0.0.1 is in use by another program; set DASHBOARD_PORT to another one"
    assert (ended.returncode, ended.stderr) == (2, f"fargate paper: {sentence}\n")
    assert not (tmp_path / "state").exists()


def test_a_recording_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    ended = System(tmp_path / "state").run("paper", "--recording", "nowhere.parquet", "--no-dashboard")
    assert (ended.returncode, ended.stderr) == (2, "fargate paper: RECORDING nowhere.parquet does not exist\n")


def test_without_the_venue_the_synthetic_day_runs_and_starts_anew(tmp_path: Path) -> None:
    with System(tmp_path / "state", SYNTHETIC_HOURS="1") as system:
        system.start("--speed", "max")
        system.until_said("the recording has ended")
        assert "The data API (127.0.0.1) cannot be reached" in system.said
        assert "Trading the SYNTHETIC day instead." in system.said
        system.until(lambda: system.live().get("progress") == "the recording has ended", "the live view says so")
        live = system.live()
        assert (live["source"], live["mode"], live["trading"]) == ("synthetic", "paper", True)
        tabs = system.readers().tabs("paper")
        assert tabs is not None
        views = [system.readers().screen("paper", tab.slot) for tab in tabs.tabs]
        assert any(view is not None and view.screen.tokens[0].bids for view in views)
        system.until(lambda: "the recording has ended" in system.run("status").stdout, "the health port says so too")
        assert system.run("status").returncode == 0
        assert system.interrupt() == 0, system.said
        assert system.run("status").returncode == 2
        first = system.records()
        assert sum(record.kind is RecordKind.DEPOSITED for record in first) == 1

        system.start("--speed", "max", "--stop-at-end", "--fresh")
        assert system.ended() == 0, system.said
        assert "synthetic: writing" in system.said
        assert "continuing" not in system.said
        assert system.records() == first  # the same day again from its beginning


def test_ctrl_c_while_the_day_is_made_ends_at_once(tmp_path: Path) -> None:
    with System(tmp_path / "state", SYNTHETIC_HOURS="24") as system:
        system.start("--synthetic")
        system.until_said("synthetic: ")
        assert system.interrupt() == 0
        assert system.said.endswith("stopped before trading began\n")
        assert not list(system.state.glob("*/aws"))
