import pytest

from shared.adapters.notices.sqs import SqsNotifier
from shared.adapters.s3.client import sqs_client
from shared.domain.errors import BadInput, Temporary
from shared.domain.notice import Notice
from tests.functions.cloud import Cloud

NOTICE = Notice("paper", 2, "feed_down", "no trade for 60 s", 5)


def test_a_notice_reaches_the_queue_as_it_is(deployed: Cloud) -> None:
    SqsNotifier(sqs_client(deployed.endpoint), deployed.queue).notify(NOTICE)
    assert deployed.notices() == [NOTICE]


def test_a_queue_that_is_not_there_is_no_success(deployed: Cloud) -> None:
    with pytest.raises(Temporary, match="sending notice feed_down"):
        SqsNotifier(sqs_client(deployed.endpoint), f"{deployed.queue}-gone").notify(NOTICE)


def test_without_a_queue_a_notice_is_not_lost_silently(deployed: Cloud) -> None:
    with pytest.raises(BadInput, match="nobody can be told feed_down: no trade for 60 s"):
        SqsNotifier(sqs_client(deployed.endpoint), "").notify(NOTICE)
