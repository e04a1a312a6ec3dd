import json
from typing import TYPE_CHECKING

import pytest

from shared.adapters.notices.clients import secrets_client
from shared.adapters.notices.secrets import KEPT_NS, DiscordSecret, Secrets, TelegramSecret
from shared.domain.errors import BadInput, Temporary
from shared.observability import HIDDEN, Hidden
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@pytest.fixture
def client(embedded: Embedded) -> "SecretsManagerClient":
    return secrets_client(embedded.server.endpoint)


def test_secrets_are_read_by_name_and_kept_for_five_minutes(embedded: Embedded, client: "SecretsManagerClient") -> None:
    name, clock = embedded.account(), Clock(0)
    client.create_secret(Name=name, SecretString=json.dumps({"bot_token": "1:abcdefgh", "chat_ids": [-5, "7"]}))
    secrets = Secrets(client, Hidden(), clock.now)
    assert secrets.telegram(name) == TelegramSecret("1:abcdefgh", "", (-5, "7"), ())
    client.put_secret_value(SecretId=name, SecretString="{}")
    clock.at = KEPT_NS - 1
    assert secrets.telegram(name).bot_token == "1:abcdefgh"
    clock.at = KEPT_NS
    assert secrets.telegram(name) == TelegramSecret()


def test_a_channel_that_is_not_named_has_an_empty_secret(client: "SecretsManagerClient") -> None:
    secrets = Secrets(client, Hidden(), lambda: 0)
    assert (secrets.telegram(""), secrets.discord("")) == (TelegramSecret(), DiscordSecret())


def test_a_secret_of_another_form_is_told_without_what_is_in_it(
    embedded: Embedded, client: "SecretsManagerClient"
) -> None:
    secrets = Secrets(client, Hidden(), lambda: 0)
    for text in ("hunter2hunter2", '{"url": 7777777777}'):
        name = embedded.account()
        client.create_secret(Name=name, SecretString=text)
        with pytest.raises(BadInput, match=f"secret {name} is not of the form") as caught:
            secrets.discord(name)
        assert "hunter2" not in str(caught.value)
        assert "7777" not in str(caught.value)


def test_a_missing_secret_is_named_and_a_silent_service_is_asked_again_later(client: "SecretsManagerClient") -> None:
    with pytest.raises(BadInput, match="reading secret nobody/has/this: ResourceNotFoundException"):
        Secrets(client, Hidden(), lambda: 0).telegram("nobody/has/this")


def test_a_service_that_cannot_be_reached_is_no_missing_secret(embedded: Embedded) -> None:
    from msgspec.structs import replace

    from shared.adapters.embedded.server import free_port

    nowhere = replace(embedded.server.endpoint, host=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Temporary, match="reading secret x: EndpointConnectionError"):
        Secrets(secrets_client(nowhere), Hidden(), lambda: 0).text("x")


def test_what_was_read_is_hidden_in_every_form(embedded: Embedded, client: "SecretsManagerClient") -> None:
    name, hidden = embedded.account(), Hidden()
    secret = {"bot_token": '12345:AA/b"c', "webhook_secret": "longenough", "chat_ids": [123456789]}
    client.create_secret(Name=name, SecretString=json.dumps(secret))
    Secrets(client, hidden, lambda: 0).telegram(name)
    line = f"{secret['bot_token']} 12345%3AAA%2Fb%22c {json.dumps(secret['bot_token'])} longenough chat 123456789"
    assert hidden.text(line) == f'{HIDDEN} {HIDDEN} "{HIDDEN}" {HIDDEN} chat 123456789'


def test_short_texts_are_no_secrets() -> None:
    hidden = Hidden()
    hidden.add("", "short", "longenough")
    assert hidden.text("short and longenough") == f"short and {HIDDEN}"
