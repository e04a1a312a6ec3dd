"""How long the control API takes to answer: handler and tables (embedded), less what the embedded AWS takes itself.

``python -m tests.bench.control_api`` prints a row for each question; ``rows()`` is for `make bench`.
"""

import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from functions.control_api.handler import handler
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.provision import provision
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.domain.decision import Decision, Reason
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import Shares, Usd
from shared.domain.order import Side
from tests.bench.table import Row, line, row
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, planned
from tests.functions.context import context
from tests.functions.events import event

ACCOUNT, PREFIX, DAY = "bench", "bench-", "2026-03-22"
WARM, TIMES = 5, 60
ASKED: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/api/health", None),
    ("GET", "/api/mode", None),
    ("GET", "/api/markets/config", None),
    ("GET", "/api/markets/available", None),
    ("GET", "/api/positions", None),
    ("GET", "/api/positions/pnl", None),
    ("GET", f"/api/history/snapshots?start={DAY}", None),
    ("GET", f"/api/history/trades?day={DAY}", None),
    ("GET", "/api/whales", None),
    ("GET", f"/api/decisions?day={DAY}", None),
    ("POST", "/api/kill", {"reason": "bench"}),
    ("POST", "/api/resume", {"reason": "bench"}),
    ("POST", "/api/mode", {"reason": "bench", "mode": "observe"}),
    ("PUT", "/api/markets/config", {"reason": "bench", "limits": {"stop_loss": "10%"}}),
)


class Waited:
    """Seconds spent waiting for AWS since the last look."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def take(self) -> float:
        took, self.seconds = self.seconds, 0.0
        return took


@contextmanager
def waiting() -> Iterator[Waited]:
    """While this lasts, every request to AWS is timed."""
    waited, honest = Waited(), URLLib3Session.send

    def send(session: Any, request: Any) -> Any:
        began = time.perf_counter()
        try:
            return honest(session, request)
        finally:
            waited.seconds += time.perf_counter() - began

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(URLLib3Session, "send", send)
        yield waited


@contextmanager
def quietly() -> Iterator[None]:
    """While this lasts, what the function logs is written as always, and thrown away."""
    handlers = [one for one in logging.getLogger("control_api").handlers if isinstance(one, logging.StreamHandler)]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        before = [one.setStream(nowhere) for one in handlers]
        try:
            yield
        finally:
            for one, stream in zip(handlers, before, strict=True):
                one.setStream(stream)


def rows() -> list[Row]:
    """The slowest questions' 95th percentiles, over all questions; net and with the embedded AWS."""
    net, gross = measured()
    every, whole = [one for times in net.values() for one in times], [one for times in gross.values() for one in times]
    worst = max(net, key=lambda name: _p95(net[name]))
    return [
        row("control API, all questions, p95 net of the embedded AWS", _p95(every), "ms"),
        row(f"control API, {worst} (slowest), p95 net", _p95(net[worst]), "ms"),
        row("control API, all questions, p95 with the embedded AWS", _p95(whole), "ms"),
    ]


def measured() -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds of every request, by question: net of AWS, and in all."""
    net: dict[str, list[float]] = {}
    gross: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws(Path(folder), free_port()) as aws:
        fill(provision(aws.endpoint, PREFIX).tables)
        around = {"ACCOUNT": ACCOUNT, "TABLE_PREFIX": PREFIX, "AWS_ENDPOINT_URL": aws.url}
        with pytest.MonkeyPatch.context() as patch, waiting() as waited, quietly():
            for name, value in around.items():
                patch.setenv(name, value)
            for method, path, body in ASKED:
                name = f"{method} {path.partition('?')[0]}"
                for number in range(WARM + TIMES):
                    asked = event(method, path, body)
                    waited.take()
                    began = time.perf_counter()
                    answer = handler(asked, context())
                    took = time.perf_counter() - began
                    assert answer["statusCode"] == 200, answer
                    if number >= WARM:
                        net.setdefault(name, []).append(1000 * (took - waited.take()))
                        gross.setdefault(name, []).append(1000 * took)
    return net, gross


def fill(tables: Tables) -> None:
    """An account that has traded for a day."""
    backend, views = DynamoBackend(ACCOUNT, tables), Views(ACCOUNT, tables)
    store = DurableStore(backend, acquire(backend, "one", NOON))
    store.write(deposit(ACCOUNT))
    for number in range(60):
        order = buy(ACCOUNT, f"i{number}", size=5_000_000, market=f"m{number}", token=f"t{number}")
        store.plan(planned(order))
        store.write(fill_record(order, None, fill_of(order, 5_000_000, f"trade-{number}"), NOON, LIMITS))
    for number in range(100):
        held = Position(ACCOUNT, f"p{number}", "s/w", "m", "s", f"w{number}", Shares(1), Usd(number))
        tables.positions(account=ACCOUNT, slot=held.key, body=body_of(held)).save()
        views.put_market(Market(f"m{number}", MarketKind.EVENT, question="Will it happen?"))
        views.put_metrics(NOON + number * MINUTE, {"equity": number})
    views.put_whales([{"wallet": f"0x{number:040x}", "rank": number} for number in range(50)])
    views.put_live({"written_at": time.time_ns(), "equity": 1, "breakers": []})
    views.put_risk({"changes": {"mode": "trade", "limits": {}}})
    store.decide([decision(number) for number in range(200)])


def decision(number: int) -> Decision:
    at = NOON + number * SECOND
    return Decision(at, at, ACCOUNT, "whale_copy", f"s{number}", "0xw", "m", "t", Side.BUY, 1, 1, "0xt", Reason.COPIED)


def _p95(times: list[float]) -> float:
    return round(sorted(times)[len(times) * 95 // 100], 3)


if __name__ == "__main__":
    net, gross = measured()
    for name, times in net.items():
        print(f"{name:<32} p95 net {_p95(times):>8.2f} ms   with the embedded AWS {_p95(gross[name]):>8.2f} ms")
    every = [one for times in net.values() for one in times]
    print(line(row("all questions, p95 net", _p95(every), "ms"), 32))
    print(json.dumps({"requests": len(every)}))
