"""A deployment of the paper product on the embedded AWS: its tables, bucket and queue are there before any trader, and
all that a trader brings along is its environment.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from shared.adapters.dynamo.lines import read_journal
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.rebuild import verify_books
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.embedded.provision import provision
from shared.adapters.embedded.server import KEY_ID, REGION, SECRET, EmbeddedAws, free_port
from shared.adapters.journal.entry import JournalEntry
from shared.adapters.notices.clients import sqs_client
from shared.adapters.paper.orders import PaperOrder
from shared.adapters.s3.client import s3_client
from shared.domain.notice import Notice
from shared.domain.order import FINAL
from tests.e2e.system import System

PREFIX = "house-paper-"
BUCKET = "a-lake-of-their-own"
Stack = tuple[EmbeddedAws, str]
"""The embedded AWS of a deployment, and the address of its queue."""


class Deployment(System):
    """One task of the deployment after another, and what is left in the deployment."""

    def __init__(self, folder: Path, stack: Stack, account: str, **env: str) -> None:
        aws, queue = stack
        self._endpoint = aws.endpoint
        self.account = account
        self.queue = queue
        super().__init__(
            folder / "nowhere",  # nothing of a task is on the disk
            AWS_ENDPOINT_URL=aws.url,
            AWS_REGION=REGION,
            AWS_ACCESS_KEY_ID=KEY_ID,
            AWS_SECRET_ACCESS_KEY=SECRET,
            TABLE_PREFIX=PREFIX,
            LAKE_BUCKET=BUCKET,
            ALERTS_QUEUE_URL=queue,
            ACCOUNT=account,
            **env,
        )
        self.tables = Tables(PREFIX, aws.endpoint)
        self.paper = DynamoPaperLog(account, self.tables)

    def task(self) -> Self:
        """The container's command."""
        return self.started("trade", "--sizing", "ratio")

    def endpoint(self) -> Endpoint:
        return self._endpoint

    def readers(self) -> Readers:
        return Readers(PREFIX, self._endpoint)

    def live(self) -> dict[str, Any]:
        return self.readers().live(self.account) or {}

    def resting(self) -> list[PaperOrder]:
        """Orders that the paper venue holds."""
        return [paper for paper in self.paper.load() if paper.state not in FINAL]

    def ready(self) -> None:
        """Wait until the task would enter."""
        self.until(lambda: self.run("status").returncode == 0, "the trader is ready")

    def lines(self) -> list[dict[str, Any]]:
        """What the running task has logged; each line is JSON."""
        return [json.loads(line) for line in self.said.splitlines()]

    def points(self) -> list[dict[str, Any]]:
        """The lines of metrics among them."""
        return [line for line in self.lines() if "_aws" in line]

    def journal(self) -> list[JournalEntry]:
        """The account's records; every other table says what they say, or this is ``Corrupt``."""
        entries = read_journal(self.tables, self.account)
        verify_books(self.account, self.tables, entries)
        return entries

    def notices(self) -> list[Notice]:
        """Those that wait in the queue, taken out of it."""
        sqs, found = sqs_client(self._endpoint), list[Notice]()
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(msgspec.json.decode(message["Body"], type=Notice))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def terminate(self) -> float:
        """SIGTERM, as the platform sends it; how long the end took in seconds."""
        began = time.monotonic()
        self.process.terminate()
        self.ended()
        return time.monotonic() - began


@contextmanager
def deployed(folder: Path) -> Iterator[Stack]:
    """An embedded AWS with everything a stack would have made, and the queue's address."""
    with EmbeddedAws(folder / "aws", free_port(), "dynamodb,s3,kms,sqs") as aws:
        provision(aws.endpoint, PREFIX, BUCKET)
        assert "Contents" not in s3_client(aws.endpoint).list_objects_v2(Bucket=BUCKET)
        yield aws, sqs_client(aws.endpoint).create_queue(QueueName="alerts")["QueueUrl"]
