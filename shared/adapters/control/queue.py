"""The way a notice takes to people from a function: the queue of alerts (``Notifier``)."""

import boto3
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.control.aws import access
from shared.adapters.dynamo.tables import Endpoint
from shared.domain.errors import Temporary
from shared.domain.notice import Notice


class AlertsQueue:
    """Notices as messages of an SQS queue."""

    def __init__(self, endpoint: Endpoint, url: str) -> None:
        self._client = boto3.client("sqs", **access(endpoint))
        self._url = url

    def notify(self, notice: Notice) -> None:
        """Hand over one notice; ``Temporary`` when the queue did not take it."""
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=msgspec.json.encode(notice).decode())
        except (ClientError, BotoCoreError) as error:
            raise Temporary(f"the queue of alerts did not take {notice.name}: {type(error).__name__}") from None
