"""The queue of notices, on the embedded AWS: what is put there, and what its refusals mean."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.adapters.notices.clients import sqs_client
from shared.adapters.notices.queue import QueueNotifier
from shared.domain.errors import BadInput, Temporary
from shared.domain.notice import Notice

NOTICE = Notice("paper", 1, "trading_stopped", "es reicht, sagt Zoë", 1_700_000_000_000_000_000)


class Refusing:
    """A client whose every request is answered with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_message(self, **_asked: str) -> None:
        raise self._error


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "so it is"}}, "SendMessage")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(tmp_path_factory.mktemp("aws"), free_port(), "sqs") as running:
        yield running


def test_a_notice_is_one_message_with_its_json_as_the_body(aws: EmbeddedAws) -> None:
    sqs = sqs_client(aws.endpoint)
    url = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    QueueNotifier(sqs, url).notify(NOTICE)
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert msgspec.json.decode(message["Body"], type=Notice) == NOTICE
    assert msgspec.json.decode(message["Body"])["v"] == 1


def test_a_queue_that_is_not_there_is_bad_input(aws: EmbeddedAws) -> None:
    with pytest.raises(BadInput, match=r"queue http.*/nowhere: "):
        QueueNotifier(sqs_client(aws.endpoint), f"{aws.url}/000000000000/nowhere").notify(NOTICE)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered("AccessDenied"), BadInput),
        (answered("QueueDoesNotExist"), BadInput),
        (NoCredentialsError(), BadInput),
        (answered("ThrottlingException"), Temporary),
        (answered("InternalError"), Temporary),
    ],
)
def test_a_refusal_says_whether_trying_again_can_help(error: Exception, kind: type[Exception]) -> None:
    refusing: Any = Refusing(error)
    with pytest.raises(kind, match=r"^queue u: "):
        QueueNotifier(refusing, "u").notify(NOTICE)


def test_nobody_there_is_temporary() -> None:
    sqs = sqs_client(Endpoint("us-east-1", f"http://127.0.0.1:{free_port()}", "a", "b"))
    with pytest.raises(Temporary, match=r"^queue u: "):
        QueueNotifier(sqs, "u").notify(NOTICE)


def test_without_a_queue_a_notice_is_not_lost_silently() -> None:
    refusing: Any = Refusing(NoCredentialsError())
    with pytest.raises(BadInput, match="nobody can be told"):
        QueueNotifier(refusing, "").notify(NOTICE)
