"""The parts of a deployment that alerts need, on the embedded AWS, with chat services on loopback."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import StringIO
from logging import StreamHandler
from typing import Any

import msgspec
import pytest
from aws_lambda_powertools import Logger

from shared.adapters.notices.clients import secrets_client, sns_client, sqs_client, ssm_client
from shared.domain.notice import Notice
from tests.contracts.embedded import Embedded
from tests.shared.adapters.notices.chat import Chat, Reply

BOT_TOKEN = "987654321:AAGreatSecretOfTheBot-xyz"
DISCORD_TOKEN = "WebhookTokenThatNobodyMaySee"
RECEIVES = 5


@dataclass
class Deployment:
    """Queue with dead letters, topic with a subscriber, secrets; ``telegram`` and ``discord`` hear what people hear."""

    embedded: Embedded
    account: str
    telegram: Chat
    discord: Chat
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = self.embedded.server.endpoint
        self.sqs, self.sns, self.secrets, self.ssm = sqs_client(at), sns_client(at), secrets_client(at), ssm_client(at)
        self.dead = self._queue("dead", {})
        arn = self._arn(self.dead)
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
        self.queue = self._queue("alerts", {"RedrivePolicy": redrive, "VisibilityTimeout": "0"})
        self.mailbox = self._queue("mail", {})
        topic = self.sns.create_topic(Name=f"mail-{self.account}")["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self._arn(self.mailbox))
        self.telegram_secret, self.discord_secret, self.kill_secret = (
            f"house/{self.account}/{name}" for name in ("telegram", "discord", "kill")
        )
        bot = {"bot_token": BOT_TOKEN, "webhook_secret": "shown-by-telegram", "chat_ids": [-100], "user_ids": [7]}
        self.secrets.create_secret(Name=self.telegram_secret, SecretString=json.dumps(bot))
        url = f"{self.discord.url}/api/webhooks/1/{DISCORD_TOKEN}"
        self.secrets.create_secret(Name=self.discord_secret, SecretString=json.dumps({"url": url}))
        self.env = {
            "ACCOUNT": self.account,
            "AWS_ENDPOINT_URL": self.embedded.server.url,
            "TABLE_PREFIX": "test-",
            "ALERTS_QUEUE_URL": self.queue,
            "ALERTS_TOPIC": topic,
            "TELEGRAM_SECRET": self.telegram_secret,
            "DISCORD_SECRET": self.discord_secret,
            "KILL_SECRET": self.kill_secret,
            "KILL_HASHES": f"/house/{self.account}/kill-hashes",
            "TELEGRAM_URL": self.telegram.url,
        }

    def _queue(self, name: str, attributes: Any) -> str:
        return self.sqs.create_queue(QueueName=f"{name}-{self.account}", Attributes=attributes)["QueueUrl"]

    def _arn(self, url: str) -> str:
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def put(self, *notices: Notice | str) -> None:
        for one in notices:
            body = one if isinstance(one, str) else msgspec.json.encode(one).decode()
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def receive(self) -> dict[str, Any]:
        """A batch as Lambda would be given it."""
        got = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return {"Records": [record(one["MessageId"], one["Body"], one["ReceiptHandle"]) for one in got]}

    def settle(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Delete what was not returned, as Lambda does."""
        returned = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for one in event["Records"]:
            if one["messageId"] not in returned:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=one["receiptHandle"])

    def mails(self) -> list[dict[str, Any]]:
        """What the topic's subscriber got."""
        return [json.loads(body) for body in self.bodies(self.mailbox)]

    def bodies(self, url: str) -> list[str]:
        """Everything in a queue, which is emptied."""
        found: list[str] = []
        while True:
            got = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if not got:
                return found
            for one in got:
                found.append(one["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])


@contextmanager
def written(logger: Logger) -> Iterator[StringIO]:
    """What a function's logger writes meanwhile."""
    handler, said = logger.registered_handler, StringIO()
    assert isinstance(handler, StreamHandler)
    before = handler.setStream(said)
    yield said
    handler.setStream(before)


def record(message_id: str, body: str, receipt: str = "receipt") -> dict[str, Any]:
    return {"messageId": message_id, "receiptHandle": receipt, "body": body, "attributes": {}, "eventSource": "aws:sqs"}


@contextmanager
def deployed(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with ExitStack() as stack:
        telegram, discord = stack.enter_context(Chat()), stack.enter_context(Chat(Reply(204)))
        made = Deployment(embedded, embedded.account(), telegram, discord)
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made
