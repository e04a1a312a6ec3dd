import json
import time
from typing import Any

import pytest
from msgspec.structs import replace

from functions.send_alerts import handler as send_alerts
from shared.domain.errors import BadInput
from shared.domain.notice import Notice
from shared.observability import HIDDEN
from tests.functions.context import context
from tests.functions.deployment import BOT_TOKEN, DISCORD_TOKEN, RECEIVES, Deployment, record, written
from tests.shared.adapters.notices.chat import Reply

NOTICE = Notice("paper", 2, "feed_down", "rtds: silent", 1_800_000_000_000_000_000)
POISON = ["not json", '{"account": "paper"}', '{"account":"p","severity":7,"name":"x","text":"y","at":1}']


def call(event: dict[str, Any]) -> dict[str, Any]:
    return send_alerts.handler(event, context())


def batch(*notices: Notice | str) -> dict[str, Any]:
    import msgspec

    bodies = [one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in notices]
    return {"Records": [record(f"message-{n}", body) for n, body in enumerate(bodies)]}


def returned(answer: dict[str, Any]) -> list[str]:
    return sorted(one["itemIdentifier"] for one in answer["batchItemFailures"])


def test_a_notice_reaches_every_channel_once(deployment: Deployment) -> None:
    assert call(batch(NOTICE)) == {"batchItemFailures": []}
    assert len(deployment.telegram.texts) == len(deployment.discord.texts) == 1
    assert deployment.telegram.requests[0][1]["chat_id"] == "-100"
    (mail,) = deployment.mails()
    assert mail["Subject"] == "SEV2 feed_down (paper)"
    assert mail["Message"] == deployment.telegram.texts[0]


def test_of_ten_messages_three_poisoned_exactly_those_return_and_seven_are_told_once(deployment: Deployment) -> None:
    good = [replace(NOTICE, text=f"feed {n}") for n in range(7)]
    event = batch(POISON[0], *good[:3], POISON[1], *good[3:], POISON[2])
    for _ in range(2):
        assert returned(call(event)) == ["message-0", "message-4", "message-9"]
    assert len(deployment.telegram.texts) == len(deployment.discord.texts) == len(deployment.mails()) == 7
    assert len(set(deployment.telegram.texts)) == 7


def test_a_batch_of_nothing_but_poison_returns_all_of_it_and_fails_nothing_else(deployment: Deployment) -> None:
    assert returned(call(batch(*POISON))) == ["message-0", "message-1", "message-2"]
    assert deployment.telegram.texts == []


def test_the_worst_is_told_first(deployment: Deployment) -> None:
    call(batch(replace(NOTICE, severity=3, name="daily_digest"), NOTICE, replace(NOTICE, severity=1, name="drawdown")))
    assert [text.split()[0] for text in deployment.telegram.texts] == ["SEV1", "SEV2", "SEV3"]


def test_poison_ends_in_the_dead_letters_after_five_receives_and_good_messages_do_not(deployment: Deployment) -> None:
    deployment.put(NOTICE, *POISON)
    receives = 0
    deadline = time.monotonic() + 30
    dead: list[str] = []
    while len(dead) < len(POISON) and time.monotonic() < deadline:
        event = deployment.receive()
        if event["Records"]:
            receives += 1
            deployment.settle(event, call(event))
        dead += deployment.bodies(deployment.dead)
    assert sorted(dead) == sorted(POISON)
    assert receives >= RECEIVES
    assert len(deployment.telegram.texts) == 1


def test_while_telegram_is_down_nothing_is_lost_and_discord_hears_it_once(deployment: Deployment) -> None:
    deployment.telegram.usual = Reply(503)
    deployment.put(NOTICE)
    event = deployment.receive()
    answer = call(event)
    assert answer == {"batchItemFailures": []}
    deployment.settle(event, answer)
    (waiting,) = counted(deployment, "ApproximateNumberOfMessagesDelayed")
    assert waiting == 1
    deployment.telegram.usual = Reply(200, {"ok": True})
    answer = call(event)  # not due before its time, and nobody else's turn
    assert (len(deployment.telegram.texts), len(deployment.discord.texts)) == (0, 1)


def counted(deployment: Deployment, name: str) -> list[int]:
    found = deployment.sqs.get_queue_attributes(QueueUrl=deployment.queue, AttributeNames=["All"])["Attributes"]
    return [int(value) for key, value in found.items() if key == name]


def test_a_throttled_telegram_is_told_after_the_time_it_asks_for(deployment: Deployment) -> None:
    deployment.telegram.script.append(Reply(429, {"ok": False, "parameters": {"retry_after": 16}}))
    deployment.put(NOTICE)
    event = deployment.receive()
    deployment.settle(event, call(event))
    (delayed,) = counted(deployment, "ApproximateNumberOfMessagesDelayed")
    assert delayed == 1
    assert deployment.receive() == {"Records": []}


def test_secrets_that_are_not_filled_in_leave_their_channel_out(deployment: Deployment) -> None:
    deployment.secrets.put_secret_value(SecretId=deployment.telegram_secret, SecretString="{}")
    deployment.secrets.put_secret_value(SecretId=deployment.discord_secret, SecretString="{}")
    call(batch(NOTICE))
    assert (deployment.telegram.texts, deployment.discord.texts, len(deployment.mails())) == ([], [], 1)


def test_a_deployment_whose_secret_is_missing_fails_as_a_whole(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_SECRET", "house/nobody")
    with pytest.raises(BadInput, match="house/nobody"):
        call(batch(NOTICE))
    assert deployment.telegram.texts == []


def fail_with(text: str) -> None:
    """An error whose own text and whose cause's say it."""
    try:
        int(text)
    except ValueError as error:
        raise RuntimeError(f"while telling: {text}") from error


def test_ten_thousand_lines_of_errors_hold_no_secret(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of every kind that a run can meet, and errors that carry secrets in every form they might take."""
    troubles = [
        Reply(401, {"description": f"bad token {BOT_TOKEN}"}),
        Reply(400, {"description": f"https://x/bot{BOT_TOKEN}/sendMessage"}),
        Reply(500, "oops"),
        Reply(429),
        Reply(hang=True),
    ]
    leaks = [
        f"POST https://api/bot{BOT_TOKEN}/sendMessage failed",
        json.dumps({"bot_token": BOT_TOKEN, "url": f"{deployment.discord.url}/api/webhooks/1/{DISCORD_TOKEN}"}),
        f"discord {deployment.discord.url}/api/webhooks/1/{DISCORD_TOKEN}",
        f"{BOT_TOKEN.replace(':', '%3A')} shown-by-telegram",
    ]
    with written(send_alerts.logger) as said:
        for n in range(20):
            deployment.telegram.script.append(troubles[n % len(troubles)])
            call(batch(replace(NOTICE, text=f"feed {n}", at=n), POISON[n % 3]))
        for n in range(2_000):
            leak = leaks[n % len(leaks)]
            try:
                fail_with(leak)
            except RuntimeError:
                send_alerts.logger.exception(leak, detail={"deep": [leak]})
            for level in ("info", "warning", "error", "critical"):
                getattr(send_alerts.logger, level)("%s", leak, more=leak)
    lines = [*said.getvalue().splitlines(), *capsys.readouterr().out.splitlines()]
    assert len(lines) > 10_000
    secrets = (BOT_TOKEN, BOT_TOKEN.split(":")[1], DISCORD_TOKEN, "shown-by-telegram")
    assert [line for line in lines if any(secret in line for secret in secrets)] == []
    assert sum(1 for line in lines if HIDDEN in line) >= 10_000
