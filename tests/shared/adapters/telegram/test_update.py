import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.telegram.update import MOST_BYTES, Allowed, Refusal, Update, heard, is_from_telegram, read_allowed
from shared.domain.errors import BadInput

OURS = Allowed("s" * 32, (11, 12), (21,))


def message(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "message_id": 5,
        "date": 1_774_180_800,
        "chat": {"id": 11, "type": "private", "first_name": "Ada"},
        "from": {"id": 21, "is_bot": False, "first_name": "Ada", "language_code": "en"},
        "text": "/status",
    }
    return {**told, **changes}


def body(update: int = 7, **kinds: Any) -> str:
    return json.dumps({"update_id": update, **(kinds or {"message": message()})})


def test_a_private_message_of_an_allowed_user_in_an_allowed_chat_is_heard() -> None:
    found = heard(body(), OURS)
    assert isinstance(found, Update)
    assert (found.update_id, found.message and found.message.text) == (7, "/status")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (body(message=message(chat={"id": 99, "type": "private"})), "chat 99 is not ours"),
        (body(message=message(**{"from": {"id": 99}})), "user 99 is not ours"),
        (body(message=message(**{"from": {"id": 21, "is_bot": True}})), "a bot"),
        (body(message=message(chat={"id": 11, "type": "group"})), "a group"),
        (body(message=message(chat={"id": 11, "type": "supergroup"})), "a supergroup"),
        (body(edited_message=message()), "edited_message"),
        (body(callback_query={"id": "1", "from": {"id": 21}}), "callback_query"),
        (body(channel_post=message()), "channel_post"),
        (json.dumps({"message": message()}), "update_id"),
        (body(message=message(chat={"id": "11", "type": "private"})), "chat.id"),
        ("{", "not an update"),
        ("[]", "not an update"),
        ("", "not an update"),
        (body(message=message(text="x" * MOST_BYTES)), "oversize"),
    ],
)
def test_everybody_else_is_refused_for_a_reason_of_ours(text: str, why: str) -> None:
    found = heard(text, OURS)
    assert isinstance(found, Refusal)
    assert why in found.why


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(heard(text, OURS), Refusal)


@pytest.mark.parametrize("given", [[], [""], ["wrong"], ["s" * 31], ["s" * 33], ["s" * 32, "s" * 32], ["ß" * 32]])
def test_the_secret_must_be_there_once_and_whole(given: list[str]) -> None:
    assert not is_from_telegram(given, OURS)
    assert is_from_telegram(["s" * 32], OURS)


@pytest.mark.parametrize("text", ["", "{}", '{"webhook_secret": "short", "chat_ids": [], "user_ids": []}'])
def test_a_secret_that_cannot_be_used_is_told_without_its_text(text: str) -> None:
    with pytest.raises(BadInput, match="Telegram secret") as told:
        read_allowed(text)
    assert "short" not in str(told.value)
