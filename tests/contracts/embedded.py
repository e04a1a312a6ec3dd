"""One embedded AWS for all tests of a process, whichever folder asks for it first; accounts keep tests apart."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mypy_boto3_s3 import S3Client

from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.provision import BUCKET, provision
from shared.adapters.embedded.server import SERVICES, EmbeddedAws, free_port
from shared.adapters.s3.client import s3_client


class Embedded:
    """A running server with its tables and bucket."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedAws(folder, free_port(), f"{SERVICES},secretsmanager,sns,sqs,ssm")
        self.server.start()
        made = provision(self.server.endpoint, "test-")
        self.tables: Tables = made.tables
        self.key_id = made.key_id
        self.bucket = BUCKET
        self.s3: S3Client = s3_client(self.server.endpoint)
        self._accounts = itertools.count(1)

    def backend(self, account: str) -> DynamoBackend:
        """What lies beneath the account's store; who is refused or not answered is not made to wait."""
        return DynamoBackend(account, self.tables, pause=lambda _: None)

    def account(self) -> str:
        """An account no other test uses."""
        return f"paper-{os.getpid()}-{next(self._accounts)}"


_running: list[Embedded] = []
_users: list[None] = []
"""One for each folder that uses the server now."""


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """Shared by every folder whose conftest imports it: the last one to finish stops the server."""
    if not _running:
        folder = tempfile.TemporaryDirectory(prefix="embedded-aws-")
        _folders.append(folder)
        _running.append(Embedded(Path(folder.name)))
    _users.append(None)
    yield _running[0]
    _users.pop()
    if not _users:
        _running.pop().server.stop()
        _folders.pop().cleanup()


_folders: list[tempfile.TemporaryDirectory[str]] = []
