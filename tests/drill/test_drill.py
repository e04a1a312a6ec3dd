"""The drill in little: real processes are killed and stopped while they trade, and the judge is no rubber stamp."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from shared.adapters.embedded.server import LOOPBACK
from shared.adapters.journal.lines import framed
from shared.adapters.paper.orders import Movement, MovementKind, PaperOrder
from shared.domain.ledger import (
    CASH,
    PUSD,
    RESERVED,
    Entry,
    Fill,
    PostingKind,
    Record,
    RecordKind,
    SettlementStatus,
    posting,
)
from shared.domain.money import ONE, Shares, Usd
from shared.domain.order import Order, OrderState
from tests.drill.crowd import Scene
from tests.drill.processes import wait_for
from tests.drill.proxy import Proxy
from tests.drill.stage import Stage, bought_twice
from tests.drill.stories import KILLED, sound, spread
from tests.drill.watch import Log
from tests.shared.engine.builders import order
from tests.simulation.audit import Books

ORDERS = 60
AGAIN_S = 60.0


def ordered(stage: Stage, orders: int) -> None:
    """Wait until so many orders are planned."""
    assert wait_for(lambda: len(stage.journal.plans) >= orders, AGAIN_S) is not None, stage.said()


def test_a_trader_killed_three_times_and_stopped_once_loses_nothing_and_orders_nothing_twice() -> None:
    said: list[str] = []
    with Stage(Scene(seed=3, rate=24.0), say=said.append) as stage:
        (trader,) = stage.traders
        for planned in (5, 15, 25):
            ordered(stage, planned)
            trader.send(signal.SIGKILL)
            assert stage.planned_after(time.time_ns(), AGAIN_S) is not None, stage.said()
        ordered(stage, ORDERS)
        trader.send(signal.SIGTERM)
        assert wait_for(lambda: len(trader.ends) == 4, 20.0), stage.said()
        judged = stage.judged()
        assert [end.code for end in trader.ends] == [KILLED] * 3 + [0, 0], stage.said()
    assert judged.wrong == ()
    assert judged.planned >= ORDERS
    assert judged.fills > 0
    assert judged.epochs >= 4
    assert all(figure.ok for figure in sound("kills", judged))


# ---------------------------------------------------------------------- the judge


def fill(trade_id: str, one: Order, size: int) -> Fill:
    return Fill(trade_id, one.order_key, one.limit, Shares(size), Usd(0), 1)


def paper(one: Order, *fills: Fill, failed: str = "") -> PaperOrder:
    settled = {each.trade_id: SettlementStatus.CONFIRMED for each in fills}
    if failed:
        settled[failed] = SettlementStatus.FAILED
    return PaperOrder(one, OrderState.FILLED, 1, fills, settled=settled)


def booked(*records: Record) -> tuple[Books, list[str]]:
    books = Books()
    return books, [wrong for record in records if (wrong := books.add(record))]


def record(kind: RecordKind, one: Order, of: Fill | None = None) -> Record:
    return Record(kind, one.account, 1, order=one, fill=of)


def test_an_order_planned_twice_an_execution_booked_twice_and_a_posting_that_does_not_balance_are_told() -> None:
    one = order()
    paid_in = posting(PostingKind.DEPOSIT, "x", 1, (Entry(CASH, PUSD, 5), Entry("external", PUSD, -5)))
    lopsided = replace(paid_in, entries=(Entry(CASH, PUSD, 5), Entry("external", PUSD, -4)))
    first = fill("a", one, ONE)
    _, wrong = booked(
        record(RecordKind.PLANNED, one),
        record(RecordKind.PLANNED, one),
        record(RecordKind.FILLED, one, first),
        record(RecordKind.FILLED, one, first),
        Record(RecordKind.DEPOSITED, one.account, 1, posting=lopsided),
    )
    key = ("a", one.order_key)
    assert wrong == [
        f"order {one.order_key} is planned twice",
        f"the execution {key} is booked twice",
        "a posting sums to {'pUSD': 1}, not to zero",
    ]


def test_executions_lost_invented_and_not_taken_back_are_told() -> None:
    one = order()
    known, other = fill("a", one, ONE), fill("b", one, ONE)
    books, _ = booked(record(RecordKind.FILLED, one, known))
    assert books.misbooked([paper(one, known)]) == ""
    assert "were lost" in books.misbooked([paper(one, known, other)])
    assert "never happened" in books.misbooked([paper(one)])
    assert "failed and still stand" in books.misbooked([paper(one, known, failed="a")])
    books.add(record(RecordKind.REVERSED, one, known))
    assert books.misbooked([paper(one, known, failed="a")]) == ""


def test_an_order_nobody_planned_or_not_so_is_told() -> None:
    one = order()
    books, _ = booked(record(RecordKind.PLANNED, one))
    assert books.unplanned(one) == ""
    assert "not the one that was planned" in books.unplanned(replace(one, salt=one.salt + 1))
    assert "without a written plan" in books.unplanned(replace(one, order_key="another.1"))


def test_a_ledger_that_differs_by_one_micro_unit_and_cash_reserved_for_nothing_are_told() -> None:
    paid_in = Movement("x", MovementKind.DEPOSIT, 1, {PUSD: 5})
    books, _ = booked()
    books.balances[CASH, PUSD] = 5
    assert books.unequal([], [paid_in]) == ""
    assert books.held_back() == ""
    books.balances[CASH, PUSD] = 4
    assert books.unequal([], [paid_in]) == "the ledger has 4 micro-dollars, the wallet 5"
    books.balances[RESERVED, PUSD] = 1
    assert books.unequal([], [paid_in]) == ""
    assert books.held_back() == "1 micro-dollars stay reserved without an open order"


def test_a_wish_fulfilled_twice_is_told_and_one_made_good_after_a_failure_is_not() -> None:
    one = order(order_key="intent.1", leg=1)
    again = replace(one, order_key="intent.2", leg=2, attempt=2)
    whole, more = fill("a", one, one.size), fill("b", again, one.size)
    enough = {one.token: 9 * one.size}
    assert bought_twice([paper(one, whole)], enough) == []
    assert bought_twice([paper(one, whole, failed="a"), paper(again, more)], enough) == []
    assert bought_twice([paper(one, whole), paper(replace(again, attempt=1), more)], enough) == []
    (told,) = bought_twice([paper(one, whole), paper(again, more)], enough)
    assert told.startswith(f"intent {one.intent_id} got {2 * one.size} of {one.size}: leg 1 ")


def test_a_trade_acted_upon_twice_and_more_than_the_whale_has_bought_are_told() -> None:
    one = order(order_key="intent.1", leg=1)
    other = replace(one, order_key="other.1", intent_id="other")
    whole, more = fill("a", one, one.size), fill("b", other, one.size)
    assert bought_twice([paper(one, whole), paper(other, more)], {one.token: one.size}) == [
        f"{one.signal_tx} was acted upon 2 times (ENTRY)",
        f"{2 * one.size} of {one.token} were bought, its whale has {one.size}",
    ]


def test_an_order_that_comes_twice_with_different_content_is_seen_in_the_log(tmp_path: Path) -> None:
    one = paper(order())
    path = tmp_path / "paper.jsonl"
    states = [one, one, replace(one, order=replace(one.order, salt=one.order.salt + 1))]
    moved = Movement("x", MovementKind.DEPOSIT, 1, {PUSD: 5})
    path.write_bytes(b"".join(framed(msgspec.json.encode(line)) for line in [*states, moved]))
    log = Log(path)
    assert log.changed == [one.order.order_key]
    assert (list(log.papers), list(log.movements), log.open) == ([one.order.order_key], ["x"], 0)


def test_seconds_are_told_by_half_most_and_the_worst_of_them() -> None:
    assert spread([]) == "nothing"
    assert spread([1.0] * 9 + [7.0]) == "p50 1.0, p90 7.0, max 7.0 s of 10"


# ---------------------------------------------------------------------- the line to the store


@contextmanager
def echoing() -> Iterator[int]:
    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer((LOOPBACK, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with echoing() as port:
        made = Proxy(port)
        yield made
        made.close()


def asked(proxy: Proxy, times: int = 1) -> list[tuple[int, bytes]]:
    line = HTTPConnection(LOOPBACK, proxy.port, timeout=10.0)
    found = []
    for n in range(times):
        line.request("POST", "/", b"x" * n)
        answer = line.getresponse()
        found.append((answer.status, answer.read()))
    line.close()
    return found


def test_what_is_asked_reaches_the_store_and_its_answer_comes_back(proxy: Proxy) -> None:
    assert asked(proxy, 3) == [(200, b""), (200, b"x"), (200, b"xx")]
    assert (proxy.passed, proxy.throttled) == (3, 0)


def test_every_request_waits_for_the_delay(proxy: Proxy) -> None:
    proxy.delay_s = 0.1
    began = time.monotonic()
    asked(proxy, 3)
    assert time.monotonic() - began >= 0.3


def test_requests_beyond_so_many_a_second_are_throttled_as_the_store_would(proxy: Proxy) -> None:
    proxy.per_second = 1
    found = asked(proxy, 20)
    assert proxy.throttled >= 10  # within two or three seconds at most
    assert proxy.passed + proxy.throttled == 20
    refused = next(body for status, body in found if status == 400)
    assert b"ThrottlingException" in refused


def test_a_store_that_is_gone_ends_the_connection() -> None:
    with socket.create_server((LOOPBACK, 0)) as door:
        port: int = door.getsockname()[1]
    made = Proxy(port)
    with pytest.raises(OSError, match=r"closed|reset|Remote"):
        asked(made)
    made.close()
