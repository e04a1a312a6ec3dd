"""The alerts queue: where functions put notices, and where those that cannot be told yet come back from."""

from typing import TYPE_CHECKING

import msgspec

from shared.adapters.notices.clients import telling
from shared.domain.errors import BadInput
from shared.domain.notice import Notice

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DELAY_MAX_S = 900


class AlertsLine:
    """The queue at an address."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def notify(self, notice: Notice) -> None:
        """Hand over a notice; ``Temporary`` when the queue does not take it."""
        self.put(notice, 0)

    def put(self, notice: Notice, delay_s: int) -> None:
        """The same, to be delivered after so many seconds (15 minutes at most)."""
        if not self._url:
            raise BadInput("setting ALERTS_QUEUE_URL='': notices have no queue to go to")
        body = msgspec.json.encode(notice).decode()
        with telling("putting a notice into the alerts queue"):
            self._sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=min(max(delay_s, 0), DELAY_MAX_S))
