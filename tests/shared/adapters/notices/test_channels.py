import logging
import socket
from collections.abc import Iterator

import pytest

from shared.adapters.notices.channels import TEXT_MAX, Message
from shared.adapters.notices.discord import Discord
from shared.adapters.notices.post import Answer, Throttled, post
from shared.adapters.notices.telegram import Telegram
from shared.domain.errors import BadInput, OutcomeUnknown, Temporary
from shared.domain.instants import MINUTE, SECOND
from shared.domain.notice import Notice
from tests.shared.adapters.notices.chat import Chat, Reply

AT = 1_800_000_000 * SECOND
TOKEN = "123456:AAFakeTokenOfATestBot"
NOTICE = Notice("paper", 2, "feed_down", "rtds: no message for 12 s", AT)
GOLDEN = """\
SEV2 feed_down (paper)
rtds: no message for 12 s
Do: Wait; feed_lost tells if it lasts.
2027-01-15T08:00:00Z, trader"""


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as server:
        yield server


def telegram(chat: Chat) -> Telegram:
    return Telegram(chat.url, TOKEN, "-77")


def test_a_message_says_what_happened_what_to_do_and_when() -> None:
    assert Message(NOTICE).text == GOLDEN


def test_a_message_says_how_often_and_whether_it_may_be_a_second_one() -> None:
    first = Message(NOTICE, times=3)
    assert (first.title, "(3 times)" in first.text) == ("SEV2 feed_down x3 (paper)", True)
    again = Message(NOTICE, times=18, said=1, within=9 * MINUTE, doubt=True)
    assert again.title == "SEV2 feed_down x17 (paper)"
    assert "(17 times more in 9 min)" in again.text
    assert "You may have this already" in again.text


def test_a_long_text_is_cut_and_one_for_the_record_says_no_more_than_itself() -> None:
    long = Message(Notice("paper", 1, "of_tomorrow", "x" * (TEXT_MAX + 1), AT)).text
    assert "x" * (TEXT_MAX - 1) + "…" in long
    assert "Do:" not in Message(Notice("paper", 3, "daily_digest", "fine", AT)).text


def test_telegram_is_told_plain_text_and_rings_for_halts_and_reductions_only(chat: Chat) -> None:
    telegram(chat).send(Message(NOTICE))
    telegram(chat).send(Message(Notice("paper", 3, "daily_digest", "fine", AT)))
    (path, loud), (_, quiet) = chat.requests
    assert path == f"/bot{TOKEN}/sendMessage"
    assert (loud["chat_id"], loud["text"]) == ("-77", GOLDEN)
    assert "parse_mode" not in loud
    assert ("disable_notification" in loud, quiet["disable_notification"]) == (False, True)


def test_discord_is_told_without_marks_and_mentions(chat: Chat) -> None:
    chat.usual = Reply(204)
    Discord(f"{chat.url}/api/webhooks/1/x?wait=true").send(Message(Notice("paper", 2, "breaker", "*@everyone*", AT)))
    ((path, content),) = chat.requests
    assert path == "/api/webhooks/1/x?wait=true"
    assert "\\*@everyone\\*" in content["content"]
    assert content["allowed_mentions"] == {"parse": []}


def test_a_throttled_service_says_for_how_long(chat: Chat) -> None:
    chat.script.append(Reply(429, {"ok": False, "parameters": {"retry_after": 37}}))
    with pytest.raises(Throttled) as caught:
        telegram(chat).send(Message(NOTICE))
    assert caught.value.retry_after_s == 37.0
    for reply, wait in (
        (Reply(429, {"retry_after": 0.25}), 1.0),
        (Reply(429, None, {"Retry-After": "12"}), 12.0),
        (Reply(429, "?", {"Retry-After": "soon"}), 1.0),
    ):
        chat.script.append(reply)
        with pytest.raises(Throttled) as caught:
            Discord(chat.url).send(Message(NOTICE))
        assert caught.value.retry_after_s == wait


def test_a_services_own_trouble_passes_and_a_refusal_does_not(chat: Chat) -> None:
    chat.script.append(Reply(502, "<html>"))
    with pytest.raises(Temporary, match="Telegram answered 502"):
        telegram(chat).send(Message(NOTICE))
    chat.script.append(Reply(401, {"ok": False, "description": "Unauthorized"}))
    with pytest.raises(BadInput, match="Telegram refused with 401: Unauthorized"):
        telegram(chat).send(Message(NOTICE))
    chat.script.append(Reply(404))
    with pytest.raises(BadInput, match="Discord refused with 404: no reason given"):
        Discord(chat.url).send(Message(NOTICE))


def test_nobody_there_is_certainly_not_told_and_silence_after_the_question_is_not_known(chat: Chat) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Temporary, match=r"127\.0\.0\.1 cannot be reached: ConnectionRefusedError"):
        Telegram(f"http://127.0.0.1:{port}", TOKEN, "1").send(Message(NOTICE))
    chat.script.append(Reply(hang=True))
    with pytest.raises(OutcomeUnknown, match=r"127\.0\.0\.1 did not answer"):
        telegram(chat).send(Message(NOTICE))


def test_neither_errors_nor_the_lowest_log_level_tell_the_address(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chat.script += [Reply(429), Reply(500), Reply(400, {"description": "no"}), Reply(hang=True)]
    said = []
    for _ in range(4):
        with pytest.raises((Temporary, BadInput, OutcomeUnknown)) as caught:
            telegram(chat).send(Message(NOTICE))
        said.append(f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__suppress_context__}")
    assert not [line for line in (*said, caplog.text) if TOKEN in line]


def test_an_answer_that_is_no_object_has_no_fields(chat: Chat) -> None:
    chat.usual = Reply(200, [1])
    assert post(chat.url, {}).fields == {}
    assert Answer(200, {}, b"").fields == {}


def test_tls_is_spoken_where_the_address_says_so() -> None:
    with Chat() as plain, pytest.raises(Temporary, match="cannot be reached: SSLError"):
        post(plain.url.replace("http:", "https:"), {})
