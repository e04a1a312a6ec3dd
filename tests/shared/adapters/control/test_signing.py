"""A signature is of one request, by one key, for a few minutes: whatever else comes along is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials

from shared.adapters.control.signing import check, local_credentials, signed
from shared.domain.errors import Refused

URL = "http://127.0.0.1:8503/api/markets/config?a=1&b=x%20y"
KEY = "a key of this run"
OURS = local_credentials(KEY)
BODY = '{"reason": "why"}'


def headers(url: str = URL, credentials: Credentials = OURS) -> dict[str, str]:
    made = signed("PUT", url, BODY, "eu-west-1", credentials)
    host = url.split("/")[2]
    return {"host": host, "user-agent": "any", **{name.lower(): value for name, value in made.items()}}


def test_a_request_signed_with_the_key_passes() -> None:
    check("PUT", URL, BODY.encode(), headers(), KEY, datetime.now(UTC))


def test_headers_that_were_not_signed_do_not_matter() -> None:
    check("PUT", URL, BODY.encode(), {**headers(), "accept": "*/*"}, KEY, datetime.now(UTC))


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", URL, BODY),
        ("PUT", URL.replace("a=1", "a=2"), BODY),
        ("PUT", URL.replace("config", "other"), BODY),
        ("PUT", URL, BODY + " "),
        ("PUT", URL.replace("8503", "8504"), BODY),
    ],
)
def test_another_request_is_refused(method: str, url: str, body: str) -> None:
    with pytest.raises(Refused):
        check(method, url, body.encode(), headers(), KEY, datetime.now(UTC))


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_request_is_refused(minutes: int) -> None:
    with pytest.raises(Refused, match="too old, or from the future"):
        check("PUT", URL, BODY.encode(), headers(), KEY, datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"authorization": ""}, "is not signed"),
        ({"authorization": "Basic YTpi"}, "is not signed"),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=a/b/c"}, "is not signed"),
        ({"host": "evil.example"}, "for another place"),
        ({"x-amz-date": "today"}, "time of the request cannot be read"),
        ({"content-type": "text/plain"}, "not of this request"),
    ],
)
def test_a_request_that_was_tampered_with_is_refused(change: dict[str, str], why: str) -> None:
    with pytest.raises(Refused, match=why):
        check("PUT", URL, BODY.encode(), {**headers(), **change}, KEY, datetime.now(UTC))


@pytest.mark.parametrize("dropped", ["x-amz-date", "content-type"])
def test_a_signed_header_must_be_there(dropped: str) -> None:
    sent = {name: value for name, value in headers().items() if name != dropped}
    with pytest.raises(Refused, match="what is signed must be there"):
        check("PUT", URL, BODY.encode(), sent, KEY, datetime.now(UTC))


def test_time_and_place_must_be_signed() -> None:
    sent = headers()
    bare = sent["authorization"].replace(";x-amz-date", "")
    with pytest.raises(Refused, match="must be signed"):
        check("PUT", URL, BODY.encode(), {**sent, "authorization": bare}, KEY, datetime.now(UTC))


@pytest.mark.parametrize("other", [local_credentials("another key"), Credentials("somebody", KEY)])
def test_somebody_elses_key_is_refused(other: Credentials) -> None:
    with pytest.raises(Refused):
        check("PUT", URL, BODY.encode(), headers(credentials=other), KEY, datetime.now(UTC))
