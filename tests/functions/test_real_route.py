"""Requests sent over the wire to the gateway of an embedded AWS that checks signatures and policies, with our handlers
behind it: forged ones of every kind, and many at once.

What AWS refuses and this gateway does not: the right key's signature for another service or region.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials

from shared.adapters.control.kill_token import hash_of
from shared.adapters.dynamo.cancelling import read_cancel_all
from shared.adapters.dynamo.controls import put_switch, read_commands, read_switch, remove_command
from shared.adapters.paper.cancelling import CANCEL_ALL
from shared.ports import Switch
from tests.functions.route import ACCOUNT, BOT, CHAT, USER, Answer, Route

Forgery = Callable[[Route], Answer]
BODY = '{"reason": "forged"}'


def headers(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Content-Type", "application/json"), *pairs]


def changed(signed: list[tuple[str, str]], name: str, value: str) -> list[tuple[str, str]]:
    return [(key, value if key.lower() == name.lower() else old) for key, old in signed]


def stale(route: Route) -> Answer:
    """A request signed twenty minutes ago, and otherwise as it should be."""
    then = datetime.now(UTC) - timedelta(minutes=20)
    patch = pytest.MonkeyPatch()
    patch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: then)
    try:
        signed = route.sign("POST", "/kill", BODY)
    finally:
        patch.undo()
    assert ("X-Amz-Date", then.strftime("%Y%m%dT%H%M%SZ")) in signed
    return route.send("POST", "/kill", BODY, signed)


def stranger(route: Route) -> Credentials:
    return Credentials("AK" + "IASTRANGERSTRANGER", "x" * 40)


def thief(route: Route) -> Credentials:
    return Credentials(route.operator.access_key, "x" * 40)


def bot(route: Route, message: dict[str, Any], *secrets: str, kind: str = "message", update: int = 1) -> Answer:
    told = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": CHAT, "type": "private"},
        "from": {"id": USER, "is_bot": False},
        "text": "/kill",
        **message,
    }
    given = [("X-Telegram-Bot-Api-Secret-Token", secret) for secret in secrets]
    return route.send("POST", "/telegram", json.dumps({"update_id": update, kind: told}), headers(*given))


def token(route: Route, *tokens: str, path: str = "/kill/token", body: str = BODY, method: str = "POST") -> Answer:
    return route.send(method, path, body, headers(*(("X-Kill-Token", one) for one in tokens)))


BY_GATEWAY: dict[str, Forgery] = {
    "unsigned kill": lambda route: route.send("POST", "/kill", BODY, headers()),
    "the kill token instead of a signature": lambda route: token(route, route.token, path="/kill"),
    "a key nobody has": lambda route: route.signed("POST", "/kill", BODY, stranger(route)),
    "another's key with a wrong secret": lambda route: route.signed("POST", "/kill", BODY, thief(route)),
    "signed twenty minutes ago": stale,
    "a body changed after signing": lambda route: route.send(
        "POST", "/kill", BODY.replace("forged", "tamper"), route.sign("POST", "/kill", BODY)
    ),
    "a path changed after signing": lambda route: route.send(
        "POST", "/api/kill", BODY, route.sign("POST", "/kill", BODY)
    ),
    "a method changed after signing": lambda route: route.send("POST", "/api/mode", "", route.sign("GET", "/api/mode")),
    "a date changed after signing": lambda route: route.send(
        "POST", "/kill", BODY, changed(route.sign("POST", "/kill", BODY), "X-Amz-Date", "20260101T000000Z")
    ),
    "an unsigned question": lambda route: route.send("GET", "/api/positions"),
    "an unsigned resume": lambda route: route.send("POST", "/api/resume", BODY, headers()),
    "a resume with the kill token": lambda route: token(route, route.token, path="/api/resume"),
    "a resume by who may only read": lambda route: route.signed("POST", "/api/resume", BODY, route.reader),
    "a resume without the second factor": lambda route: route.signed("POST", "/api/resume", BODY, route.one_factor),
    "a kill by who may only read": lambda route: route.signed("POST", "/kill", BODY, route.reader),
    "another method at the token's door": lambda route: token(route, route.token, method="PUT"),
}
BY_FUNCTION: dict[str, tuple[str, Forgery]] = {
    "no token": ("kill_switch", token),
    "an empty token": ("kill_switch", lambda route: token(route, "")),
    "a wrong token": ("kill_switch", lambda route: token(route, "x" * 64)),
    "the token's hash": ("kill_switch", lambda route: token(route, hash_of(route.token))),
    "the token cut short": ("kill_switch", lambda route: token(route, route.token[:-1])),
    "the token with more behind it": ("kill_switch", lambda route: token(route, f"{route.token}A")),
    "two tokens": ("kill_switch", lambda route: token(route, "x" * 64, route.token)),
    "a huge token": ("kill_switch", lambda route: token(route, "x" * 8_000)),
    "the token in the query": (
        "kill_switch",
        lambda route: token(route, path=f"/kill/token?x-kill-token={route.token}"),
    ),
    "the token in the body": (
        "kill_switch",
        lambda route: token(route, body=json.dumps({"x-kill-token": route.token})),
    ),
    "a signed request at the token's door": ("kill_switch", lambda route: route.signed("POST", "/kill/token", BODY)),
    "a huge body with the right token": ("kill_switch", lambda route: token(route, route.token, body="x" * 70_000)),
    "a body that also asks for more": (
        "kill_switch",
        lambda route: token(route, route.token, body='{"reason": "forged", "resume": true}'),
    ),
    "Telegram without its secret": ("telegram_webhook", lambda route: bot(route, {})),
    "Telegram with a wrong secret": ("telegram_webhook", lambda route: bot(route, {}, "x" * 24)),
    "Telegram with two secrets": ("telegram_webhook", lambda route: bot(route, {}, BOT, BOT)),
    "another chat": ("telegram_webhook", lambda route: bot(route, {"chat": {"id": 5, "type": "private"}}, BOT)),
    "another user in our chat": ("telegram_webhook", lambda route: bot(route, {"from": {"id": 5}}, BOT)),
    "a group": ("telegram_webhook", lambda route: bot(route, {"chat": {"id": CHAT, "type": "group"}}, BOT)),
    "an edited message": ("telegram_webhook", lambda route: bot(route, {}, BOT, kind="edited_message")),
    "a channel's post": ("telegram_webhook", lambda route: bot(route, {}, BOT, kind="channel_post")),
    "a button": ("telegram_webhook", lambda route: bot(route, {}, BOT, kind="callback_query")),
    "a bot": ("telegram_webhook", lambda route: bot(route, {"from": {"id": USER, "is_bot": True}}, BOT)),
    "an oversized message": ("telegram_webhook", lambda route: bot(route, {"text": "x" * 40_000}, BOT)),
}


@pytest.fixture
def calm(route: Route) -> Route:
    """Nobody has stopped anything yet."""
    put_switch(route.tables, ACCOUNT, Switch(True, "before the test"))
    route.tables.paper(account=ACCOUNT, order_key=CANCEL_ALL, body="").delete()
    for command in read_commands(route.tables, ACCOUNT):
        remove_command(route.tables, ACCOUNT, command.command_id)
    return route


def untouched(route: Route) -> bool:
    trading = read_switch(route.tables, ACCOUNT).trading
    return trading and read_cancel_all(route.tables, ACCOUNT) is None and read_commands(route.tables, ACCOUNT) == []


def refusals(route: Route, function: str) -> list[str]:
    return [line["why"] for line in route.said(function) if line.get("message") == "refused"]


@pytest.mark.parametrize("kind", BY_GATEWAY)
def test_a_forged_request_does_not_pass_the_gateway(calm: Route, kind: str) -> None:
    answer = BY_GATEWAY[kind](calm)
    assert answer.status == 403
    assert untouched(calm)


@pytest.mark.parametrize("kind", BY_FUNCTION)
def test_a_forged_request_is_refused_by_the_function_and_logged_without_the_token(calm: Route, kind: str) -> None:
    function, forge = BY_FUNCTION[kind]
    answer = forge(calm)
    assert (answer.status in (400, 403)) if function == "kill_switch" else (answer.status, answer.body)[1] == ""
    assert untouched(calm)
    why = refusals(calm, function)[-1]
    assert why
    assert calm.token[:-1] not in json.dumps(calm.said(function))


def test_an_update_of_telegram_sent_again_stops_only_once(calm: Route) -> None:
    assert bot(calm, {}, BOT, update=77).json["method"] == "sendMessage"
    assert not read_switch(calm.tables, ACCOUNT).trading
    put_switch(calm.tables, ACCOUNT, Switch(True, "a person resumed"))
    assert bot(calm, {}, BOT, update=77).body == ""
    assert read_switch(calm.tables, ACCOUNT).trading


def test_telegram_that_writes_resume_is_told_never_and_nothing_resumes(calm: Route) -> None:
    put_switch(calm.tables, ACCOUNT, Switch(False, "stopped", time.time_ns()))
    assert "never resume" in bot(calm, {"text": "/resume"}, BOT, update=78).json["text"]
    assert not read_switch(calm.tables, ACCOUNT).trading
    assert read_commands(calm.tables, ACCOUNT) == []


@pytest.mark.parametrize("way", ["signed", "token", "telegram"])
def test_many_kills_at_once_are_one_stop(calm: Route, way: str) -> None:
    ways: dict[str, Callable[[int], Answer]] = {
        "signed": lambda _: calm.signed("POST", "/kill", BODY),
        "token": lambda _: token(calm, calm.token),
        "telegram": lambda _: bot(calm, {}, BOT, update=1_000),
    }
    with ThreadPoolExecutor(4) as pool:
        statuses = [answer.status for answer in pool.map(ways[way], range(8))]
    assert statuses == [200] * 8
    assert not read_switch(calm.tables, ACCOUNT).trading
    assert read_cancel_all(calm.tables, ACCOUNT) is not None


def test_the_operator_asks_and_stops_and_resumes_over_the_same_route(calm: Route) -> None:
    assert calm.signed("GET", "/api/mode").json["trading"]
    assert calm.signed("POST", "/api/kill", '{"reason": "drill"}').json["trading"] is False
    told = calm.signed("POST", "/api/resume", '{"reason": "all well"}').json
    (command,) = read_commands(calm.tables, ACCOUNT)
    assert (told["kind"], told["command_id"]) == ("resume", command.command_id)
    assert command.reason == "arn:aws:iam::000000000000:user/operator: all well"


def test_who_needs_a_second_factor_to_resume_may_stop_without(calm: Route) -> None:
    assert calm.signed("POST", "/api/kill", BODY, calm.one_factor).status == 200


def test_at_least_24_kinds_of_forged_requests_are_tried() -> None:
    assert len(BY_GATEWAY) + len(BY_FUNCTION) >= 24
