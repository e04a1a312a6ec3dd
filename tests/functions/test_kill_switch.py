import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.kill_switch.handler import handler
from shared.adapters.dynamo.cancelling import read_cancel_all
from shared.adapters.dynamo.controls import read_switch
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.paper.orders import PaperOrder
from shared.domain.order import OrderState
from tests.contracts.store.records import buy
from tests.functions.context import context
from tests.functions.events import WHO, event, set_up, with_header
from tests.functions.route import Route

_accounts = itertools.count(1)


class Killing:
    def __init__(self, route: Route, account: str) -> None:
        self.route, self.account, self.tables = route, account, route.tables

    def ask(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = handler(asked, context())
        return answer["statusCode"], json.loads(answer["body"])

    def by_token(self, *tokens: str) -> tuple[int, dict[str, Any]]:
        return self.ask(with_header(event("POST", "/kill/token", who=""), "X-Kill-Token", *tokens))

    @property
    def trading(self) -> bool:
        return read_switch(self.tables, self.account).trading

    @property
    def untouched(self) -> bool:
        return self.trading and read_cancel_all(self.tables, self.account) is None


@pytest.fixture
def killing(route: Route, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killing]:
    account = f"killing-{next(_accounts)}"
    set_up(monkeypatch, route, account)
    yield Killing(route, account)
    route.put_hashes(2**63 - 1)


def test_a_signed_request_stops_and_says_what_it_did(killing: Killing) -> None:
    status, told = killing.ask(event("POST", "/kill", {"reason": "drill"}))
    assert (status, told["trading"], told["was_stopped"]) == (200, False, False)
    assert told["reason"] == f"{WHO}: drill"
    assert "every paper order" in told["orders"]
    assert not killing.trading


def test_the_kill_token_stops_and_the_previous_one_too(killing: Killing) -> None:
    assert killing.by_token(killing.route.token)[0] == 200
    assert killing.by_token(killing.route.previous)[0] == 200
    assert not killing.trading


def test_open_orders_are_void_with_nobody_running(killing: Killing) -> None:
    order = buy(killing.account, "a")
    log = DynamoPaperLog(killing.account, killing.tables)
    log.put(PaperOrder(order, OrderState.LIVE, order.planned_at))
    killing.ask(event("POST", "/kill"))
    assert [one.state for one in log.load()] == [OrderState.CANCELED]


@pytest.mark.parametrize(
    "asked",
    [
        event("POST", "/kill", who=""),
        event("GET", "/kill"),
        event("POST", "/kill/token"),
        event("POST", "/telegram"),
        with_header(event("POST", "/kill/token", who=""), "X-Kill-Token", "x" * 43),
        with_header(event("POST", "/kill/token", who=""), "X-Kill-Token", ""),
        with_header(event("POST", "/kill/token", who=""), "X-Kill-Token", "x" * 5_000),
    ],
    ids=["unsigned", "method", "no token", "other route", "wrong token", "empty token", "huge token"],
)
def test_everybody_else_is_refused_and_nothing_changes(
    killing: Killing, asked: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    status, told = killing.ask(asked)
    assert (status, told) == (403, {"error": "not allowed"})
    assert killing.untouched
    assert "refused" in caplog.messages


def test_the_token_twice_is_refused(killing: Killing) -> None:
    assert killing.by_token(killing.route.token, killing.route.token)[0] == 403
    assert killing.untouched


def test_the_previous_token_is_refused_after_its_day(killing: Killing) -> None:
    from shared.adapters.control.place import place_of

    killing.route.put_hashes(1)
    place_of.cache_clear()
    assert killing.by_token(killing.route.previous)[0] == 403
    assert killing.untouched
    assert killing.by_token(killing.route.token)[0] == 200


def test_the_log_never_shows_a_token(killing: Killing, caplog: pytest.LogCaptureFixture) -> None:
    killing.by_token(killing.route.token)
    killing.by_token(wrong := "w" * 43)
    killing.by_token(killing.route.token[:-1])
    said = str([vars(record) for record in caplog.records])
    assert "a wrong kill token from 127.0.0.1" in said
    assert killing.route.token[:-1] not in said
    assert wrong not in said


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "the body must be"),
        ('{"reason": 5}', "reason"),
        ('{"flatten": true}', "flatten"),
        ("x" * 1025, "at most 1024 bytes"),
        ("x" * 5_000, "at most 1024 bytes"),
    ],
)
def test_a_body_that_cannot_be_used_is_named(killing: Killing, body: str, sentence: str) -> None:
    status, told = killing.ask(event("POST", "/kill", body))
    assert status == 400
    assert sentence in told["error"]
    assert killing.untouched


def test_hashes_that_nobody_has_set_refuse_the_token_and_leave_the_signed_way(
    killing: Killing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILL_HASHES", "nobody-has-set-these")
    assert killing.by_token(killing.route.token)[0] == 400
    assert killing.untouched
    assert killing.ask(event("POST", "/kill"))[0] == 200


def test_a_live_deployment_is_stopped_and_says_that_no_orders_can_be_cancelled_yet(
    killing: Killing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYMENT", "live")
    status, told = killing.ask(event("POST", "/kill", {"reason": "drill"}))
    assert status == 400
    assert "open orders cannot be cancelled" in told["error"]
    assert not killing.trading
    assert read_cancel_all(killing.tables, killing.account) is None
