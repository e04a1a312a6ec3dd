"""Secrets, read by name when they are needed, kept for five minutes, and hidden from every log line from then on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
from msgspec import Struct

from shared.adapters.notices.clients import telling
from shared.domain.errors import BadInput
from shared.domain.instants import MINUTE

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEPT_NS = 5 * MINUTE
Shape = TypeVar("Shape")


class TelegramSecret(Struct, frozen=True):
    """The bot's token, the secret that Telegram shows our webhook, and who may speak to it. Empty until filled in."""

    bot_token: str = ""
    webhook_secret: str = ""
    chat_ids: tuple[int | str, ...] = ()
    user_ids: tuple[int | str, ...] = ()


class DiscordSecret(Struct, frozen=True):
    """The address of a webhook, which is the secret itself."""

    url: str = ""


class Hides(Protocol):
    """Where texts go that no log line may hold."""

    def add(self, *secrets: str) -> None:
        """Hide these from now on."""


class Secrets:
    """The secrets of a deployment. ``now``: nanoseconds, of any clock that goes on."""

    def __init__(self, client: "SecretsManagerClient", hidden: Hides, now: Callable[[], int]) -> None:
        self._client = client
        self._hidden = hidden
        self._now = now
        self._kept: dict[str, tuple[int, str]] = {}

    def text(self, name: str) -> str:
        """The current value; ``Temporary`` when it cannot be read now, ``BadInput`` when there is none."""
        kept = self._kept.get(name)
        if kept is not None and self._now() - kept[0] < KEPT_NS:
            return kept[1]
        with telling(f"reading secret {name}"):
            text = self._client.get_secret_value(SecretId=name).get("SecretString", "")
        hide(self._hidden, text)
        self._kept[name] = (self._now(), text)
        return text

    def telegram(self, name: str) -> TelegramSecret:
        """The secret of Telegram; an empty one where none is named. ``BadInput`` when it is not of that shape."""
        return _decoded(name, self.text(name), TelegramSecret) if name else TelegramSecret()

    def discord(self, name: str) -> DiscordSecret:
        """The secret of Discord; an empty one where none is named. ``BadInput`` when it is not of that shape."""
        return _decoded(name, self.text(name), DiscordSecret) if name else DiscordSecret()


def hide(hidden: Hides, text: str) -> None:
    """Hide a secret's text and every text in it (chats and users are numbers, and no secrets)."""
    hidden.add(text)
    try:
        fields = msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return
    hidden.add(*(value for value in fields.values() if isinstance(value, str)))


def _decoded(name: str, text: str, wanted: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(text or "{}", type=wanted)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"secret {name} is not of the form that is needed: {error}") from None
