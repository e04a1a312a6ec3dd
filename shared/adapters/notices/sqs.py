"""Notices on their way to people: one message per notice on the alerts queue, from where ``send_alerts`` tells them."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.dynamo.codec import body_of
from shared.domain.errors import BadInput, Temporary
from shared.domain.notice import Notice

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsNotifier:
    """Puts notices on a queue. An empty address is refused when there is something to say: no notice is lost unseen."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def notify(self, notice: Notice) -> None:
        """Hand over one notice; ``Temporary`` when the queue does not take it, ``BadInput`` when there is none."""
        if not self._queue_url:
            raise BadInput(f"setting ALERTS_QUEUE_URL='': nobody can be told {notice.name}: {notice.text}")
        try:
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body_of(notice))
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"sending notice {notice.name}: {error}") from error
