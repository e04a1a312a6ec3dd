"""The venue as a process: kill -9 in the middle of submissions, a new life on the same log, an orderly end."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.journal.paper_log import FilePaperLog
from shared.adapters.paper.served.__main__ import main
from shared.adapters.paper.served.client import ServedVenue
from shared.domain.instants import SECOND
from shared.domain.messages import OrderFilled, OrderInDoubt, OrderRejected, Payload
from shared.domain.money import ONE
from shared.domain.order import Order
from shared.ports import Answer
from tests.shared.adapters.paper.served.trading import at_once
from tests.shared.engine.builders import NOON, book, market, order

ORDERS = 400
PATIENCE_S = 20.0


@contextlib.contextmanager
def process(log: Path, port: int = 0) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A venue on that log, and the port it is on; killed at the end if it still lives."""
    command = [sys.executable, "-m", "shared.adapters.paper.served", "--port", str(port), "--log", str(log)]
    with subprocess.Popen([*command, "--seed", "7"], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        line = started.stdout.readline()
        assert line.startswith("paper venue on 127.0.0.1:"), line
        try:
            yield started, int(line.split(":")[1].split(",")[0])
        finally:
            started.kill()


def numbered(n: int) -> Order:
    return order(order_key=f"intent-{n}.1", size=5 * ONE)


def payloads(answers: list[Answer]) -> list[Payload]:
    return [answer.payload for answer in answers]


def test_every_order_acknowledged_before_a_kill_is_there_afterwards_and_none_twice(tmp_path: Path) -> None:
    log = tmp_path / "paper.jsonl"
    with process(log) as (first, port):
        client = ServedVenue(port, timeout_s=PATIENCE_S, jitter=at_once)
        client.market(market())
        client.show([(NOON, book())], NOON)
        acknowledged, doubtful, unsent = [], [], []
        killer = threading.Timer(0.15, first.kill)
        killer.start()
        for n in range(ORDERS):
            at = NOON + n * SECOND
            said = payloads([*client.submit(numbered(n), at), *client.show([], at)])
            mine = [one for one in said if getattr(one, "order_key", "") == f"intent-{n}.1"]
            if any(isinstance(one, OrderInDoubt) for one in mine):
                doubtful.append(n)
            elif any(isinstance(one, OrderRejected) for one in mine):
                unsent.append(n)
            else:
                acknowledged.append(n)
            if len(unsent) > 3:
                break
        killer.join()
        assert first.wait(PATIENCE_S) == -signal.SIGKILL
    assert acknowledged
    assert unsent
    assert len(doubtful) <= 1
    with process(log, port) as (second, _):
        fills: dict[str, list[str]] = {}
        at = NOON + ORDERS * SECOND
        for n in [*acknowledged, *doubtful, *unsent]:
            client.query(f"intent-{n}.1", at)
        for one in payloads([*client.show([], at + SECOND), *client.show([], at + 2 * SECOND)]):
            if isinstance(one, OrderFilled):
                fills.setdefault(one.fill.order_key, []).append(one.fill.trade_id)
        trades = client.reports(at, 0).trades
        assert trades is not None
        executed = [trade.fill.order_key for trade in trades]
        assert len(executed) == len(set(executed))
        assert {f"intent-{n}.1" for n in acknowledged} <= set(executed)
        assert not {f"intent-{n}.1" for n in unsent} & set(executed)
        again = payloads(client.submit(numbered(acknowledged[0]), at))
        assert OrderInDoubt(f"intent-{acknowledged[0]}.1", "INVALID_ORDER_DUPLICATED") in again
        client.close()
        second.send_signal(signal.SIGTERM)
        assert second.wait(PATIENCE_S) == 0
    kept = FilePaperLog(log)
    assert {paper.order.order_key for paper in kept.load()} >= {f"intent-{n}.1" for n in acknowledged}
    kept.close()


def test_a_stopped_process_is_no_more_than_a_slow_venue(tmp_path: Path) -> None:
    with process(tmp_path / "paper.jsonl") as (venue, port):
        client = ServedVenue(port, timeout_s=0.3, jitter=at_once)
        client.market(market())
        client.show([(NOON, book())], NOON)
        venue.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        (doubt,) = payloads(client.submit(numbered(1), NOON))
        assert isinstance(doubt, OrderInDoubt)
        (unsent,) = payloads(client.submit(numbered(2), NOON))
        assert isinstance(unsent, OrderRejected)
        assert time.monotonic() - began < 2
        venue.send_signal(signal.SIGCONT)
        until = time.monotonic() + PATIENCE_S
        while client.busy and time.monotonic() < until:
            client.show([], NOON + SECOND)
        trades = client.reports(NOON + SECOND, 0).trades
        assert trades is not None
        assert [trade.fill.order_key for trade in trades] in (["intent-1.1"], [])
        client.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "'99999' is no port"),
        (["--settings", '{"books": 7}'], "is no settings of a venue"),
        ([], "--log"),
    ],
)
def test_bad_usage_is_named(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = [] if not arguments else ["--log", str(tmp_path / "paper.jsonl")]
    with pytest.raises(SystemExit) as ended:
        main([*log, *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_settings_out_of_range_a_log_in_use_and_a_damaged_one_end_it_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "paper.jsonl"
    settings = json.dumps({"unread": 2 * ONE})
    assert main(["--log", str(log), "--settings", settings]) == 2
    assert "unread must lie between 0 and 1" in capsys.readouterr().err
    held = FilePaperLog(log)
    assert main(["--log", str(log)]) == 2
    assert "in use by another run" in capsys.readouterr().err
    held.close()
    from shared.adapters.journal.lines import framed

    log.write_bytes(framed(b"[]") + framed(b"[]"))
    assert main(["--log", str(log)]) == 4
    assert "line 1 is not a paper order" in capsys.readouterr().err
