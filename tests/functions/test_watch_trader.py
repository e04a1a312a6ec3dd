import itertools
import json
import time
from typing import Any

import pytest

from functions.watch_trader.handler import handler
from shared.adapters.control.deaths import acted_on
from shared.adapters.control.place import Place, place_of
from shared.adapters.control.watching import Pulse, pulse
from shared.adapters.durable.backend import Lease
from shared.adapters.dynamo.cancelling import read_cancel_all
from shared.adapters.dynamo.controls import read_switch
from shared.adapters.dynamo.lease import swap_lease
from shared.adapters.dynamo.once import CLAIM_NS
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.views import Views
from shared.adapters.paper.orders import PaperOrder
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from shared.domain.notice import Notice
from shared.domain.order import OrderState
from shared.settings import LeaseSettings
from tests.contracts.store.records import buy
from tests.functions.context import context
from tests.functions.events import set_up
from tests.functions.route import PREFIX, Route

_accounts = itertools.count(1)


class Watch:
    def __init__(self, route: Route, account: str) -> None:
        self.route, self.account, self.tables = route, account, route.tables
        self.queue = route.client("sqs").create_queue(QueueName=account)["QueueUrl"]

    @property
    def place(self) -> Place:
        return place_of(self.account, PREFIX, self.route.aws.endpoint, "kill-hashes", "telegram", "paper")

    def heard(self, ago_s: float) -> int:
        at = time.time_ns() - round(ago_s * SECOND)
        Views(self.account, self.tables).put_live({"written_at": at})
        return at

    def look(self) -> dict[str, Any]:
        return handler({}, context())

    def told(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            sqs = self.route.client("sqs")
            messages = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                return found
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def watch(route: Route, monkeypatch: pytest.MonkeyPatch) -> Watch:
    account = f"watched-{next(_accounts)}"
    set_up(monkeypatch, route, account)
    made = Watch(route, account)
    monkeypatch.setenv("ALERTS_QUEUE_URL", made.queue)
    return made


class Lost:
    """A queue that does not take the first notices."""

    def __init__(self, fails: int) -> None:
        self.fails = fails
        self.notices: list[Notice] = []

    def notify(self, notice: Notice) -> None:
        if self.fails:
            self.fails -= 1
            raise Temporary("the queue does not answer")
        self.notices.append(notice)


def test_a_trader_that_is_heard_is_up_and_nothing_is_done(watch: Watch) -> None:
    watch.heard(3)
    found = watch.look()
    assert (found["up"], found["dead"], found["acted"]) == (True, False, False)
    assert read_cancel_all(watch.tables, watch.account) is None
    assert watch.told() == []


def test_where_no_trader_ever_ran_nothing_is_done(watch: Watch) -> None:
    found = watch.look()
    assert (found["up"], found["dead"], found["acted"]) == (False, False, False)


def test_a_death_voids_open_orders_and_is_told_once_and_leaves_the_switch_alone(watch: Watch) -> None:
    order = buy(watch.account, "a")
    log = DynamoPaperLog(watch.account, watch.tables)
    log.put(PaperOrder(order, OrderState.LIVE, order.planned_at))
    watch.heard(61)
    assert [watch.look()["acted"] for _ in range(3)] == [True, False, False]
    assert [one.state for one in log.load()] == [OrderState.CANCELED]
    assert read_switch(watch.tables, watch.account).trading
    (notice,) = watch.told()
    assert (notice["severity"], notice["name"], notice["account"]) == (1, "trader_silent", watch.account)
    assert "all open orders are cancelled" in notice["text"]


def test_each_death_is_one_of_its_own(watch: Watch) -> None:
    watch.heard(90)
    assert watch.look()["acted"]
    watch.heard(70)
    assert watch.look()["acted"]
    assert len(watch.told()) == 2


def test_a_lease_taken_over_in_time_is_no_death(watch: Watch) -> None:
    watch.heard(70)
    assert swap_lease(watch.tables, watch.account, None, Lease(2, "two", 1, at=time.time_ns()))
    found = watch.look()
    assert (found["dead"], found["acted"]) == (False, False)
    assert read_cancel_all(watch.tables, watch.account) is None


def dead(watch: Watch) -> Pulse:
    return pulse(watch.heard(120), None, time.time_ns(), LeaseSettings())


def test_one_that_died_before_anybody_was_told_is_done_again_by_a_later_one(watch: Watch) -> None:
    found, notices, now = dead(watch), Lost(1), time.time_ns()
    with pytest.raises(Temporary):
        acted_on(found, watch.place, notices, lambda: now)
    assert not acted_on(found, watch.place, notices, lambda: now + CLAIM_NS)
    assert acted_on(found, watch.place, notices, lambda: now + CLAIM_NS + 1)
    assert len(notices.notices) == 1


def test_without_a_queue_it_says_so_before_it_looks(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERTS_QUEUE_URL")
    with pytest.raises(BadInput, match="ALERTS_QUEUE_URL"):
        watch.look()
