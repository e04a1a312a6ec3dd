"""Events as the gateway hands them to a function, for tests that call a handler in their own process."""

import itertools
import json
from typing import Any

import pytest

from shared.adapters.embedded.server import KEY_ID, SECRET
from tests.functions.route import BOT, CHAT, USER, Route

WHO = "arn:aws:iam::000000000000:user/ada"
_numbers = itertools.count(1)


def event(method: str, path: str, body: Any = None, who: str = WHO, **changes: Any) -> dict[str, Any]:
    resource = "/api/{proxy+}" if path.startswith("/api/") else path
    target, _, query = path.partition("?")
    pairs = [part.split("=") for part in query.split("&")] if query else []
    made: dict[str, Any] = {
        "resource": resource,
        "path": target,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in pairs} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": f"request-{next(_numbers)}",
            "requestTimeEpoch": 1_774_180_800_000,
            "stage": "paper",
            "path": f"/paper{target}",
            "resourcePath": resource,
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1", "userArn": who or None},
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
    return {**made, **changes}


def with_header(asked: dict[str, Any], name: str, *values: str) -> dict[str, Any]:
    return {
        **asked,
        "headers": {**asked["headers"], name: values[-1]},
        "multiValueHeaders": {**asked["multiValueHeaders"], name: list(values)},
    }


def written(
    text: str, update: int | None = None, secret: str = BOT, sender: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """What somebody writes to the bot."""
    message = {
        "message_id": 1,
        "date": 1_774_180_800,
        "chat": {"id": CHAT, "type": "private"},
        "from": sender or {"id": USER, "is_bot": False},
        "text": text,
        **changes,
    }
    body = {"update_id": next(_numbers) if update is None else update, "message": message}
    return with_header(event("POST", "/telegram", body, who=""), "X-Telegram-Bot-Api-Secret-Token", secret)


def set_up(monkeypatch: pytest.MonkeyPatch, route: Route, account: str) -> None:
    """The environment of a function of an account of its own; the process's own AWS keys are the embedded ones."""
    for name, value in {**route.environment, "ACCOUNT": account}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
