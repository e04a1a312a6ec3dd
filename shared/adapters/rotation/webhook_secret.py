"""The secret that Telegram shows with every message to our webhook, by which it is known not to be forged."""

import secrets
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from shared.adapters.notices.clients import code_of, telling
from shared.adapters.notices.post import Answer, checked, post
from shared.adapters.notices.secrets import TelegramSecret
from shared.domain.errors import BadInput, Temporary

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

BYTES = 48
NO_BOT = "no bot token is set, so there is nothing to tell Telegram"
NO_WEBHOOK = "the bot has no webhook and WEBHOOK_PARAMETER tells none, so there is nothing to tell Telegram"


def address_in(ssm: "SSMClient", parameter: str) -> str:
    """Our own address, as a parameter tells it; empty where none is named, or the API that puts it is not deployed yet.
    ``Temporary`` when it cannot be read for now.
    """
    if not parameter:
        return ""
    try:
        return ssm.get_parameter(Name=parameter)["Parameter"].get("Value", "")
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return ""
        with telling("reading the webhook's address"):
            raise


class WebhookSecret:
    """The kind of secret. ``api``: where Telegram is; ``webhook``: our own address, empty: as Telegram knows it."""

    def __init__(self, api: str, webhook: str = "") -> None:
        self._api = api
        self._webhook = webhook

    def create(self, old: str, /) -> str:
        """The old secret with another webhook secret; what else is in it, people have put there."""
        fields = _fields(old)
        fields["webhook_secret"] = secrets.token_urlsafe(BYTES)
        return msgspec.json.encode(fields).decode()

    def set(self, new: str, _old: str, /) -> str:
        """Telegram shows the new secret from now on; the same call again changes nothing."""
        secret = _secret(new)
        if not secret.bot_token:
            return NO_BOT
        webhook = self._webhook or self._known(secret)
        if not webhook:
            return NO_WEBHOOK
        content: dict[str, object] = {
            "url": webhook,
            "secret_token": secret.webhook_secret,
            "allowed_updates": ["message"],
        }
        self._ask(secret, "setWebhook", content)
        return "Telegram shows the new secret"

    def test(self, new: str, _old: str, /) -> str:
        """Telegram knows our address (the secret itself it tells nobody)."""
        secret = _secret(new)
        if not secret.bot_token:
            return NO_BOT
        known = self._known(secret)
        if self._webhook and known != self._webhook:
            raise Temporary("Telegram does not know our webhook yet")
        return "Telegram knows our webhook" if known else NO_WEBHOOK

    def finished(self, _new: str, _old: str, /) -> str:
        """Nothing is left to do."""
        return "the new secret is the current one"

    def _known(self, secret: TelegramSecret) -> str:
        result = self._ask(secret, "getWebhookInfo", {}).fields.get("result")
        return str(result.get("url", "")) if isinstance(result, dict) else ""

    def _ask(self, secret: TelegramSecret, method: str, content: dict[str, object]) -> Answer:
        answer = post(f"{self._api}/bot{secret.bot_token}/{method}", content)
        parameters = answer.fields.get("parameters")
        retry = parameters.get("retry_after") if isinstance(parameters, dict) else None
        checked(answer, "Telegram", str(answer.fields.get("description", "")), retry)
        return answer


def _fields(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, object])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"the secret of Telegram is not JSON with fields: {error}") from None


def _secret(text: str) -> TelegramSecret:
    try:
        return msgspec.json.decode(text, type=TelegramSecret)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"the secret of Telegram is not of the form that is needed: {error}") from None
