"""E-mail (and whatever else subscribes, such as a pager): one publication to the topic."""

from typing import TYPE_CHECKING

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError
from msgspec import Struct

from shared.adapters.notices.channels import Message
from shared.adapters.notices.clients import telling
from shared.domain.errors import OutcomeUnknown, Temporary

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

SUBJECT_MAX = 99


class Email(Struct, frozen=True):
    """A topic that people subscribe to."""

    sns: "SNSClient"
    topic: str

    @property
    def name(self) -> str:
        """The channel's name."""
        return "email"

    def send(self, message: Message) -> None:
        """See ``Channel``."""
        subject = message.title.encode("ascii", "replace").decode()[:SUBJECT_MAX]
        try:
            with telling("publishing a notice"):
                self.sns.publish(TopicArn=self.topic, Subject=subject, Message=message.text)
        except Temporary as error:
            cause = error.__cause__
            unsent = isinstance(cause, EndpointConnectionError | ConnectTimeoutError)
            if isinstance(cause, HTTPClientError) and not unsent:
                raise OutcomeUnknown(str(error)) from cause
            raise
