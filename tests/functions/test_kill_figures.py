"""What a kill promises, measured on the embedded AWS: nothing is planned once the switch has committed, and open orders
are void within seconds although no trader runs.
"""

import os
import threading
import time
from random import Random

import pytest

from functions.kill_switch import handler as kill_switch
from shared.adapters.control.stopping import stop
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.cancelling import PaperCanceller
from shared.adapters.dynamo.codec import open_name
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.tables import Tables
from shared.adapters.paper.orders import PaperOrder
from shared.domain.messages import PlanRefused, RefusedBy
from shared.domain.order import FINAL, OrderState
from shared.ports import Switch
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import buy, deposit, planned
from tests.functions.context import context
from tests.functions.events import event
from tests.functions.route import PREFIX, Route

INSTANTS = int(os.environ.get("KILL_INSTANTS", "20"))
"""Of the figure, 100 (``KILL_INSTANTS=100``); each takes half a second."""
KILLS, OPEN = 50, 20
"""Kills, each with so many orders open at least."""
TRADERS = 3
WITHIN_S = 5.0


class Switching:
    def __init__(self, backend: DynamoBackend) -> None:
        self._backend = backend

    def switch(self) -> Switch:
        return self._backend.switch()

    def set_switch(self, switch: Switch) -> None:
        self._backend.set_switch(switch)


class Planning:
    """Traders of one account in threads, each planning as fast as it is answered; what is planned lies open at the
    paper venue.
    """

    def __init__(self, account: str, tables: Tables) -> None:
        self.account, self.tables = account, tables
        self.backend = DynamoBackend(account, tables)
        self.refused = [0] * TRADERS
        self.log = DynamoPaperLog(account, tables)
        self.over = threading.Event()
        DurableStore(self.backend, acquire(self.backend, "first", time.time_ns())).write(deposit(account, 1_000_000))
        epoch = acquire(self.backend, "planner", time.time_ns())
        self.threads = [threading.Thread(target=self._plan, args=(number, epoch)) for number in range(TRADERS)]

    def _plan(self, number: int, epoch: int) -> None:
        # One lease, several writers of it: what a plan is refused by must be the switch alone.
        store = DurableStore(self.backend, epoch, writer=f"w{number}")
        count = 0
        while not self.over.is_set():
            count += 1
            order = buy(
                self.account, f"{number}/{count}", size=5_000_000, market=f"m{number}/{count}", at=time.time_ns()
            )
            answer = store.plan(planned(order))
            if isinstance(answer, PlanRefused):
                assert answer.by is RefusedBy.SWITCH
                self.refused[number] += 1
            else:
                self.log.put(PaperOrder(order, OrderState.LIVE, order.planned_at))

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def planned(self) -> set[str]:
        found = self.tables.orders.open_orders.query(open_name(self.account))
        return {item.order_key for item in found}


def test_nothing_is_planned_after_the_switch_has_committed_at_random_instants(embedded: Embedded) -> None:
    random, raced = Random(7), 0
    for _ in range(INSTANTS):
        planning = Planning(embedded.account(), embedded.tables)
        for thread in planning.threads:
            thread.start()
        time.sleep(random.uniform(0.0, 0.12))
        stop(Switching(planning.backend), PaperCanceller(planning.account, embedded.tables), "drill")
        there = planning.planned()
        ends = time.monotonic() + 30.0
        seen = list(planning.refused)
        while time.monotonic() < ends and any(now < then + 2 for now, then in zip(planning.refused, seen, strict=True)):
            time.sleep(0.005)
        planning.end()
        assert all(now >= then + 2 for now, then in zip(planning.refused, seen, strict=True))
        assert planning.planned() == there
        raced += bool(there)
    assert raced, "every kill came before anything was planned"


def test_open_orders_are_void_within_5_s_in_99_of_100_kills_half_of_them_with_the_trader_dead(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[float] = []
    voided = 0
    for number in range(KILLS):
        planning = Planning(embedded.account(), embedded.tables)
        at = time.time_ns()
        for n in range(OPEN):
            order = buy(planning.account, f"open/{n}", at=at)
            planning.log.put(PaperOrder(order, OrderState.LIVE, at))
        if number % 2:
            for thread in planning.threads:
                thread.start()
        for name, value in {"ACCOUNT": planning.account, "AWS_ENDPOINT_URL": embedded.server.url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("TABLE_PREFIX", "test-")
        began = time.monotonic()
        assert kill_switch.handler(event("POST", "/kill", {"reason": "drill"}), context())["statusCode"] == 200
        papers = planning.log.load()
        took.append(time.monotonic() - began)
        if number % 2:
            planning.end()
            papers = planning.log.load()
        assert [paper.state for paper in papers] == [OrderState.CANCELED] * len(papers)
        voided += len(papers)
    assert voided > KILLS * OPEN, "no trader was alive"
    assert sorted(took)[int(0.99 * KILLS)] < WITHIN_S


@pytest.mark.parametrize("way", ["signed", "token"])
def test_open_orders_are_void_within_5_s_of_a_kill_with_the_trader_dead(route: Route, way: str) -> None:
    log = DynamoPaperLog("paper", Tables(PREFIX, route.aws.endpoint))
    at = time.time_ns()
    for number in range(200):
        order = buy("paper", f"{way}/{at}/{number}", at=at)
        log.put(PaperOrder(order, OrderState.LIVE, at))
    began = time.monotonic()
    headers = route.sign("POST", "/kill") if way == "signed" else [("X-Kill-Token", route.token)]
    answer = route.send("POST", "/kill" if way == "signed" else "/kill/token", "", headers)
    void = [paper for paper in log.load() if paper.state not in FINAL]
    took = time.monotonic() - began
    assert answer.status == 200
    assert void == []
    assert took < WITHIN_S
