import json
from typing import Any

import pytest

from functions.rotate_secrets import handler as rotate_secrets
from shared.adapters.rotation.kill_token import hash_of
from shared.adapters.rotation.steps import Step
from shared.domain.errors import BadInput
from tests.functions.context import context
from tests.functions.deployment import Deployment, written
from tests.shared.adapters.notices.chat import Reply

OLD = "the-kill-token-as-the-deployment-generated-it-first"
VERSION = "b2c3d4e5-0000-4000-8000-00000000000a"


def call(secret: str, step: str, version: str = VERSION) -> dict[str, Any]:
    event = {"SecretId": secret, "ClientRequestToken": version, "Step": step}
    return rotate_secrets.handler(event, context())


def rotate(secret: str) -> list[str]:
    return [call(secret, step.value)["done"] for step in Step]


def test_the_kill_token_is_replaced_as_secrets_manager_asks_for_it(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    made = deployment.secrets.create_secret(Name=deployment.kill_secret, SecretString=OLD)
    with written(rotate_secrets.logger) as log:
        rotate(made["ARN"])
    new = deployment.secrets.get_secret_value(SecretId=deployment.kill_secret)["SecretString"]
    stored = json.loads(deployment.ssm.get_parameter(Name=deployment.env["KILL_HASHES"])["Parameter"]["Value"])
    assert (stored["current"], stored["previous"]) == (hash_of(new), hash_of(OLD))
    assert len(log.getvalue().splitlines()) == len(Step)
    said = log.getvalue() + capsys.readouterr().out
    assert not [text for text in (new, OLD) if text in said]


def test_the_webhooks_secret_is_replaced_and_telegram_told(deployment: Deployment) -> None:
    deployment.telegram.usual = Reply(200, {"ok": True, "result": {"url": "https://api.example.org/telegram"}})
    assert rotate(deployment.telegram_secret)[1] == "Telegram shows the new secret"
    secret = json.loads(deployment.secrets.get_secret_value(SecretId=deployment.telegram_secret)["SecretString"])
    shown = [content["secret_token"] for path, content in deployment.telegram.requests if path.endswith("setWebhook")]
    assert shown == [secret["webhook_secret"]]


def test_the_api_that_is_deployed_says_where_telegram_finds_us(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_PARAMETER", f"/house/{deployment.account}/webhook")
    deployment.telegram.usual = Reply(200, {"ok": True, "result": {"url": ""}})
    assert call(deployment.telegram_secret, "createSecret")["done"] == "a new value was made"
    assert "tells none" in call(deployment.telegram_secret, "setSecret")["done"], "the API is not there yet"
    address = "https://id.execute-api.eu-west-1.amazonaws.com/v1/telegram"
    deployment.ssm.put_parameter(Name=f"/house/{deployment.account}/webhook", Value=address, Type="String")
    assert call(deployment.telegram_secret, "setSecret")["done"] == "Telegram shows the new secret"
    told = [content["url"] for path, content in deployment.telegram.requests if path.endswith("setWebhook")]
    assert told == [address]


def test_another_secret_is_left_alone(deployment: Deployment) -> None:
    with pytest.raises(BadInput, match="discord is none that is rotated here"):
        call(deployment.discord_secret, "createSecret")
    with pytest.raises(BadInput, match=r"event\.Step must be one of"):
        call(deployment.discord_secret, "destroySecret")
