"""What Telegram sends to the webhook, and who may be heard: the secret, the chat and the user must all fit.

Only new messages in a private chat are heard. Groups, edited messages, buttons, channels, bots and strangers are not,
and get no answer that would tell them why.
"""

import hmac
from typing import Any

import msgspec
from msgspec import Struct

from shared.domain.errors import BadInput

HEADER = "x-telegram-bot-api-secret-token"
MOST_BYTES = 16 * 1024
"""A message has at most 4,096 characters, and a few fields about it."""


class Allowed(Struct, frozen=True):
    """The secret of the bot: its token, the webhook's secret, and which chats and users are ours."""

    webhook_secret: str
    chat_ids: tuple[int, ...]
    user_ids: tuple[int, ...]
    bot_token: str = ""


class User(Struct, frozen=True):
    """Who wrote."""

    id: int
    is_bot: bool = False


class Chat(Struct, frozen=True):
    """Where it was written."""

    id: int
    type: str


class Quoted(Struct, frozen=True):
    """What a message replies to."""

    text: str = ""


class Message(Struct, frozen=True):
    """A new message."""

    chat: Chat
    sender: User = msgspec.field(name="from")
    text: str = ""
    reply_to_message: Quoted | None = None


class Update(Struct, frozen=True):
    """One delivery; anything but a new message has no ``message``."""

    update_id: int
    message: Message | None = None


class Refusal(Struct, frozen=True):
    """Why somebody is not heard, for our log, and what the gateway answers (without a body)."""

    why: str
    status: int = 200


def read_allowed(text: str) -> Allowed:
    """The secret's text; ``BadInput``, which never shows it, when it cannot be used."""
    try:
        found = msgspec.json.decode(text, type=Allowed)
    except msgspec.DecodeError as error:
        raise BadInput(f"the Telegram secret cannot be read: {error}") from None
    if len(found.webhook_secret) < 16:
        raise BadInput("the Telegram secret's webhook_secret has fewer than 16 characters")
    return found


def is_from_telegram(given: list[str], allowed: Allowed) -> bool:
    """Whether a request carries the webhook's secret, exactly once. Takes as long for each answer."""
    one = given[0] if len(given) == 1 else ""
    return hmac.compare_digest(one.encode(), allowed.webhook_secret.encode())


def heard(body: str, allowed: Allowed) -> Update | Refusal:
    """The update of somebody who may be heard, or why not."""
    if len(body.encode()) > MOST_BYTES:
        return Refusal("oversize", 413)
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        update = msgspec.convert(fields, Update)
    except msgspec.DecodeError as error:
        return Refusal(f"not an update: {str(error)[:120]}")
    message = update.message
    if message is None:
        kinds = ", ".join(sorted(set(fields) - {"update_id"})) or "nothing"
        return Refusal(f"not a new message, but {kinds[:80]}")
    if message.chat.type != "private":
        return Refusal(f"not a private chat, but a {message.chat.type[:20]}")
    if message.sender.is_bot:
        return Refusal("a bot")
    if message.chat.id not in allowed.chat_ids:
        return Refusal(f"chat {message.chat.id} is not ours")
    if message.sender.id not in allowed.user_ids:
        return Refusal(f"user {message.sender.id} is not ours")
    return update
