"""Whether a bucket and the tables are there is asked before a deployed life begins, and told in one sentence."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.embedded.server import free_port
from shared.adapters.s3.client import check_bucket, s3_client
from shared.domain.errors import BadInput, Temporary
from tests.contracts.embedded import Embedded


class Refusing:
    """A client whose every request is answered with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def head_bucket(self, **_asked: str) -> None:
        raise self._error


def answered(status: int) -> ClientError:
    told: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(told, "HeadBucket")


def test_what_is_there_is_nothing_to_talk_about(embedded: Embedded) -> None:
    check_bucket(embedded.s3, embedded.bucket)
    embedded.tables.check()


def test_what_is_not_there_is_named(embedded: Embedded) -> None:
    with pytest.raises(BadInput, match=r"^there is no bucket no-lake: deploy first, or set LAKE_BUCKET to what is dep"):
        check_bucket(embedded.s3, "no-lake")
    with pytest.raises(BadInput, match=r"^there is no table no-control: deploy first, or set TABLE_PREFIX to what is"):
        Tables("no-", embedded.server.endpoint).check()


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (answered(404), BadInput, "^there is no bucket b: "),
        (answered(403), BadInput, r"^bucket b \(LAKE_BUCKET\) is not ours to use: "),
        (NoCredentialsError(), BadInput, "^looking for bucket b: Unable to locate credentials$"),
        (answered(503), Temporary, "^looking for bucket b: "),
    ],
)
def test_an_answer_says_whether_waiting_can_help(error: Exception, kind: type[Exception], sentence: str) -> None:
    refusing: Any = Refusing(error)
    with pytest.raises(kind, match=sentence):
        check_bucket(refusing, "b")


def test_nobody_there_is_temporary() -> None:
    s3 = s3_client(Endpoint("us-east-1", f"http://127.0.0.1:{free_port()}", "a", "b"))
    with pytest.raises(Temporary, match=r"^looking for bucket b: "):
        check_bucket(s3, "b")
