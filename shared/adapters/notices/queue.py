"""Notices into the queue of a deployment: whoever sends them waits for no chat service."""

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from shared.domain.errors import BadInput, Temporary
from shared.domain.notice import Notice

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_encode = msgspec.json.Encoder().encode
_NOT_SET_UP = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidClientTokenId",
        "QueueDoesNotExist",
        "SignatureDoesNotMatch",
    }
)


class QueueNotifier:
    """A ``Notifier`` over SQS: one message for each notice, its JSON as the body. May be used from several threads."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def notify(self, notice: Notice) -> None:
        """Put one notice into the queue. ``Temporary`` when it was not taken, or may not have been: the same notice
        twice is delivered once. ``BadInput`` where there is no such queue, or we may not write to it.
        """
        if not self._url:
            raise BadInput(f"setting ALERTS_QUEUE_URL='': nobody can be told {notice.name}: {notice.text}")
        try:
            self._sqs.send_message(QueueUrl=self._url, MessageBody=_encode(notice).decode())
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise BadInput(f"queue {self._url}: {error}") from error
        except ClientError as error:
            text = f"queue {self._url}: {error}"
            unusable = error.response.get("Error", {}).get("Code", "") in _NOT_SET_UP
            raise (BadInput(text) if unusable else Temporary(text)) from error
        except BotoCoreError as error:
            raise Temporary(f"queue {self._url}: {error}") from error
